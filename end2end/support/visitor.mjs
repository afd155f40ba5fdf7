//! One person of a trial at a Chromium tab: does at random what people do and tells everything that the tab is told,
//! says and shows. Knows no fault and judges nothing.

import { Dice } from "./dice.mjs";
import { look, windowsOfAll } from "./look.mjs";
import { pause, until } from "./until.mjs";

/** How long a person waits for one thing before they do another. */
const PATIENCE_MS = 10_000;

/** For what may be gone before it is pressed. */
const QUICK_MS = 500;

/** A page that has nothing to show for so long is loaded anew. */
const BLANK_MS = 20_000;

/** Between two loads of one page, as with the other people of the trial, and for the same reason. */
const RELOAD_MS = 15_000;

/** Between two looks at everything, once nobody does anything any more. */
const REST_MS = 500;

const WORDS = ["tea", "für alle", "今日は", "at five", "🫖", "or <later>", "\"maybe\"\n"];

/** What a person feels like, and how often. */
const URGES = [
  ["say", 110],
  ["go", 18],
  ["scroll", 12],
  ["newest", 16],
  ["half", 8],
  ["discard", 4],
  ["tryNow", 6],
  ["offline", 4],
  ["reload", 10],
  ["reopen", 8],
];

/** Said by Chromium itself where a connection or a call fails; the page can't prevent it. */
const NETWORK = /^(Failed to load resource|WebSocket connection to)/;

export class Visitor {
  /**
   * @param {object} given
   * @param {import("./world.mjs").World} given.world
   * @param {import("./person.mjs").Person} given.person at a tab that is empty
   * @param {number} given.screen the number of the tab
   * @param {string} given.name
   * @param {{name: string, code: string}[]} given.rooms
   * @param {number} given.seed
   * @param {(tells: object) => void} given.tell
   */
  constructor({ world, person, screen, name, rooms, seed, tell }) {
    Object.assign(this, { world, screen, name, rooms, tell });
    this.dice = new Dice(seed);
    this.room = rooms[0];
    this.number = 0;
    this.mayLoadAt = 0;
    this.blankSince = null;
    /** What was told last of each room. */
    this.shown = new Map();
    this.sitAt(person);
  }

  /** From when all are there to the end of the trial. */
  async live(scene) {
    while (scene.stage === "gather") await pause(50);
    while (scene.stage === "storm") {
      await this.act();
      await this.lookOn();
      await pause(this.dice.between(200, 1_400));
    }
    await this.person.context.setOffline(false);
    while (scene.stage === "quiet") {
      await this.rest();
      await pause(REST_MS);
    }
    if (scene.stage === "screen_state") await this.tellScreenState();
  }

