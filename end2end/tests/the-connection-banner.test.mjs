//! Without a connection the page says so, but not at once; it says when it tries again, and can be told to.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

/** Less than the two seconds that the page waits, for what passes between the cut and the first look. */
const NOT_BEFORE_MS = 1_700;

situation("the banner comes after two seconds, names the next try, and its button tries at once", async (world) => {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy);
  await ada.makeRoom("Ada", "Engines");

  const cut = performance.now();
  proxy.refuse();
  await ada.banner.waitFor();
  const waited = performance.now() - cut;
  assert.ok(waited >= NOT_BEFORE_MS, `after ${waited} ms`);

  await ada.say("Written meanwhile");
  await ada.sees("Written meanwhile");

  // A wait that is long enough to be cut short by the button.
  const seconds = async () => Number(/in (\d+)\s*s/.exec(await ada.banner.textContent())?.[1] ?? 0);
  let announced = 0;
  await until("the next try is some seconds away", async () => (announced = await seconds()) >= 8, 120_000);
  proxy.acceptAgain();
  const asked = performance.now();
  await ada.page.getByRole("button", { name: "Try now" }).click();
  await ada.seesExactly(["Written meanwhile"]);
  assert.ok(performance.now() - asked < announced * 1_000 - 2_000, "at once, not when its time had come");
  await ada.banner.waitFor({ state: "hidden" });
});

situation("a connection that comes back within two seconds is not spoken of", async (world) => {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy, {}, { init: watchForBanner });
  const link = await ada.makeRoom("Ada", "Engines");
  const ben = await world.person(server);
  await ben.joinBy(link, "Ben", "Engines");

  const known = ada.heard("connected").length;
  proxy.refuse();
  proxy.acceptAgain();
  await until("the page is back", () => ada.heard("connected").length > known);
  await ben.say("Still there?");
  await ada.seesExactly(["Still there?"]);
  assert.equal(await ada.page.evaluate("bannerSeen"), false);
});

situation("a machine without a network is spoken of within seconds, and what is written meanwhile is sent", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  await ada.makeRoom("Ada", "Engines");
  const gone = performance.now();
  await ada.context.setOffline(true);
  await ada.banner.waitFor();
  // Two seconds for an answer and two more; the heartbeat alone takes half a minute.
  assert.ok(performance.now() - gone < 20_000);
  await ada.say("Written meanwhile");
  await ada.context.setOffline(false);
  await ada.seesExactly(["Written meanwhile"]);
  await ada.banner.waitFor({ state: "hidden" });
});

situation("who signs out while the connection is away is not told that it is back", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  await ada.makeRoom("Ada", "Engines");
  await server.kill();
  const spoken = ada.page.locator("[role=status].sr");
  await spoken.filter({ hasText: "Reconnecting" }).waitFor({ state: "attached" });
  await ada.pressSignOut();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await ada.page.getByLabel("Your name").waitFor();
  await spoken.filter({ hasText: /^$/ }).waitFor({ state: "attached" });
});

/** Runs in the page. */
function watchForBanner() {
  window.bannerSeen = false;
  new MutationObserver(() => {
    if (document.querySelector(".banner")) window.bannerSeen = true;
  }).observe(document, { childList: true, subtree: true, attributes: true });
}
