//! Every state of the page that is looked at: by axe, by the widths, by the pictures. Each brings somebody
//! there in a fresh world.

import { until } from "./until.mjs";

/** @typedef {import("./world.mjs").World} World */
/** @typedef {import("./person.mjs").Person} Person */

export const PHONE = { width: 390, height: 844 };
export const LAPTOP = { width: 1280, height: 800 };

/** What people say to each other in the pictures. */
const TALK = [
  ["ada", "Morning! The new build is on the test machine."],
  ["ada", "It took 40 seconds from a clean clone."],
  ["ben", "Nice. I pulled the plug on my router twice while writing this."],
  ["ben", "Nothing lost, nothing doubled 👍"],
  ["cleo", "Notes are at https://example.org/confab/notes?from=the+first+week"],
  ["ada", "Thanks Cleo. Three things from me:\n1. the banner waits two seconds\n2. the order is the same for everybody\n3. drafts survive a reload"],
  ["cleo", "🎉"],
];

/** What no layout likes. */
const HARD = [["ben", `A word that is too long for any screen: ${"pneumonoultramicroscopicsilicovolcanoconiosis".repeat(3)}`]];

async function room(world, options) {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const ada = await world.person(proxy, options);
  await ada.makeRoom("Ada Lovelace", "Analytical engines");
  return { server, proxy, ada };
}

/** Three people who have talked. */
async function busyRoom(world, options, talk) {
  const { server, proxy, ada } = await room(world, options);
  const people = { ada };
  for (const [key, name] of [["ben", "Ben"], ["cleo", "Cleo de Mérode"]]) {
    people[key] = await world.person(server);
    await people[key].joinBy(await ada.link(), name, "Analytical engines");
  }
  for (const [key, text] of talk) {
    await people[key].say(text);
    const stored = (row) => row.text === text && row.state === "stored";
    await until("it arrives", async () => (await ada.rows()).some(stored));
  }
  return { proxy, ...people };
}

/** The picture of the README: Ada has two rooms, and a message on its way. */
export async function forReadme(world, options) {
  const { proxy, ada, ben } = await busyRoom(world, options, TALK);
  const link = await ada.link();
  await ada.page.getByRole("link", { name: "Create or join a room" }).click();
  await ada.page.getByLabel("Room name").fill("Lunch");
  await ada.page.keyboard.press("Enter");
  await ada.isIn("Lunch");
  await ada.page.getByRole("link", { name: "Analytical engines" }).click();
  await ada.isIn("Analytical engines");
  await until("the room is shown again", async () => new URL(ada.page.url()).pathname === link);
  await ben.composer.pressSequentially("Oh");
  await ada.page.getByText("Ben is typing").waitFor();
  proxy.stall();
  await ada.say("Lunch?");
  await ada.sees("Lunch?");
  return ada;
}

