// grammY against the local Bot API. One JSON line in per scenario: {scenario, example, url, control, token};
// one out: {scenario, ok, detail}. Ends when standard input does.

import { createInterface } from "node:readline";
import { Bot } from "grammy";
import { chats } from "./chats.mjs";
import { messages } from "./messages.mjs";
import { Sim } from "./sim.mjs";
import { updates } from "./updates.mjs";

const SECONDS = 10;
const SCENARIOS = { ...messages, ...chats, ...updates };

function clientOf(asked, token = asked.token) {
  return new Bot(token, { client: { apiRoot: asked.url } });
}

function deadline() {
  let timer;
  const passed = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over within ${SECONDS} seconds`)), SECONDS * 1000);
  });
  return { passed, clear: () => clearTimeout(timer) };
}

async function run(asked) {
  const scenario = SCENARIOS[asked.scenario];
  if (scenario === undefined) throw new Error("grammY's side has no such scenario");
  const bot = clientOf(asked);
  const end = deadline();
  const stage = {
    ...asked,
    bot,
    api: bot.api,
    sim: new Sim(asked.control),
    client: (token) => clientOf(asked, token),
  };
  try {
    await Promise.race([scenario(stage), end.passed]);
  } finally {
    end.clear();
  }
}

function answer(fields) {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
}

answer({ scenarios: Object.keys(SCENARIOS) });
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  try {
    await run(asked);
    answer({ scenario: asked.scenario, ok: true, detail: "" });
  } catch (error) {
    answer({ scenario: asked.scenario, ok: false, detail: String(error.stack ?? error) });
  }
}
process.exit(0);
