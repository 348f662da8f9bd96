// The scripting side of the local Bot API: people who write and tap, and trouble on demand.

export class Sim {
  constructor(control) {
    this.control = control;
  }

  async ask(action, given = {}) {
    const response = await fetch(`${this.control}/sim/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(given),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${action}: ${answer.error}`);
    return answer.result;
  }

  say(userId, text, given = {}) {
    return this.ask("say", { user_id: userId, text, ...given });
  }

  group(title, members, given = {}) {
    return this.ask("groups", { title, members, ...given });
  }

  // The newest message of the bot that has these words, as people see it.
  async shown(chatId, text) {
    const found = await this.ask("wait", { chat_id: chatId, text, timeout: 3 });
    if (found.message === null) throw new Error(`chat ${chatId} shows no message with ${JSON.stringify(text)}`);
    return found.message;
  }

  tap(userId, message, button, given = {}) {
    const { chat_id, message_id } = message;
    return this.ask("tap", { user_id: userId, chat_id, message_id, button, ...given });
  }

  trouble(kind, given = {}) {
    return this.ask("faults/add", { kind, ...given });
  }

  // Until `done` is true of what `look` finds.
  async until(look, done) {
    for (let tries = 0; tries < 150; tries += 1) {
      const found = await look();
      if (done(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("what was waited for did not happen within three seconds");
  }

  // Until the bot's call of `method` waits for its answer.
  underWay(method, since) {
    return this.until(
      () => this.ask("calls", { methods: [method], since }),
      (calls) => calls.some((call) => call.status === 0),
    );
  }
}
