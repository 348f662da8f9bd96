// Everything the page knows of the sandbox: people, chats, messages, and what each person has read.

import { api } from "./api.js";

const GONE_STATUSES = new Set(["left", "kicked"]);
const READ = "opsgate.read.";

export class Store {
  constructor() {
    this.born = "";
    this.clear();
  }

  clear() {
    this.bot = null;
    this.people = [];
    this.chats = new Map(); // id -> chat as reported
    this.messages = new Map(); // chat id -> Map of message id -> message, oldest first
    this.updates = new Map(); // "chat:message" -> the update that the bot has to confirm
    this.confirmed = 0;
    this.read = {}; // "person:chat" -> the last message that this person has seen
  }

  // Reads all anew when the sandbox is another one than before; resolves to [its newest event, whether it is new].
  async begin() {
    const summary = await api.post("summary");
    const isNew = summary.born !== this.born;
    if (isNew) {
      this.clear();
      this.read = remembered(summary.born);
    }
    await this.takeSummary(summary);
    if (isNew) await Promise.all([...this.chats.keys()].map((id) => this.refresh(id)));
    this.born = summary.born;
    return [summary.seq, isNew];
  }

  async readAgain() {
    await this.takeSummary(await api.post("summary"));
  }

  async takeSummary(summary) {
    this.people = await api.post("users");
    this.bot = summary.bot;
    this.confirmed = Math.max(this.confirmed, summary.confirmed);
    this.chats = new Map(summary.chats.map((chat) => [chat.id, chat]));
  }

  // Reads what changed in a chat; resolves to the messages that were not known before.
  async refresh(chatId) {
    const known = this.messages.get(chatId) ?? new Map();
    this.messages.set(chatId, known);
    const since = Math.max(0, ...[...known.values()].map((message) => message.touched));
    const fresh = [];
    for (const message of await api.post("messages", { chat_id: chatId, since, looks: false })) {
      if (!known.has(message.message_id)) fresh.push(message);
      known.set(message.message_id, message);
    }
    return fresh;
  }

  person(id) {
    return this.people.find((person) => person.id === id);
  }

  message(chatId, messageId) {
    return this.messages.get(chatId)?.get(messageId);
  }

  // The messages of a chat that are still there, oldest first.
  shown(chatId) {
    return [...(this.messages.get(chatId)?.values() ?? [])].filter((message) => !message.deleted);
  }

  // A person's chats: the one with the bot, begun or not, and the groups, the newest first.
  chatsOf(personId) {
    const groups = [...this.chats.values()].filter((chat) => {
      const status = chat.members?.[personId];
      return chat.type !== "private" && status && !GONE_STATUSES.has(status) && chat.migrated_to === null;
    });
    const own = this.chats.get(personId) ?? { id: personId, type: "private", blocked: false, members: {} };
    return [own, ...groups].map((chat) => this.described(chat, personId));
  }

  described(chat, personId) {
    const isPrivate = chat.type === "private";
    const here = Object.entries(chat.members ?? {}).filter(([, status]) => !GONE_STATUSES.has(status));
    return {
      id: chat.id,
      type: chat.type,
      title: isPrivate ? (this.bot?.first_name ?? "") : chat.title,
      begun: this.chats.has(chat.id),
      blocked: Boolean(chat.blocked),
      members: here.length,
      last: this.shown(chat.id).at(-1) ?? null,
      unread: this.unread(personId, chat.id),
    };
  }

  unread(personId, chatId) {
    const seen = this.read[`${personId}:${chatId}`] ?? 0;
    return this.shown(chatId).filter((message) => message.message_id > seen && by(message, personId) !== "me").length;
  }

  unreadOf(personId) {
    return this.chatsOf(personId).reduce((sum, chat) => sum + chat.unread, 0);
  }

  lastRead(personId, chatId) {
    return this.read[`${personId}:${chatId}`] ?? 0;
  }

  markRead(personId, chatId) {
    const last = Math.max(0, ...(this.messages.get(chatId)?.keys() ?? []));
    if (this.lastRead(personId, chatId) >= last) return;
    this.read[`${personId}:${chatId}`] = last;
    localStorage.setItem(READ + this.born, JSON.stringify(this.read));
  }

  // Whether the bot has taken a message that was sent from this page; of others nothing else is known.
  received(message) {
    const update = this.updates.get(`${message.chat_id}:${message.message_id}`);
    return update === undefined || update === null || update <= this.confirmed;
  }
}

// Who wrote a message, as this person sees it.
export function by(message, personId) {
  if (message.by_bot) return "bot";
  return message.raw.from?.id === personId && !message.raw.sender_chat ? "me" : "other";
}

export function authorOf(message) {
  const { from, sender_chat: chat } = message.raw;
  return chat?.title ?? [from?.first_name, from?.last_name].filter(Boolean).join(" ");
}

// What was read belongs to one sandbox; what earlier ones left behind is dropped.
function remembered(born) {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(READ) && key !== READ + born) localStorage.removeItem(key);
  }
  try {
    return JSON.parse(localStorage.getItem(READ + born)) ?? {};
  } catch {
    return {};
  }
}
