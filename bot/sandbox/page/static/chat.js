// The open chat: its head, its messages with their days, and the lower edge.

import { Composer } from "./composer.js";
import { refreshMoments } from "./entities.js";
import { icon } from "./icons.js";
import { make } from "./make.js";
import { MessageView, initials, isService, tint } from "./message.js";
import { dayKey, dayName } from "./moments.js";
import { menu, pushes } from "./overlays.js";
import { by } from "./store.js";
import { t } from "./strings.js";

const NEAR_BOTTOM = 48;
const GROUPED_WITHIN = 600;
const RELATIVE_EVERY = 5000;
const STUCK_WITHIN = 16;
const STILL_AFTER = 1200;

// `deeds`: what people do here; see app.js.
export class ChatView {
  constructor(root, deeds) {
    this.root = root;
    this.deeds = deeds;
    this.views = new Map();
    this.key = null;
    this.pinned = true; // the newest message is kept in sight
    this.missed = 0;
    this.build();
    setInterval(() => refreshMoments(this.log), RELATIVE_EVERY);
  }

  build() {
    this.head = make("header", { class: "chat-head" });
    this.log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-relevant": "additions", tabindex: "0", "data-testid": "log" });
    this.rows = make("div", { class: "rows" });
    this.log.append(this.rows);
    this.count = make("span", { class: "badge", hidden: true });
    this.downButton = make("button", { type: "button", class: "to-newest", hidden: true, "data-testid": "to-newest", onclick: () => this.toNewest(true) }, icon("down"), this.count);
    this.foot = make("div", { class: "composer" });
    this.nothing = make("p", { class: "nothing-open" });
    const middle = make("div", { class: "log-place" }, this.log, this.downButton, pushes);
    this.root.replaceChildren(this.head, middle, this.foot, this.nothing);
    this.composer = new Composer(this.foot, { ...this.deeds, jump: (id) => this.jump(id) });
    this.log.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.log.addEventListener("contextmenu", (event) => this.contextMenu(event));
    this.log.addEventListener("keydown", (event) => this.logKey(event));
    this.log.addEventListener("dblclick", (event) => this.doubleClick(event));
    // Opening a quote by hand must not push its beginning out of sight.
    this.log.addEventListener("click", (event) => event.target.closest("blockquote, summary, .spoiler") && this.holdStill());
    const keep = new ResizeObserver(() => this.pinned && this.toNewest());
    keep.observe(this.rows);
    keep.observe(this.log);
  }

  // `place`: { person, chat, messages, offered, lastRead, received(message) } or null.
  show(place, { typing } = {}) {
    const key = place && `${place.person.id}:${place.chat.id}`;
    const isOther = key !== this.key;
    if (isOther) this.change(key, place);
    this.place = place;
    this.root.classList.toggle("nothing", place === null);
    this.nothing.textContent = t("nothingOpen");
    this.composer.open(place?.chat ?? null, place?.person.id);
    if (place === null) return;
    this.composer.setCommands(place.offered?.commands ?? []);
    this.drawHead(typing);
    this.drawRows();
    if (isOther) this.settle();
  }

  change(key, place) {
    this.key = key;
    this.views.clear();
    this.log.setAttribute("aria-busy", "true"); // what was there before is not read out
    this.rows.replaceChildren();
    this.pinned = true;
    this.missed = 0;
    const messages = place?.messages ?? [];
    const first = messages.find((one) => one.message_id > place.lastRead && by(one, place.person.id) !== "me");
    this.firstUnread = place?.lastRead > 0 ? (first?.message_id ?? null) : null;
  }

  settle() {
    const bar = this.rows.querySelector(".unread-bar");
    this.toNewest();
    if (bar && bar.offsetTop < this.log.scrollTop) {
      this.pinned = false;
      this.log.scrollTop = bar.offsetTop - 12;
    }
    requestAnimationFrame(() => this.log.setAttribute("aria-busy", "false"));
  }

  relabel() {
    this.composer.relabel();
    this.downButton.setAttribute("aria-label", t("newest"));
  }

  // The head

