//! Several tabs of one person keep what is theirs in one place: each finds its own again, and none takes it from
//! another that lives.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

/** Ada in two tabs, behind a proxy, and Ben. */
async function twoTabsAndBen(world, more = {}) {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy, {}, more);
  const ben = await world.person(server);
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");
  await ada.say("Before");
  await ada.seesExactly(["Before"]);
  const open = async () => {
    const tab = await world.tab(ada);
    await tab.goTo(link);
    await tab.isIn("Engines");
    return tab;
  };
  return { proxy, ada, ben, open };
}

/** Nothing of the browser reaches the server any more, but what the page is made of. */
async function cutOff(context, proxy, tabs) {
  await context.route("**/api/**", (route) => route.abort());
  proxy.refuse();
  proxy.acceptAgain();
  for (const tab of tabs) await tab.banner.waitFor();
}

/** Whatever has become of it so far. */
const shows = (tab, texts) => until(`it shows ${texts}`, async () =>
  JSON.stringify((await tab.rows()).map(({ text }) => text)) === JSON.stringify(texts));

const comeBack = (context) => context.unroute("**/api/**");

const keeps = (tab, text) => until(`"${text}" is kept`, async () => JSON.stringify(await tab.kept()).includes(text));

situation("a reload finds its own unsent messages again, while another tab is open", async (world) => {
  const { proxy, ada, ben, open } = await twoTabsAndBen(world);
  const other = await open();
  await cutOff(ada.context, proxy, [ada, other]);
  await ada.say("First");
  await keeps(ada, "First");
  await ada.reload();
  await ada.isIn("Engines");
  await shows(ada, ["Before", "First"]);
  await ada.say("Second");
  await comeBack(ada.context);
  for (const person of [ben, ada, other]) await person.seesExactly(["Before", "First", "Second"]);
});

situation("a copy of a tab takes nothing from the tab that it was made of", async (world) => {
  const { proxy, ada, ben, open } = await twoTabsAndBen(world);
  const other = await open();
  await cutOff(ada.context, proxy, [ada, other]);
  await ada.say("Mine");
  await keeps(ada, "Mine");
  // What the browser copies when a tab is duplicated.
  const name = await ada.page.evaluate(() => sessionStorage.getItem("confab.page"));
  await other.page.evaluate((name) => sessionStorage.setItem("confab.page", name), name);
  await other.reload();
  await other.isIn("Engines");
  await until("the copy has a name of its own", () =>
    other.page.evaluate((name) => sessionStorage.getItem("confab.page") !== name, name));
  await shows(ada, ["Before", "Mine"]);
  await shows(other, ["Before"]);
  await comeBack(ada.context);
  for (const person of [ben, ada, other]) await person.seesExactly(["Before", "Mine"]);
});

situation("a draft is not lost when another tab posts in the same room", async (world) => {
  const { ada, open } = await twoTabsAndBen(world);
  const other = await open();
  await other.composer.fill("A long draft");
  await keeps(ada, "A long draft");
  await ada.say("ok");
  await ada.seesExactly(["Before", "ok"]);
  await until("the draft of what was posted is gone", async () =>
    Object.keys(await ada.kept()).filter((name) => name.includes("/draft/")).length === 1);
  await other.reload();
  await until("the draft is back", async () => (await other.composer.inputValue()) === "A long draft");
});

situation("without locks, a tab takes nothing from another that lives", async (world) => {
  const init = () => Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
  const { proxy, ada, ben, open } = await twoTabsAndBen(world, { init });
  await cutOff(ada.context, proxy, [ada]);
  await ada.say("Secret");
  await keeps(ada, "Secret");
  const other = await open();
  const row = ada.log.getByRole("article", { name: "Ada: Secret," });
  await row.hover();
  await row.getByRole("button", { name: "Discard" }).click();
  await row.waitFor({ state: "detached" });
  await comeBack(ada.context);
  await other.say("After");
  for (const person of [ben, ada, other]) await person.seesExactly(["Before", "After"]);
});

situation("without locks, a tab takes over what belonged to one that is gone", async (world) => {
  const init = () => Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
  const { proxy, ada, ben, open } = await twoTabsAndBen(world, { init });
  await cutOff(ada.context, proxy, [ada]);
  await ada.say("Left behind");
  await keeps(ada, "Left behind");
  await ada.page.close();
  const other = await open();
  await other.sees("Left behind");
  await comeBack(ada.context);
  for (const person of [ben, other]) await person.seesExactly(["Before", "Left behind"]);
});

situation("who signs out without a network is signed out in every tab, and stays so", async (world) => {
  const { proxy, ada, open } = await twoTabsAndBen(world);
  const other = await open();
  await cutOff(ada.context, proxy, [ada, other]);
  await ada.pressSignOut();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await ada.page.getByText("The server can't be reached; it will be told").waitFor();
  await other.page.getByLabel("Your name").waitFor();
  await until("only that is kept", async () => {
    const names = Object.keys(await ada.kept());
    return names.length === 1 && names[0].includes("/leaving/");
  });
  await ada.page.close();

  const left = other.page.waitForResponse((response) => response.request().method() === "DELETE");
  await comeBack(ada.context);
  await other.reload();
  assert.equal((await left).status(), 204);
  await other.page.getByLabel("Your name").waitFor();
  await until("nothing is kept", async () => Object.keys(await other.kept()).length === 0);
  await other.reload();
  await other.page.getByLabel("Your name").waitFor();
});

situation("where nothing can be kept, typing costs no memory", async (world) => {
  const init = () => {
    Object.defineProperty(window, "indexedDB", { value: undefined });
    const { instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = async (...from) => {
      const made = await instantiateStreaming.apply(WebAssembly, from);
      window.memory = Object.values(made.instance.exports).find((is) => is instanceof WebAssembly.Memory);
      return made;
    };
  };
  const server = await world.server();
  const ada = await world.person(server, {}, { init });
  await ada.makeRoom("Ada", "Engines");
  const bytes = await ada.page.evaluate(async () => {
    const composer = document.querySelector("textarea");
    for (let edit = 0; edit < 500; edit += 1) {
      composer.value = "x".repeat(60_000) + edit;
      composer.dispatchEvent(new Event("input", { bubbles: true }));
      if (edit % 20 === 0) await new Promise(requestAnimationFrame);
    }
    return window.memory.buffer.byteLength;
  });
  // All of them would be 30 MB.
  assert.ok(bytes < 10_000_000, `${bytes} bytes`);
});
