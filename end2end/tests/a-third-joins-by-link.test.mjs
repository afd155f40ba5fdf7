//! Somebody comes later, by the link alone, and has what was said before.

import { situation } from "../support/situation.mjs";

situation("a third joins by link and has the history", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  const said = ["One", "Two", "Three", "Four"];
  await ada.say("One");
  await ben.sees("One");
  await ben.say("Two");
  await ada.sees("Two");
  await ada.say("Three");
  await ben.sees("Three");
  await ben.say("Four");
  await ada.sees("Four");

  const cleo = await world.person(server);
  await cleo.joinBy(link, "Cleo", "Engines");
  await cleo.seesExactly(said);

  await cleo.say("Five");
  await ada.seesExactly([...said, "Five"]);
  await ben.seesExactly([...said, "Five"]);
});

situation("a link that leads nowhere says so and leads back", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  await ada.goTo("/r/AAAAA-AAAAA");
  await ada.page.getByRole("heading", { name: "Room not found" }).waitFor();
  await ada.page.getByText("Go to start").click();
  await ada.page.getByLabel("Your name").waitFor();
});

situation("a code with other case and without its dash opens the same room", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  const code = link.split("/").at(-1).toLowerCase().replaceAll("-", "");

  await ben.signIn("Ben");
  await ben.page.getByLabel("Room code").fill(code);
  await ben.page.keyboard.press("Enter");
  await ben.isIn("Engines");
});

situation("an invitation that can't be looked up says so and can be asked for again", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");

  await ben.page.route("**/api/v1/rooms/code/**", (call) => call.abort());
  await ben.goTo(link);
  const again = ben.page.getByRole("button", { name: "Try again" });
  await again.waitFor();
  await ben.page.unroute("**/api/v1/rooms/code/**");
  await again.click();
  await ben.page.getByRole("heading", { name: "Engines" }).waitFor();
});
