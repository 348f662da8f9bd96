// Taps and their answers: the button waits until the bot has answered, then the answer is shown.

import { alertDialog, copy, toast } from "./overlays.js";

const GIVE_UP_AFTER = 15000;
const MOST_EARLY = 50;

export class Answers {
  constructor(api, following) {
    this.api = api;
    this.waiting = new Map(); // query -> the button that waits
    this.early = new Map(); // answers that came before the tap's own numbers did
    following.on("callback_answer", (answer) => this.answered(answer));
  }

  // Copies, or tells the bot; resolves to the numbers of the tap, null when nothing was sent.
  async tap(userId, message, button, element) {
    if (button.copy_text) {
      await copy(button.copy_text.text);
      return null;
    }
    if (element?.getAttribute("aria-busy") === "true") return null;
    element?.setAttribute("aria-busy", "true");
    const given = { user_id: userId, chat_id: message.chat_id, message_id: message.message_id };
    try {
      const tapped = await this.api.post("tap", { ...given, data: button.callback_data });
      this.expect(tapped.callback_query_id, element);
      return tapped;
    } catch (error) {
      element?.removeAttribute("aria-busy");
      throw error;
    }
  }

  expect(query, element) {
    const done = () => {
      this.waiting.delete(query);
      element?.removeAttribute("aria-busy");
    };
    this.waiting.set(query, done);
    setTimeout(done, GIVE_UP_AFTER);
    const answer = this.early.get(query);
    if (answer) this.answered(answer);
  }

  // Only the one who tapped sees the answer, and at Telegram only once.
  answered(answer) {
    const query = answer.callback_query_id;
    const done = this.waiting.get(query);
    if (!done) {
      this.early.set(query, answer);
      if (this.early.size > MOST_EARLY) this.early.delete(this.early.keys().next().value);
      return;
    }
    this.early.delete(query);
    done();
    if (!answer.text) return;
    if (answer.show_alert) alertDialog(answer.text);
    else toast(answer.text);
  }
}
