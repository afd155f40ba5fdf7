//! What is written and not sent stays: after a reload, and after the browser was ended.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

const DRAFT = "Dear Ben,\nabout the engine";

const isKept = (person) => until("it is kept", async () => JSON.stringify(await person.kept()).includes("about the engine"));

situation("a draft survives a reload, and belongs to its room", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ada.composer.fill(DRAFT);
  await isKept(ada);
  await ada.reload();
  await ada.isIn("Engines");
  await until("the draft is there", async () => (await ada.composer.inputValue()) === DRAFT);

  await ada.goTo("/");
  await ada.page.getByLabel("Room name").fill("Looms");
  await ada.page.keyboard.press("Enter");
  await ada.isIn("Looms");
  assert.equal(await ada.composer.inputValue(), "");
  await ada.goTo(link);
  await ada.isIn("Engines");
  await until("the draft is there again", async () => (await ada.composer.inputValue()) === DRAFT);
  await ada.composer.press("Enter");
  await ada.seesExactly([DRAFT]);
  await ada.reload();
  await ada.isIn("Engines");
  await ada.seesExactly([DRAFT]);
  assert.equal(await ada.composer.inputValue(), "");
});

situation("a draft and a message that waits survive the end of the browser", async (world) => {
  const folder = await mkdtemp(join(tmpdir(), "confab-profile-"));
  try {
    const server = await world.server();
    let ada = await world.personAtHome(server, folder);
    const link = await ada.makeRoom("Ada", "Engines");
    await server.kill();
    await ada.say("Waits");
    await ada.composer.fill(DRAFT);
    await isKept(ada);
    await ada.context.close();
    await server.begin();
    ada = await world.personAtHome(server, folder);
    await ada.goTo(link);
    await ada.isIn("Engines");
    await ada.seesExactly(["Waits"]);
    assert.equal(await ada.composer.inputValue(), DRAFT);
    await ada.context.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
