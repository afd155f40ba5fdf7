//! More messages than the page keeps in view: it opens at the newest, pages back as far as one likes, and
//! what somebody reads stays under their eyes.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

const MANY = 160;

const FAST = { messages_burst: 1_000, messages_per_minute: 60_000, frames_burst: 1_000, frames_per_second: 1_000 };

async function longRoom(world) {
  const server = await world.server(FAST);
  const ada = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  for (let number = 1; number <= MANY; number += 1) await ada.say(`Line ${number}`);
  await until("all are stored", () => ada.heard("ack").length >= MANY, 30_000);
  const ben = await world.person(server);
  await ben.joinBy(link, "Ben", "Engines");
  await ben.sees(`Line ${MANY}`);
  return { ada, ben };
}

situation("a long room opens at its newest message, and its beginning can be reached", async (world) => {
  const { ben } = await longRoom(world);
  assert.ok(await inView(ben, `Line ${MANY}`), "the newest is in view");
  assert.ok((await ben.rows()).length < MANY, "what is far away is not in the page");

  await until("the beginning of the room", async () => {
    await ben.log.evaluate((log) => (log.scrollTop = 0));
    return await ben.log.getByText("This is the beginning of Engines").isVisible();
  });
  await until("the first message", async () => {
    await ben.log.evaluate((log) => (log.scrollTop = 0));
    return await inView(ben, "Line 1");
  });
  const places = (await ben.rows()).map(({ seq }) => seq);
  assert.deepEqual(places, [...places].sort((a, b) => a - b));
});

situation("what somebody reads is not moved by what arrives, and a button leads to the newest", async (world) => {
  const { ada, ben } = await longRoom(world);
  await ben.log.evaluate((log) => log.scrollBy(0, -600));
  const place = () => ben.log.evaluate((log) => {
    const { top } = log.getBoundingClientRect();
    const row = [...log.querySelectorAll(".message[data-txn]")].find((row) => row.getBoundingClientRect().top > top);
    return [row.dataset.txn, Math.round(row.getBoundingClientRect().top - top)];
  });
  let before = await place();
  await until("the page has come to rest", async () => {
    const now = await place();
    const rests = String(now) === String(before);
    before = now;
    return rests;
  });

  await ada.say("Late one");
  await ada.say("Late two");
  await ben.page.getByRole("button", { name: /2 new messages/ }).waitFor();
  assert.deepEqual(await place(), before, "the row under the eyes is where it was");

  await ben.page.getByRole("button", { name: /2 new messages/ }).click();
  await until("the newest is in view", () => inView(ben, "Late two"));
});

async function inView(person, text) {
  return await person.log.evaluate((log, text) => {
    const view = log.getBoundingClientRect();
    return [...log.querySelectorAll(".message[data-txn]")].some((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return row.querySelector(".text").textContent === text && top >= view.top - 1 && bottom <= view.bottom + 1;
    });
  }, text);
}
