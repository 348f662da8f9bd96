// Inline keyboards: rows of buttons under a message.

import { icon } from "./icons.js";
import { make } from "./make.js";
import { t } from "./strings.js";

const STYLES = new Set(["danger", "success", "primary"]);

// `tap(button, element)` does what the button is for.
export function keyboard(markup, tap) {
  const rows = (markup?.inline_keyboard ?? []).map((row) => {
    return make("div", { class: "keyboard-row" }, ...row.map((button) => keyboardButton(button, tap)));
  });
  return rows;
}

export function keyboardButton(button, tap) {
  const kind = kindOf(button);
  const style = STYLES.has(button.style) ? button.style : "plain";
  const made = make(kind === "url" ? "a" : "button", {
    class: `key key-${style} key-${kind}`,
    "data-testid": "button",
    "data-label": button.text,
    "data-style": style,
  });
  made.append(make("span", { class: "key-label", text: button.text }));
  if (CORNERS[kind]) made.append(icon(CORNERS[kind]));
  if (kind === "url") Object.assign(made, { href: button.url, target: "_blank", rel: "noopener noreferrer", title: button.url });
  else made.type = "button";
  if (kind === "disabled") {
    made.disabled = true;
    made.title = t("disabled");
  }
  if (kind === "callback" || kind === "copy") made.addEventListener("click", () => tap(button, made));
  return made;
}

const CORNERS = { url: "out", copy: "copy", disabled: "lock" };

function kindOf(button) {
  if (button.disabled) return "disabled";
  if (button.copy_text) return "copy";
  if (/^https?:/i.test(button.url ?? "")) return "url";
  return button.callback_data === undefined ? "disabled" : "callback";
}
