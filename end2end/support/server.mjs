//! The real `confab` program on a port and a data folder of its own: started, killed, started again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "./until.mjs";

const BINARY = process.env.CONFAB_BINARY ?? new URL("../../target/debug/confab", import.meta.url).pathname;

/** Below the ports that the system gives to outgoing connections, so that a restart finds its own free. */
const [LOWEST, HIGHEST] = [20_000, 32_000];

/** One server, over all its lives. */
export class Server {
  /** @param {string[]} flags further flags of `confab serve` */
  static async start(flags = []) {
    const server = new Server(await mkdtemp(join(tmpdir(), "confab-")), await freePort(), flags);
    await server.begin();
    return server;
  }

  constructor(data, port, flags) {
    this.data = data;
    this.port = port;
    this.flags = flags;
    /** What all its lives wrote to standard error. */
    this.log = "";
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the program and waits until it answers. */
  async begin() {
    const flags = ["--data-dir", this.data, "--listen", `127.0.0.1:${this.port}`, "--public-url", this.url];
    this.child = spawn(BINARY, ["serve", ...flags, ...this.flags], { stdio: ["ignore", "ignore", "pipe"] });
    const ended = once(this.child, "exit").then(([code, signal]) => `${code ?? signal}`);
    ended.catch(() => {});
    let over = null;
    ended.then((how) => (over = how), (error) => (over = error.message));
    this.ended = ended;
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.log += text));
    await until("the server answers", async () => {
      if (over !== null) throw new Error(`the server ended (${over}) before it answered:\n${this.log}`);
      return await answers(`${this.url}/health`);
    });
  }

  /** SIGKILL: no goodbye, nothing written any more. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** SIGTERM: the polite end. @returns {Promise<string>} its exit code */
  async stop() {
    this.child.kill("SIGTERM");
    return await this.ended;
  }

  /** Ends it for good and removes its data. */
  async remove() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** A port that nobody listens on. */
export async function freePort() {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const probe = createServer();
    const free = await new Promise((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}
