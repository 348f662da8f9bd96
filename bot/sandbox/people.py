"""What people do: write, tap, block, invite. The scripting side and the chat page act through here."""

from typing import Any

from bot.sandbox.chats import ANONYMOUS_ADMIN, CallbackQuery, Chat, Message, Upload, User
from bot.sandbox.errors import Json
from bot.sandbox.lookups import member_shown
from bot.sandbox.markup import buttons
from bot.sandbox.state import State
from bot.sandbox.texts import typed_text

_ANONYMOUS = {
    "id": ANONYMOUS_ADMIN,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
_ON_BEHALF_OF_CHANNEL = {
    "id": 136817688,
    "is_bot": True,
    "first_name": "Channel",
    "username": "Channel_Bot",
}


class ScriptError(Exception):
    """The script asked for something that a person could not do; the text says what."""


def user_of(state: State, user_id: int) -> User:
    """A user that was created before."""
    if (user := state.users.get(user_id)) is None:
        raise ScriptError(f"user {user_id} was not created")
    return user


def chat_of(state: State, chat_id: int) -> Chat:
    """A chat that exists."""
    if (chat := state.chats.get(chat_id)) is None:
        raise ScriptError(f"there is no chat {chat_id} (a private chat begins with a press of Start)")
    return chat


def press_start(state: State, user_id: int, payload: str = "") -> Json:
    """Opens the private chat, or unblocks the bot, and sends `/start`."""
    user = user_of(state, user_id)
    chat = state.chats.get(user_id)
    if chat is None:
        state.chats[user_id] = Chat(user_id, "private", user=user)
    elif chat.blocked:
        set_blocked(state, user_id, blocked=False)
    return say(state, user_id, f"/start {payload}".strip())


def set_blocked(state: State, user_id: int, *, blocked: bool) -> int | None:
    """Blocks or unblocks the bot in a private chat; the id of the `my_chat_member` update."""
    chat = chat_of(state, user_id)
    chat.blocked = blocked
    state.feed.emit("chat", chat_id=chat.id)
    old, new = ("member", "kicked") if blocked else ("kicked", "member")
    return _my_status(state, chat, user_of(state, user_id), old, new)


def create_group(state: State, kind: str, title: str, members: dict[int, str], bot_status: str) -> Chat:
    """A group, supergroup or channel, into which its first member invites the bot."""
    chat = Chat(state.new_group_id(kind), kind, title=title, members=dict(members))
    state.chats[chat.id] = chat
    set_bot_status(state, chat, bot_status, by=next(iter(members)))
    return chat


def set_bot_status(state: State, chat: Chat, status: str, by: int) -> int | None:
    """Makes the bot member, administrator, left or kicked; the id of the update."""
    old = state.bot_status(chat)
    chat.members[state.bot.id] = status
    state.feed.emit("chat", chat_id=chat.id)
    return _my_status(state, chat, user_of(state, by), old, status)


def say(state: State, user_id: int, text: str, chat_id: int | None = None, **options: Any) -> Json:
    """A person sends a message; see `Sim.say` for the options. Returns its numbers.

    The bot gets it only if Telegram would deliver it: in groups a bot sees commands, mentions and replies.
    """
    chat = chat_of(state, user_id if chat_id is None else chat_id)
    shown = _written(state, user_id, chat, text, options)
    message = state.post(chat, shown, by_bot=False)
    message.shown["date"] = int(options.get("date") or message.shown["date"])
    kind = "channel_post" if chat.type == "channel" else "message"
    update_id = state.updates.put(kind, dict(message.shown)) if _heard(state, chat, message) else None
    return {"update_id": update_id, "message_id": message.id, "chat_id": chat.id}


def edit(state: State, user_id: int, chat_id: int, message_id: int, text: str) -> Json:
    """A person edits a message of their own."""
    message = message_of(state, chat_id, message_id)
    if message.by_bot:
        raise ScriptError("people edit their own messages only")
    message.replace_content(typed_text(text).fields(), state.now())
    state.tell("edited", message, by_bot=False, user_id=user_id)
    kind = "edited_channel_post" if message.chat.type == "channel" else "edited_message"
    update_id = state.updates.put(kind, dict(message.shown))
    return {"update_id": update_id, "message_id": message_id, "chat_id": chat_id}


def tap(state: State, user_id: int, chat_id: int, message_id: int, **options: Any) -> Json:
    """A person taps a button; see `Sim.tap` for the options. Returns the query's id and the update's."""
    user = user_of(state, user_id)
    data = options.get("data")
    if data is None or not options.get("forged"):
        data = _tapped(state, chat_id, message_id, data, options)
    asked_at = state.now() - float(options.get("age", 0.0))
    query = CallbackQuery(state.new_callback_id(), user_id, asked_at, data, chat_id, message_id)
    state.callbacks[query.id] = query
    shown = {
        "id": query.id,
        "from": user.shown(),
        "message": _tapped_message(state, chat_id, message_id, options),
        "chat_instance": str(abs(chat_id) * 7919),
        "data": data,
    }
    state.feed.emit("tap", chat_id=chat_id, message_id=message_id, user_id=user_id)
    return {"update_id": state.updates.put("callback_query", shown), "callback_query_id": query.id}


def migrate(state: State, group_id: int) -> Chat:
    """The group becomes a supergroup with a new id; the old one refuses everything."""
    group = chat_of(state, group_id)
    if group.type != "group" or group.migrated_to is not None:
        raise ScriptError("only a group can become a supergroup, once")
    chat = Chat(state.new_group_id("supergroup"), "supergroup", group.title, members=dict(group.members))
    state.chats[chat.id] = chat
    group.migrated_to = chat.id
    for place, service in (
        (group, {"migrate_to_chat_id": chat.id}),
        (chat, {"migrate_from_chat_id": group.id}),
    ):
        sender = {"from": _ANONYMOUS, "sender_chat": place.shown()}
        message = state.post(place, sender | service, by_bot=False)
        state.updates.put("message", dict(message.shown))
    return chat


def message_of(state: State, chat_id: int, message_id: int) -> Message:
    """A message, even one that was deleted."""
    if (message := chat_of(state, chat_id).messages.get(message_id)) is None:
        raise ScriptError(f"there is no message {message_id} in chat {chat_id}")
    return message


def _my_status(state: State, chat: Chat, by: User, old: str, new: str) -> int | None:
    bot = state.bot.shown()
    changed = {
        "chat": chat.shown(),
        "from": by.shown(),
        "date": int(state.now()),
        "old_chat_member": member_shown(old, bot),
        "new_chat_member": member_shown(new, bot),
    }
    return state.updates.put("my_chat_member", changed)


def _written(state: State, user_id: int, chat: Chat, text: str, options: Json) -> Json:
    shown = _sender(state, user_id, chat, options) | _content(state, text, options)
    if (forwarded := options.get("forward_from")) is not None:
        shown["forward_origin"] = _origin(state, forwarded)
    if (via := options.get("via_bot")) is not None:
        shown["via_bot"] = {"id": 777_000_777, "is_bot": True, "first_name": via, "username": via}
    if (reply_to := options.get("reply_to")) is not None:
        target = message_of(state, chat.id, reply_to).shown
        shown["reply_to_message"] = {k: v for k, v in target.items() if k != "reply_to_message"}
    return shown | (options.get("extra") or {})


def _sender(state: State, user_id: int, chat: Chat, options: Json) -> Json:
    if chat.type == "channel":
        return {"sender_chat": chat.shown()}
    if options.get("anonymous"):
        return {"from": _ANONYMOUS, "sender_chat": chat.shown()}
    if (sender_chat := options.get("sender_chat")) is not None:
        return {"from": _ON_BEHALF_OF_CHANNEL, "sender_chat": chat_of(state, sender_chat).shown()}
    return {"from": user_of(state, user_id).shown()}


def _content(state: State, text: str, options: Json) -> Json:
    typed = typed_text(text)
    if options.get("photo"):
        stored = state.files.add(Upload("photo.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"), "photos")
        return {"photo": [stored.shown() | {"width": 90, "height": 90}], **typed.fields("caption")}
    if (document := options.get("document")) is not None:
        upload = Upload(document, str(options.get("content", "x")).encode(), "application/octet-stream")
        stored = state.files.add(upload, "documents")
        shown = {"file_name": stored.name, "mime_type": stored.mime, **stored.shown()}
        return {"document": shown, **typed.fields("caption")}
    return typed.fields()


def _origin(state: State, forwarded: int | str) -> Json:
    date = int(state.now()) - 60
    if isinstance(forwarded, str):
        return {"type": "hidden_user", "date": date, "sender_user_name": forwarded}
    return {"type": "user", "date": date, "sender_user": user_of(state, forwarded).shown()}


def _heard(state: State, chat: Chat, message: Message) -> bool:
    """Privacy mode: whether a bot in a group gets this message."""
    if chat.user is not None:
        return not chat.blocked
    status = state.bot_status(chat)
    if status != "member":
        return status == "administrator"
    words = str(message.shown.get("text") or message.shown.get("caption") or "")
    mention = f"@{state.bot.username}".lower()
    if words.startswith("/"):
        command = words.split(maxsplit=1)[0].lower()
        return "@" not in command or command.endswith(mention)
    replied = message.shown.get("reply_to_message", {}).get("from", {}).get("id")
    return mention in words.lower() or replied == state.bot.id


def _tapped(state: State, chat_id: int, message_id: int, data: str | None, options: Json) -> str:
    message = message_of(state, chat_id, message_id)
    looks = reversed(message.history) if options.get("stale") else [message.content()]
    wanted = options.get("button")
    for look in looks:
        for button in buttons(look.get("reply_markup")):
            same = (
                button.get("callback_data") == data
                if data is not None
                else button["text"].startswith(wanted or "")
            )
            if same:
                return _data_of(button)
    shown = [button["text"] for button in buttons(message.shown.get("reply_markup"))]
    raise ScriptError(f"message {message_id} has no button {wanted or data!r}; its buttons: {shown}")


def _data_of(button: Json) -> str:
    if "callback_data" not in button:
        raise ScriptError(f"button {button['text']!r} sends nothing when tapped: {button}")
    return str(button["callback_data"])


def _tapped_message(state: State, chat_id: int, message_id: int, options: Json) -> Json:
    chat = chat_of(state, chat_id)
    message = chat.messages.get(message_id)
    if options.get("inaccessible") or message is None or message.deleted:
        return {"chat": chat.shown(), "message_id": message_id, "date": 0}
    return dict(message.shown)
