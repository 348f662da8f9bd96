// What lies over the page for a moment: toasts, alerts, pushes, a large photo, menus.

import { icon } from "./icons.js";
import { make } from "./make.js";
import { t } from "./strings.js";

const TOAST_FOR = 4000;
const PUSH_FOR = 6000;

const root = document.getElementById("overlays");
// Live regions must be there before something is written into them.
const toasts = make("div", { class: "toasts", role: "status", "aria-live": "polite" });
export const pushes = make("div", { class: "pushes", role: "status", "aria-live": "polite" }); // stands over the open chat
root.append(toasts);
const timers = new Map();

export function toast(text) {
  shortly(toasts, make("div", { class: "toast", "data-testid": "toast", text }), TOAST_FOR);
}

// A message in a chat that is not open, shown in the page; `open` goes there.
export function push({ title, text, open }) {
  const body = make("span", { class: "push-body" }, make("strong", { text: title }), make("span", { class: "push-text", text }));
  const go = () => {
    clearPushes();
    open();
  };
  const button = make("button", { type: "button", class: "push-open", title: t("openPush"), onclick: go }, icon("gate"), body);
  const shut = make("button", { type: "button", class: "round", "aria-label": t("close"), onclick: clearPushes }, icon("close"));
  shortly(pushes, make("div", { class: "push", "data-testid": "push" }, button, shut), PUSH_FOR);
}

export function clearPushes() {
  pushes.replaceChildren();
}

function shortly(place, element, milliseconds) {
  clearTimeout(timers.get(place));
  place.replaceChildren(element);
  timers.set(place, setTimeout(() => element.remove(), milliseconds));
}

// Resolves when it was closed.
export function alertDialog(text) {
  return new Promise((closed) => {
    const words = make("p", { id: "alert-text", text });
    const ok = make("button", { type: "submit", class: "dialog-button", "data-testid": "alert-ok", text: t("ok") });
    const dialog = make(
      "dialog",
      { class: "alert", role: "alertdialog", "aria-labelledby": "alert-text", "data-testid": "alert" },
      words,
      ok,
    );
    ok.addEventListener("click", () => dialog.close());
    opened(dialog, closed);
  });
}

export function showPhoto(address, words) {
  const close = make("button", { type: "button", class: "round", "aria-label": t("close") }, icon("close"));
  const photo = make("img", { src: address, alt: words });
  const dialog = make("dialog", { class: "viewer", "aria-label": t("photo"), "data-testid": "photo-viewer" }, photo, close);
  dialog.addEventListener("click", () => dialog.close());
  opened(dialog, () => {});
}

function opened(dialog, closed) {
  const before = document.activeElement;
  root.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
    closed();
  });
  dialog.showModal();
}

// A menu of `[{ icon, label, run, danger }]` at a point of the window.
export function menu(items, { x, y, label }) {
  const before = document.activeElement;
  const list = make("div", { class: "menu", role: "menu", "aria-label": label, "data-testid": "menu" });
  const shade = make("div", { class: "menu-shade" }, list);
  const close = (focus = true) => {
    shade.remove();
    if (focus && before?.isConnected) before.focus({ preventScroll: true });
  };
  for (const item of items) {
    const run = () => {
      close();
      item.run();
    };
    const kind = item.danger ? "menu-item danger" : "menu-item";
    list.append(make("button", { type: "button", role: "menuitem", class: kind, tabindex: "-1", onclick: run }, icon(item.icon), item.label));
  }
  shade.addEventListener("pointerdown", (event) => event.target === shade && close());
  shade.addEventListener("contextmenu", (event) => event.preventDefault());
  list.addEventListener("keydown", (event) => moveIn(list, event, close));
  root.append(shade);
  place(list, x, y);
  list.firstElementChild?.focus();
}

function moveIn(list, event, close) {
  const items = [...list.children];
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") close();
  else if (next === undefined) return;
  else items.at(next % items.length).focus();
  event.preventDefault();
  event.stopPropagation();
}

function place(list, x, y) {
  const { width, height } = list.getBoundingClientRect();
  list.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
  list.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"));
  } catch {
    toast(copiedBySelection(text) ? t("copied") : t("notCopied"));
  }
}

// Where the page may not use the clipboard directly, a selection can still be copied.
function copiedBySelection(text) {
  const field = make("textarea", { class: "off-screen", "aria-hidden": "true" });
  field.value = text;
  root.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}
