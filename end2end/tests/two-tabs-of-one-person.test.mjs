//! One person, two tabs: each shows what the other does, as the same person.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

situation("two tabs of one person stay the same", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  const other = await world.tab(ada);
  await other.goTo(link);
  await other.isIn("Engines");

  await ada.say("From the first tab");
  await other.sees("From the first tab");
  await other.say("From the second tab");
  await ada.sees("From the second tab");
  await ben.say("From Ben");

  const said = ["From the first tab", "From the second tab", "From Ben"];
  for (const tab of [ada, other, ben]) await tab.seesExactly(said);
  assert.deepEqual(await other.rows(), await ada.rows());
  assert.deepEqual(await ben.authors(), ["Ada", "Ada", "Ben"]);
});

situation("a room made in one tab is in the list of the other", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  await ada.makeRoom("Ada", "Engines");
  const other = await world.tab(ada);
  await other.goTo("/");
  await other.page.getByLabel("Room name").fill("Looms");
  await other.page.keyboard.press("Enter");
  await other.isIn("Looms");
  await ada.page.getByRole("link", { name: /Looms/ }).waitFor();
});
