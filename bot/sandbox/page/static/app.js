// The chat page: what is open, what people do, and what happens then.

import { Refused, Stream, api } from "./api.js";
import { Answers } from "./answers.js";
import { ChatView } from "./chat.js";
import { Following } from "./following.js";
import { icon } from "./icons.js";
import { make } from "./make.js";
import { snippet } from "./message.js";
import { Bell } from "./notify.js";
import { clearPushes, copy, showPhoto, toast } from "./overlays.js";
import { Sidebar } from "./sidebar.js";
import { Store, authorOf, by } from "./store.js";
import { LANGUAGES, language, setLanguage, t } from "./strings.js";
import { isDark, startTheme, switchTheme } from "./theme.js";

const LANGUAGE = "opsgate.language";
const TYPING_FOR = 5000;
const ACTIONS = { typing: "typing", upload_document: "sendingFile", upload_photo: "sendingPhoto" };
const narrow = matchMedia("(max-width: 760px)");

class App {
  constructor() {
    this.api = api;
    this.store = new Store();
    this.user = null;
    this.chatId = null;
    this.offers = new Map(); // "person:chat" -> what the bot offers there
    this.doing = new Map(); // chat -> what the bot is doing there, until when
    this.following = new Following(this.store, (fresh, isNew) => this.settled(fresh, isNew));
    this.bell = new Bell(() => this.draw());
    this.answers = new Answers(api, this.following);
    this.sidebar = new Sidebar(document.getElementById("sidebar"), {
      openAs: (user, chat) => this.openAs(user, chat),
      view: (name) => this.view(name),
      theme: () => this.changeTheme(),
      language: () => this.changeLanguage(),
      bell: () => this.bell.toggle(),
    });
    this.chat = new ChatView(document.getElementById("chat"), this.deeds());
  }

  deeds() {
    return {
      send: (text, replyTo) => this.attempt(() => this.say(text, replyTo)),
      edit: (message, text) => this.attempt(() => this.edit(message, text)),
      start: () => this.attempt(() => api.post("start", { user_id: this.user })),
      block: (blocked) => this.attempt(() => api.post("block", { user_id: this.user, blocked })),
      remove: (message) => this.attempt(() => api.post("delete", { chat_id: message.chat_id, message_id: message.message_id })),
      command: (text) => this.attempt(() => this.say(text)),
      tap: (message, button, element) => this.attempt(() => this.answers.tap(this.user, message, button, element)),
      find: (chatId, messageId) => this.store.message(chatId, messageId),
      photo: showPhoto,
      copy,
      view: (name) => this.view(name),
      leave: () => this.leave(),
    };
  }

  // What somebody asked for cannot always be done; then it is said, and the answer is null.
  async attempt(deed) {
    try {
      return (await deed()) ?? true;
    } catch (error) {
      toast(error instanceof Refused ? error.message : t("gone"));
      return null;
    }
  }

  // For the tour, the bad days and tests

  language() {
    return language();
  }

  person() {
    return this.store.person(this.user) ?? null;
  }

  chats() {
    return this.user === null ? [] : this.store.chatsOf(this.user);
  }

  messages(chatId = this.chatId) {
    return this.store.shown(chatId);
  }

  open() {
    return { user: this.user, chat: this.chatId };
  }

  on(kind, listener) {
    return this.following.on(kind, listener);
  }

  // Becomes a person and opens one of their chats; without a chat the one with the bot, or on a phone none yet.
  async openAs(userId, chatId) {
    if (!this.store.person(userId)) await this.store.readAgain();
    if (!this.store.person(userId)) throw new Refused(`user ${userId} was not created`);
    const wanted = chatId ?? (narrow.matches ? null : userId);
    clearPushes();
    this.user = userId;
    this.chatId = this.store.chatsOf(userId).some((chat) => chat.id === wanted) ? wanted : null;
    this.address([userId, this.chatId].filter((part) => part !== null).join("/"));
    if (this.chatId !== null || document.body.dataset.view !== "list") this.view(this.chatId === null ? "list" : "chat");
    await this.readOffer();
    this.draw();
    if (this.chatId !== null && matchMedia("(pointer: fine)").matches) this.chat.composer.focus();
    this.following.tell("opened", { kind: "opened", user_id: userId, chat_id: this.chatId });
  }

