//! Two pages write while the server is killed and the network cuts, stalls and refuses, in an order that a seed
//! decides (`SEED`, 1 where nothing is said): nothing is lost, nothing is there twice, and both show one order.

import assert from "node:assert/strict";

import { agreeOn } from "../support/agreement.mjs";
import { Dice } from "../support/dice.mjs";
import { situation } from "../support/situation.mjs";
import { until } from "../support/until.mjs";

const SEED = Number(process.env.SEED ?? 1);

/** So that only the faults are in the way. */
const FAST = { messages_burst: 1_000, messages_per_minute: 60_000 };

/** What goes wrong, in some order. */
const FAULTS = ["kill", "cut up", "kill", "cut down", "stall", "kill", "refuse", "cut down"];

situation(`nothing is lost or doubled in a storm (seed ${SEED})`, async (world) => {
  const dice = new Dice(SEED);
  const server = await world.server(FAST);
  const proxy = await world.proxy(server);
  const people = [await world.person(proxy), await world.person(proxy)];
  const [ada, ben] = people;
  const link = await ada.makeRoom("Ada", "Engines");
  await ben.joinBy(link, "Ben", "Engines");

  const said = { Ada: [], Ben: [] };
  const talk = async (least, most) => {
    for (const person of people) {
      for (let count = dice.between(least, most); count > 0; count -= 1) {
        const text = `${person.name} ${said[person.name].length + 1}`;
        said[person.name].push(text);
        await person.say(text);
      }
    }
  };
  for (const fault of dice.shuffled(FAULTS)) {
    await talk(0, 3);
    const struck = strike(fault, { dice, server, proxy, people });
    // At least one each, so that there is something to cut.
    await talk(1, 3);
    await struck;
  }
  await talk(1, 1);

  const acked = people.flatMap((person) => person.heard("ack"));
  await agreeOn(people, said, acked);
  assert.ok(people.every((person) => person.heard("connected").length > 1), "both were away and came back");
  const before = await ada.rows();
  for (const person of people) {
    await person.reload();
    await person.isIn("Engines");
  }
  await agreeOn(people, said, acked);
  assert.deepEqual(await ada.rows(), before, "a page that is loaded anew shows the same");
});

/** Lets one thing go wrong and be over. */
async function strike(fault, { dice, server, proxy, people }) {
  switch (fault) {
    case "kill":
      await server.kill();
      await server.begin();
      break;
    case "stall":
      proxy.stall();
      await until("somebody waits for an answer", async () => {
        const rows = (await Promise.all(people.map((person) => person.rows()))).flat();
        return rows.some(({ state }) => state !== "stored");
      });
      proxy.flow();
      break;
    case "refuse":
      proxy.refuse();
      await people[0].banner.waitFor();
      proxy.acceptAgain();
      break;
    default:
      await proxy.cutAfter(fault.split(" ")[1], dice.between(30, 200));
  }
}
