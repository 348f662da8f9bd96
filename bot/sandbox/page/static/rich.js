// Rich messages: blocks of text, lists, tables, details and preformatted parts.

import { expandable, link, moment, preformatted, spoiler, wrapped } from "./entities.js";
import { keyboardButton } from "./keyboard.js";
import { make } from "./make.js";

const HEADINGS = 6;

// `writer` as for entities: { deed, kept, quotes, tap }.
export function richMessage(rich, writer) {
  const body = make("div", { class: "rich", dir: rich.is_rtl ? "rtl" : null });
  body.append(...blocks(rich.blocks, writer));
  return body;
}

function blocks(given, writer) {
  return (given ?? []).map((block) => (BLOCKS[block.type] ?? BLOCKS.paragraph)(block, writer));
}

const BLOCKS = {
  paragraph: (block, writer) => make("p", {}, richText(block.text ?? "", writer)),
  heading: (block, writer) => {
    const size = Math.min(HEADINGS, Math.max(1, Number(block.size) || 3));
    return make("p", { class: `heading size-${size}`, role: "heading", "aria-level": size }, richText(block.text, writer));
  },
  pre: (block, writer) => preformatted(richText(block.text, writer), block.language, writer.deed),
  footer: (block, writer) => make("footer", {}, richText(block.text, writer)),
  divider: () => make("hr"),
  mathematical_expression: (block) => make("p", { class: "expression", text: block.expression }),
  anchor: () => make("span", { class: "anchor" }),
  list: list,
  blockquote: (block, writer) => make("blockquote", {}, ...blocks(block.blocks, writer), credit(block, writer)),
  expandable_blockquote: (block, writer) => {
    const inside = document.createDocumentFragment();
    inside.append(richText(block.text, writer));
    if (block.credit) inside.append(credit(block, writer));
    return expandable(inside, writer);
  },
  pullquote: (block, writer) => {
    return make("blockquote", { class: "pull" }, make("p", {}, richText(block.text, writer)), credit(block, writer));
  },
  table: table,
  details: details,
  buttons: (block, writer) => {
    const row = make("div", { class: `rich-buttons align-${block.align ?? "left"}` });
    for (const button of block.buttons) row.append(keyboardButton({ ...button, text: plain(button.text) }, writer.tap));
    return row;
  },
};

function credit(block, writer) {
  return block.credit ? make("cite", {}, richText(block.credit, writer)) : null;
}

function list(block, writer) {
  const items = block.items ?? [];
  const numbered = items.some((item) => item.value !== undefined || item.type);
  return make(
    numbered ? "ol" : "ul",
    {},
    ...items.map((item) => {
      const mark = item.has_checkbox
        ? make("span", { class: "checkbox", role: "img", "aria-label": item.is_checked ? "✓" : "–", text: item.is_checked ? "☑" : "☐" })
        : null;
      const numbering = numbered ? { value: item.value ?? null, type: item.type ?? null } : {};
      const made = make("li", { class: mark ? "checkable" : null, ...numbering }, mark);
      made.append(make("div", {}, ...blocks(item.blocks, writer)));
      return made;
    }),
  );
}

function table(block, writer) {
  const looks = ["is_bordered", "is_striped", "is_compact"].filter((name) => block[name]);
  const made = make("table", { class: looks.map((name) => name.slice(3)).join(" ") || null });
  if (block.caption) made.append(make("caption", {}, richText(block.caption, writer)));
  const body = make("tbody");
  for (const row of block.cells) {
    body.append(make("tr", {}, ...row.map((cell) => tableCell(cell, writer))));
  }
  made.append(body);
  return make("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": plain(block.caption ?? "") || null }, made);
}

function tableCell(cell, writer) {
  const spans = { colspan: cell.colspan ?? null, rowspan: cell.rowspan ?? null };
  const looks = { class: `align-${cell.align} valign-${cell.valign}`, scope: cell.is_header ? "col" : null };
  return make(cell.is_header ? "th" : "td", { ...spans, ...looks }, richText(cell.text ?? "", writer));
}

// What a person opened or closed stays so when the message is edited.
function details(block, writer) {
  const number = `details-${writer.quotes++}`;
  const { open } = writer.kept;
  const shut = `shut-${number}`;
  const isOpen = open.has(number) || (Boolean(block.is_open) && !open.has(shut));
  const made = make("details", { open: isOpen }, make("summary", {}, richText(block.summary, writer)));
  made.append(make("div", { class: "details-body" }, ...blocks(block.blocks, writer)));
  made.addEventListener("toggle", () => {
    open.delete(made.open ? shut : number);
    open.add(made.open ? number : shut);
  });
  return made;
}

function richText(text, writer) {
  const made = document.createDocumentFragment();
  if (typeof text === "string") made.append(text);
  else if (Array.isArray(text)) made.append(...text.map((part) => richText(part, writer)));
  else if (text) made.append(styled(text, writer));
  return made;
}

function styled(node, writer) {
  const content = richText(node.text ?? node.alternative_text ?? node.expression ?? "", writer);
  if (node.type === "url") return link(node.url, content);
  if (node.type === "email_address") return link(`mailto:${node.email_address}`, content);
  if (node.type === "phone_number") return link(`tel:${node.phone_number}`, content);
  if (node.type === "date_time") return moment(node, content);
  if (node.type === "spoiler") return spoiler(content, writer.kept);
  if (node.type === "button") return keyboardButton({ ...node.button, text: plain(node.button.text) }, writer.tap);
  return wrapped(node, content, writer);
}

function plain(text) {
  if (typeof text === "string") return text;
  if (Array.isArray(text)) return text.map(plain).join("");
  return text ? plain(text.text ?? text.alternative_text ?? "") : "";
}
