//! What a page shows of the room that is open, as plain values. Knows the marks of the rows and the words of the page,
//! and not what should be there.

import { until } from "./until.mjs";

/** How long it may take to scroll through a room. */
const PATIENCE_MS = 90_000;

/**
 * A message, or a line of somebody coming or going.
 * @typedef {{txn: string, seq: number | null, state: string, who: string, text: string | null}} ShownRow
 */

/**
 * Runs in the page.
 * @returns what is there: `room` is its name where one is open and loaded, `isWhole` whether `rows` end with the
 * newest, `isFirst` whether they begin with the oldest
 */
export function look() {
  const log = document.querySelector(".log");
  const asksName = document.querySelector("#name") !== null;
  const banner = document.querySelector(".banner strong")?.textContent ?? "";
  const name = (link) => link.querySelector(".room-link-name").textContent;
  const links = [...document.querySelectorAll(".room-link")];
  const unread = Object.fromEntries(links.map((link) => [name(link), link.querySelector(".badge")?.textContent ?? ""]));
  if (!log || log.getAttribute("aria-busy") !== "false") return { asksName, banner, unread };
  const list = log.querySelector(".rows");
  const height = (space) => Number.parseFloat(space.style.height) || 0;
  const rows = [...list.querySelectorAll(".row[data-txn]")].map((row) => {
    const said = row.querySelector(".text");
    return {
      txn: row.dataset.txn,
      seq: row.dataset.seq ? Number(row.dataset.seq) : null,
      state: row.dataset.state,
      who: said ? row.querySelector(".who").textContent : /^(.*) (joined|left)\b/.exec(row.textContent)?.[1] ?? "",
      text: said ? said.textContent : null,
    };
  });
  return {
    asksName,
    banner,
    unread,
    room: log.getAttribute("aria-label").replace(/^Messages in /, ""),
    isWhole: height(list.nextElementSibling) === 0,
    isFirst: height(list.previousElementSibling) === 0 && log.querySelector(".beginning") !== null,
    rows,
    typing: document.querySelector(".typing")?.textContent ?? "",
    members: [...document.querySelectorAll(".members-list .member-name")].map((member) => member.textContent),
  };
}

/**
 * Scrolls from the newest row to the first one.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<ShownRow[][]>} what was on the page on the way, from the newest to the oldest
 */
export async function windowsOfAll(page) {
  const windows = [];
  let last = "";
  await until("the beginning of the room", async () => {
    const { rows, isFirst } = await page.evaluate(look);
    const now = JSON.stringify(rows);
    if (now !== last) windows.push(rows);
    last = now;
    if (isFirst) return true;
    await page.evaluate(scrollUp);
    return false;
  }, PATIENCE_MS);
  return windows;
}

/** Runs in the page: to the uppermost row that is there. Done when the page has drawn what follows. */
async function scrollUp() {
  document.querySelector(".rows .row").scrollIntoView({ block: "center" });
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  await frame();
  await frame();
}
