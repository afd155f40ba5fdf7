//! SIGKILL while messages are on their way, and a start on the same data: what was acked is there, once,
//! in the same order for everybody, and nobody touched anything.

import assert from "node:assert/strict";

import { agreeOn } from "../support/agreement.mjs";
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

  await agreeOn([ada, ben], said, acked);
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
  await agreeOn([ada, ben], said, [...ada.heard("ack"), ...ben.heard("ack")]);
});
