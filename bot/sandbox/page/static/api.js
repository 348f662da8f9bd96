// The scripting side of the sandbox: actions by POST, and everything that happens by server-sent events.

const FIRST_WAIT = 400;
const LONGEST_WAIT = 5000;

export class Refused extends Error {}

export class Gone extends Error {}

export const api = {
  // Any action; resolves to its result. Rejects with Refused (what was asked is impossible) or Gone.
  async post(action, given = {}) {
    let response;
    try {
      response = await fetch(`/sim/${action}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(given),
      });
    } catch (error) {
      throw new Gone(error.message);
    }
    const answer = await response.json().catch(() => ({ error: `HTTP ${response.status}` }));
    if (!response.ok) throw new Refused(lastLine(answer.error));
    return answer.result;
  },

  fileAddress(fileId) {
    return `/sim/file/${encodeURIComponent(fileId)}`;
  },
};

// An error inside the sandbox comes with its whole traceback; its last line says what it was.
function lastLine(text) {
  return String(text).trim().split("\n").pop();
}

// Follows the feed for ever. `begin` is called at every connection and resolves to the number to go on after.
export class Stream {
  constructor({ begin, happened, connected }) {
    this.begin = begin;
    this.happened = happened;
    this.connected = connected;
    this.wait = FIRST_WAIT;
  }

  async open() {
    try {
      this.follow(await this.begin());
    } catch (error) {
      if (!(error instanceof Gone)) console.error(error);
      this.again();
    }
  }

  follow(after) {
    const source = new EventSource(`/sim/events?after=${after}`);
    source.onopen = () => {
      this.wait = FIRST_WAIT;
      this.connected(true);
    };
    source.onmessage = (message) => this.happened(JSON.parse(message.data));
    source.onerror = () => {
      source.close(); // its own retry would not notice a sandbox that was started anew
      this.again();
    };
  }

  again() {
    this.connected(false);
    setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 1.6, LONGEST_WAIT);
  }
}
