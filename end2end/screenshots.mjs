//! Pictures of every state, on a phone and a laptop, light and dark, into output/; with `--readme` also the
//! one that the README shows. Looks at nothing itself.

import { mkdir } from "node:fs/promises";

import { World, closeBrowser } from "./support/world.mjs";
import { LAPTOP, PHONE, STATES, forReadme } from "./support/states.mjs";

const OUTPUT = new URL("output/screenshots/", import.meta.url);
const README = new URL("../docs/screenshot.png", import.meta.url);

await mkdir(OUTPUT, { recursive: true });
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));

const looks = Object.entries({ laptop: LAPTOP, phone: PHONE }).flatMap(([device, viewport]) =>
  ["light", "dark"].map((colorScheme) => ({ device, viewport, colorScheme })),
);

let failed = false;
for (const [name, reach] of Object.entries(STATES)) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  await inAWorld(name, async (world) => {
    const { page } = await reach(world, { viewport: LAPTOP, reducedMotion: "reduce" });
    for (const { device, viewport, colorScheme } of looks) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      const file = `${name.replaceAll(" ", "-")}-${device}-${colorScheme}.png`;
      await page.screenshot({ path: new URL(file, OUTPUT).pathname });
      console.log(`end2end/output/screenshots/${file}`);
    }
  });
}
if (process.argv.includes("--readme")) {
  await inAWorld("the picture of the README", async (world) => {
    const { page } = await forReadme(world, { viewport: LAPTOP, colorScheme: "light" });
    await mkdir(new URL(".", README), { recursive: true });
    await page.screenshot({ path: README.pathname });
    console.log("docs/screenshot.png");
  });
}
await closeBrowser();
process.exitCode = failed ? 1 : 0;

/** Does something in a world that is gone afterwards; a failure leaves evidence and does not stop the others. */
async function inAWorld(name, act) {
  const world = new World();
  try {
    await act(world);
  } catch (error) {
    failed = true;
    await world.keepEvidence(name);
    console.error(`${name}: ${error.message}`);
  } finally {
    await world.end();
  }
}
