// The panel of bad days: what can go wrong, one row each, and what is wrong right now.

import { DAYS_TEXTS, DAY_GROUPS } from "./days-texts.js";
import { make, whenLanguageChanges } from "./make.js";

const SAID_FOR = 6000;

export function mountDays(root, app) {
  return new Panel(root, app).start();
}

class Panel {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.days = new Map();
    this.rows = new Map();
    this.asked = new Map(); // options that a person typed, kept when the panel is drawn anew
  }

  get texts() {
    return DAYS_TEXTS[this.app.language()] ?? DAYS_TEXTS.en;
  }

  titleOf(name) {
    return this.texts.days[name]?.[0] ?? name;
  }

  async start() {
    this.root.classList.add("days");
    this.root.dataset.testid = "days";
    // Above everything: what is wrong on purpose must not be forgotten while one looks elsewhere.
    this.strip = make("section", { class: "days-strip", "data-testid": "days-strip", hidden: true });
    document.querySelector("main").before(this.strip);
    this.app.on("day", (event) => this.happened(event));
    whenLanguageChanges(() => this.draw());
    await this.read();
    return this;
  }

  async read() {
    try {
      const days = await this.app.api.post("days");
      this.days = new Map(days.map((day) => [day.name, day]));
      this.draw();
    } catch {
      this.drawLost();
    }
  }

  // --- drawing ---

  drawLost() {
    const again = make("button", { type: "button", class: "day-do", text: this.texts.again, onclick: () => this.read() });
    this.root.replaceChildren(make("p", { class: "days-lost", text: this.texts.lost }), again);
  }

  draw() {
    const texts = this.texts;
    const focused = this.root.contains(document.activeElement) ? document.activeElement.id : "";
    this.rows.clear();
    this.said = make("p", { class: "days-said", role: "status", "data-testid": "days-said" });
    const head = make("header", {}, make("h2", { id: "days-title", "data-testid": "days-title", text: texts.title }), make("p", { text: texts.intro }));
    this.root.setAttribute("aria-labelledby", "days-title");
    this.root.replaceChildren(head, ...this.groups(), this.said);
    this.showState();
    if (focused) document.getElementById(focused)?.focus();
  }

  groups() {
    const known = new Set(Object.values(DAY_GROUPS).flat());
    const others = [...this.days.keys()].filter((name) => !known.has(name));
    return Object.entries(DAY_GROUPS).map(([group, names]) => {
      const present = [...names, ...(group === "server" ? others : [])].filter((name) => this.days.has(name));
      if (!present.length) return null;
      const id = `days-${group}`;
      return make(
        "section",
        { class: "days-group", "aria-labelledby": id },
        make("h3", { id, text: this.texts.groups[group] }),
        make("ul", {}, ...present.map((name) => this.row(this.days.get(name)))),
      );
    }).filter(Boolean);
  }

  row(day) {
    const [title, what] = this.texts.days[day.name] ?? [day.name, ""];
    const words = make(
      "div",
      { class: "day-words" },
      make("span", { class: "day-title", id: `day-title-${day.name}`, text: title }),
      make("span", { class: "day-what", id: `day-what-${day.name}`, text: what }),
    );
    const control = day.kind === "lasting" ? this.switchOf(day) : this.buttonOf(day);
    const row = make("li", { class: "bad-day", "data-testid": `day-${day.name}`, "data-kind": day.kind }, words, control);
    const options = this.optionsOf(day);
    if (options) row.append(options);
    this.rows.set(day.name, { row, control });
    return row;
  }

  buttonOf(day) {
    return make("button", {
      type: "button",
      class: "day-do",
      id: `day-do-${day.name}`,
      text: this.texts.begin,
      "aria-labelledby": `day-do-${day.name} day-title-${day.name}`,
      "aria-describedby": `day-what-${day.name}`,
      onclick: () => this.toggle(day.name),
    });
  }

  switchOf(day) {
    return make("button", {
      type: "button",
      class: "day-switch",
      id: `day-do-${day.name}`,
      role: "switch",
      "aria-checked": "false",
      "aria-labelledby": `day-title-${day.name}`,
      "aria-describedby": `day-what-${day.name}`,
      onclick: () => this.toggle(day.name),
    }, make("span", { class: "day-knob", "aria-hidden": "true" }));
  }

  optionsOf(day) {
    const numbers = Object.entries(day.options ?? {}).filter(([, value]) => typeof value === "number");
    if (!numbers.length) return null;
    return make("div", { class: "day-options" }, ...numbers.map(([option, value]) => this.numberOf(day.name, option, value)));
  }

  numberOf(name, option, value) {
    const asked = this.asked.get(name) ?? {};
    const input = make("input", {
      type: "number",
      id: `day-${name}-${option}`,
      min: "0",
      step: "1",
      inputmode: "numeric",
      value: String(asked[option] ?? value),
      oninput: () => this.asked.set(name, { ...this.asked.get(name), [option]: Number(input.value) || 0 }),
    });
    const text = this.texts.options[option] ?? option;
    return make("label", { for: input.id }, input, make("span", { text }));
  }

  // --- what is in force ---

  showState() {
    const active = [...this.days.values()].filter((day) => day.active);
    for (const day of this.days.values()) this.showRow(day);
    this.strip.hidden = !active.length;
    this.strip.setAttribute("aria-label", this.texts.title);
    this.strip.replaceChildren(
      make("span", { text: this.texts.inForce(active.map((day) => this.titleOf(day.name)).join(", ")) }),
      make("button", { type: "button", class: "days-end", "data-testid": "days-end", text: this.texts.endAll, onclick: () => this.end() }),
    );
  }

  showRow({ name, kind, active }) {
    const { row, control } = this.rows.get(name) ?? {};
    if (!row) return;
    row.classList.toggle("bad-day-active", active);
    row.querySelectorAll("input").forEach((input) => (input.disabled = active));
    if (kind === "lasting") control.setAttribute("aria-checked", String(active));
    else control.textContent = active ? this.texts.waiting : this.texts.begin;
  }

  // An event tells that something began or ended; what is in force now is read anew.
  async happened(event) {
    const before = this.days.get(event.name);
    if (!before) return;
    this.days = new Map((await this.app.api.post("days")).map((day) => [day.name, day]));
    const after = this.days.get(event.name);
    this.showState();
    const title = this.titleOf(event.name);
    if (after.kind === "once" && !after.active) this.say(this.texts.done(title));
    else if (before.active !== after.active) this.say(after.active ? this.texts.began(title) : this.texts.ended(title));
  }

  say(text) {
    this.said.textContent = text;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (this.said.textContent = ""), SAID_FOR);
  }

  // --- acting ---

  toggle(name) {
    if (this.days.get(name).active) return this.end(name);
    return this.act(name, "days/begin", { name, ...this.asked.get(name) });
  }

  async end(name) {
    await this.act(name, "days/end", name ? { name } : {});
  }

  async act(name, action, given) {
    const control = this.rows.get(name)?.control;
    control?.setAttribute("aria-busy", "true");
    try {
      await this.app.api.post(action, given);
    } catch (error) {
      this.say(this.texts.failed(error.message));
    } finally {
      control?.removeAttribute("aria-busy");
    }
  }
}
