// Scenarios of suite.json about messages: texts, keyboards, edits, files.

import assert from "node:assert/strict";
import { InlineKeyboard, InputFile } from "grammy";
import { ANN, CONFIRM, PNG, refused, refusedWith } from "./expect.mjs";

export const messages = {
  async formatted({ api, example }) {
    const sent = await api.sendMessage(ANN, example.given, { parse_mode: example.mode });
    assert.equal(sent.text, example.text);
    assert.deepEqual(sent.entities, example.entities);
  },

  async unparsable({ api, example: [mode, given, reason] }) {
    const call = api.sendMessage(ANN, given, { parse_mode: mode });
    await refusedWith(400, `Bad Request: can't parse entities: ${reason}`, call);
  },

  async entities({ api }) {
    const bold = { type: "bold", offset: 3, length: 4 };
    const sent = await api.sendMessage(ANN, "\u{1f680} done, see https://opsgate.example/a", { entities: [bold] });
    assert.deepEqual(sent.entities, [bold, { type: "url", offset: 13, length: 25 }]);
  },

  async "text-limits"({ api }) {
    await refused("no-text", api.sendMessage(ANN, ""));
    await refused("blank-text", api.sendMessage(ANN, " \n "));
    await refused("long-text", api.sendMessage(ANN, "x".repeat(4097)));
    assert.equal((await api.sendMessage(ANN, "\u{1f680}".repeat(2048))).text.length, 4096);
  },

  async reply({ api, sim }) {
    const command = await sim.say(ANN, "/status");
    const sent = await api.sendMessage(ANN, "ok", { reply_parameters: { message_id: command.message_id } });
    assert.equal(sent.reply_to_message.text, "/status");
    assert.equal((await sim.shown(ANN, "ok")).reply_to, command.message_id);
  },

  async "reply-to-nothing"({ api }) {
    await refused("no-reply", api.sendMessage(ANN, "ok", { reply_parameters: { message_id: 999 } }));
    const without = { message_id: 999, allow_sending_without_reply: true };
    const sent = await api.sendMessage(ANN, "ok", { reply_parameters: without });
    assert.equal(sent.reply_to_message, undefined);
  },

  async "silent-and-protected"({ api, sim }) {
    const sent = await api.sendMessage(ANN, "psst", { disable_notification: true, protect_content: true });
    assert.equal(sent.has_protected_content, true);
    assert.equal((await sim.shown(ANN, "psst")).silent, true);
  },

  async buttons({ api, sim }) {
    const keyboard = new InlineKeyboard()
      .add({ text: "Confirm", callback_data: "go", style: "danger" })
      .url("Site", "https://opsgate.example/")
      .row()
      .copyText("Copy", "abc")
      .add({ text: "Used", disabled: {} });
    const sent = await api.sendMessage(ANN, "plan", { reply_markup: keyboard });
    assert.deepEqual(sent.reply_markup.inline_keyboard, keyboard.inline_keyboard);
    assert.deepEqual((await sim.shown(ANN, "plan")).buttons, keyboard.inline_keyboard.flat());
  },

  async "callback-data"({ api }) {
    const keyboard = (data) => ({ reply_markup: new InlineKeyboard().text("Confirm", data) });
    const sent = await api.sendMessage(ANN, "plan", keyboard("\u044f".repeat(32)));
    assert.equal(sent.reply_markup.inline_keyboard[0][0].callback_data.length, 32);
    await refused("long-data", api.sendMessage(ANN, "plan", keyboard(`${"\u044f".repeat(32)}x`)));
  },

  async "buttons-refused"({ api }) {
    const send = (button) => api.sendMessage(ANN, "x", { reply_markup: { inline_keyboard: [[button]] } });
    await refused("no-action", send({ text: "a" }));
    await refused("bad-link", send({ text: "a", url: "nowhere" }));
  },

  async "edit-text"({ api, sim }) {
    const sent = await api.sendMessage(ANN, "plan", { reply_markup: CONFIRM });
    const edited = await api.editMessageText(ANN, sent.message_id, "running");
    assert.deepEqual([edited.text, edited.reply_markup], ["running", undefined]);
    assert.equal(typeof edited.edit_date, "number");
    const shown = await sim.shown(ANN, "running");
    assert.deepEqual([shown.message_id, shown.buttons, shown.history.length], [sent.message_id, [], 2]);
  },

  async "not-modified"({ api }) {
    const sent = await api.sendMessage(ANN, "plan", { reply_markup: CONFIRM });
    const other = { reply_markup: CONFIRM };
    await refused("not-modified", api.editMessageText(ANN, sent.message_id, " plan ", other));
    await refused("not-modified", api.editMessageReplyMarkup(ANN, sent.message_id, other));
  },

  async "edit-keyboard"({ api }) {
    const sent = await api.sendMessage(ANN, "plan", { reply_markup: CONFIRM });
    const used = new InlineKeyboard().add({ text: "Confirm", disabled: {} });
    const edited = await api.editMessageReplyMarkup(ANN, sent.message_id, { reply_markup: used });
    assert.deepEqual([edited.text, edited.reply_markup.inline_keyboard], ["plan", used.inline_keyboard]);
    const bare = await api.editMessageReplyMarkup(ANN, sent.message_id);
    assert.equal(bare.reply_markup, undefined);
  },

  async "edit-refused"({ api, sim }) {
    const theirs = await sim.say(ANN, "hello");
    const ours = await api.sendMessage(ANN, "plan");
    await api.deleteMessage(ANN, ours.message_id);
    await refused("nothing-to-edit", api.editMessageText(ANN, ours.message_id, "x"));
    await refused("not-editable", api.editMessageText(ANN, theirs.message_id, "x"));
  },

  async delete({ api, sim }) {
    const ids = [];
    for (const text of ["one", "two", "three"]) ids.push((await api.sendMessage(ANN, text)).message_id);
    assert.equal(await api.deleteMessage(ANN, ids[0]), true);
    await refused("nothing-to-delete", api.deleteMessage(ANN, ids[0]));
    assert.equal(await api.deleteMessages(ANN, ids), true);
    const ofBot = (await sim.ask("messages", { chat_id: ANN })).filter((message) => message.by_bot);
    assert.deepEqual(ofBot.map((message) => message.deleted), [true, true, true]);
  },

  async document({ api, sim, url, token }) {
    const content = Buffer.alloc(25_600, "0123456789abcdef\0\xff", "latin1");
    const sent = await api.sendDocument(ANN, new InputFile(content, "log.txt.gz"), { caption: "the log" });
    assert.deepEqual([sent.document.file_name, sent.document.file_size], ["log.txt.gz", content.length]);
    const file = await api.getFile(sent.document.file_id);
    const download = await fetch(`${url}/file/bot${token}/${file.file_path}`);
    assert.ok(content.equals(Buffer.from(await download.arrayBuffer())));
    assert.equal((await sim.shown(ANN, "the log")).raw.document.file_id, sent.document.file_id);
  },

  async "document-again"({ api }) {
    const sent = await api.sendDocument(ANN, new InputFile(Buffer.from("x"), "log.txt"));
    const again = await api.sendDocument(ANN, sent.document.file_id);
    assert.deepEqual(again.document, sent.document);
    assert.notEqual(again.message_id, sent.message_id);
  },

  async photo({ api }) {
    const sent = await api.sendPhoto(ANN, new InputFile(PNG, "load.png"), { caption: "load" });
    assert.deepEqual([sent.photo.at(-1).width, sent.photo.at(-1).height], [640, 480]);
    const edited = await api.editMessageCaption(ANN, sent.message_id, { caption: "load today" });
    assert.equal(edited.caption, "load today");
  },

  async "files-refused"({ api }) {
    await refused("bad-file", api.sendDocument(ANN, "no-such-file"));
    await refused("bad-file-id", api.getFile("no-such-file"));
    await refused("empty-file", api.sendDocument(ANN, new InputFile(Buffer.alloc(0), "x.txt")));
    await refused("no-image", api.sendPhoto(ANN, new InputFile(Buffer.from("words"), "x.png")));
  },

  async "chat-action"({ api, sim }) {
    assert.equal(await api.sendChatAction(ANN, "typing"), true);
    const { events } = await sim.ask("events");
    assert.equal(events.filter((event) => event.kind === "action").at(-1).action, "typing");
  },

  async "rich-message"({ api, sim }) {
    const cell = (text) => ({ text, align: "left", valign: "top" });
    const table = { type: "table", cells: [[cell("db"), cell("healthy")]] };
    const sent = await api.sendRichMessage(ANN, { blocks: [table] });
    assert.equal(sent.rich_message.blocks[0].type, "table");
    assert.equal((await sim.shown(ANN, "db | healthy")).message_id, sent.message_id);
    const reason = 'block type "chair" is unknown or not served by the local Bot API';
    const call = api.sendRichMessage(ANN, { blocks: [{ type: "chair" }] });
    await refusedWith(400, `Bad Request: can't parse InputRichMessage: ${reason}`, call);
  },
};
