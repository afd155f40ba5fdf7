//! axe finds nothing in any state, light or dark, and nothing is wider than the screen, down to 320 pixels.

import assert from "node:assert/strict";

import AxeBuilder from "@axe-core/playwright";

import { situation } from "../support/situation.mjs";
import { LAPTOP, PHONE, STATES } from "../support/states.mjs";

/** Light or dark changes colours and nothing else. */
const OF_COLOUR = ["color-contrast", "link-in-text-block"];

const NARROWEST = { width: 320, height: 640 };

for (const [name, reach] of Object.entries(STATES)) {
  situation(`${name}: no accessibility violation and no sideways scrolling`, async (world) => {
    const person = await reach(world, { viewport: LAPTOP, reducedMotion: "reduce" });
    const { page } = person;
    for (const colorScheme of ["light", "dark"]) {
      for (const viewport of [LAPTOP, PHONE]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(viewport);
        const axe = new AxeBuilder({ page });
        if (colorScheme === "dark") axe.withRules(OF_COLOUR);
        const { violations } = await axe.analyze();
        assert.deepEqual(violations.map(inShort), [], `${colorScheme}, ${viewport.width} wide`);
      }
    }
    for (const viewport of [PHONE, NARROWEST]) {
      await page.setViewportSize(viewport);
      const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} pixels too wide for ${viewport.width}`);
    }
  });
}

function inShort({ id, help, nodes }) {
  return `${id}: ${help}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`;
}