  // Says something as the present person in the open chat; resolves to its numbers.
  async say(text, replyTo) {
    this.chat.clearUnreadBar();
    this.chat.toNewest();
    const given = { user_id: this.user, chat_id: this.chatId, text, ...(replyTo ? { reply_to: replyTo } : {}) };
    return this.sent(await api.post("say", given));
  }

  async edit(message, text) {
    const numbers = { chat_id: message.chat_id, message_id: message.message_id };
    return this.sent(await api.post("edit", { user_id: this.user, text, ...numbers }));
  }

  sent(numbers) {
    this.store.updates.set(`${numbers.chat_id}:${numbers.message_id}`, numbers.update_id);
    return numbers;
  }

  // Taps a button of a message: the button itself or what is written on it. Resolves to the tap's numbers.
  tap(message, button) {
    const found = typeof button === "string" ? message.buttons.find((one) => one.text.startsWith(button)) : button;
    if (!found) return Promise.reject(new Refused(`message ${message.message_id} has no button ${button}`));
    return this.answers.tap(this.user, message, found);
  }

  // What the page shows

  view(name) {
    document.body.dataset.view = name;
    this.markRead();
    this.draw();
  }

  // On a phone, back to the list.
  leave() {
    if (narrow.matches) history.replaceState(null, "", `#${this.user}`);
    this.view("list");
  }

  // Where a reload leads. On a phone the browser's own "back" leads from a chat to the list.
  address(wanted) {
    if (location.hash === `#${wanted}`) return;
    const opens = narrow.matches && document.body.dataset.view === "list" && wanted.includes("/");
    history[opens ? "pushState" : "replaceState"](null, "", `#${wanted}`);
  }

  isOpen(chatId) {
    const inSight = !narrow.matches || document.body.dataset.view === "chat";
    return chatId === this.chatId && inSight && document.visibilityState === "visible";
  }

  markRead() {
    if (this.user !== null && this.chatId !== null && this.isOpen(this.chatId)) this.store.markRead(this.user, this.chatId);
  }

  async readOffer() {
    if (this.user === null || this.chatId === null) return;
    const [user, chat] = [this.user, this.chatId];
    this.offers.set(`${user}:${chat}`, await api.post("offered", { user_id: user, chat_id: chat }));
  }

  settled(fresh, isNew) {
    if (isNew) {
      this.offers.clear();
      this.reopen();
      return;
    }
    const moved = this.store.chats.get(this.chatId)?.migrated_to;
    if (moved) this.openAs(this.user, moved);
    for (const message of fresh) {
      if (message.by_bot) this.doing.delete(message.chat_id);
      this.announce(message);
    }
    if (this.user === null && this.store.people.length > 0) this.reopen();
    else this.draw();
  }

  // After loading, or when the sandbox is another one: where the address says, else the first person.
  reopen() {
    const [user, chat] = location.hash.slice(1).split("/").map(Number);
    const person = this.store.person(user) ?? this.store.people[0];
    if (!person) {
      this.user = this.chatId = null;
      this.draw();
    } else this.attempt(() => this.openAs(person.id, person.id === user && chat ? chat : undefined));
  }

  // Tells of a message in a chat that is not open, once, to whom it concerns.
  announce(message) {
    const chat = this.store.chats.get(message.chat_id);
    if (!chat || this.isOpen(message.chat_id)) return;
    const reader = chat.type === "private" ? chat.id : this.user;
    if (!this.store.chatsOf(reader).some((one) => one.id === chat.id) || by(message, reader) === "me") return;
    if (chat.type === "private" && !message.by_bot) return;
    const name = this.store.person(reader)?.first_name ?? "";
    const place = chat.type === "private" ? authorOf(message) : chat.title;
    this.bell.tell({
      title: reader === this.user ? place : t("pushFor", place, name),
      text: chat.type === "private" ? snippet(message) : `${authorOf(message)}: ${snippet(message)}`,
      silent: message.silent,
      tag: `${message.chat_id}:${message.message_id}`,
      open: () => this.openAs(reader, chat.id),
    });
  }

