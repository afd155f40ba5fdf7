//! The keys of the composer: which of them send.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

async function alone(world) {
  const server = await world.server();
  const ada = await world.person(server);
  await ada.makeRoom("Ada", "Engines");
  return ada;
}

situation("Enter that ends a composition of an input method does not send", async (world) => {
  const ada = await alone(world);
  const ime = await ada.context.newCDPSession(ada.page);
  await ada.composer.focus();
  await ime.send("Input.imeSetComposition", { text: "こんにちは", selectionStart: 5, selectionEnd: 5 });
  // What Chromium makes of Enter while an input method takes the keys.
  const enter = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 };
  await ime.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...enter });
  await ime.send("Input.insertText", { text: "こんにちは" });
  await ime.send("Input.dispatchKeyEvent", { type: "keyUp", ...enter });
  assert.equal(await ada.composer.inputValue(), "こんにちは");
  assert.equal(ada.said("message").length, 0);

  await ada.composer.press("Enter");
  await ada.seesExactly(["こんにちは"]);
});

situation("Shift+Enter makes a new line, Enter sends both lines", async (world) => {
  const ada = await alone(world);
  await ada.composer.pressSequentially("One");
  await ada.composer.press("Shift+Enter");
  await ada.composer.pressSequentially("Two");
  assert.equal(await ada.composer.inputValue(), "One\nTwo");
  await ada.composer.press("Enter");
  await ada.seesExactly(["One\nTwo"]);
  assert.equal(await ada.composer.inputValue(), "");
});

situation("nothing but space is not sent", async (world) => {
  const ada = await alone(world);
  await ada.say("   \n ");
  await ada.say("Something");
  await ada.seesExactly(["Something"]);
  assert.equal(ada.said("message").length, 1);
});

situation("a text over the limit is kept whole, and what is wrong with it is said", async (world) => {
  const server = await world.server({ message_chars: 50 });
  const ada = await world.person(server);
  await ada.makeRoom("Ada", "Engines");
  // Connected, and so told of the limit.
  await ada.say("Short");
  await ada.seesExactly(["Short"]);
  const long = "x".repeat(53);
  await ada.say(long);
  await ada.page.getByText("3 characters too long to send").waitFor();
  assert.equal(await ada.composer.inputValue(), long);
  await ada.composer.press("Backspace");
  await ada.composer.press("Backspace");
  await ada.composer.press("Backspace");
  await ada.composer.press("Enter");
  await ada.seesExactly(["Short", "x".repeat(50)]);
});

situation("what looks like a tag is text", async (world) => {
  const ada = await alone(world);
  const hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>";
  await ada.say(hostile);
  await ada.seesExactly([hostile]);
  assert.equal(await ada.log.locator("img, script").count(), 0);
});

situation("a draft survives a reload", async (world) => {
  const ada = await alone(world);
  await ada.composer.pressSequentially("Half a thought");
  await ada.reload();
  await ada.isIn("Engines");
  assert.equal(await ada.composer.inputValue(), "Half a thought");
});
