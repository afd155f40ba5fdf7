//! Servers, bad networks, a browser and the people in it. Where something fails it leaves pictures and the
//! servers' logs in output/.

import { mkdir, writeFile } from "node:fs/promises";

import { chromium } from "playwright-core";

import { Person } from "./person.mjs";
import { Proxy } from "./proxy.mjs";
import { Server } from "./server.mjs";

const OUTPUT = new URL("../output/", import.meta.url);

/** One Chromium serves all worlds of a process; everybody in them has a profile of their own. */
let chromiumOfAll = null;

const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

function browser() {
  chromiumOfAll ??= chromium.launch(CHROMIUM);
  return chromiumOfAll;
}

/** Ends Chromium. */
export async function closeBrowser() {
  await (await chromiumOfAll)?.close();
}

/** What is there in one situation. */
export class World {
  constructor() {
    /** @type {Server[]} */
    this.servers = [];
    /** @type {Proxy[]} */
    this.proxies = [];
    /** @type {Person[]} */
    this.people = [];
  }

  /**
   * A running server.
   * @param {Record<string, number>} limits those that are not the default
   * @param {string[]} flags further flags of `confab serve`
   */
  async server(limits = {}, flags = []) {
    const named = Object.entries(limits).flatMap(([name, value]) => ["--limit", `${name}=${value}`]);
    const server = await Server.start([...named, ...flags]);
    this.servers.push(server);
    return server;
  }

  /** A bad network before a server. */
  async proxy(server) {
    const proxy = await Proxy.start(server.port);
    this.proxies.push(proxy);
    return proxy;
  }

  /**
   * Somebody with a browser profile of their own, at the first page.
   * @param {{url: string}} at a server, or a proxy before one
   * @param {import("playwright-core").BrowserContextOptions} options
   * @param {{init?: () => void}} more a script that runs before the page's own
   */
  async person(at, options = {}, { init } = {}) {
    const context = await (await browser()).newContext({ locale: "en-US", timezoneId: "UTC", ...options });
    if (init) await context.addInitScript(init);
    const person = new Person(context, await context.newPage(), at.url);
    this.people.push(person);
    return person;
  }

  /**
   * Somebody at a browser of their own that keeps its profile in a folder: ended and started again, it is the same.
   * @param {{url: string}} at
   * @param {string} folder
   */
  async personAtHome(at, folder) {
    const context = await chromium.launchPersistentContext(folder, { ...CHROMIUM, locale: "en-US" });
    const person = new Person(context, context.pages()[0] ?? (await context.newPage()), at.url);
    this.people.push(person);
    return person;
  }

  /** The same person in another tab. */
  async tab(person) {
    const tab = new Person(person.context, await person.context.newPage(), person.origin);
    tab.name = person.name;
    this.people.push(tab);
    return tab;
  }

  async keepEvidence(title) {
    const stem = title.replaceAll(/[^\p{L}\d]+/gu, "-");
    await mkdir(OUTPUT, { recursive: true });
    for (const [index, person] of this.people.entries()) {
      const path = new URL(`${stem}-${index + 1}.png`, OUTPUT).pathname;
      await person.page.screenshot({ path }).catch(() => {});
    }
    const heard = this.people.map((person) => `${person.name}:\n${person.console.join("\n")}\n`).join("\n");
    const logs = this.servers.map((server) => server.log).join("\n");
    await writeFile(new URL(`${stem}.log`, OUTPUT), `${heard}\n${logs}`);
  }

  async end() {
    for (const { context } of this.people) await context.close();
    for (const proxy of this.proxies) await proxy.remove();
    for (const server of this.servers) await server.remove();
  }
}
