//! Waits for something outside a page that tells nobody when it happens. The only clock of these tests.

const PAUSE_MS = 20;

/** Twice the longest wait between two tries of a page that was cut off several times. */
const PATIENCE_MS = 60_000;

/** Lets time pass, as somebody does who thinks; no test of something that comes waits so. */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks again and again until the answer is true, and gives it back.
 * @template T
 * @param {string} what for the message of the failure
 * @param {() => T | Promise<T>} ask
 * @param {number} withinMs
 * @returns {Promise<T>}
 */
export async function until(what, ask, withinMs = PATIENCE_MS) {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await pause(PAUSE_MS);
  }
}
