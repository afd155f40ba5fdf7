//! The data is put back to what it was while pages are open: they show what there is then, and every new message.

import assert from "node:assert/strict";
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

/** So that only the backup is in the way. */
const FAST = { messages_burst: 1_000, messages_per_minute: 60_000 };

const texts = async (person) => (await person.rows()).map(({ text }) => text);

const shows = (person, expected) =>
  until(`${person.name} sees ${expected.at(-1)}`, async () => {
    const rows = await person.rows();
    return rows.every(({ state }) => state === "stored") && rows.length === expected.length;
  });

async function empty(folder) {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
}

/** Two people, a copy of the data after two messages, and three more messages; then the copy is put back. */
async function putBack(world, flags) {
  const server = await world.server(FAST);
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  for (const text of ["one", "two"]) await ada.say(text);
  await shows(ben, ["one", "two"]);
  await server.stop();
  const copy = `${server.data}-copy`;
  await cp(server.data, copy, { recursive: true });
  await server.begin();
  for (const text of ["three", "four", "five"]) await ben.say(text);
  await shows(ada, ["one", "two", "three", "four", "five"]);

  await server.kill();
  await empty(server.data);
  await cp(copy, server.data, { recursive: true });
  await rm(copy, { recursive: true });
  server.flags.push(...flags);
  return { server, ada, ben };
}

async function goesOn({ ada, ben }) {
  await ada.say("new 1");
  await ben.say("new 2");
  await shows(ada, ["one", "two", "new 1", "new 2"]);
  await shows(ben, ["one", "two", "new 1", "new 2"]);
  assert.deepEqual(await texts(ada), await texts(ben));
  assert.deepEqual((await texts(ada)).sort(), ["new 1", "new 2", "one", "two"]);
}

situation("a backup is put back as the README says, and open pages go on from there", async (world) => {
  const scene = await putBack(world, ["--restored"]);
  await scene.server.begin();
  await goesOn(scene);
});

situation("a backup is put back and nobody says so: pages notice that the log is shorter", async (world) => {
  const scene = await putBack(world, []);
  await scene.server.begin();
  await goesOn(scene);
});
