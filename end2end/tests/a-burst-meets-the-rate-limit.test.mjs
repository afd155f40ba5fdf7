//! Thirty messages faster than the server lets anybody write: the page waits as it is told and the person
//! does nothing.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

const BURST = 30;

/** Ten at once, then one each 300 ms: about six seconds for thirty. */
const LIMITS = { messages_burst: 10, messages_per_minute: 200 };

situation("a rate-limited burst of thirty messages arrives complete and in order by itself", async (world) => {
  const server = await world.server(LIMITS);
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");

  const said = Array.from({ length: BURST }, (_, number) => `Message ${number + 1}`);
  for (const text of said) await ada.say(text);

  await ben.seesExactly(said);
  await ada.seesExactly(said);
  const refused = ada.heard("error").filter(({ code }) => code === "rate_limited");
  assert.ok(refused.length > 0, "the limit was met");
  assert.ok(refused.every(({ retry_after_ms }) => retry_after_ms > 0), "and said how long to wait");
  assert.ok(refused.length < 3 * BURST, `and was not hammered: ${refused.length} refusals`);
});
