//! Somebody who asks where a message is, or how the connection does, is told.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

situation("a message says where it stands, who has read it, and what it waits for", async (world) => {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy);
  const link = await ada.makeRoom("Ada", "Engines");
  await ada.say("First");
  await ada.seesExactly(["First"]);
  const { seq } = (await ada.rows())[0];

  const inspector = ada.page.getByRole("dialog", { name: "This message" });
  const says = (label, value) => inspector.locator("div", { hasText: label }).getByText(value).waitFor();
  await look(ada, "First");
  await says("State", "Stored on the server");
  await says("Place", `#${seq}, message 1 of the room`);
  await says("Read by", "nobody yet");

  // It follows what happens while it is open.
  const ben = await world.person(server);
  await ben.joinBy(link, "Ben", "Engines");
  await says("Read by", "Ben");
  await inspector.getByRole("button", { name: "Close" }).click();
  await inspector.waitFor({ state: "hidden" });

  proxy.refuse();
  await ada.banner.waitFor();
  await ada.say("Second");
  await ada.say("Third");
  await look(ada, "Second");
  await says("State", /^Waiting for the connection/);
  await says("Unconfirmed", "2");
  proxy.acceptAgain();
  await says("State", "Stored on the server");
  await says("Connections so far", "2");
});

situation("the report of the connection is copied without anybody's name", async (world) => {
  const server = await world.server();
  const ada = await world.person(server, { permissions: ["clipboard-read", "clipboard-write"] });
  await ada.makeRoom("Ada", "Engines");
  await ada.page.getByRole("button", { name: "Connection" }).click();
  const inspector = ada.page.getByRole("dialog", { name: "Connection" });
  await inspector.getByText(/^\d+\sms$/).waitFor();
  await inspector.getByRole("button", { name: "Copy report" }).click();
  await inspector.getByRole("button", { name: "Report copied" }).waitFor();
  const report = await ada.page.evaluate(() => navigator.clipboard.readText());
  assert.match(report, /^State: Connected for 0:00:\d\d\nRound trip: \d+\sms\nConnections so far: 1\n/);
  assert.match(report, /Missed messages recovered: 0\nUnconfirmed: 0\n$/);
  assert.ok(!report.includes("Ada"));
});

situation("a message is looked into by keyboard, and the focus goes back to it", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  await ada.makeRoom("Ada", "Engines");
  await ada.say("First");
  await ada.seesExactly(["First"]);
  await ada.log.focus();
  await ada.page.keyboard.press("ArrowUp");
  await ada.page.keyboard.press("Enter");
  const inspector = ada.page.getByRole("dialog", { name: "This message" });
  await inspector.waitFor();
  await ada.page.keyboard.press("Escape");
  await inspector.waitFor({ state: "hidden" });
  const row = ada.log.getByRole("article", { name: /First/ });
  assert.ok(await row.evaluate((element) => element === document.activeElement));
});

/** Clicks on the time of a message. */
async function look(person, text) {
  const row = person.log.getByRole("article", { name: new RegExp(`: ${text},`) });
  await row.hover();
  await row.locator("time").click();
}
