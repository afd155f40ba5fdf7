//! The link of a room goes to the clipboard, and where the browser has none, the page says what else to do.

import { situation } from "../support/situation.mjs";

situation("over plain HTTP there is no clipboard, and the page says so and goes on", async (world) => {
  const server = await world.server();
  const ada = await world.person(server, {}, { init: likePlainHttp });
  await ada.makeRoom("Ada", "Engines");
  const members = ada.page.getByRole("complementary", { name: "Members" });
  await members.getByRole("button", { name: "Copy link" }).click();
  await members.getByRole("button", { name: "Copy it from the address bar" }).waitFor();
  await ada.say("Still here");
  await ada.sees("Still here");
});

/** Runs in the page. */
function likePlainHttp() {
  Object.defineProperty(window, "isSecureContext", { value: false });
  Object.defineProperty(navigator, "clipboard", { value: undefined });
}