  drawHead(typing) {
    const { chat } = this.place;
    const isBot = chat.type === "private";
    const doing = typing ? make("span", { class: "typing", role: "status", "data-testid": "typing" }, make("span", { text: typing }), make("i"), make("i"), make("i")) : null;
    const under = doing ?? make("span", { text: isBot ? t("bot") : chat.type === "channel" ? t("channel") : t("members", chat.members) });
    const name = make("h1", { class: "chat-title", text: chat.title, "data-testid": "chat-title" });
    const face = make("div", { class: `avatar ${isBot ? "of-bot" : tint(chat.id)}`, "aria-hidden": "true" }, isBot ? icon("gate") : initials(chat.title));
    const words = make("div", { class: "chat-words" }, name, make("div", { class: "chat-under" }, under));
    const key = JSON.stringify([chat.title, chat.type, typing, t("bot"), chat.members, chat.begun, chat.blocked]);
    if (this.head.dataset.shown === key) return;
    this.head.dataset.shown = key;
    const back = headButton("back", t("back"), () => this.deeds.leave(), "back");
    const more = isBot && chat.begun ? headButton("more", t("chatMenu"), (event) => this.chatMenu(event), "more") : null;
    const panel = headButton("flag", t("panel"), () => this.deeds.view("panel"), "to-panel");
    this.root.setAttribute("aria-label", chat.title);
    this.head.replaceChildren(...[back, face, words, more, panel].filter(Boolean));
  }

  chatMenu(event) {
    const { blocked } = this.place.chat;
    const { right, bottom } = event.currentTarget.getBoundingClientRect();
    const item = { icon: "block", label: blocked ? t("unblock") : t("block"), danger: !blocked, run: () => this.deeds.block(!blocked) };
    menu([item], { x: right - 220, y: bottom + 4, label: t("chatMenu") });
  }

  // The messages

  drawRows() {
    const { messages, person, chat, received } = this.place;
    const rows = [];
    const gone = new Set(this.views.keys());
    for (const [index, message] of messages.entries()) {
      const before = messages[index - 1];
      const after = messages[index + 1];
      const newDay = !before || dayKey(before.raw.date) !== dayKey(message.raw.date);
      if (newDay) rows.push(this.kept("day", message, () => make("div", { class: "day" }, make("span", { text: dayName(message.raw.date) }))));
      if (message.message_id === this.firstUnread) rows.push(this.kept("unread", message, () => make("div", { class: "unread-bar" }, make("span", { text: t("unreadBar") }))));
      const first = newDay || !together(before, message, person.id);
      const last = !after || dayKey(after.raw.date) !== dayKey(message.raw.date) || !together(message, after, person.id);
      gone.delete(message.message_id);
      rows.push(this.viewOf(message, { person, chat, first, last, received: received(message) }));
    }
    for (const id of gone) if (typeof id === "number") this.views.delete(id);
    if (rows.length === 0) rows.push(this.intro());
    this.arrange(rows);
  }

  kept(kind, message, build) {
    const key = `${kind}:${message.message_id}:${dayName(message.raw.date)}`;
    if (!this.views.has(key)) this.views.set(key, { element: build() });
    return this.views.get(key).element;
  }

  viewOf(message, place) {
    let view = this.views.get(message.message_id);
    if (!view) {
      view = new MessageView({ ...this.deeds, jump: (id) => this.jump(id), find: (id) => this.deeds.find(message.chat_id, id) });
      this.views.set(message.message_id, view);
    }
    view.update(message, place);
    return view.element;
  }

  // Puts the rows in order, touching only those that are new, gone or elsewhere.
  arrange(rows) {
    const wasPinned = this.pinned;
    const wanted = new Set(rows);
    for (const child of [...this.rows.children]) if (!wanted.has(child)) child.remove();
    let added = 0;
    rows.forEach((row, index) => {
      if (this.rows.children[index] === row) return;
      if (!row.isConnected && row.matches(".theirs")) added += 1;
      this.rows.insertBefore(row, this.rows.children[index] ?? null);
    });
    if (wasPinned) this.toNewest();
    else this.noteMissed(this.missed + added);
  }

  intro() {
    const { chat, offered } = this.place;
    const isBot = chat.type === "private";
    const words = offered?.description;
    const body = words ? [make("strong", { text: t("canDo") }), make("p", { text: words })] : [make("strong", { text: t("noMessages") }), make("p", { text: isBot && chat.begun ? t("emptyHint") : (offered?.about ?? "") })];
    const face = make("div", { class: `avatar large ${isBot ? "of-bot" : tint(chat.id)}`, "aria-hidden": "true" }, isBot ? icon("gate") : initials(chat.title));
    return make("div", { class: "intro", "data-testid": "empty-chat" }, face, ...body);
  }

