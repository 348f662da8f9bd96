// Scenarios of suite.json about the bot itself, and about chats that can or cannot be written to.

import assert from "node:assert/strict";
import { HttpError } from "grammy";
import { ANN, fails, refused } from "./expect.mjs";

const descriptions = (commands) => commands.map((command) => command.description);

export const chats = {
  async "get-me"({ api, token }) {
    const me = await api.getMe();
    assert.deepEqual([me.id, me.is_bot], [Number(token.split(":")[0]), true]);
  },

  async "wrong-token"({ client }) {
    await refused("unauthorized", client("1:wrong").api.getMe());
  },

  async "unknown-method"({ api }) {
    await refused("no-method", api.raw.sendMesage({ chat_id: ANN, text: "x" }));
  },

  async "method-in-any-case"({ api }) {
    assert.equal((await api.raw.SENDMESSAGE({ chat_id: ANN, text: "x" })).text, "x");
  },

  async "names-and-descriptions"({ api }) {
    await api.setMyName("Пульт", { language_code: "ru" });
    assert.deepEqual(await api.getMyName({ language_code: "ru" }), { name: "Пульт" });
    assert.notDeepEqual(await api.getMyName(), { name: "Пульт" });
    await api.setMyDescription("Deploys");
    await api.setMyShortDescription("Deploys, shortly");
    assert.equal((await api.getMyDescription()).description, "Deploys");
    assert.equal((await api.getMyShortDescription()).short_description, "Deploys, shortly");
  },

  async commands({ api }) {
    const scope = { type: "chat", chat_id: ANN };
    await api.setMyCommands([{ command: "status", description: "How it is" }]);
    await api.setMyCommands([{ command: "status", description: "Как дела" }], { language_code: "ru" });
    await api.setMyCommands([{ command: "deploy", description: "Ship" }], { scope });
    assert.deepEqual(descriptions(await api.getMyCommands()), ["How it is"]);
    assert.deepEqual(descriptions(await api.getMyCommands({ language_code: "ru" })), ["Как дела"]);
    assert.deepEqual(descriptions(await api.getMyCommands({ scope })), ["Ship"]);
    await api.deleteMyCommands({ scope });
    assert.deepEqual(await api.getMyCommands({ scope }), []);
  },

  async "commands-refused"({ api }) {
    await refused("bad-command", api.setMyCommands([{ command: "Status", description: "x" }]));
    await refused("no-chat", api.setMyCommands([], { scope: { type: "chat", chat_id: 4 } }));
  },

  async "menu-button"({ api }) {
    await api.setChatMenuButton({ chat_id: ANN, menu_button: { type: "commands" } });
    assert.deepEqual(await api.getChatMenuButton({ chat_id: ANN }), { type: "commands" });
  },

  async pin({ api }) {
    const sent = await api.sendMessage(ANN, "read this");
    await api.pinChatMessage(ANN, sent.message_id);
    assert.equal((await api.getChat(ANN)).pinned_message.message_id, sent.message_id);
    await api.unpinChatMessage(ANN, sent.message_id);
    assert.equal((await api.getChat(ANN)).pinned_message, undefined);
  },

  async "look-up"({ api, sim, token }) {
    const group = await sim.group("ops", { [ANN]: "creator" }, { bot_status: "administrator" });
    assert.equal((await api.getChat(ANN)).first_name, "Ann");
    assert.equal((await api.getChat(group.id)).title, "ops");
    assert.equal((await api.getChatMember(group.id, ANN)).status, "creator");
    const ids = (await api.getChatAdministrators(group.id)).map((admin) => admin.user.id);
    assert.deepEqual(new Set(ids), new Set([ANN, Number(token.split(":")[0])]));
  },

  async flood({ api, sim, url, token }) {
    await sim.trouble("flood", { methods: ["sendMessage"], times: 2, retry_after: 7 });
    await refused("flood", api.sendMessage(ANN, "x"), { retry_after: 7 });
    const plain = await fetch(`${url}/bot${token}/sendMessage?chat_id=${ANN}&text=x`);
    assert.deepEqual([plain.status, plain.headers.get("retry-after")], [429, "7"]);
    assert.equal((await api.sendMessage(ANN, "x")).text, "x");
  },

  async blocked({ api, sim }) {
    await sim.ask("block", { user_id: ANN, blocked: true });
    await refused("blocked", api.sendMessage(ANN, "x"));
    const told = (await api.getUpdates()).at(-1).my_chat_member;
    assert.equal(told.new_chat_member.status, "kicked");
    await sim.ask("block", { user_id: ANN, blocked: false });
    assert.equal((await api.sendMessage(ANN, "x")).text, "x");
  },

  async "never-started"({ api, sim }) {
    await sim.ask("users", { id: 1002, first_name: "Boris" });
    await refused("never-started", api.sendMessage(1002, "x"));
  },

  async "unknown-chat"({ api }) {
    await refused("no-chat", api.sendMessage(555, "x"));
    await refused("no-chat", api.sendMessage("@nobody_here", "x"));
    await refused("no-chat", api.getChat(555));
  },

  async removed({ api, sim }) {
    const group = await sim.group("ops", { [ANN]: "creator" }, { type: "supergroup" });
    await sim.ask("bot_status", { chat_id: group.id, status: "kicked", by: ANN });
    await refused("kicked", api.sendMessage(group.id, "x"));
  },

  async migration({ api, sim }) {
    const group = await sim.group("ops", { [ANN]: "creator" });
    const moved = await sim.ask("migrate", { chat_id: group.id });
    await refused("upgraded", api.sendMessage(group.id, "x"), { migrate_to_chat_id: moved.id });
    assert.equal((await api.sendMessage(moved.id, "x")).chat.type, "supergroup");
    const services = (await api.getUpdates()).map((update) => update.message ?? {});
    assert.ok(services.some((message) => message.migrate_to_chat_id === moved.id));
  },

  async "bad-gateway"({ api, sim }) {
    await sim.trouble("answer", { methods: ["sendMessage"], times: 1 });
    await fails(HttpError, api.sendMessage(ANN, "x"));
    assert.equal((await api.sendMessage(ANN, "y")).text, "y");
  },

  async "lost-answer"({ api, sim }) {
    await sim.trouble("lose_response", { methods: ["sendMessage"], times: 1 });
    await fails(HttpError, api.sendMessage(ANN, "sent, but not told"));
    await sim.shown(ANN, "sent, but not told");
  },
};
