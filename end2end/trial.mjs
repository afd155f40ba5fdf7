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
 * @property {{screen: number, name: string, beside: number | null}[]} people one tab each; who sits beside another
 * tab is the same person in the same browser
 */

/** Who is in all their rooms, by the number of the screen. @type {Map<number, Promise<Visitor>>} */
const there = new Map();

/** @param {Begin} begin */
function live({ url, seed, rooms }, { screen, name, beside }) {
  const tells = (tells) => tell({ screen, tells });
  const gathered = (async () => {
    const first = await there.get(beside);
    const person = await (first ? world.tab(first.person) : world.person({ url }));
    const visitor = new Visitor({ world, person, screen, name, rooms, seed: seed + screen, tell: tells });
    await visitor.gather(first !== undefined);
    return visitor;
  })();
  there.set(screen, gathered);
  const life = gathered.then((visitor) => visitor.live(scene));
  return life.catch((error) => tells({ failed: error.stack }));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { begin, stage } = JSON.parse(line);
  if (begin) {
    for (const person of begin.people) lives.push(live(begin, person));
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
