// One message: a bubble and its keyboard, changed in place when the message is edited.

import { api } from "./api.js";
import { formatted } from "./entities.js";
import { icon } from "./icons.js";
import { keyboard } from "./keyboard.js";
import { make } from "./make.js";
import { clock, size, whole } from "./moments.js";
import { richMessage } from "./rich.js";
import { authorOf, by } from "./store.js";
import { language, t } from "./strings.js";

const TINTS = 7;
const BOT_TINT = "tint-5";
const SNIPPET = 120;
const SERVICES = { migrate_to_chat_id: "becameSupergroup", migrate_from_chat_id: "wasGroup" };

// In a few words, for lists and replies.
export function snippet(message) {
  if (!message || message.deleted) return t("deletedMessage");
  const { raw } = message;
  const text = message.text.replace(/\s+/g, " ").trim();
  const kind = raw.document ? `📄 ${raw.document.file_name ?? t("document")}` : raw.photo ? `🖼 ${t("photo")}` : "";
  const whole = [kind, text].filter(Boolean).join(" · ") || serviceText(raw);
  return whole.length > SNIPPET ? `${whole.slice(0, SNIPPET - 1)}…` : whole;
}

export function isService(message) {
  const { raw } = message;
  return !message.text && !raw.document && !raw.photo && !raw.rich_message;
}

function serviceText(raw) {
  const found = Object.keys(SERVICES).find((name) => name in raw);
  return t(found ? SERVICES[found] : "service");
}

export function tint(id) {
  return `tint-${Math.abs(id) % TINTS}`;
}

export function initials(name) {
  const words = name.trim().split(/\s+/);
  return words.slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();
}

// `deeds`: { command(text), copy(text), tap(message, button, element), jump(id), find(id), photo(address, words) }.
export class MessageView {
  constructor(deeds) {
    this.deeds = deeds;
    this.kept = { open: new Set(), revealed: false };
    this.drawn = new Map();
    this.message = null;
    this.bubble = make("div", { class: "bubble" });
    this.author = make("div", { class: "author" });
    this.reply = make("div", { class: "reply-place" });
    this.media = make("div", { class: "media" });
    this.text = make("span", { class: "text", "data-testid": "message-text" });
    this.meta = make("span", { class: "meta" });
    this.keys = make("div", { class: "keyboard" });
    this.bubble.append(this.author, this.reply, this.media, this.text, this.meta);
    this.avatar = make("div", { class: "avatar", "aria-hidden": "true" });
    const stack = make("div", { class: "stack" }, this.bubble, this.keys);
    // Edits would be read out every few seconds; only what is new is.
    this.element = make(
      "article",
      { class: "message", "data-testid": "message", tabindex: "-1", "aria-live": "off" },
      this.avatar,
      stack,
    );
  }

  // `place`: { person, chat, first, last, received }: who looks at it, where, and where in its group it stands.
  update(message, place) {
    this.message = message;
    const writer = by(message, place.person.id);
    const { element } = this;
    element.dataset.messageId = message.message_id;
    element.dataset.by = writer;
    element.className = ["message", writer === "me" ? "mine" : "theirs", place.first ? "first" : "", place.last ? "last" : ""]
      .filter(Boolean)
      .join(" ");
    element.classList.toggle("service", isService(message));
    element.setAttribute("aria-label", `${writer === "me" ? t("you") : authorOf(message)}, ${clock(message.raw.date)}`);
    this.drawAuthor(message, place, writer);
    this.drawReply(message);
    this.drawMedia(message);
    this.drawText(message);
    this.drawMeta(message, writer, place);
    this.drawKeys(message);
  }

  // Draws a part again only when what it shows has changed: nothing flickers, and focus stays where it is.
  part(name, shown, draw) {
    const key = `${language()} ${JSON.stringify(shown)}`;
    if (this.drawn.get(name) === key) return;
    this.drawn.set(name, key);
    draw();
  }

  drawAuthor(message, place, writer) {
    const grouped = place.chat.type !== "private" && writer !== "me";
    const name = grouped && place.first ? authorOf(message) : "";
    const id = message.raw.from?.id ?? message.chat_id;
    const origin = message.raw.forward_origin;
    const via = message.raw.via_bot?.username;
    this.part("author", [grouped, name, place.last, writer, origin, via], () => {
      this.author.className = `author ${writer === "bot" ? BOT_TINT : tint(id)}`;
      const from = origin ? (origin.sender_user?.first_name ?? origin.sender_user_name) : "";
      this.author.textContent = [name, from && `↪ ${from}`, via && `@${via}`].filter(Boolean).join(" · ");
      this.avatar.className = `avatar ${writer === "bot" ? BOT_TINT : tint(id)}`;
      this.avatar.hidden = !grouped;
      this.avatar.replaceChildren(grouped && place.last ? face(message, writer) : "");
    });
  }

