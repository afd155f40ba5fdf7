//! A message that the server refuses stays where it was written, says why, and can be tried again or dropped;
//! the others go on.

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

const LONG = "much too long for a server that takes only short ones".repeat(3);

/** Ada writes a long and a short message to a server that is away, and that takes only short ones when it comes back. */
async function withFailed(world) {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  await server.kill();
  await ada.say(LONG);
  await ada.say("Short");
  server.flags = ["--limit", "message_chars=100"];
  await server.begin();
  await ada.page.locator(".message[data-state=failed]").getByText("Not sent").waitFor();
  await ben.sees("Short");
  return { server, ada, ben };
}

situation("a refused message says why, and the next one is sent all the same", async (world) => {
  const { ada, ben } = await withFailed(world);
  await ada.page.locator(".message[data-state=failed]").getByText("Not sent. It is too long").waitFor();
  await ben.seesExactly(["Short"]);
});

situation("a refused message that is tried again is sent when the server takes it", async (world) => {
  const { server, ada, ben } = await withFailed(world);
  server.flags = [];
  await server.kill();
  const known = ada.heard("connected").length;
  await server.begin();
  await until("Ada's page knows the new limits", () => ada.heard("connected").length > known);
  await ada.page.getByRole("button", { name: "Try again" }).click();
  await ben.seesExactly(["Short", LONG]);
  await ada.seesExactly(["Short", LONG]);
});

situation("a refused message that is discarded is gone, after a reload too", async (world) => {
  const { ada, ben } = await withFailed(world);
  await ada.page.getByRole("button", { name: "Discard" }).click();
  await ada.seesExactly(["Short"]);
  await ada.reload();
  await ada.isIn("Engines");
  await ada.seesExactly(["Short"]);
  await ben.seesExactly(["Short"]);
});
