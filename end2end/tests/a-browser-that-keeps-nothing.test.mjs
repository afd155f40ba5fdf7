//! Storage is forbidden, full or taken away: the page says so once, in plain words, and goes on.

import assert from "node:assert/strict";

import { situation } from "../support/situation.mjs";

const LINE = /This browser doesn't save data for this page/;

const BLOCKED = {
  "has no storage": () => Object.defineProperty(window, "indexedDB", { value: undefined }),
  "forbids storage": () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("no", "SecurityError");
    };
  },
  "fails to open its storage": () => {
    IDBFactory.prototype.open = () => {
      const request = new EventTarget();
      queueMicrotask(() => request.onerror(new Event("error")));
      return request;
    };
  },
  "never opens its storage": () => {
    IDBFactory.prototype.open = () => new EventTarget();
  },
  "is full": () => {
    const { add } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (value, key) {
      // The second of the same name fails as a write without room does: later, with its transaction.
      add.call(this, value, key);
      return add.call(this, value, key);
    };
  },
};

for (const [what, init] of Object.entries(BLOCKED)) {
  situation(`a browser that ${what} says so once, and the chat works`, async (world) => {
    const server = await world.server();
    const ada = await world.person(server, {}, { init });
    const ben = await world.person(server);
    const link = await ada.makeRoom("Ada", "Engines");
    await ben.joinBy(link, "Ben", "Engines");
    await ada.page.getByRole("status").getByText(LINE).waitFor();
    await ada.say("Hello");
    await ben.seesExactly(["Hello"]);
    await ada.page.getByRole("button", { name: "Got it" }).click();
    await ben.say("Hello Ada");
    await ada.say("Hello again");
    await ada.seesExactly(["Hello", "Hello Ada", "Hello again"]);
    assert.equal(await ada.page.getByText(LINE).count(), 0, "said once");
  });
}

situation("a browser that takes long to open its storage says so for as long, and keeps everything", async (world) => {
  const server = await world.server();
  const init = () => {
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (...which) {
      const late = new EventTarget();
      window.openAtLast = () => {
        const request = open.apply(this, which);
        request.onupgradeneeded = (event) => late.onupgradeneeded?.call(request, event);
        for (const how of ["onsuccess", "onerror"]) request[how] = (event) => late[how].call(request, event);
        Object.defineProperty(late, "result", { get: () => request.result });
      };
      return late;
    };
  };
  const ada = await world.person(server, {}, { init });
  const link = await ada.makeRoom("Ada", "Engines");
  await ada.page.getByRole("status").getByText(LINE).waitFor();
  await server.kill();
  await ada.say("Typed too early");
  await ada.page.evaluate(() => window.openAtLast());
  await ada.page.getByText(LINE).waitFor({ state: "detached" });
  await ada.sees("Typed too early");
  await ada.page.reload().catch(() => {}); // nobody is there to load it from
  await ada.page.waitForURL("chrome-error://chromewebdata/");
  await server.begin();
  await ada.goTo(link);
  await ada.page.evaluate(() => window.openAtLast());
  await ada.seesExactly(["Typed too early"]);
});
