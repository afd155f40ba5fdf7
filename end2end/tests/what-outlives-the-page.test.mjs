//! Unsent messages outlive a reload, a crash and the server: they are sent once, in order. They can be taken back
//! as long as nobody else can have them.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

const TEXTS = ["One", "Two", "Three"];

/** Ada and Ben in a room. */
async function twoInARoom(world) {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  await ada.say("Before");
  for (const person of [ada, ben]) await person.seesExactly(["Before"]);
  return { server, ada, ben, link };
}

/** Ada writes while the server is away. @returns their identities */
async function writesOffline(ada) {
  for (const text of TEXTS) await ada.say(text);
  for (const text of TEXTS) await ada.sees(text);
  return (await ada.rows()).slice(-TEXTS.length).map(({ txn }) => txn);
}

async function arrivedOnce(ada, ben, txns) {
  for (const person of [ben, ada]) await person.seesExactly(["Before", ...TEXTS]);
  assert.deepEqual((await ben.rows()).slice(1).map(({ txn }) => txn), txns, "under the same identity");
  await until("nothing of it is kept", async () => !Object.keys(await ada.kept()).some((name) => name.includes("/message/")));
}

situation("unsent messages survive a reload while the server is down", async (world) => {
  const { server, ada, ben, link } = await twoInARoom(world);
  await server.kill();
  const txns = await writesOffline(ada);
  await ada.page.reload().catch(() => {}); // nobody is there to load it from
  await ada.page.waitForURL("chrome-error://chromewebdata/");
  await server.begin();
  await ada.goTo(link);
  await arrivedOnce(ada, ben, txns);
});

situation("a reload shows what was there before the server has said anything", async (world) => {
  const { ada, ben } = await twoInARoom(world);
  await until("the newest rows are kept", async () => JSON.stringify(await ada.kept()).includes("Before"));
  await ada.context.route("**/api/**", (route) => route.abort());
  await ada.reload();
  await ada.isIn("Engines");
  assert.deepEqual((await ada.rows()).map(({ text, state }) => [text, state]), [["Before", "stored"]]);
  const txns = await writesOffline(ada);
  await ada.reload();
  await ada.sees("Three");
  assert.deepEqual((await ada.rows()).map(({ text }) => text), ["Before", ...TEXTS]);
  assert.equal(ada.heard("connected").length, 1, "all that without a connection");
  await ada.context.unroute("**/api/**");
  await arrivedOnce(ada, ben, txns);
});

situation("unsent messages survive a crash of the tab", async (world) => {
  const { server, ada, ben, link } = await twoInARoom(world);
  await server.kill();
  const txns = await writesOffline(ada);
  const crashed = ada.page.waitForEvent("crash");
  const session = await ada.context.newCDPSession(ada.page);
  session.send("Page.crash").catch(() => {});
  await crashed;
  await server.begin();
  const again = await world.tab(ada);
  await again.goTo(link);
  await arrivedOnce(again, ben, txns);
});

situation("a message that waits can be changed or discarded", async (world) => {
  const { server, ada, ben } = await twoInARoom(world);
  await server.kill();
  await ada.banner.waitFor();
  await writesOffline(ada);
  const row = (text) => ada.log.getByRole("article", { name: `Ada: ${text},` });
  await row("Two").hover();
  await row("Two").getByRole("button", { name: "Edit" }).click();
  assert.equal(await ada.composer.inputValue(), "Two");
  await row("Three").hover();
  await row("Three").getByRole("button", { name: "Discard" }).click();
  await row("Three").waitFor({ state: "detached" });
  await ada.composer.fill("Two, but better");
  await ada.composer.press("Enter");
  await server.begin();
  for (const person of [ben, ada]) await person.seesExactly(["Before", "One", "Two, but better"]);
});

situation("a message that may have arrived can be neither changed nor discarded", async (world) => {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy);
  await ada.makeRoom("Ada", "Engines");
  proxy.stall();
  await ada.say("On its way");
  await ada.page.locator(".message[data-state=sending]").waitFor();
  assert.equal(await ada.log.getByRole("button", { name: "Discard" }).count(), 0);
  proxy.refuse();
  await ada.page.locator(".message[data-state=queued]").waitFor();
  assert.equal(await ada.log.getByRole("button", { name: "Discard" }).count(), 0);
  await ada.say("Not yet");
  await ada.log.getByRole("article", { name: "Ada: Not yet," }).getByRole("button", { name: "Discard" }).waitFor();
});
