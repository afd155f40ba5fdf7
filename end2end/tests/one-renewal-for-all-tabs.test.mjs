//! The access token ends again and again: it is renewed on the open sockets, once for all tabs of a person, and one that
//! has ended is replaced. Nobody notices.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

/** Seconds that an access token lives here. */
const TTL = 6;

/** How many lives of a token the tabs stay open for. */
const LIVES = 4;

/** Counts the calls of a browser that were answered, by their paths and statuses. */
function answered(context) {
  const counts = {};
  context.on("response", (response) => {
    const path = new URL(response.url()).pathname;
    if (!path.startsWith("/api/v1/")) return;
    const call = `${path.slice("/api/v1".length)} ${response.status()}`;
    counts[call] = (counts[call] ?? 0) + 1;
  });
  return counts;
}

/** The tokens that a tab has told the server over its sockets, each once. */
const told = (tab) => [...new Set(tab.said("auth").map(({ token }) => token))];

/** The second in which a token ends. */
const end = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString()).exp;

situation("three tabs stay online over many tokens, and each is fetched once for all of them", async (world) => {
  const server = await world.server({}, ["--access-token-ttl", `${TTL}s`]);
  const ada = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  const tabs = [ada, await world.tab(ada), await world.tab(ada)];
  for (const tab of tabs.slice(1)) {
    await tab.goTo(link);
    await tab.isIn("Engines");
  }
  const first = await until("all tabs have told one token", () =>
    told(ada).find((token) => tabs.every((tab) => told(tab).includes(token))));
  const counts = answered(ada.context);
  const since = (tab) => told(tab).slice(told(tab).indexOf(first) + 1);
  await until("all tabs have told many more", () => tabs.every((tab) => since(tab).length >= LIVES));
  const renewed = counts["/session/refresh 200"];

  const tokens = [...new Set(tabs.flatMap(since))];
  assert.ok([tokens.length, tokens.length + 1].includes(renewed), `${renewed} calls for ${tokens.length} tokens`);
  for (const tab of tabs) {
    // The newest may be on its way to some.
    assert.deepEqual(since(tab).slice(0, LIVES), tokens.slice(0, LIVES), "every tab has every token");
    assert.equal(tab.heard("connected").length, 1, "its first socket");
    assert.deepEqual(tab.heard("error"), []);
  }
  const ends = [first, ...tokens].map(end);
  for (let index = 1; index < ends.length; index += 1) {
    assert.ok(ends[index] - ends[index - 1] >= TTL / 2, `one renewal in the life of each token: ${ends}`);
  }
  assert.deepEqual(Object.keys(counts), ["/session/refresh 200"]);
  await ada.say("Still here");
  for (const tab of tabs) await tab.seesExactly(["Still here"]);
});

situation("two tabs ask for a name: who signs in on one is signed in on both, and stays so", async (world) => {
  const server = await world.server({}, ["--access-token-ttl", `${TTL}s`]);
  const ada = await world.person(server);
  const other = await world.tab(ada);
  await other.goTo(server.url);
  await other.page.getByLabel("Your name").waitFor();
  const link = await ada.makeRoom("Ada", "Engines");
  await other.page.getByLabel("Your name").waitFor({ state: "detached" });
  await other.goTo(link);
  await other.isIn("Engines");
  await until("both have told a renewed token", () => [ada, other].every((tab) => told(tab).length > 0));
  await ada.say("from the first");
  await other.say("from the second");
  for (const tab of [ada, other]) {
    await tab.seesExactly(["from the first", "from the second"]);
    assert.deepEqual(await tab.authors(), ["Ada", "Ada"]);
  }
});

situation("two tabs are given a name at once: both are who was first", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const other = await world.tab(ada);
  for (const tab of [ada, other]) await tab.goTo("/");
  const asked = [];
  const slow = new Promise((resolve) => {
    ada.context.route("**/api/v1/guests", async (route) => {
      asked.push(route.request().postDataJSON().name);
      await new Promise((go) => resolve(go));
      await route.continue();
    });
  });
  await ada.signsInAs("Ada");
  const go = await slow;
  await other.signsInAs("Ben");
  go();
  for (const tab of [ada, other]) await tab.page.getByLabel("Your name").waitFor({ state: "detached" });
  const link = await ada.makesRoom("Engines");
  await other.goTo(link);
  await other.isIn("Engines");
  await other.say("I am Ada");
  await ada.seesExactly(["I am Ada"]);
  assert.deepEqual(await ada.authors(), ["Ada"]);
  assert.deepEqual(asked, ["Ada"], "nobody else is made");
});

situation("a tab that did not hear of it finds out who is here when somebody looks at it", async (world) => {
  const server = await world.server();
  const ada = await world.person(server);
  const deaf = () => (BroadcastChannel.prototype.postMessage = () => {});
  await ada.context.addInitScript(deaf);
  const other = await world.tab(ada);
  await other.goTo("/");
  await ada.makeRoom("Ada", "Engines");
  assert.equal(await other.page.getByLabel("Your name").count(), 1, "it was told nothing");
  await other.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await other.page.getByLabel("Your name").waitFor({ state: "detached" });
  await other.page.getByText("Engines").first().waitFor();
});

situation("a token that ended while nothing came through is replaced, and nobody is asked anything", async (world) => {
  const server = await world.server({}, ["--access-token-ttl", `${TTL}s`]);
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  const other = await world.tab(ada);
  await other.goTo(link);
  await other.isIn("Engines");
  const counts = answered(ada.context);

  proxy.stall();
  await ada.say("Typed meanwhile");
  await until("the server has let go of both tabs", async () => {
    const health = await (await fetch(`${server.url}/health/websocket`)).json();
    return health.connections === 1;
  });
  const known = [ada, other].map((tab) => tab.heard("connected").length);
  proxy.flow();
  await until("both are back", () =>
    [ada, other].every((tab, index) => tab.heard("connected").length > known[index]));

  for (const person of [ada, other, ben]) await person.seesExactly(["Typed meanwhile"]);
  // A token that lives for less than a minute is renewed as soon as its socket is open.
  const calls = { ...counts };
  assert.ok(calls["/session/refresh 200"] <= 4, JSON.stringify(calls));
  assert.ok(calls["/ws-token 200"] <= 4, JSON.stringify(calls));
  assert.deepEqual(Object.keys(calls).filter((call) => !call.endsWith(" 200")), []);
  const page = await ada.page.getByLabel("Your name").count();
  assert.equal(page, 0, "still signed in");
});
