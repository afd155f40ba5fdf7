//! What a page leaves behind belongs to whoever wrote it: another tab of theirs sends it, nobody else sees it, and
//! signing out ends it.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

/** Ada in two tabs, the first of which has no connection and a message that waits; Ben beside her. */
async function twoTabs(world) {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const first = await world.person(proxy);
  const ben = await world.person(server);
  const link = await first.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  const second = await world.tab(first);
  await second.goTo(link);
  await second.isIn("Engines");
  await first.page.route("**/api/**", (route) => route.abort());
  const known = second.heard("connected").length;
  proxy.refuse();
  proxy.acceptAgain();
  await until("the second tab is back", () => second.heard("connected").length > known);
  await first.say("Left behind");
  await first.page.locator(".message[data-state=queued]").waitFor();
  return { server, first, second, ben, link };
}

situation("of two tabs only the one that has it sends a message, and the other when the first dies", async (world) => {
  const { first, second, ben } = await twoTabs(world);
  await second.say("From the second");
  await ben.seesExactly(["From the second"]);
  assert.deepEqual(second.said("message").map(({ content }) => content), ["From the second"]);

  await first.page.close();
  await ben.seesExactly(["From the second", "Left behind"]);
  await second.seesExactly(["From the second", "Left behind"]);
  const sent = second.said("message").map(({ content }) => content);
  assert.deepEqual(sent, ["From the second", "Left behind"], "once");
});

situation("a tab that opens later takes over from one that is gone", async (world) => {
  const { first, second, ben, link } = await twoTabs(world);
  await second.page.close();
  const context = first.context;
  await first.page.close();
  const third = await world.tab({ context, origin: first.origin, name: "Ada" });
  await third.goTo(link);
  await third.seesExactly(["Left behind"]);
  await ben.seesExactly(["Left behind"]);
});

situation("whoever has lost their session is somebody else, and sees nothing of whoever was here", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  await ada.say("Before");
  await ada.seesExactly(["Before"]);
  await ada.context.route("**/api/**", (route) => route.abort());
  await ada.reload();
  await ada.say("Secret");
  await ada.sees("Secret");
  await ada.composer.fill("A secret draft");
  await until("it is kept", async () => /Secret.*draft|draft.*Secret/s.test(JSON.stringify(await ada.kept())));

  await ada.context.clearCookies();
  await ada.context.unroute("**/api/**");
  await ada.reload();
  await ada.page.getByLabel("Your name").waitFor();
  assert.equal(await ada.page.getByText(/Secret|Before/i).count(), 0);
  await ada.page.getByLabel("Your name").fill("Eve");
  await ada.page.keyboard.press("Enter");
  await ada.isIn("Engines");
  await ada.say("I am Eve");
  await ada.seesExactly(["Before", "I am Eve"]);
  assert.equal(await ada.composer.inputValue(), "");
  await ben.seesExactly(["Before", "I am Eve"]);
  await ada.reload();
  await ada.seesExactly(["Before", "I am Eve"]);
});

situation("signing out wipes everything that was kept, in every tab", async (world) => {
  const { first, second, ben } = await twoTabs(world);
  await second.composer.fill("A draft");
  await until("all of it is kept", async () => {
    const names = Object.keys(await second.kept());
    return ["person", "message", "draft", "page"].every((kind) => names.some((name) => name.includes(`/${kind}/`)));
  });
  await second.pressSignOut();
  await second.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await second.page.getByLabel("Your name").waitFor();
  await until("nothing is kept", async () => Object.keys(await second.kept()).length === 0);
  await first.page.unroute("**/api/**");
  await first.page.getByLabel("Your name").waitFor();
  assert.deepEqual(await second.kept(), {});
  await ben.say("They are gone");
  await ben.seesExactly(["They are gone"]);
});
