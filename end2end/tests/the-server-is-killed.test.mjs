//! SIGKILL while messages are on their way, and a start on the same data: what was acked is there, once,
//! in the same order for everybody, and nobody touched anything.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

const MESSAGES = 24;

/** So that only the kill is in the way. */
const FAST = { messages_burst: 1_000, messages_per_minute: 60_000 };

situation("the server is killed while messages are being sent, and nothing acked is lost or doubled", async (world) => {
  const server = await world.server(FAST);
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");

  // Both write all the time; the server dies among their messages and comes back.
  const said = { Ada: [], Ben: [] };
  const writing = (async () => {
    for (let number = 1; number <= MESSAGES / 2; number += 1) {
      for (const person of [ada, ben]) {
        const text = `${person.name} ${number}`;
        said[person.name].push(text);
        await person.say(text);
      }
    }
  })();
  await until("some messages are acked", () => ada.heard("ack").length >= 3);
  await server.kill();
  await writing;
  const acked = [...ada.heard("ack"), ...ben.heard("ack")];
  assert.ok(acked.length < MESSAGES, "the kill came in between");
  await server.begin();

  await both(ada, ben, said, acked);
});

situation("killed three times in a row, the same", async (world) => {
  const server = await world.server(FAST);
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");

  const said = { Ada: [], Ben: [] };
  for (let life = 1; life <= 3; life += 1) {
    for (let number = 1; number <= 4; number += 1) {
      for (const person of [ada, ben]) {
        said[person.name].push(`${person.name} ${life}.${number}`);
        await person.say(`${person.name} ${life}.${number}`);
      }
    }
    await server.kill();
    await server.begin();
  }
  await both(ada, ben, said, [...ada.heard("ack"), ...ben.heard("ack")]);
});

/** Both pages have all that was said, each once, each person's in order, and what was acked where it was acked. */
async function both(ada, ben, said, acked) {
  const all = [...said.Ada, ...said.Ben];
  for (const person of [ada, ben]) {
    await until(`${person.name} has everything`, async () => {
      const rows = await person.rows();
      return rows.length >= all.length && rows.every(({ state }) => state === "stored");
    }, 90_000);
  }
  const rows = await ada.rows();
  assert.deepEqual(await ben.rows(), rows, "the same on both");
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
