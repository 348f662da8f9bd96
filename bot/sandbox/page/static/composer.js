// The lower edge of a chat: the text field with its command menu, what is replied to or edited, or Start.

import { icon } from "./icons.js";
import { make } from "./make.js";
import { snippet } from "./message.js";
import { authorOf } from "./store.js";
import { t } from "./strings.js";

const HIGHEST = 168;

// `deeds`: { send(text, replyTo), edit(message, text), start(), jump(id) }; each resolves when it is done.
export class Composer {
  constructor(root, deeds) {
    this.root = root;
    this.deeds = deeds;
    this.drafts = new Map();
    this.chat = null;
    this.commands = [];
    this.offered = [];
    this.chosen = -1;
    this.about = null; // { message, editing }: what the next message replies to, or changes
    this.build();
  }

  build() {
    this.field = make("textarea", {
      id: "composer",
      rows: "1",
      maxlength: "4096",
      role: "combobox",
      autocomplete: "off",
      enterkeyhint: "send",
      "aria-autocomplete": "list",
      "aria-controls": "commands",
      "aria-expanded": "false",
      "data-testid": "composer",
      oninput: () => this.typed(),
      onkeydown: (event) => this.key(event),
      onblur: () => setTimeout(() => this.field !== document.activeElement && this.offer([]), 150),
    });
    this.menu = make("button", { type: "button", class: "menu-button", "data-testid": "commands-button", onclick: () => this.toggleMenu() });
    this.send = make("button", { type: "button", class: "send", "data-testid": "send", onclick: () => this.submit() }, icon("send"));
    this.list = make("div", { id: "commands", class: "commands", role: "listbox", "data-testid": "commands", hidden: true });
    this.strip = make("div", { class: "about", hidden: true });
    this.line = make("div", { class: "composer-line" }, this.menu, this.field, this.send);
    this.startButton = make("button", { type: "button", class: "start", "data-testid": "start", onclick: () => this.deeds.start() });
    this.startLine = make("div", { class: "start-line", hidden: true }, this.startButton);
    this.root.replaceChildren(this.list, this.strip, this.line, this.startLine);
    this.relabel();
  }

  relabel() {
    this.field.placeholder = t("message");
    this.field.setAttribute("aria-label", t("messageField"));
    this.send.setAttribute("aria-label", this.about?.editing ? t("save") : t("send"));
    this.list.setAttribute("aria-label", t("commandMenu"));
    this.showMenuButton();
    this.showStart();
    this.showAbout();
  }

  // The chat as the store describes it, or null.
  open(chat, personId) {
    const key = chat && `${personId}:${chat.id}`;
    if (key !== this.opened) {
      if (this.opened) this.drafts.set(this.opened, this.about?.editing ? "" : this.field.value);
      this.opened = key;
      this.about = null;
      this.field.value = this.drafts.get(key) ?? "";
      this.offer([]);
      this.showAbout();
      this.grow();
    }
    this.chat = chat;
    this.showStart();
    this.showMenuButton();
  }

  // Called at every drawing: what is open stays as it is unless other commands are offered. Those may come when somebody
  // has begun to type one.
  setCommands(commands) {
    const isNews = JSON.stringify(commands) !== JSON.stringify(this.commands);
    this.commands = commands;
    this.showMenuButton();
    if (!isNews) return;
    if (this.field.value !== "") this.field === document.activeElement && this.typed();
    else if (!this.list.hidden) this.offer(commands);
  }

  showStart() {
    const chat = this.chat;
    const needsStart = chat?.type === "private" && (!chat.begun || chat.blocked);
    this.root.hidden = chat === null || chat.type === "channel";
    this.startLine.hidden = !needsStart;
    this.line.hidden = needsStart;
    this.startButton.textContent = chat?.blocked ? t("restart") : t("start");
  }

  showMenuButton() {
    const group = this.chat?.type !== "private";
    this.menu.hidden = this.commands.length === 0;
    this.menu.classList.toggle("small", group);
    this.menu.setAttribute("aria-label", t("commandMenu"));
    this.menu.replaceChildren(icon(group ? "slash" : "menu"), ...(group ? [] : [make("span", { text: t("menu") })]));
  }

  // Replying and editing

  reply(message) {
    this.about = { message, editing: false };
    this.showAbout();
    this.field.focus();
  }

  edit(message) {
    this.about = { message, editing: true };
    this.field.value = message.raw.text ?? "";
    this.showAbout();
    this.typed();
    this.field.focus();
  }

