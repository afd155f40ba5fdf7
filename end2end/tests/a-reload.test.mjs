//! The page is loaded again: nothing of the person is lost.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

situation("a reload keeps name, room and history", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  await ada.say("Before");
  await ben.sees("Before");
  const before = await ada.rows();

  await ada.reload();
  await ada.isIn("Engines");
  await ada.seesExactly(["Before"]);
  assert.deepEqual(await ada.rows(), before);
  assert.equal(await ada.link(), link);

  await ada.say("After");
  await ben.seesExactly(["Before", "After"]);
  const names = await ben.authors();
  assert.deepEqual(names, ["Ada", "Ada"], "the same person under the same name");
});

situation("a reload of a page without a room keeps the name", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  await ada.signIn("Ada");
  await ada.page.getByRole("heading", { name: "Hello, Ada" }).waitFor();
  await ada.reload();
  await ada.page.getByRole("heading", { name: "Hello, Ada" }).waitFor();
});
