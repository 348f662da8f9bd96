// Text with entities as DOM. Offsets are UTF-16 units, as in the Bot API and in JavaScript's own strings.
// Whatever somebody wrote only ever becomes the text of a node.

import { icon } from "./icons.js";
import { make } from "./make.js";
import { whole, written } from "./moments.js";
import { t } from "./strings.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  marked: "mark",
  subscript: "sub",
  superscript: "sup",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE_LINK = /^(https?|mailto|tel):/i;

// `deed` is what taps do: { command(text), copy(text) }. `kept` survives edits: { open: Set, revealed: bool }.
export function formatted(text, entities, deed, kept) {
  const order = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return new Writer(text, deed, kept).part(0, text.length, order);
}

class Writer {
  constructor(text, deed, kept) {
    this.text = text;
    this.deed = deed;
    this.kept = kept;
    this.quotes = 0;
  }

  // The text from `start` to `end` with the entities inside it; those that reach over its end are cut in two.
  part(start, end, entities) {
    const made = document.createDocumentFragment();
    const waiting = [...entities];
    let at = start;
    while (waiting.length > 0) {
      const entity = waiting.shift();
      const first = Math.max(entity.offset, at);
      const last = Math.min(entity.offset + entity.length, end);
      if (last <= first) continue;
      made.append(this.text.slice(at, first));
      const inside = [];
      const after = [];
      for (const other of waiting) {
        if (other.offset >= last) after.push(other);
        else inside.push(other);
        const over = other.offset + other.length - last;
        if (other.offset < last && over > 0) after.push({ ...other, offset: last, length: over });
      }
      waiting.splice(0, waiting.length, ...after.sort((a, b) => a.offset - b.offset || b.length - a.length));
      made.append(wrapped(entity, this.part(first, last, inside), this));
      // A block ends its line by itself; the line break after it would show as an empty line.
      at = BLOCKS.has(entity.type) && this.text[last] === "\n" ? last + 1 : last;
    }
    if (at < end) made.append(this.text.slice(at, end));
    return made;
  }
}

// `content` is a fragment; `writer` has `deed`, `kept` and counts the quotes.
export function wrapped(entity, content, writer) {
  const { type } = entity;
  if (type in TAGS) return make(TAGS[type], {}, content);
  const made = MAKERS[type]?.(entity, content, writer);
  return made ?? make("span", { class: `entity-${type}` }, content);
}

const MAKERS = {
  code: (_, content, { deed }) => {
    const code = make("code", { title: t("copy") }, content);
    code.addEventListener("click", () => deed.copy(code.textContent));
    return code;
  },
  pre: (entity, content, { deed }) => preformatted(content, entity.language, deed),
  spoiler: (_, content, { kept }) => spoiler(content, kept),
  blockquote: (_, content) => make("blockquote", {}, content),
  expandable_blockquote: (_, content, writer) => expandable(content, writer),
  url: (_, content) => link(addressOf(content.textContent), content),
  text_link: (entity, content) => link(entity.url, content),
  email: (_, content) => link(`mailto:${content.textContent}`, content),
  phone_number: (_, content) => link(`tel:${content.textContent}`, content),
  bot_command: (_, content, { deed }) => {
    const text = content.textContent;
    return make("button", { type: "button", class: "link command", onclick: () => deed.command(text) }, content);
  },
  date_time: (entity, content) => moment(entity, content),
};

function addressOf(text) {
  return /^[a-z]+:/i.test(text) ? text : `https://${text}`;
}

export function link(address, content) {
  if (!SAFE_LINK.test(address)) return make("span", { class: "link", title: address }, content);
  return make("a", { class: "link", href: address, title: address, target: "_blank", rel: "noopener noreferrer" }, content);
}

export function preformatted(content, language, deed) {
  const code = make("code", {}, content);
  const copy = make(
    "button",
    { type: "button", class: "pre-copy", "aria-label": t("copy"), title: t("copy"), onclick: () => deed.copy(code.textContent) },
    icon("copy"),
  );
  const head = language ? make("span", { class: "pre-language", text: language }) : null;
  return make("div", { class: language ? "pre named" : "pre" }, head, make("pre", { tabindex: "0" }, code), copy);
}

export function moment(entity, content) {
  const at = entity.unix_time;
  const time = make("time", { datetime: new Date(at * 1000).toISOString(), title: whole(at) });
  const wanted = entity.date_time_format;
  if (!wanted) time.append(content);
  else time.textContent = written(at, wanted);
  if (/^r$/i.test(wanted ?? "")) time.dataset.relative = at;
  return time;
}

// Relative times go on while they are looked at.
export function refreshMoments(root) {
  for (const time of root.querySelectorAll("time[data-relative]")) {
    time.textContent = written(Number(time.dataset.relative), "r");
  }
}

export function spoiler(content, kept) {
  const inside = make("span", { class: "spoiler-text" }, content);
  const shown = make("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": t("spoiler") }, inside);
  const show = () => {
    shown.classList.add("revealed");
    for (const name of ["role", "tabindex", "aria-label"]) shown.removeAttribute(name);
  };
  const reveal = (event) => {
    if (shown.classList.contains("revealed")) return;
    event.preventDefault();
    event.stopPropagation();
    kept.revealed = true;
    // At Telegram one tap shows everything that the message hides.
    for (const other of shown.closest(".bubble").querySelectorAll(".spoiler")) other.dispatchEvent(new Event("reveal"));
  };
  shown.addEventListener("reveal", show);
  shown.addEventListener("click", reveal, { capture: true });
  shown.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") reveal(event);
  });
  if (kept.revealed) show();
  return shown;
}

// Folded to three lines when it has more; what was unfolded stays so when the message is edited.
export function expandable(content, writer) {
  const number = writer.quotes++;
  const { open } = writer.kept;
  const inside = make("div", { class: "quote-text" }, content);
  const toggle = make("button", { type: "button", class: "quote-toggle" }, icon("down"));
  const quote = make("blockquote", { class: "expandable" }, inside, toggle);
  const show = () => {
    const isOpen = open.has(number);
    quote.classList.toggle("open", isOpen);
    toggle.setAttribute("aria-expanded", isOpen);
    toggle.setAttribute("aria-label", isOpen ? t("showLess") : t("showMore"));
  };
  quote.addEventListener("click", (event) => {
    if (!quote.classList.contains("long") || event.target.closest("a") || !getSelection().isCollapsed) return;
    if (!open.delete(number)) open.add(number);
    show();
  });
  new ResizeObserver(() => {
    if (open.has(number)) return;
    quote.classList.toggle("long", inside.scrollHeight > inside.clientHeight + 2);
  }).observe(inside);
  show();
  if (open.has(number)) quote.classList.add("long");
  return quote;
}