  typing(chatId) {
    const found = this.doing.get(chatId);
    return found && found.until > Date.now() ? t(found.name) : "";
  }

  acts({ chat_id: chatId, action }) {
    this.doing.set(chatId, { name: ACTIONS[action] ?? "typing", until: Date.now() + TYPING_FOR });
    this.draw();
    setTimeout(() => this.draw(), TYPING_FOR + 50);
  }

  draw() {
    const { store } = this;
    const person = this.person();
    const chat = person && this.chats().find((one) => one.id === this.chatId);
    const lastRead = chat ? store.lastRead(person.id, chat.id) : 0;
    const place = chat && {
      person,
      chat,
      messages: store.shown(chat.id),
      offered: this.offers.get(`${person.id}:${chat.id}`),
      lastRead,
      received: (message) => store.received(message),
    };
    this.chat.show(place ?? null, { typing: chat ? this.typing(chat.id) : "" });
    this.markRead();
    const people = store.people.map((one) => ({ ...one, unread: store.unreadOf(one.id) }));
    this.sidebar.show({ people, person, chats: this.chats(), chatId: this.chatId, dark: isDark(), bell: this.bell.on, typing: (id) => this.typing(id) });
    const unread = people.reduce((sum, one) => sum + one.unread, 0);
    document.title = unread > 0 ? `(${unread}) Opsgate` : "Opsgate";
  }

  changeTheme() {
    switchTheme();
    this.draw();
  }

  changeLanguage() {
    const next = LANGUAGES[(LANGUAGES.indexOf(language()) + 1) % LANGUAGES.length];
    localStorage.setItem(LANGUAGE, next);
    this.speak(next);
  }

  speak(name) {
    setLanguage(name);
    document.getElementById("practice").textContent = t("practice");
    document.getElementById("gone").textContent = t("gone");
    document.querySelector(".skip").textContent = t("skip");
    const back = make("button", { type: "button", class: "round back", "aria-label": t("back"), "data-testid": "panel-back", onclick: () => this.view(this.chatId === null ? "list" : "chat") }, icon("back"));
    document.getElementById("panel-head").replaceChildren(back, make("h2", { class: "side-title", text: t("panelTitle") }));
    document.getElementById("panel").setAttribute("aria-label", t("panelTitle"));
    this.chat.relabel();
    this.draw();
    this.following.tell("language", { kind: "language", language: language() });
  }

  async start() {
    const wanted = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(LANGUAGE) ?? navigator.language.slice(0, 2);
    startTheme(() => this.draw());
    this.speak(wanted);
    this.on("action", (event) => this.acts(event));
    this.on("commands", () => this.attempt(() => this.readOffer().then(() => this.draw())));
    document.addEventListener("visibilitychange", () => this.draw());
    narrow.addEventListener("change", () => this.draw());
    window.addEventListener("hashchange", () => this.reopen());
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      this.chat.composer.focus();
    });
    await new Stream({
      begin: () => this.following.begin(),
      happened: (event) => this.following.happened(event),
      connected: (isConnected) => this.connected(isConnected),
    }).open();
    await Promise.all([this.mount("./tour.js", "mountTour", "tour"), this.mount("./days.js", "mountDays", "days")]);
  }

  connected(isConnected) {
    document.getElementById("gone").hidden = isConnected;
    document.body.classList.toggle("is-gone", !isConnected);
  }

  // The chat works even when a part of the panel does not.
  async mount(file, name, id) {
    try {
      const part = await import(file);
      await part[name](document.getElementById(id), this);
    } catch (error) {
      console.error(error);
    }
  }
}

window.opsgate = new App();
window.opsgate.start();
