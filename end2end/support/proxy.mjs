//! A TCP proxy between browser and server that cuts, stalls, refuses and counts. Knows bytes; of what they
//! mean only which connection is a WebSocket.

import { connect, createServer } from "node:net";

import { freePort } from "./server.mjs";

/** @typedef {"up" | "down"} Way from the browser to the server, or back */

/** A bad network. */
export class Proxy {
  /** @param {number} to the server's port */
  static async start(to) {
    const proxy = new Proxy(await freePort(), to);
    await new Promise((resolve) => proxy.listener.listen(proxy.port, "127.0.0.1", resolve));
    return proxy;
  }

  constructor(port, to) {
    this.port = port;
    this.to = to;
    /** @type {Set<Wire>} */
    this.wires = new Set();
    this.refusing = false;
    this.stalled = false;
    /** @type {{way: Way, bytes: number, cut: () => void}[]} */
    this.cuts = [];
    /** How many WebSockets there have been. */
    this.sockets = 0;
    this.listener = createServer((near) => this.accept(near));
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /**
   * Lets that many further bytes of WebSocket traffic through on one way, then cuts the connection that
   * carried the last of them, in the middle of whatever it was saying.
   * @param {Way} way
   * @param {number} bytes
   * @returns {Promise<void>} settles when it is cut
   */
  cutAfter(way, bytes) {
    return new Promise((cut) => this.cuts.push({ way, bytes, cut }));
  }

  /** Ends every connection at once and takes no new one. */
  refuse() {
    this.refusing = true;
    for (const wire of this.wires) wire.destroy();
  }

  /** Takes connections again. */
  acceptAgain() {
    this.refusing = false;
  }

  /** Keeps every connection open and passes nothing on. */
  stall() {
    this.stalled = true;
    for (const wire of this.wires) wire.pause();
  }

  /** Passes on what has waited. */
  flow() {
    this.stalled = false;
    for (const wire of this.wires) wire.resume();
  }

  async remove() {
    this.refuse();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  accept(near) {
    if (this.refusing) {
      near.on("error", () => {});
      near.resetAndDestroy();
      return;
    }
    const wire = new Wire(this, near, connect({ port: this.to, host: "127.0.0.1", noDelay: true }));
    this.wires.add(wire);
    if (this.stalled) wire.pause();
  }

  /**
   * How much of this chunk may pass before a cut, or null where nothing is cut.
   * @param {Way} way
   * @param {number} length
   */
  allowance(way, length) {
    const due = this.cuts.find((cut) => cut.way === way);
    if (!due) return null;
    if (due.bytes > length) {
      due.bytes -= length;
      return null;
    }
    this.cuts.splice(this.cuts.indexOf(due), 1);
    return due;
  }
}

/** One connection through the proxy. */
class Wire {
  constructor(proxy, near, far) {
    this.proxy = proxy;
    this.near = near;
    this.far = far;
    /** null until its first bytes have told. */
    this.webSocket = null;
    /** The server's answer to the upgrade is no WebSocket traffic yet. */
    this.upgraded = false;
    near.setNoDelay(true);
    near.on("data", (chunk) => this.pass("up", chunk, far));
    far.on("data", (chunk) => this.pass("down", chunk, near));
    for (const end of [near, far]) {
      end.on("error", () => this.destroy());
      end.on("close", () => this.destroy());
    }
  }

  pass(way, chunk, to) {
    if (this.webSocket === null) {
      this.webSocket = /^upgrade:\s*websocket/im.test(chunk.toString("latin1"));
      if (this.webSocket) this.proxy.sockets += 1;
    } else if (this.webSocket && this.upgraded) {
      const due = this.proxy.allowance(way, chunk.length);
      if (due) {
        to.write(chunk.subarray(0, due.bytes), () => {
          this.destroy();
          due.cut();
        });
        return;
      }
    } else if (this.webSocket && way === "down") {
      this.upgraded = true;
    }
    to.write(chunk);
  }

  pause() {
    this.near.pause();
    this.far.pause();
  }

  resume() {
    this.near.resume();
    this.far.resume();
  }

  destroy() {
    this.near.destroy();
    this.far.destroy();
    this.proxy.wires.delete(this);
  }
}