  /** Listens to what goes over the wire and what the page complains of. */
  sitAt(person) {
    this.person = person;
    person.name = this.name;
    const { page } = person;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => this.tell({ heard: `${payload}` }));
      socket.on("framesent", ({ payload }) => this.tell({ sent: `${payload}` }));
    });
  }

  /** Becomes somebody, where they are not yet, and goes into all rooms. */
  async gather(isSignedIn) {
    const [first, ...others] = this.rooms;
    if (!isSignedIn) {
      await this.person.joinBy(`/r/${first.code}`, this.name, first.name);
      for (const { name, code } of others) {
        await this.person.goTo(`/r/${code}`);
        await this.person.page.getByRole("button", { name: "Join room" }).click();
        await this.person.isIn(name);
      }
    }
    // A page that has just been loaded hears of everything by its socket.
    await this.person.goTo(`/r/${first.code}`);
    await this.person.isIn(first.name);
    this.tell("gathered");
  }

  /** Does what this person feels like; on a page that does not let them, nothing. */
  async act() {
    const urge = this.dice.weighted(URGES);
    try {
      await this[urge]();
    } catch (error) {
      this.tell({ remark: `${urge}: ${error.message.split("\n")[0]}` });
    }
  }

  async say() {
    if (!(await this.person.composer.isVisible())) return;
    this.number += 1;
    const words = Array.from({ length: this.dice.between(0, 20) === 0 ? 200 : this.dice.between(1, 12) }, () =>
      WORDS[this.dice.between(0, WORDS.length - 1)],
    );
    const text = `${this.screen}:${this.number} ${words.join(" ")}`.trimEnd();
    const { page } = this.person;
    const { room } = await page.evaluate(look);
    if (!room) return;
    const pressed = await this.person.say(text).then(() => true, () => false);
    const found = async () => await page.evaluate(ownRow, text);
    const txn = await until("an own row", found, PATIENCE_MS).catch(() => null);
    if (txn) this.tell({ typed: { room, txn, text } });
    else if (pressed && (await this.person.composer.inputValue()) !== text) this.tell({ lost: text });
    else this.tell({ remark: `${text} could not be said` });
  }

  async go() {
    this.room = this.rooms[this.dice.between(0, this.rooms.length - 1)];
    await this.openRoom(this.room);
  }

  async scroll() {
    await this.person.log.hover();
    await this.person.page.mouse.wheel(0, -this.dice.between(200, 4_000));
  }

  async newest() {
    const pill = this.person.page.locator(".pill");
    if (await pill.isVisible()) await pill.click();
  }

  async half() {
    if (await this.person.composer.isVisible()) await this.person.composer.fill("well, I …");
  }

  /** Takes back what waits, as long as the page offers that. */
  async discard() {
    const waiting = this.person.page.locator(".message.own:has(.row-waits)").last();
    if (!(await waiting.isVisible())) return;
    const txn = await waiting.getAttribute("data-txn");
    const row = this.person.page.locator(`[data-txn="${txn}"]`);
    // What can be done with it is there for who points at it.
    await row.hover({ timeout: QUICK_MS });
    this.tell({ withdrawn: txn });
    await row.getByRole("button", { name: "Discard" }).click({ timeout: QUICK_MS });
    this.tell({ remark: `has discarded ${txn}` });
  }

  async tryNow() {
    const now = this.person.page.getByRole("button", { name: "Try now" });
    if (await now.isVisible()) await now.click({ timeout: QUICK_MS });
  }

  async offline() {
    await this.person.context.setOffline(true);
    await pause(this.dice.between(200, 4_000));
    await this.person.context.setOffline(false);
  }

  async reload() {
    if (performance.now() < this.mayLoadAt) return;
    this.tell("reloaded");
    await this.load();
  }

  /** Closes the tab, and opens another. */
  async reopen() {
    if (performance.now() < this.mayLoadAt) return;
    this.tell("reloaded");
    await this.person.page.close();
    this.sitAt(await this.world.tab(this.person));
    await this.load();
  }

  /** Loads the page; again and again, as people do, where the network leaves it half loaded. */
  async load() {
    this.mayLoadAt = performance.now() + RELOAD_MS;
    this.shown.clear();
    this.blankSince = null;
    const { page, origin } = this.person;
    await page.goto(new URL(`/r/${this.room.code}`, origin).href, { waitUntil: "commit", timeout: PATIENCE_MS });
    await this.person.programIsThere();
    // What the browser says of files that did not come is not the page's.
    this.person.console.length = 0;
  }

  async openRoom({ name }) {
    const link = this.person.page.locator(".room-link", { has: this.person.page.getByText(name, { exact: true }) });
    const open = this.person.page.getByRole("log", { name: `Messages in ${name}` });
    // Where two rooms change places while somebody aims, they hit the other one, and aim again.
    await until(`${name} is open`, async () => {
      await link.click();
      return await open.waitFor({ timeout: QUICK_MS }).then(() => true, () => false);
    }, PATIENCE_MS);
    await this.person.isIn(name);
  }

  /** Tells what the page shows, where that reaches the newest row; loads it anew where it shows nothing for long. */
  async lookOn() {
    const seen = await this.person.page.evaluate(look).catch(() => null);
    if (!seen?.room) {
      this.blankSince ??= performance.now();
      if (seen?.asksName) this.tell({ failed: "somebody who was signed in is asked for a name" });
      if (performance.now() > this.blankSince + BLANK_MS && performance.now() > this.mayLoadAt) {
        this.tell("reloaded");
        await this.load().catch((error) => this.tell({ remark: `load: ${error.message.split("\n")[0]}` }));
      }
      return seen;
    }
    this.blankSince = null;
    this.complain();
    if (seen.isWhole) this.shows(seen);
    return seen;
  }

  shows({ room, rows }) {
    const now = JSON.stringify(rows);
    if (this.shown.get(room) === now) return;
    this.shown.set(room, now);
    this.tell({ shows: { room, rows } });
  }

  complain() {
    for (const text of this.person.console.splice(0)) {
      if (!NETWORK.test(text)) this.tell({ failed: `the page complains: ${text}` });
    }
  }

  /** Goes through the rooms and tells what is not at rest yet. */
  async rest() {
    const missing = [];
    try {
      for (const room of this.rooms) {
        this.room = room;
        await this.openRoom(room);
        await this.newest();
        const seen = await this.lookOn();
        if (seen?.room !== room.name || !seen.isWhole) missing.push(`${room.name} is not there`);
        else {
          missing.push(...seen.rows.filter(isWaiting).map(({ state, txn }) => `${room.name}: ${txn} is ${state}`));
          if (seen.typing) missing.push(seen.typing);
        }
      }
      const seen = await this.lookOn();
      if (seen?.banner) missing.push(seen.banner);
      for (const { name } of this.rooms) {
        if (seen?.unread[name] !== "") missing.push(`${name} has ${seen?.unread[name]} unread`);
      }
    } catch (error) {
      missing.push(error.message.split("\n")[0]);
      await this.lookOn();
    }
    this.tell({ rest: { missing } });
  }

  /** Tells all rows of all rooms, closes the tab and gives its cookies away. */
  async tellScreenState() {
    const rooms = [];
    for (const room of this.rooms) {
      await this.openRoom(room);
      await this.newest();
      await this.person.members.first().waitFor();
      const windows = await windowsOfAll(this.person.page);
      const { unread, typing, members } = await this.person.page.evaluate(look);
      rooms.push({ room: room.name, windows, unread: unread[room.name], typing, members });
    }
    this.complain();
    await this.person.page.close();
    const cookies = await this.person.context.cookies();
    this.tell({ screen_state: { rooms, cookies: cookies.map(({ name, value, path }) => ({ name, value, path })) } });
  }
}

function isWaiting({ state }) {
  return state === "queued" || state === "sending";
}

/** Runs in the page. The identity of the newest own message with that text. */
function ownRow(text) {
  const own = [...document.querySelectorAll(".message.own[data-txn]")].reverse();
  return own.find((row) => row.querySelector(".text").textContent === text)?.dataset.txn ?? null;
}