  // Scrolling

  scrolled() {
    const left = this.log.scrollHeight - this.log.clientHeight - this.log.scrollTop;
    this.pinned = left < NEAR_BOTTOM;
    this.showDays();
    this.downButton.hidden = this.pinned;
    if (this.pinned) this.noteMissed(0);
  }

  // The day that sticks to the upper edge is shown only while somebody scrolls.
  showDays() {
    for (const day of this.rows.querySelectorAll(".day")) {
      day.classList.toggle("stuck", day.offsetTop - this.log.scrollTop < STUCK_WITHIN && this.log.scrollTop > STUCK_WITHIN);
    }
    this.log.classList.add("scrolling");
    clearTimeout(this.still);
    this.still = setTimeout(() => this.log.classList.remove("scrolling"), STILL_AFTER);
  }

  noteMissed(count) {
    this.missed = count;
    this.count.textContent = count;
    this.count.hidden = count === 0;
  }

  toNewest(smoothly = false) {
    this.pinned = true;
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: smoothly ? "smooth" : "instant" });
  }

  holdStill() {
    this.pinned = false;
    setTimeout(() => this.scrolled(), 300);
  }

  jump(messageId) {
    const view = this.views.get(messageId);
    if (!view) return;
    this.pinned = false;
    view.element.scrollIntoView({ block: "center", behavior: "smooth" });
    view.element.focus({ preventScroll: true });
    view.flash();
  }

  clearUnreadBar() {
    this.firstUnread = null;
  }

  // What can be done with a message

  viewAt(target) {
    const element = target.closest?.(".message");
    return element && this.views.get(Number(element.dataset.messageId));
  }

  contextMenu(event) {
    const view = this.viewAt(event.target);
    if (!view || event.target.closest("a") || isService(view.message)) return;
    event.preventDefault();
    const { left, top } = view.bubble.getBoundingClientRect();
    const byMouse = event.clientX > 0 || event.clientY > 0;
    this.messageMenu(view, byMouse ? { x: event.clientX, y: event.clientY } : { x: left + 24, y: top + 24 });
  }

  messageMenu(view, { x, y }) {
    const { message } = view;
    const mine = by(message, this.place.person.id) === "me";
    const items = [
      { icon: "reply", label: t("reply"), run: () => this.composer.reply(message) },
      message.text && { icon: "copy", label: t("copyText"), run: () => this.deeds.copy(message.text) },
      mine && message.raw.text && { icon: "edit", label: t("edit"), run: () => this.composer.edit(message) },
      mine && { icon: "delete", label: t("delete"), danger: true, run: () => this.deeds.remove(message) },
    ];
    menu(items.filter(Boolean), { x, y, label: t("actions") });
  }

  doubleClick(event) {
    const view = this.viewAt(event.target);
    if (view && !event.target.closest("button, a, code, pre, .text") && !isService(view.message)) this.composer.reply(view.message);
  }

  // Arrows walk through the messages, Enter opens what can be done with one.
  logKey(event) {
    const messages = [...this.rows.querySelectorAll(".message")];
    const at = messages.indexOf(document.activeElement);
    if (event.target !== this.log && at < 0) return;
    const next = { ArrowUp: at < 0 ? messages.length - 1 : at - 1, ArrowDown: at + 1, Home: 0, End: messages.length - 1 }[event.key];
    if (next !== undefined && messages[next]) {
      event.preventDefault();
      messages[next].focus({ preventScroll: true });
      messages[next].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      const view = this.viewAt(messages[at]);
      const { left, top } = view.bubble.getBoundingClientRect();
      if (!isService(view.message)) this.messageMenu(view, { x: left + 24, y: top + 24 });
    } else if (event.key === "Escape") this.composer.focus();
  }
}

function headButton(name, label, onclick, testid) {
  return make("button", { type: "button", class: `round ${testid}`, "aria-label": label, title: label, "data-testid": testid, onclick }, icon(name));
}

function together(before, message, personId) {
  if (!before || isService(before) || isService(message)) return false;
  const sameWriter = before.raw.from?.id === message.raw.from?.id && by(before, personId) === by(message, personId);
  return sameWriter && message.raw.date - before.raw.date < GROUPED_WITHIN;
}