  leaveAbout() {
    if (this.about?.editing) this.field.value = "";
    this.about = null;
    this.showAbout();
    this.typed();
  }

  showAbout() {
    this.strip.hidden = this.about === null;
    this.send.classList.toggle("saves", Boolean(this.about?.editing));
    this.send.replaceChildren(icon(this.about?.editing ? "check" : "send"));
    if (this.about === null) return;
    const { message, editing } = this.about;
    const words = make("button", { type: "button", class: "reply", onclick: () => this.deeds.jump(message.message_id) });
    words.append(make("span", { class: "reply-name", text: editing ? t("editing") : t("replyTo", authorOf(message)) }));
    words.append(make("span", { class: "reply-text", text: snippet(message) }));
    const leave = make("button", { type: "button", class: "round", "aria-label": t("cancelReply"), onclick: () => this.leaveAbout() }, icon("close"));
    this.strip.replaceChildren(icon(editing ? "edit" : "reply"), words, leave);
  }

  // Typing

  typed() {
    this.grow();
    this.send.classList.toggle("ready", this.field.value.trim() !== "");
    const begun = /^\/([a-z0-9_]*)$/i.exec(this.field.value);
    this.offer(begun && !this.about?.editing ? this.commands.filter(({ command }) => command.startsWith(begun[1].toLowerCase())) : []);
  }

  grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(HIGHEST, this.field.scrollHeight)}px`;
    this.send.classList.toggle("ready", this.field.value.trim() !== "");
  }

  key(event) {
    if (event.isComposing) return;
    const open = !this.list.hidden;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) this.choose(this.chosen + (event.key === "ArrowDown" ? 1 : -1));
    else if (open && event.key === "Tab" && !event.shiftKey) this.complete();
    else if (event.key === "Escape" && (open || this.about)) open ? this.offer([]) : this.leaveAbout();
    else if (event.key === "Enter" && !event.shiftKey) open && this.chosen >= 0 ? this.pick(this.offered[this.chosen]) : this.submit();
    else return;
    event.preventDefault();
  }

  // The command menu

  toggleMenu() {
    this.offer(this.list.hidden ? this.commands : []);
    this.field.focus();
  }

  offer(commands) {
    this.offered = commands;
    this.list.hidden = commands.length === 0;
    this.field.setAttribute("aria-expanded", !this.list.hidden);
    this.menu.setAttribute("aria-expanded", !this.list.hidden);
    this.list.replaceChildren(...commands.map((command, index) => this.option(command, index)));
    const whole = commands.findIndex(({ command }) => this.field.value === `/${command}`);
    this.choose(Math.max(0, whole));
  }

  option(command, index) {
    return make(
      "div",
      {
        id: `command-${index}`,
        class: "command-option",
        role: "option",
        "data-testid": `command-${command.command}`,
        onpointerdown: (event) => event.preventDefault(), // the text field keeps the focus
        onclick: () => this.pick(command),
      },
      make("span", { class: "command-name", text: `/${command.command}` }),
      make("span", { class: "command-words", text: command.description }),
    );
  }

  choose(index) {
    const count = this.offered.length;
    this.chosen = count === 0 ? -1 : (index + count) % count;
    for (const [at, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", at === this.chosen);
      if (at === this.chosen) option.scrollIntoView({ block: "nearest" });
    }
    if (this.chosen >= 0) this.field.setAttribute("aria-activedescendant", `command-${this.chosen}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  // Tab only writes the command, so that something can be added to it.
  complete() {
    this.field.value = `/${this.offered[this.chosen].command} `;
    this.typed();
  }

  pick(command) {
    this.field.value = "";
    this.typed();
    this.deliver(`/${command.command}`);
  }

  submit() {
    const text = this.field.value.trim();
    if (text === "") return;
    this.field.value = "";
    this.typed();
    this.deliver(text);
  }

  // What could not be sent is put back, unless something else was written meanwhile.
  async deliver(text) {
    const { about } = this;
    this.about = null;
    this.showAbout();
    const sent = about?.editing ? await this.deeds.edit(about.message, text) : await this.deeds.send(text, about?.message.message_id);
    if (sent || this.field.value !== "") return;
    this.field.value = text;
    this.about = about;
    this.showAbout();
    this.typed();
    this.offer([]);
  }

  focus() {
    if (this.root.hidden) return;
    (this.line.hidden ? this.startButton : this.field).focus({ preventScroll: true });
  }
}
