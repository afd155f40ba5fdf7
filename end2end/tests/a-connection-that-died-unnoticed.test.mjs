//! A half-open connection is found out as soon as somebody looks at the page or the network comes back, and not only
//! by the heartbeat, which takes 35 s.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

/** Less than the silence after which the heartbeat asks, with room for a slow machine. The page itself takes 2 s. */
const BEFORE_THE_HEARTBEAT_MS = 20_000;

for (const [what, target, event] of [
  ["somebody looks at the page", "document", "visibilitychange"],
  ["the network is back", "window", "online"],
]) {
  situation(`a connection that died unnoticed is replaced when ${what}`, async (world) => {
    const server = await world.server();
    const proxy = await world.proxy(server);
    const ada = await world.person(proxy);
    await ada.makeRoom("Ada", "Engines");
    await ada.say("Before");
    await ada.seesExactly(["Before"]);
    proxy.stall();
    const since = Date.now();
    await ada.page.evaluate(([target, event]) => globalThis[target].dispatchEvent(new Event(event)), [target, event]);
    await until("it has given that connection up", async () => (await ada.banner.count()) > 0);
    assert.ok(Date.now() - since < BEFORE_THE_HEARTBEAT_MS, "and not by the heartbeat");
    proxy.flow();
    await ada.say("After");
    await ada.seesExactly(["Before", "After"]);
  });
}