  drawReply(message) {
    const quoted = message.raw.reply_to_message;
    const now = quoted && this.deeds.find(quoted.message_id);
    this.part("reply", quoted && [quoted.message_id, snippet(now)], () => {
      this.reply.replaceChildren(...(quoted ? [this.replyButton(quoted, now)] : []));
    });
  }

  replyButton(quoted, now) {
    const name = now ? authorOf(now) : (quoted.from?.first_name ?? "");
    return make(
      "button",
      { type: "button", class: `reply ${quoted.from?.is_bot ? BOT_TINT : tint(quoted.from?.id ?? quoted.chat.id)}`, title: t("jump"), onclick: () => this.deeds.jump(quoted.message_id) },
      make("span", { class: "reply-name", text: name }),
      make("span", { class: "reply-text", text: snippet(now) }),
    );
  }

  drawMedia(message) {
    const { document: file, photo } = message.raw;
    this.part("media", [file, photo], () => {
      this.media.replaceChildren(...(file ? [fileLink(file)] : photo ? [this.picture(photo.at(-1))] : []));
    });
    this.bubble.classList.toggle("only-file", Boolean(file) && !message.text);
    this.bubble.classList.toggle("has-photo", Boolean(photo));
    this.bubble.classList.toggle("only-photo", Boolean(photo) && !message.text);
  }

  picture(photo) {
    const address = api.fileAddress(photo.file_id);
    const words = t("photo");
    const image = make("img", { src: address, alt: words, width: photo.width, height: photo.height, loading: "lazy" });
    return make("button", { type: "button", class: "picture", title: t("showPhoto"), onclick: () => this.deeds.photo(address, words) }, image);
  }

  drawText(message) {
    const { raw } = message;
    const shown = raw.rich_message ?? [raw.text ?? raw.caption ?? "", raw.entities ?? raw.caption_entities];
    this.part("text", [shown, isService(message)], () => {
      this.text.replaceChildren(this.content(message));
      this.bubble.classList.toggle("is-rich", Boolean(raw.rich_message));
      this.bubble.classList.toggle("only-emoji", isOnlyEmoji(message));
    });
  }

  content(message) {
    const { raw } = message;
    if (isService(message)) return document.createTextNode(serviceText(raw));
    if (raw.rich_message) {
      const tap = (button, element) => this.deeds.tap(this.message, button, element);
      return richMessage(raw.rich_message, { deed: this.deeds, kept: this.kept, quotes: 0, tap });
    }
    return formatted(raw.text ?? raw.caption ?? "", raw.entities ?? raw.caption_entities, this.deeds, this.kept);
  }

  drawMeta(message, writer, place) {
    const edited = Boolean(message.raw.edit_date);
    const received = writer === "me" ? place.received : null;
    this.part("meta", [message.raw.date, edited, message.silent, received], () => {
      const time = make("time", { datetime: new Date(message.raw.date * 1000).toISOString(), title: whole(message.raw.date), text: clock(message.raw.date) });
      const silent = message.silent ? make("span", { class: "silent", role: "img", "aria-label": t("silent"), title: t("silent") }, icon("bellOff")) : null;
      const mark = edited ? make("span", { class: "edited", text: t("edited") }) : null;
      this.meta.replaceChildren(...[silent, mark, time, ticks(received)].filter(Boolean));
    });
  }

  drawKeys(message) {
    this.part("keys", message.raw.reply_markup, () => {
      const focused = this.keys.contains(document.activeElement) ? document.activeElement.dataset.label : null;
      this.keys.replaceChildren(...keyboard(message.raw.reply_markup, (button, element) => this.deeds.tap(this.message, button, element)));
      if (focused === null) return;
      const same = [...this.keys.querySelectorAll("[data-label]")].find((key) => key.dataset.label === focused && !key.disabled);
      (same ?? this.element).focus({ preventScroll: true });
    });
  }

  flash() {
    this.element.classList.remove("flash");
    requestAnimationFrame(() => this.element.classList.add("flash"));
  }
}

function face(message, writer) {
  return writer === "bot" ? icon("gate") : document.createTextNode(initials(authorOf(message)));
}

function fileLink(file) {
  const name = file.file_name ?? t("document");
  const amount = size(file.file_size ?? 0);
  return make(
    "a",
    { class: "file", href: api.fileAddress(file.file_id), download: name, "data-testid": "document", "aria-label": t("download", name, amount) },
    make("span", { class: "file-icon" }, icon("file")),
    make("span", { class: "file-words" }, make("span", { class: "file-name", text: name }), make("span", { class: "file-size", text: amount })),
  );
}

function ticks(received) {
  if (received === null) return null;
  const words = received ? t("received") : t("sentOnce");
  return make("span", { class: "ticks", role: "img", "aria-label": words, title: words }, icon(received ? "ticks" : "tick"));
}

function isOnlyEmoji(message) {
  return /^(\p{Extended_Pictographic}(\u200d\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier})*){1,3}$/u.test(message.raw.text ?? "");
}
