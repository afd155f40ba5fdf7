//! What is not kept: who types, and who is there.

import { situation } from "../support/situation.mjs";

async function pair(world) {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  return { ada, ben };
}

situation("who types is shown, and no longer once the message is there", async (world) => {
  const { ada, ben } = await pair(world);
  const line = ada.page.getByText("Ben is typing");

  await ben.composer.pressSequentially("Hel");
  await line.waitFor();
  await ben.composer.pressSequentially("lo");
  await ben.composer.press("Enter");
  await ada.sees("Hello");
  await line.waitFor({ state: "hidden" });
});

situation("a composer that is emptied ends the typing line", async (world) => {
  const { ada, ben } = await pair(world);
  await ben.composer.pressSequentially("Never mind");
  await ada.page.getByText("Ben is typing").waitFor();
  await ben.composer.fill("");
  await ada.page.getByText("Ben is typing").waitFor({ state: "hidden" });
});

situation("somebody who comes is online, and offline some time after the last page has gone", async (world) => {
  const { ada, ben } = await pair(world);
  const row = ada.members.filter({ hasText: "Ben" });
  await row.filter({ hasText: "online" }).waitFor();
  await ben.page.close();
  await row.filter({ hasText: "offline" }).waitFor();
});
