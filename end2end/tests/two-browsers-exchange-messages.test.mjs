//! The main thing: what one writes, the other reads, in one order.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

situation("two browsers exchange messages and both have them in one order", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");

  await ada.say("Hello Ben");
  await ben.sees("Hello Ben");
  await ben.say("Hello Ada");
  await ada.sees("Hello Ada");
  await ada.say("How are you?");
  await ben.sees("How are you?");

  const said = ["Hello Ben", "Hello Ada", "How are you?"];
  await ada.seesExactly(said);
  await ben.seesExactly(said);
  assert.deepEqual(await ben.rows(), await ada.rows());
});

situation("a message of one's own is there at once and keeps its row when it is stored", async (world) => {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy);
  await ada.makeRoom("Ada", "Engines");

  proxy.stall();
  await ada.say("Not there yet");
  await ada.sees("Not there yet");
  const [before] = await ada.rows();
  assert.deepEqual([before.seq, before.state], [null, "sending"]);
  const row = await ada.page.$(".message[data-txn]");

  proxy.flow();
  await ada.seesExactly(["Not there yet"]);
  assert.equal(await row.getAttribute("data-state"), "stored", "the same element");
});

situation("a message of one's own is painted in the frame of its Enter", async (world) => {
  const server = await world.server();
  const ada = await world.person(server, {}, { init: lookAfterEnter });
  await ada.makeRoom("Ada", "Engines");
  await ada.say("Quick");
  await ada.seesExactly(["Quick"]);
  assert.equal(await ada.page.evaluate("rowsAfterEnter"), 1);
});

/** Runs in the page: counts the rows at the beginning of the frame after the one that Enter belongs to. */
function lookAfterEnter() {
  addEventListener(
    "keydown",
    ({ key }) => {
      if (key !== "Enter") return;
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          window.rowsAfterEnter = document.querySelectorAll(".message[data-txn]").length;
        }),
      );
    },
    true,
  );
}
