// The tour: a list of stories, and the card of the one that is being played.

import { make, whenLanguageChanges } from "./make.js";
import { Play } from "./tour-play.js";
import { SCENES } from "./tour-scenes.js";
import { TOUR_TEXTS } from "./tour-texts.js";

export function mountTour(root, app) {
  return new Tour(root, app).start();
}

// Where the panel does not stand beside the chat, the card of a story stands above it.
const NO_ROOM_BESIDE = matchMedia("(max-width: 1119px)");

class Tour {
  constructor(root, app) {
    this.root = root;
    this.home = root.parentElement;
    this.app = app;
    this.seen = new Set();
    this.play = null;
  }

  get texts() {
    return TOUR_TEXTS[this.app.language()] ?? TOUR_TEXTS.en;
  }

  start() {
    this.root.classList.add("tour");
    this.root.dataset.testid = "tour";
    this.root.setAttribute("aria-labelledby", "tour-title");
    this.body = make("div");
    this.live = make("p", { class: "tour-live", role: "status" }); // stays, so that what is written into it is read out
    this.root.replaceChildren(this.body, this.live);
    whenLanguageChanges(() => this.draw());
    this.app.on("opened", () => this.play && this.draw());
    NO_ROOM_BESIDE.addEventListener("change", () => this.draw());
    this.draw();
    return this;
  }

  // --- what is played ---

  begin(scene) {
    this.play?.stop();
    this.play = new Play(this.app, scene, () => this.draw());
    this.draw();
    this.focusOn(".tour-card h2");
    this.play.run();
  }

  leave() {
    const name = this.play?.scene.name;
    this.play?.stop();
    this.play = null;
    if (NO_ROOM_BESIDE.matches) this.app.view("panel");
    this.draw();
    this.focusOn(`[data-testid="tour-${name}"]`);
  }

  focusOn(selector) {
    const found = this.body.querySelector(selector);
    found?.focus();
    return found !== null;
  }

  // --- drawing ---

  draw() {
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    if (this.play?.state === "done") this.seen.add(this.play.scene.name);
    this.settle();
    this.body.replaceChildren(...(this.play ? [this.card(this.play)] : this.menu()));
    if (focused) this.focusOn(`[data-testid="${focused.dataset.testid}"]`) || this.focusOn("h2");
    this.body.querySelector(".tour-now")?.scrollIntoView({ block: "nearest" });
    const said = this.play ? this.said(this.play) : "";
    if (this.live.textContent !== said) this.live.textContent = said;
  }

  // What is new, for those who hear the page.
  said(play) {
    const { steps, end } = this.texts.scenes[play.scene.name];
    if (play.failed) return this.texts.stuck;
    if (play.state === "preparing") return this.texts.preparing;
    return play.state === "done" ? `${this.texts.whatItDid}: ${end.join(" ")}` : steps[play.step.name];
  }

  settle() {
    const docked = this.play !== null && NO_ROOM_BESIDE.matches;
    this.root.classList.toggle("tour-docked", docked);
    if (docked && this.root.parentElement === this.home) document.querySelector("main").before(this.root);
    if (!docked && this.root.parentElement !== this.home) this.home.prepend(this.root);
  }

  menu() {
    const texts = this.texts;
    const stories = SCENES.map((scene) => make("li", {}, this.story(scene)));
    return [
      make("header", {}, make("h2", { id: "tour-title", text: texts.title }), make("p", { text: texts.intro })),
      make("ul", { class: "tour-menu" }, ...stories),
    ];
  }

  story(scene) {
    const { title, about } = this.texts.scenes[scene.name];
    const seen = this.seen.has(scene.name);
    return make(
      "button",
      {
        type: "button",
        class: "tour-story",
        "data-testid": `tour-${scene.name}`,
        "data-seen": seen,
        onclick: () => this.begin(scene),
      },
      make("span", { class: "tour-title", text: title }),
      make("span", { class: "tour-about", text: about }),
      seen ? make("span", { class: "tour-seen", text: `✓ ${this.texts.seenBefore}` }) : null,
    );
  }

  card(play) {
    const { title } = this.texts.scenes[play.scene.name];
    const close = make("button", {
      type: "button",
      class: "tour-leave",
      "data-testid": "tour-leave",
      "aria-label": this.texts.leave,
      title: this.texts.leave,
      text: "✕",
      onclick: () => this.leave(),
    });
    const head = make("header", {}, make("h2", { id: "tour-title", tabindex: "-1", text: title }), close);
    const body = play.state === "done" ? this.ending(play) : this.middle(play);
    return make("div", { class: "tour-card", "data-scene": play.scene.name, "data-state": play.state }, head, ...body);
  }

  // --- a story in the middle ---

  middle(play) {
    if (play.state === "preparing") return [this.failed(play), make("p", { class: "tour-told", text: this.texts.preparing })];
    const { steps } = play.scene;
    const reached = steps.slice(0, play.index + 1).map((step) => this.step(play, step));
    const who = this.texts.youAre(this.app.person()?.first_name ?? "");
    const count = make("p", { class: "tour-count", text: `${this.texts.step(play.index + 1, steps.length)} · ${who}` });
    return [count, make("ol", { class: "tour-steps" }, ...reached), this.foot(play)];
  }

  step(play, step) {
    const now = step === play.step;
    const text = this.texts.scenes[play.scene.name].steps[step.name];
    return make("li", { class: now ? "tour-now" : "tour-past", "aria-current": now ? "step" : null, text });
  }

  failed(play) {
    return play.failed ? make("p", { class: "tour-failed", "data-testid": "tour-failed", text: this.texts.stuck }) : null;
  }

  foot(play) {
    const { acting, failed, step } = play;
    const again = failed ? button("tour-again", "tour-again", this.texts.again, () => this.begin(play.scene)) : null;
    if (!step.act) return make("div", { class: "tour-foot" }, make("p", { class: "tour-told", text: this.texts.watching }), again);
    const next = button("tour-next", "tour-do", acting ? this.texts.doing : this.texts.doIt, () => play.act());
    next.dataset.step = step.name;
    if (acting) next.setAttribute("aria-disabled", "true"); // keeps the focus, as `disabled` would not
    return make("div", { class: "tour-foot" }, this.failed(play), next, again);
  }

  // --- the end ---

  ending(play) {
    const texts = this.texts;
    const following = SCENES[(SCENES.indexOf(play.scene) + 1) % SCENES.length];
    const lines = texts.scenes[play.scene.name].end.map((line) => make("li", { text: line }));
    const end = make("div", { class: "tour-end", "data-testid": "tour-done" }, make("h3", { text: texts.whatItDid }), make("ul", {}, ...lines));
    const next = texts.next(texts.scenes[following.name].title);
    const buttons = [
      button("tour-following", "tour-do", next, () => this.begin(following)),
      button("tour-all", "tour-again", texts.all, () => this.leave()),
    ];
    return [end, make("div", { class: "tour-foot" }, ...buttons)];
  }
}

function button(name, kind, text, onclick) {
  return make("button", { type: "button", class: kind, "data-testid": name, text, onclick });
}
