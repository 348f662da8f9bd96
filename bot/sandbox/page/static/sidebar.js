// The left column: who one is, and that person's chats.

import { icon } from "./icons.js";
import { make } from "./make.js";
import { initials, snippet, tint } from "./message.js";
import { brief } from "./moments.js";
import { by, authorOf } from "./store.js";
import { t } from "./strings.js";

// `deeds`: { openAs(userId, chatId), view(name), theme(), language(), bell() }.
export class Sidebar {
  constructor(root, deeds) {
    this.root = root;
    this.deeds = deeds;
    this.head = make("header", { class: "side-head" });
    this.people = make("div", { class: "people", role: "group", "data-testid": "people" });
    this.chats = make("ul", { class: "chats", "data-testid": "chats" });
    this.root.replaceChildren(this.head, this.people, this.chats);
    this.shown = "";
  }

  // `place`: { people: [{..., unread}], chats, person, chatId, dark, bell, typing(chatId) }.
  show(place) {
    const key = JSON.stringify([t("chats"), place.people, place.chats, place.person?.id, place.chatId, place.dark, place.bell, place.chats.map((chat) => place.typing(chat.id))]);
    if (key === this.shown) return;
    this.shown = key;
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
    this.root.setAttribute("aria-label", t("chats"));
    this.drawHead(place);
    this.drawPeople(place);
    this.chats.setAttribute("aria-label", t("chats"));
    this.chats.replaceChildren(...place.chats.map((chat) => this.chatRow(chat, place)));
    if (focused) this.root.querySelector(`[data-testid="${focused}"]`)?.focus({ preventScroll: true });
  }

  drawHead({ dark, bell }) {
    const bellWords = bell ? t("bellOn") : t("bellOff");
    this.head.replaceChildren(
      make("h2", { class: "side-title", text: t("chats") }),
      round(bell ? "bell" : "bellOff", bellWords, () => this.deeds.bell(), "bell", bell),
      round(dark ? "sun" : "moon", dark ? t("toLight") : t("toDark"), () => this.deeds.theme(), "theme"),
      make("button", { type: "button", class: "language", title: t("languageLabel"), "data-testid": "language", onclick: () => this.deeds.language() }, t("language")),
      round("flag", t("panel"), () => this.deeds.view("panel"), "to-panel-from-list"),
    );
  }

  drawPeople({ people, person }) {
    this.people.setAttribute("aria-label", t("people"));
    if (people.length === 0) this.people.replaceChildren(make("p", { class: "nobody", text: t("nobody") }));
    else this.people.replaceChildren(...people.map((one) => this.personButton(one, one.id === person?.id)));
  }

  personButton(person, isCurrent) {
    const role = person.role ? (t("roles")[person.role] ?? person.role) : null;
    const unread = person.unread > 0 && !isCurrent ? badge(person.unread, `person-unread-${person.id}`) : null;
    return make(
      "button",
      {
        type: "button",
        class: isCurrent ? "person current" : "person",
        "aria-pressed": String(isCurrent),
        "data-testid": `person-${person.id}`,
        onclick: () => this.deeds.openAs(person.id),
      },
      make("span", { class: "avatar-place" }, make("span", { class: `avatar ${tint(person.id)}`, "aria-hidden": "true", text: initials(person.first_name) }), unread),
      make("span", { class: "person-name", text: person.first_name }),
      role ? make("span", { class: "person-role", text: role }) : null,
    );
  }

  chatRow(chat, place) {
    const isBot = chat.type === "private";
    const face = make("span", { class: `avatar ${isBot ? "of-bot" : tint(chat.id)}`, "aria-hidden": "true" }, isBot ? icon("gate") : initials(chat.title));
    const typing = place.typing(chat.id);
    const preview = typing ? make("span", { class: "chat-preview typing-preview", text: `${typing}…` }) : make("span", { class: "chat-preview" }, ...previewOf(chat, place.person));
    const top = make("span", { class: "chat-line" }, make("span", { class: "chat-name", text: chat.title }), chat.last ? make("time", { class: "chat-time", text: brief(chat.last.raw.date) }) : null);
    const bottom = make("span", { class: "chat-line" }, preview, chat.unread > 0 ? badge(chat.unread, `unread-${chat.id}`) : null);
    const isOpen = chat.id === place.chatId;
    const open = make(
      "button",
      {
        type: "button",
        class: isOpen ? "chat-row current" : "chat-row",
        "aria-current": isOpen ? "true" : null,
        "data-testid": `chat-${chat.id}`,
        onclick: () => this.deeds.openAs(place.person.id, chat.id),
      },
      face,
      make("span", { class: "chat-lines" }, top, bottom),
    );
    return make("li", {}, open);
  }
}

function previewOf(chat, person) {
  if (!chat.last) return [chat.begun ? t("noMessages") : t("notBegun")];
  const writer = by(chat.last, person.id);
  const name = writer === "me" ? t("you") : chat.type === "private" ? "" : authorOf(chat.last);
  return [name ? make("span", { class: "chat-author", text: `${name}: ` }) : "", snippet(chat.last)];
}

function badge(count, testid) {
  return make("span", { class: "badge", "data-testid": testid, "aria-label": t("unread", count), text: count > 99 ? "99+" : count });
}

function round(name, label, onclick, testid, pressed) {
  return make("button", { type: "button", class: `round ${testid}`, "aria-label": label, title: label, "aria-pressed": pressed === undefined ? null : String(pressed), "data-testid": testid, onclick }, icon(name));
}
