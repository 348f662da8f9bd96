// What the tour sees of the chats, and what it does in them: only what a person there could do.

const ANNA = 1001;
const BORIS = 1002;
export const STRANGER = 6666;
export const YES = "g:y:";

const HEARD = ["message", "edited", "deleted", "tap", "day", "callback_answer"];
const LOOK_EVERY = 400;
const BUILDING = /^▸ (Build|Сборка)/m;
const LINE_LOST = /connection lost|связь потеряна/;

// How a message of the bot is known, in any language: by what its buttons send back.
export const sends = (message, start) => message.buttons.some((button) => button.callback_data?.startsWith(start));
export const isCard = (message) => sends(message, YES);
export const isAsking = (message) => sends(message, "g:n:") && !isCard(message); // for a name to be typed
export const isProgress = (message) => sends(message, "x:");
export const isVerdict = (message) => sends(message, "l:") && sends(message, "o:");
export const isBuilding = (message) => BUILDING.test(message.text);
export const isLineLost = (message) => LINE_LOST.test(message.text);
export const endedWith = (mark) => (message) => isVerdict(message) && message.text.startsWith(mark);

export class Stopped extends Error {}

export class World {
  constructor(app) {
    this.app = app;
    // The story is told about the admin with whom the bot speaks the language of the page.
    [this.hero, this.other] = app.language() === "ru" ? [BORIS, ANNA] : [ANNA, BORIS];
    this.mark = 0;
    this.events = [];
    this.unsubscribe = HEARD.map((kind) => app.on(kind, (event) => this.events.push({ ...event, kind })));
    this.stopped = false;
  }

  // Nothing is looked at or done any more: every wait of this world ends with Stopped.
  stop() {
    this.stopped = true;
    this.unsubscribe.forEach((end) => end?.());
  }

  // Conditions look at what happens from now on.
  async remember() {
    const { seq, chats } = await this.ask("summary");
    this.mark = seq;
    this.events = [];
    this.group = chats.find((chat) => chat.type === "group" || chat.type === "supergroup")?.id;
  }

  ask(action, given = {}) {
    if (this.stopped) throw new Stopped();
    return this.app.api.post(action, given);
  }

  // --- seeing ---

  async messages(chat) {
    const known = (await this.ask("summary")).chats.some((one) => one.id === chat);
    const all = known ? await this.ask("messages", { chat_id: chat, looks: false }) : [];
    return all.filter((message) => !message.deleted);
  }

  // The bot's newest message that fits; it came or changed since `remember`.
  async newest(chat, fits) {
    const found = (await this.messages(chat)).filter((one) => one.by_bot && one.touched > this.mark && fits(one));
    return found.at(-1);
  }

  // Whether somebody's own message that begins so is in the chat.
  async wrote(user, chat, start) {
    return (await this.messages(chat)).some(
      (one) => !one.by_bot && one.touched > this.mark && one.raw.from?.id === user && one.text.startsWith(start),
    );
  }

  tapped(user, chat) {
    return this.events.some((event) => event.kind === "tap" && event.user_id === user && event.chat_id === chat);
  }

  began(...days) {
    return this.events.some((event) => event.kind === "day" && event.active && days.includes(event.name));
  }

  isOpen(user, chat) {
    const open = this.app.open();
    return open.user === user && open.chat === chat;
  }

  // --- waiting ---

  async pause(ms) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (this.stopped) throw new Stopped();
  }

  // Waits until `look` finds something, at most so many seconds; null when it did not come.
  async until(look, seconds = 3600) {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const found = await look();
      if (this.stopped) throw new Stopped();
      if (found) return found;
      if (performance.now() > deadline) return null;
      await this.pause(LOOK_EVERY);
    }
  }

  // --- doing ---

  async say(user, chat, text) {
    if (!this.isOpen(user, chat)) await this.app.openAs(user, chat);
    await this.app.say(text);
  }

  async tap(user, message, start) {
    if (!message) return;
    if (!this.isOpen(user, message.chat_id)) await this.app.openAs(user, message.chat_id);
    const button = message.buttons.find((one) => one.callback_data?.startsWith(start));
    if (button) await this.app.tap(message, button);
  }

  async tapNewest(user, chat, start) {
    await this.tap(user, await this.newest(chat, (message) => sends(message, start)), start);
  }

  begin(name, options = {}) {
    return this.ask("days/begin", { name, ...options });
  }

  // The card that waits for a tap; asks for one when there is none.
  async card(user, chat, command) {
    const waiting = await this.newest(chat, isCard);
    if (waiting) return waiting;
    await this.say(user, chat, command);
    return this.until(() => this.newest(chat, isCard), 60);
  }

  async confirm(user, chat, command = "/deploy") {
    await this.tap(user, await this.card(user, chat, command), YES);
  }
}
