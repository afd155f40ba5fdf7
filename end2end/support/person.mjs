//! Somebody at a browser: what they do, what they see, and what their page says on the wire. Finds things
//! the way people do, by role and name; rows also by their `data-` marks.

import assert from "node:assert/strict";

import { until } from "./until.mjs";

/** How long a person waits for something that must come. */
const PATIENCE_MS = 60_000;

/**
 * A row of the timeline as it stands in the page.
 * @typedef {{txn: string, seq: number | null, state: string, author: string, text: string}} Row
 */

/** Said by Chromium itself where a connection or a call fails; the page can't prevent it. */
const NETWORK = /^(Failed to load resource|WebSocket connection to)/;

export class Person {
  /**
   * @param {import("playwright-core").BrowserContext} context
   * @param {import("playwright-core").Page} page
   * @param {string} origin
   */
  constructor(context, page, origin) {
    this.context = context;
    this.page = page;
    this.origin = origin;
    this.name = "somebody";
    /** @type {string[]} */
    this.console = [];
    /** Every frame of every socket, as JSON: `{at, way, frame}`. */
    this.frames = [];
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (message) => {
      if (message.type() === "error") this.console.push(message.text());
    });
    page.on("pageerror", (error) => this.console.push(`uncaught: ${error.message}`));
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => this.frames.push({ way: "down", frame: parse(payload) }));
      socket.on("framesent", ({ payload }) => this.frames.push({ way: "up", frame: parse(payload) }));
    });
  }

  // What they do

  async goTo(path = "/") {
    await this.page.goto(new URL(path, this.origin).href);
    await this.programIsThere();
  }

  async reload() {
    await this.page.reload();
    await this.programIsThere();
  }

  /** Until then the static page of index.html stands there. */
  async programIsThere() {
    await this.page.locator("#shell").waitFor({ state: "detached" });
  }

  /** Opens the page and becomes a guest. */
  async signIn(name, path = "/") {
    await this.goTo(path);
    await this.signsInAs(name);
  }

  /** Gives a name where the page asks for one. */
  async signsInAs(name) {
    this.name = name;
    await this.page.getByLabel("Your name").fill(name);
    await this.page.keyboard.press("Enter");
  }

  /** Becomes a guest and makes a room. @returns {Promise<string>} the path of its link */
  async makeRoom(name, room) {
    await this.signIn(name);
    return await this.makesRoom(room);
  }

  /** Makes a room where the page asks for one. @returns {Promise<string>} the path of its link */
  async makesRoom(room) {
    await this.page.getByLabel("Room name").fill(room);
    await this.page.keyboard.press("Enter");
    await this.isIn(room);
    return await this.link();
  }

  /** Becomes a guest by a room's link and joins. */
  async joinBy(link, name, room) {
    await this.signIn(name, link);
    await this.isIn(room);
  }

  /** The path that others join the open room by. */
  async link() {
    await this.page.waitForURL(/\/r\/[^/]+$/);
    return new URL(this.page.url()).pathname;
  }

  async say(text) {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Asks to sign out; the page asks back. */
  async pressSignOut() {
    await this.page.getByRole("button", { name: "Sign out" }).click();
  }

  // What they see

  get composer() {
    return this.page.getByRole("textbox", { name: /^Message / });
  }

  get log() {
    return this.page.getByRole("log");
  }

  /** The lines of the list of members. */
  get members() {
    return this.page.getByRole("complementary", { name: "Members" }).getByRole("listitem");
  }

  /** What is said about the connection. */
  get banner() {
    return this.page.getByRole("region", { name: "Connection" });
  }

  /** Who wrote the messages, from top to bottom. */
  async authors() {
    return (await this.rows()).map(({ author }) => author);
  }

  /** Waits until a room is open and has its history. */
  async isIn(room) {
    await this.page.getByRole("log", { name: `Messages in ${room}` }).waitFor();
    await this.composer.waitFor();
  }

  async sees(text) {
    await this.log.getByText(text, { exact: true }).first().waitFor();
  }

  /** @returns {Promise<Row[]>} the messages in the page, from top to bottom */
  async rows() {
    return await this.page.evaluate(readRows);
  }

  /** Waits until exactly these messages are there, all of them stored. */
  async seesExactly(texts) {
    const wanted = [...texts];
    const there = async () => {
      const rows = await this.rows();
      return rows.length >= wanted.length && rows.every((row) => row.state === "stored");
    };
    await until("every message is there and stored", there, PATIENCE_MS).catch(async (error) => {
      throw new Error(`${this.name} has ${JSON.stringify(await this.rows(), null, 1)}`, { cause: error });
    });
    assert.deepEqual((await this.rows()).map((row) => row.text), wanted, `what ${this.name} sees`);
  }

  // What their browser keeps

  /** @returns {Promise<Record<string, string>>} every record of the page's store, by its name */
  async kept() {
    return await this.page.evaluate(readStore);
  }

  /** Makes every message that is kept so many hours older. */
  async letAge(hours) {
    await this.page.evaluate(ageMessages, hours * 3_600_000);
  }

  // What their page says

  /** The frames of a type that came from the server. */
  heard(type) {
    return this.frames.filter(({ way, frame }) => way === "down" && frame.type === type).map(({ frame }) => frame);
  }

  /** The frames of a type that went to the server. */
  said(type) {
    return this.frames.filter(({ way, frame }) => way === "up" && frame.type === type).map(({ frame }) => frame);
  }

  /** Fails where the page complained or broke its security policy. */
  isAtPeace() {
    assert.deepEqual(this.console.filter((text) => !NETWORK.test(text)), [], `the console of ${this.name}`);
  }
}

/** Runs in the page. */
function readRows() {
  return [...document.querySelectorAll(".message[data-txn]")].map((row) => ({
    txn: row.dataset.txn,
    seq: row.dataset.seq ? Number(row.dataset.seq) : null,
    state: row.dataset.state,
    author: row.querySelector(".who").textContent,
    text: row.querySelector(".text").textContent,
  }));
}

/** Runs in the page. */
async function readStore() {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await done(indexedDB.open("confab"));
  try {
    const store = database.transaction("confab").objectStore("confab");
    const [names, texts] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    return Object.fromEntries(names.map((name, index) => [name, texts[index]]));
  } finally {
    database.close();
  }
}

/** Runs in the page. */
async function ageMessages(ms) {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await done(indexedDB.open("confab"));
  const transaction = database.transaction("confab", "readwrite");
  const store = transaction.objectStore("confab");
  for (const name of await done(store.getAllKeys())) {
    if (!name.includes("/message/")) continue;
    const record = JSON.parse(await done(store.get(name)));
    record[1].made -= ms;
    record[1].since -= ms;
    store.put(JSON.stringify(record), name);
  }
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = reject;
  });
  database.close();
}

function parse(payload) {
  try {
    return JSON.parse(payload);
  } catch {
    return { type: "not JSON" };
  }
}
