//! The browser's part of `cargo xtask trial --pages`: Chromium tabs in which people write, read, wander and load anew.
//! It takes what is to be done as JSON lines and tells what it sees as JSON lines; it judges nothing.

import { createInterface } from "node:readline";

import { Visitor } from "./support/visitor.mjs";
import { World, closeBrowser } from "./support/world.mjs";

/** How far the trial is; the tabs look here. */
const scene = { stage: "gather" };

const world = new World();
/** @type {Promise<void>[]} */
const lives = [];

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/**
 * @typedef {object} Begin
 * @property {string} url where the page is
 * @property {number} seed decides what people feel like
 * @property {{name: string, code: string}[]} rooms those that everybody is in
 * @property {{screen: number, name: string}[]} people one tab each
 */

/** @param {Begin} begin */
async function live({ url, seed, rooms }, { screen, name }) {
  const person = await world.person({ url });
  const visitor = new Visitor({ world, person, name, rooms, seed: seed + screen, tell: (tells) => tell({ screen, tells }) });
  await visitor.live(scene);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { begin, stage } = JSON.parse(line);
  if (begin) {
    for (const person of begin.people) {
      lives.push(live(begin, person).catch((error) => tell({ screen: person.screen, tells: { failed: error.stack } })));
    }
  }
  if (stage) scene.stage = stage;
  if (stage === "over") break;
}
// Here also where whoever started this has gone.
scene.stage = "over";
await world.end();
await closeBrowser();
await Promise.all(lives);
process.exit();
