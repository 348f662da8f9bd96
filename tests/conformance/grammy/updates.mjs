// Scenarios of suite.json about what the bot receives: polling, taps, web hooks.

import assert from "node:assert/strict";
import { ANN, CONFIRM, refused } from "./expect.mjs";

const ids = (updates) => updates.map((update) => update.update_id);

async function saidThrice(sim) {
  const said = [];
  for (const text of ["one", "two", "three"]) said.push((await sim.say(ANN, text)).update_id);
  return said;
}

async function tapped(api, sim, given = {}) {
  await api.sendMessage(ANN, "plan", { reply_markup: CONFIRM });
  return sim.tap(ANN, await sim.shown(ANN, "plan"), "Confirm", given);
}

export const updates = {
  async tap({ api, sim }) {
    const tap = await tapped(api, sim);
    const query = (await api.getUpdates()).at(-1).callback_query;
    assert.deepEqual([query.id, query.data, query.from.id], [tap.callback_query_id, "go", ANN]);
    assert.equal(query.message.text, "plan");
    assert.equal(await api.answerCallbackQuery(query.id, { text: "started", show_alert: true }), true);
    const [{ answers }] = await sim.ask("callbacks");
    assert.deepEqual([answers[0].text, answers[0].show_alert], ["started", true]);
  },

  async "tap-too-old"({ api, sim }) {
    const old = await tapped(api, sim, { age: 151 });
    await refused("too-old", api.answerCallbackQuery(old.callback_query_id));
    await refused("too-old", api.answerCallbackQuery("12345"));
  },

  async "poll-confirms"({ api, sim }) {
    const [one, two, three] = await saidThrice(sim);
    assert.deepEqual(ids(await api.getUpdates()), [one, two, three]);
    assert.deepEqual(ids(await api.getUpdates({ offset: two })), [two, three]);
    assert.deepEqual(ids(await api.getUpdates({ offset: three + 1 })), []);
    assert.equal((await sim.ask("summary")).confirmed, three);
  },

  async "poll-negative-offset"({ api, sim }) {
    const [, two, three] = await saidThrice(sim);
    assert.deepEqual(ids(await api.getUpdates({ offset: -2 })), [two, three]);
    assert.deepEqual(ids(await api.getUpdates()), [two, three]);
  },

  async "poll-limit"({ api, sim }) {
    const [one, two, three] = await saidThrice(sim);
    assert.deepEqual(ids(await api.getUpdates({ limit: 2 })), [one, two]);
    assert.deepEqual(ids(await api.getUpdates({ limit: 2, offset: three })), [three]);
  },

  async "poll-kinds"({ api, sim }) {
    await api.getUpdates({ allowed_updates: ["callback_query"] });
    assert.equal((await sim.say(ANN, "hello")).update_id, null);
    await tapped(api, sim);
    const kinds = (await api.getUpdates()).flatMap((update) => Object.keys(update));
    assert.deepEqual(kinds, ["update_id", "callback_query"]);
  },

  async "poll-waits"({ api, sim }) {
    const since = (await sim.ask("summary")).last_call;
    const waiting = api.getUpdates({ timeout: 20 });
    await sim.underWay("getUpdates", since);
    const said = await sim.say(ANN, "hello");
    assert.deepEqual(ids(await waiting), [said.update_id]);
    const began = Date.now();
    assert.deepEqual(await api.getUpdates({ offset: said.update_id + 1, timeout: 1 }), []);
    assert.ok(Date.now() - began >= 900);
  },

  async "poll-twice"({ api, sim, client }) {
    const since = (await sim.ask("summary")).last_call;
    const first = refused("other-poll", api.getUpdates({ timeout: 20 }));
    await sim.underWay("getUpdates", since);
    const second = client().api.getUpdates({ timeout: 20 });
    await first;
    const said = await sim.say(ANN, "hello");
    assert.deepEqual(ids(await second), [said.update_id]);
  },

  async "client-loop"({ bot, sim }) {
    bot.command("ping", (context) => context.reply(`pong ${context.match}`, { reply_markup: CONFIRM }));
    bot.callbackQuery("go", async (context) => {
      await context.answerCallbackQuery("started");
      await context.editMessageText("gone");
    });
    const loop = bot.start({ timeout: 5 });
    await sim.say(ANN, "/ping 7");
    const tap = await sim.tap(ANN, await sim.shown(ANN, "pong 7"), "Confirm");
    await sim.shown(ANN, "gone");
    await bot.stop();
    await loop;
    assert.ok((await sim.ask("summary")).confirmed >= tap.update_id);
  },

  async "edited-and-forwarded"({ api, sim }) {
    const said = await sim.say(ANN, "/deploy", { forward_from: "Somebody" });
    await sim.ask("edit", { user_id: ANN, chat_id: ANN, message_id: said.message_id, text: "/status" });
    const [forwarded, edited] = await api.getUpdates();
    assert.equal(forwarded.message.forward_origin.sender_user_name, "Somebody");
    assert.deepEqual(forwarded.message.entities, [{ type: "bot_command", offset: 0, length: 7 }]);
    assert.equal(edited.edited_message.text, "/status");
    assert.equal(edited.edited_message.message_id, said.message_id);
  },

  async webhook({ api, sim }) {
    await refused("webhook-without-https", api.setWebhook("http://opsgate.example/hook"));
    await api.setWebhook("https://opsgate.example/hook", { secret_token: "s3cret" });
    await sim.say(ANN, "hello");
    const told = await api.getWebhookInfo();
    assert.deepEqual([told.url, told.pending_update_count], ["https://opsgate.example/hook", 1]);
    await refused("webhook-active", api.getUpdates());
    await api.deleteWebhook({ drop_pending_updates: true });
    assert.deepEqual(await api.getUpdates(), []);
  },
};
