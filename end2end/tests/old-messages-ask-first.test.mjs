//! What has waited for more than a day is not sent by itself.

import { situation } from "../support/situation.mjs";
import { STATES } from "../support/states.mjs";

const QUESTION = "This message is more than a day old. Send it now?";

situation("an old message asks, and is sent when somebody says so", async (world) => {
  const ada = await STATES["a message that asks whether to send it"](world);
  await ada.log.getByText(QUESTION).waitFor();
  await ada.say("A new one goes past it");
  await ada.log.getByRole("button", { name: "Send now" }).click();
  await ada.seesExactly(["This one is there.", "A new one goes past it", "See you at noon."]);
});

situation("an old message that is discarded is gone", async (world) => {
  const ada = await STATES["a message that asks whether to send it"](world);
  await ada.log.getByRole("button", { name: "Discard" }).click();
  await ada.seesExactly(["This one is there."]);
  await ada.reload();
  await ada.isIn("Analytical engines");
  await ada.seesExactly(["This one is there."]);
});
