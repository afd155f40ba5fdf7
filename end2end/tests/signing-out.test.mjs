//! Out is out: the page forgets, the server forgets, other tabs too.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

situation("signing out ends the session here, in the other tab and after a reload", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ada.say("Mine");
  await ada.seesExactly(["Mine"]);
  const other = await world.tab(ada);
  await other.goTo(link);
  await other.isIn("Engines");

  await ada.pressSignOut();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await ada.page.getByLabel("Your name").waitFor();
  await other.page.getByLabel("Your name").waitFor();

  await ada.reload();
  await ada.page.getByLabel("Your name").waitFor();
  const kept = await ada.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!kept.includes("Mine") && !kept.includes("Ada"), kept);
  const refresh = await ada.context.request.post(`${server.url}/api/v1/session/refresh`);
  assert.equal(refresh.status(), 204, "the cookie is gone");
  await until("the server has no socket", async () => {
    const health = await (await fetch(`${server.url}/health/websocket`)).json();
    return health.connections === 0;
  });
});
