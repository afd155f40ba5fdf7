//! What the pages of several people must show when all is over, however it went.

import assert from "node:assert/strict";

import { until } from "./until.mjs";

/**
 * All pages have all that was said, each once, each person's in order, and what was acked where it was acked.
 * @param {import("./person.mjs").Person[]} people
 * @param {Record<string, string[]>} said by name; each text begins with the name
 * @param {{txn_id: string, seq: number}[]} acked
 */
export async function agreeOn(people, said, acked) {
  const all = Object.values(said).flat();
  for (const person of people) {
    await until(`${person.name} has everything`, async () => {
      const rows = await person.rows();
      return rows.length >= all.length && rows.every(({ state }) => state === "stored");
    }, 90_000);
  }
  const [rows, ...others] = await Promise.all(people.map((person) => person.rows()));
  for (const other of others) assert.deepEqual(other, rows, "the same on every page");
  assert.deepEqual(rows.map(({ text }) => text).sort(), [...all].sort(), "each once");
  for (const [name, texts] of Object.entries(said)) {
    const own = rows.map(({ text }) => text).filter((text) => text.startsWith(name));
    assert.deepEqual(own, texts, `${name}'s in the order of writing`);
  }
  const places = rows.map(({ seq }) => seq);
  assert.deepEqual(places, [...places].sort((a, b) => a - b), "in the order of the log");
  for (const { txn_id, seq } of acked) {
    assert.equal(rows.find(({ txn }) => txn === txn_id)?.seq, seq, "an acked message is where its ack said");
  }
}
