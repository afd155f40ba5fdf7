//! Pictures of every state, on a phone and a laptop, light and dark, into output/; with `--readme` also the
//! one that the README shows. Looks at nothing itself.

import { mkdir } from "node:fs/promises";

import { World, closeBrowser } from "./support/situation.mjs";
import { LAPTOP, PHONE, STATES } from "./support/states.mjs";

const OUTPUT = new URL("output/screenshots/", import.meta.url);
const README = new URL("../docs/screenshot.png", import.meta.url);

await mkdir(OUTPUT, { recursive: true });
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));

let failed = false;
for (const [name, reach] of Object.entries(STATES)) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  const world = new World();
  try {
    const { page } = await reach(world, { viewport: LAPTOP, reducedMotion: "reduce" });
    for (const [device, viewport] of Object.entries({ laptop: LAPTOP, phone: PHONE })) {
      for (const colorScheme of ["light", "dark"]) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        const file = `${name.replaceAll(" ", "-")}-${device}-${colorScheme}.png`;
        await page.screenshot({ path: new URL(file, OUTPUT).pathname });
        console.log(`end2end/output/screenshots/${file}`);
      }
    }
    if (name === "a busy room" && process.argv.includes("--readme")) {
      await page.setViewportSize(LAPTOP);
      await page.emulateMedia({ colorScheme: "light" });
      await mkdir(new URL(".", README), { recursive: true });
      await page.screenshot({ path: README.pathname });
    }
  } catch (error) {
    failed = true;
    await world.keepEvidence(name);
    console.error(`${name}: ${error.message}`);
  } finally {
    await world.end();
  }
}
await closeBrowser();
process.exitCode = failed ? 1 : 0;
