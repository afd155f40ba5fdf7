//! Somebody has two rooms: there and back by the list, by the browser's own buttons, and by what is unread.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

async function twoRooms(world) {
  const server = await world.server();
  const ada = await world.person(server);
  const engines = await ada.makeRoom("Ada", "Engines");
  await ada.page.getByRole("link", { name: "Create or join a room" }).click();
  await ada.page.getByLabel("Room name").fill("Looms");
  await ada.page.keyboard.press("Enter");
  await ada.isIn("Looms");
  return { server, ada, engines };
}

situation("a second room can be made, and each keeps its own messages and draft", async (world) => {
  const { ada } = await twoRooms(world);
  await ada.say("In the looms");
  await ada.seesExactly(["In the looms"]);
  await ada.composer.pressSequentially("Half a thought");

  await ada.page.getByRole("link", { name: "Engines" }).click();
  await ada.isIn("Engines");
  assert.equal(await ada.composer.inputValue(), "");
  await ada.say("In the engines");
  await ada.seesExactly(["In the engines"]);

  await ada.page.getByRole("link", { name: "Looms" }).click();
  await ada.isIn("Looms");
  await ada.seesExactly(["In the looms"]);
  assert.equal(await ada.composer.inputValue(), "Half a thought");
});

situation("the browser's back and forward go from room to room", async (world) => {
  const { ada } = await twoRooms(world);
  await ada.page.goBack();
  await ada.page.getByLabel("Room name").waitFor();
  await ada.page.goBack();
  await ada.isIn("Engines");
  await ada.page.goForward();
  await ada.page.goForward();
  await ada.isIn("Looms");
});

situation("what comes into the other room is counted in the list and in the title until it is read", async (world) => {
  const { server, ada, engines } = await twoRooms(world);
  const ben = await world.person(server);
  await ben.joinBy(engines, "Ben", "Engines");
  await ben.say("One");
  await ben.say("Two");
  await ada.page.getByRole("link", { name: "Engines 2 unread messages" }).waitFor();
  assert.match(await ada.page.title(), /^\(2\) Looms/);

  await ada.page.getByRole("link", { name: "Engines" }).click();
  await ada.isIn("Engines");
  await ada.seesExactly(["One", "Two"]);
  await ada.page.getByRole("link", { name: "Engines", exact: true }).waitFor();
  await ada.page.getByRole("link", { name: "Looms" }).click();
  await ada.isIn("Looms");
  assert.match(await ada.page.title(), /^Looms/);
});

situation("a room that is left is gone from the list, and its link leads back in", async (world) => {
  const { ada, engines } = await twoRooms(world);
  await ada.page.getByRole("link", { name: "Engines" }).click();
  await ada.isIn("Engines");
  await ada.page.getByRole("button", { name: "Leave room" }).click();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Leave room" }).click();
  await ada.page.getByLabel("Room name").waitFor();
  await ada.page.getByRole("link", { name: "Engines" }).waitFor({ state: "detached" });

  await ada.goTo(engines);
  await ada.page.getByRole("button", { name: "Join room" }).click();
  await ada.isIn("Engines");
});
