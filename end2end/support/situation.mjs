//! One situation as a test: a world of its own that is at peace at its end and gone afterwards.

import { after, test } from "node:test";

import { World, closeBrowser } from "./world.mjs";

/** Longer than any situation takes on a busy machine. */
const AT_MOST_MS = 240_000;

after(closeBrowser);

/**
 * A test in a world of its own.
 * @param {string} title what holds, as a sentence
 * @param {(world: World) => Promise<void>} body
 */
export function situation(title, body) {
  test(title, { timeout: AT_MOST_MS }, async () => {
    const world = new World();
    try {
      await body(world);
      for (const person of world.people) person.isAtPeace();
    } catch (error) {
      await world.keepEvidence(title);
      throw error;
    } finally {
      await world.end();
    }
  });
}
