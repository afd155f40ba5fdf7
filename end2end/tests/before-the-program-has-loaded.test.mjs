//! The page takes text before its program is there, and the program takes it over.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

situation("a name that is typed before the program has loaded is kept, with caret and focus", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  let load;
  const mayLoad = new Promise((resolve) => (load = resolve));
  await ada.page.route("**/*.wasm", async (route) => {
    await mayLoad;
    await route.continue();
  });
  await ada.page.goto(server.url);
  const field = ada.page.getByLabel("Your name");
  await field.pressSequentially("Ad Lovelace");
  for (let step = 0; step < " Lovelace".length; step += 1) await field.press("ArrowLeft");
  load();
  await ada.programIsThere();
  assert.equal(await field.inputValue(), "Ad Lovelace");
  await ada.page.keyboard.type("a");
  assert.equal(await field.inputValue(), "Ada Lovelace");
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("heading", { name: "Hello, Ada Lovelace" }).waitFor();
});
