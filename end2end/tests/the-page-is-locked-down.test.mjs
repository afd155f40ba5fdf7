//! What the page may load and run, as the server says and the browser enforces. That no page of any other
//! situation breaks the rule is checked there.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

situation("the page runs under a policy that lets nothing in but itself", async (world) => {
  const server = await world.server();
  const ada = await world.person(server, {}, { init: recordViolations });
  const answers = [];
  ada.page.on("response", (response) => answers.push(response));
  await ada.makeRoom("Ada", "Engines");
  await ada.say("https://example.org is a link");
  await ada.sees("https://example.org is a link");

  const policy = await answers[0].headerValue("content-security-policy");
  const rules = new Map(policy.split(";").map((rule) => rule.trim().split(/\s+/)).map(([name, ...values]) => [name, values]));
  assert.deepEqual(rules.get("default-src"), ["'none'"]);
  const scripts = rules.get("script-src");
  assert.ok(scripts.includes("'self'") && scripts.includes("'wasm-unsafe-eval'"), `${scripts}`);
  assert.ok(!scripts.includes("'unsafe-inline'") && !scripts.includes("'unsafe-eval'"), `${scripts}`);
  assert.deepEqual(rules.get("frame-ancestors"), ["'none'"]);
  assert.deepEqual(await ada.page.evaluate("violations"), []);

  const foreign = answers.map((answer) => new URL(answer.url()).origin).filter((origin) => origin !== server.url);
  assert.deepEqual(foreign, [], "everything comes from the server itself");
});

situation("nothing that the page reads in normal use fails", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  await ada.reload();
  await ada.isIn("Engines");
  assert.deepEqual(ada.console, []);
  assert.deepEqual(ben.console, []);
});

/** Runs in the page. */
function recordViolations() {
  window.violations = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    window.violations.push(`${violatedDirective} ${blockedURI}`);
  });
}
