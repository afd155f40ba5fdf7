//! From the first page to a conversation and out again without a pointer.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

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

situation("on a phone a panel takes the focus when it opens, and Escape closes it", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const { page } = ada;
  await ada.makeRoom("Ada", "Engines");
  await page.setViewportSize({ width: 390, height: 844 });
  const panels = [
    [page.getByRole("button", { name: "Show rooms" }), page.getByRole("navigation", { name: "Rooms" })],
    [page.getByRole("button", { name: /^Members/ }), page.getByRole("complementary", { name: "Members" })],
  ];
  for (const [opens, panel] of panels) {
    await opens.click();
    const close = panel.getByRole("button", { name: "Close" });
    await until("the way out has the focus", () => isFocused(close));
    await page.keyboard.press("Escape");
    await close.waitFor({ state: "hidden" });
  }
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
