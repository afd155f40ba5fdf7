//! From the first page to a conversation and out again without a pointer.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

situation("a guest makes a room, writes and signs out with the keyboard alone", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const { page } = ada;
  const { keyboard } = page;
  await ada.goTo("/");
  await page.getByLabel("Your name").waitFor();

  await tabTo(page, page.getByLabel("Your name"));
  await keyboard.type("Ada");
  await keyboard.press("Enter");
  await page.getByLabel("Room name").waitFor();
  await tabTo(page, page.getByLabel("Room name"));
  await keyboard.type("Engines");
  await keyboard.press("Enter");
  await ada.isIn("Engines");

  await tabTo(page, ada.composer);
  await keyboard.type("By keyboard");
  await keyboard.press("Enter");
  await ada.seesExactly(["By keyboard"]);
  assert.ok(await isFocused(ada.composer), "the composer keeps the focus");

  await tabTo(page, page.getByRole("button", { name: "Sign out" }));
  await keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Sign out as Ada?" });
  await dialog.waitFor();
  await keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.ok(await isFocused(page.getByRole("button", { name: "Sign out" })), "the focus goes back to where it was");

  await keyboard.press("Enter");
  await dialog.waitFor();
  await tabTo(page, dialog.getByRole("button", { name: "Sign out" }));
  await keyboard.press("Enter");
  await page.getByLabel("Your name").waitFor();
});

/** Presses Tab until it is there, as a person would; fails where it never is. */
async function tabTo(page, locator) {
  for (let press = 0; press < 40; press += 1) {
    if (await isFocused(locator)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab never comes to ${locator}`);
}

async function isFocused(locator) {
  return await locator.evaluate((element) => element === document.activeElement);
}