/** @type {Record<string, (world: World, options?: object) => Promise<Person>>} */
export const STATES = {
  async welcome(world, options) {
    const ada = await world.person(await world.server(), options);
    await ada.goTo("/");
    await ada.page.getByLabel("Your name").waitFor();
    return ada;
  },

  async "welcome with an error"(world, options) {
    const ada = await STATES.welcome(world, options);
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("button", { name: "Continue" }).click();
    await ada.page.getByText("Type a name first.").waitFor();
    return ada;
  },

  async "invited by a link"(world, options) {
    const { server, ada } = await room(world);
    const ben = await world.person(server, options);
    await ben.goTo(await ada.link());
    await ben.page.getByRole("heading", { name: /Analytical engines/ }).waitFor();
    return ben;
  },

  async "a link that leads nowhere"(world, options) {
    const ada = await world.person(await world.server(), options);
    await ada.goTo("/r/AAAAA-AAAAA");
    await ada.page.getByRole("heading", { name: "Room not found" }).waitFor();
    return ada;
  },

  async "signed in without a room"(world, options) {
    const ada = await world.person(await world.server(), options);
    await ada.signIn("Ada Lovelace");
    await ada.page.getByLabel("Room name").waitFor();
    return ada;
  },

  async "a code that is unknown"(world, options) {
    const ada = await STATES["signed in without a room"](world, options);
    await ada.page.getByLabel("Room code").fill("AAAAA-AAAAA");
    await ada.page.keyboard.press("Enter");
    await ada.page.getByText("No room has this code").waitFor();
    return ada;
  },

  async "a new room"(world, options) {
    const { ada } = await room(world, options);
    return ada;
  },

  async "a busy room"(world, options) {
    const { ada, ben } = await busyRoom(world, options, [...TALK, ...HARD]);
    await ben.composer.pressSequentially("One");
    await ada.page.getByText("Ben is typing").waitFor();
    return ada;
  },

  async "the connection is away"(world, options) {
    const { proxy, ada } = await room(world, options);
    await ada.say("This one is there.");
    await ada.seesExactly(["This one is there."]);
    proxy.refuse();
    await ada.say("This one waits.");
    await ada.banner.waitFor();
    return ada;
  },

  async "a message that failed"(world, options) {
    const { server, ada } = await room(world, options);
    await ada.say("This one is there.");
    await ada.seesExactly(["This one is there."]);
    await server.kill();
    await ada.say("This one is too long for the server that comes back. ".repeat(3).trim());
    server.flags = ["--limit", "message_chars=100"];
    await server.begin();
    await ada.log.getByText("Not sent").waitFor();
    await ada.banner.waitFor({ state: "hidden" });
    return ada;
  },

  async "messages that wait"(world, options) {
    const ada = await STATES["the connection is away"](world, options);
    await ada.say("So does this one, which is long enough to need more than one line on a small screen.");
    await ada.log.getByRole("button", { name: "Edit" }).last().focus();
    return ada;
  },

  async "a message that asks whether to send it"(world, options) {
    const { server, ada } = await room(world, options);
    await ada.say("This one is there.");
    await ada.seesExactly(["This one is there."]);
    const link = await ada.link();
    await server.kill();
    await ada.say("See you at noon.");
    await ada.sees("See you at noon.");
    await ada.letAge(25);
    await ada.page.goto("about:blank");
    await server.begin();
    await ada.goTo(link);
    await ada.log.getByRole("button", { name: "Send now" }).waitFor();
    await ada.banner.waitFor({ state: "hidden" });
    return ada;
  },

  async "a browser that keeps nothing"(world, options) {
    const server = await world.server();
    const init = () => Object.defineProperty(window, "indexedDB", { value: undefined });
    const ada = await world.person(server, options, { init });
    await ada.makeRoom("Ada Lovelace", "Analytical engines");
    await ada.say("This one is there.");
    await ada.seesExactly(["This one is there."]);
    await ada.page.getByRole("status").getByText("This browser doesn't save data").waitFor();
    return ada;
  },

  async "a text over the limit"(world, options) {
    const { ada } = await room(world, options);
    await ada.composer.fill("x".repeat(4_003));
    await ada.page.getByText("3 characters too long to send").waitFor();
    return ada;
  },

  async "a message that is looked into"(world, options) {
    const { proxy, ada } = await busyRoom(world, options, TALK.slice(0, 3));
    proxy.refuse();
    await ada.say("This one waits.");
    await ada.banner.waitFor();
    await ada.log.focus();
    await ada.page.keyboard.press("ArrowUp");
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("dialog", { name: "This message" }).waitFor();
    return ada;
  },

  async "signed out without a network"(world, options) {
    const { proxy, ada } = await room(world, options);
    proxy.refuse();
    await ada.banner.waitFor();
    await ada.pressSignOut();
    await ada.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
    await ada.page.getByText("The server can't be reached").waitFor();
    return ada;
  },

  async "the question before signing out"(world, options) {
    const { ada } = await room(world, options);
    await ada.pressSignOut();
    await ada.page.getByRole("dialog").waitFor();
    return ada;
  },
};
