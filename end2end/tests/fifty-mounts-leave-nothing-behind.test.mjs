//! The page goes away and comes back, again and again: each time everything is let go, and what it holds
//! afterwards is what it held before.

import assert from "node:assert/strict";

import { countResources } from "../support/resources.mjs";
import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

const TIMES = 50;

situation("fifty times away and back leave no socket, timer or listener behind", async (world) => {
  const server = await world.server({ frames_per_second: 1_000 });
  const ada = await world.person(server, {}, { init: countResources });
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  await ada.say("Before");
  await ada.seesExactly(["Before"]);

  const held = () => ada.page.evaluate("held()");
  const show = (type) => ada.page.evaluate(
    (type) => void dispatchEvent(new PageTransitionEvent(type, { persisted: true })),
    type,
  );
  const away = async () => {
    await show("pagehide");
    return await until("no socket is left", async () => {
      const now = await held();
      return now.sockets === 0 && now;
    });
  };
  const back = async () => {
    const known = ada.heard("connected").length;
    await show("pageshow");
    await until("the server knows the page again", () => ada.heard("connected").length > known);
    return await held();
  };

  // The first round may keep things that are made once.
  const firstAway = await away();
  const firstBack = await back();
  let [lastAway, lastBack] = [firstAway, firstBack];
  for (let time = 2; time <= TIMES; time += 1) {
    lastAway = await away();
    lastBack = await back();
    assert.equal(lastBack.open, 1, "one socket, not one per round");
  }

  assert.deepEqual(lastAway, firstAway, "away, it holds what it held the first time");
  assert.equal(firstAway.timers, 0, "away, it waits for nothing");
  assert.ok(firstAway.listeners < firstBack.listeners, "away, it listens to less");
  assert.equal(lastBack.listeners, firstBack.listeners, "back, it listens to what it listened to");
  await until("no timer is more", async () => (await held()).timers <= firstBack.timers);

  await ben.say("After");
  await ada.seesExactly(["Before", "After"]);
  const { connections } = await until("the server has two sockets", async () => {
    const health = await (await fetch(`${server.url}/health/websocket`)).json();
    return health.connections === 2 && health;
  });
  assert.equal(connections, 2);
});
