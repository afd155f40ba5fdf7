//! The network cuts a frame in two, on the way there and on the way back; half a frame is no frame, and a
//! message whose ack was lost is not sent twice.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

/** Within the first frame of that way, whichever it is: each is longer. */
const INTO_A_FRAME = 40;

async function pair(world) {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  await ada.say("Before");
  await ben.seesExactly(["Before"]);
  await ada.seesExactly(["Before"]);
  return { proxy, ada, ben };
}

async function bothHave(ada, ben, texts) {
  await ada.seesExactly(texts);
  await ben.seesExactly(texts);
  assert.deepEqual(await ada.rows(), await ben.rows());
}

situation("a cut in the middle of a message on its way to the server loses and doubles nothing", async (world) => {
  const { proxy, ada, ben } = await pair(world);
  const cut = proxy.cutAfter("up", INTO_A_FRAME);
  await ada.say("Cut going up");
  await cut;
  await bothHave(ada, ben, ["Before", "Cut going up"]);
  assert.ok(proxy.sockets >= 2, "on another connection");
});

situation("a cut in the middle of an answer loses and doubles nothing", async (world) => {
  const { proxy, ada, ben } = await pair(world);
  const cut = proxy.cutAfter("down", INTO_A_FRAME);
  await ada.say("Cut coming down");
  await cut;
  await bothHave(ada, ben, ["Before", "Cut coming down"]);
  const txns = ada.said("message").map(({ txn_id }) => txn_id);
  assert.equal(new Set(txns).size, 2, "two messages had two identities, however often they were sent");
});

situation("messages of others that were cut off come after the cut, in order", async (world) => {
  const { proxy, ada, ben } = await pair(world);
  const cut = proxy.cutAfter("down", INTO_A_FRAME);
  await ben.say("One");
  await cut;
  await ben.say("Two");
  await ben.say("Three");
  await bothHave(ada, ben, ["Before", "One", "Two", "Three"]);
});

situation("five cuts both ways while both write leave one log", async (world) => {
  const { proxy, ada, ben } = await pair(world);
  const said = ["Before"];
  for (let round = 1; round <= 5; round += 1) {
    const sockets = proxy.sockets;
    const cut = proxy.cutAfter(round % 2 ? "up" : "down", INTO_A_FRAME + 7 * round);
    for (const person of [ada, ben]) {
      said.push(`${person.name} ${round}`);
      await person.say(`${person.name} ${round}`);
    }
    await cut;
    await until("Ada's page is back", () => proxy.sockets > sockets);
  }
  for (const person of [ada, ben]) {
    await until(`${person.name} has everything`, async () => {
      const rows = await person.rows();
      return rows.length >= said.length && rows.every(({ state }) => state === "stored");
    });
  }
  assert.deepEqual(await ada.rows(), await ben.rows());
  assert.deepEqual((await ada.rows()).map(({ text }) => text).sort(), [...said].sort());
});
