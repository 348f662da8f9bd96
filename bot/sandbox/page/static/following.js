// Takes what the feed tells, brings the store up to date, then tells those who listen, in the feed's order.

import { Gone } from "./api.js";

const ABOUT_MESSAGES = new Set(["message", "edited", "deleted", "pinned"]);
const ABOUT_CHATS = new Set(["chat", "person"]);
const AGAIN_AFTER = 500;

export class Following {
  // `settled(fresh)` is called after each change with the messages that were not known before.
  constructor(store, settled) {
    this.store = store;
    this.settled = settled;
    this.listeners = new Map();
    this.waiting = [];
    this.working = false;
    this.last = 0;
  }

  on(kind, listener) {
    const found = this.listeners.get(kind) ?? new Set();
    this.listeners.set(kind, found.add(listener));
    return () => found.delete(listener);
  }

  tell(kind, event) {
    for (const listener of [...(this.listeners.get(kind) ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        console.error(error); // one listener's trouble is not the others'
      }
    }
  }

  // At every connection: where to go on. What was not worked off yet will be told again.
  async begin() {
    const [seq, isNew] = await this.store.begin();
    this.waiting = [];
    if (isNew) {
      this.last = seq;
      this.settled([], true);
    }
    return this.last;
  }

  happened(event) {
    this.waiting.push(event);
    if (!this.working) this.work();
  }

  async work() {
    this.working = true;
    while (this.waiting.length > 0) {
      const events = this.waiting;
      this.waiting = [];
      try {
        await this.take(events);
      } catch (error) {
        if (!(error instanceof Gone)) console.error(error);
        else {
          this.waiting = [...events, ...this.waiting];
          await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
        }
      }
    }
    this.working = false;
  }

  async take(told) {
    const { store } = this;
    const events = told.filter((event) => event.seq > this.last); // a new connection may tell some again
    const chats = new Set(events.filter((event) => ABOUT_MESSAGES.has(event.kind)).map((event) => event.chat_id));
    if (events.some((event) => ABOUT_CHATS.has(event.kind)) || [...chats].some((id) => !store.chats.has(id))) await store.readAgain();
    const fresh = (await Promise.all([...chats].map((id) => store.refresh(id)))).flat();
    for (const event of events) {
      this.last = Math.max(this.last, event.seq);
      if (event.kind === "poll") store.confirmed = Math.max(store.confirmed, event.confirmed);
    }
    if (events.some((event) => event.kind !== "call")) this.settled(fresh, false);
    for (const event of events) {
      const message = ABOUT_MESSAGES.has(event.kind) ? store.message(event.chat_id, event.message_id) : undefined;
      this.tell(event.kind, message ? { ...event, message } : event);
    }
  }
}
