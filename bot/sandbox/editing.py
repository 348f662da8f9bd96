"""Methods that change or remove what is already in a chat, and the answer to a tap."""

from bot.sandbox.chats import Chat, Message
from bot.sandbox.errors import Json, bad_request
from bot.sandbox.markup import inline_keyboard
from bot.sandbox.rich import rich_message
from bot.sandbox.sending import Uploads
from bot.sandbox.state import State
from bot.sandbox.texts import check_link_preview, message_caption, message_text

MAX_ANSWER = 200
CALLBACK_LIFETIME = 150.0
"""Seconds that a tap waits for its answer."""
_DELETABLE = 48 * 3600
_MAX_DELETED_AT_ONCE = 100
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def edit_message_text(state: State, given: Json, _files: Uploads) -> Json:
    """Method editMessageText. Without `reply_markup` the keyboard goes away, as at Telegram."""
    if given.get("rich_message") is not None:
        content: Json = {"rich_message": rich_message(given["rich_message"])}
    else:
        content = message_text(given.get("text"), given.get("entities"), given.get("parse_mode")).fields()
        check_link_preview(given.get("link_preview_options"))
    message = _editable(state, given)
    if "document" in message.shown or "photo" in message.shown:
        raise bad_request("there is no text in the message to edit")
    return _replace(state, message, content, given)


def edit_message_caption(state: State, given: Json, _files: Uploads) -> Json:
    """Method editMessageCaption."""
    caption = message_caption(given.get("caption"), given.get("caption_entities"), given.get("parse_mode"))
    message = _editable(state, given)
    if "document" not in message.shown and "photo" not in message.shown:
        raise bad_request("there is no caption in the message to edit")
    return _replace(state, message, caption.fields("caption"), given)


def edit_message_reply_markup(state: State, given: Json, _files: Uploads) -> Json:
    """Method editMessageReplyMarkup."""
    message = _editable(state, given)
    content = {name: value for name, value in message.content().items() if name != "reply_markup"}
    return _replace(state, message, content, given)


def delete_message(state: State, given: Json, _files: Uploads) -> bool:
    """Method deleteMessage."""
    chat, message = _found(state, given, "message to delete")
    _check_deletable(state, chat, message)
    _delete(state, message)
    return True


def delete_messages(state: State, given: Json, _files: Uploads) -> bool:
    """Method deleteMessages; those that are gone are skipped."""
    ids = given.get("message_ids")
    if not isinstance(ids, list) or not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > _MAX_DELETED_AT_ONCE:
        raise bad_request("too many message identifiers specified")
    chat = state.reachable_chat(given.get("chat_id"))
    messages = [message for message_id in ids if (message := chat.message(message_id))]
    for message in messages:
        _check_deletable(state, chat, message)
    for message in messages:
        _delete(state, message)
    return True


def pin_chat_message(state: State, given: Json, _files: Uploads) -> bool:
    """Method pinChatMessage."""
    chat, message = _found(state, given, "message to pin")
    _check_may_pin(state, chat)
    chat.pinned = [*(pinned for pinned in chat.pinned if pinned != message.id), message.id]
    state.tell("pinned", message)
    return True


def unpin_chat_message(state: State, given: Json, _files: Uploads) -> bool:
    """Method unpinChatMessage; without a number the latest."""
    chat = state.reachable_chat(given.get("chat_id"))
    _check_may_pin(state, chat)
    wanted = given.get("message_id") or (chat.pinned[-1] if chat.pinned else None)
    if wanted not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(wanted)
    return True


def answer_callback_query(state: State, given: Json, _files: Uploads) -> bool:
    """Method answerCallbackQuery. Every answer is recorded; a tap older than its lifetime takes none."""
    query = state.callbacks.get(given.get("callback_query_id", ""))
    if query is None or state.now() - query.asked_at > CALLBACK_LIFETIME:
        raise bad_request(_TOO_OLD)
    if len(given.get("text", "")) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    if given.get("url"):
        raise bad_request("URL_INVALID")
    answer = {"text": given.get("text"), "show_alert": given.get("show_alert", False), "at": state.now()}
    query.answers.append(answer)
    state.feed.emit("callback_answer", callback_query_id=query.id, chat_id=query.chat_id, **answer)
    return True


def _found(state: State, given: Json, what: str) -> tuple[Chat, Message]:
    if given.get("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    chat = state.reachable_chat(given.get("chat_id"))
    message_id = given.get("message_id")
    if not message_id:
        raise bad_request("message identifier is not specified")
    if (message := chat.message(message_id)) is None:
        raise bad_request(f"{what} not found")
    return chat, message


def _editable(state: State, given: Json) -> Message:
    inline_keyboard(given.get("reply_markup"))
    chat, message = _found(state, given, "message to edit")
    if not message.by_bot or message.frozen:
        raise bad_request("message can't be edited")
    state.flood.count(chat.id)
    return message


def _replace(state: State, message: Message, content: Json, given: Json) -> Json:
    if markup := inline_keyboard(given.get("reply_markup")):
        content["reply_markup"] = markup
    if content == message.content():
        raise bad_request(_NOT_MODIFIED)
    message.replace_content(content, state.now())
    state.tell("edited", message, by_bot=True)
    return message.shown


def _check_deletable(state: State, chat: Chat, message: Message) -> None:
    if state.now() - message.shown["date"] > _DELETABLE:
        raise bad_request("message can't be deleted for everyone")
    is_admin = state.bot_status(chat) == "administrator"
    if chat.user is None and not message.by_bot and not is_admin:
        raise bad_request("message can't be deleted")


def _delete(state: State, message: Message) -> None:
    message.deleted = True
    state.tell("deleted", message)


def _check_may_pin(state: State, chat: Chat) -> None:
    if chat.user is None and state.bot_status(chat) != "administrator":
        raise bad_request("not enough rights to manage pinned messages in the chat")
