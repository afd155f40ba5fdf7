//! The page before its program is there: what stands on it, what is typed into it, and what it says when the
//! program does not come.

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

situation("who comes for the first time sees the welcome alone until the program has loaded", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  await ada.page.route("**/*.wasm", () => {});
  await ada.page.goto(server.url);
  await ada.page.getByRole("heading", { name: "Welcome to Confab" }).waitFor();
  assert.equal(await ada.page.locator(".shell-app").isVisible(), false);
  assert.equal(await ada.page.locator("#broken").isVisible(), false);
});

for (const file of ["wasm", "js"]) {
  situation(`a page whose .${file} does not come says so`, async (world) => {
    const server = await world.server();
    const ada = await world.person(server);
    await ada.page.route(`**/*.${file}`, (route) => route.abort());
    await ada.page.goto(server.url);
    await ada.page.getByRole("alert").getByRole("link", { name: "Reload the page" }).waitFor();
    // What the browser itself says of it in the console is no mistake of the page.
    ada.console.length = 0;
  });
}
