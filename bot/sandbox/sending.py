"""Methods that put something new into a chat."""

import struct
from typing import Any

from bot.sandbox.chats import Chat, StoredFile, Upload
from bot.sandbox.errors import ApiError, Json, bad_request
from bot.sandbox.markup import sent_markup
from bot.sandbox.rich import rich_message
from bot.sandbox.state import State
from bot.sandbox.texts import check_link_preview, message_caption, message_text
from bot.sandbox.words import words

MAX_UPLOAD = 50_000_000
MAX_PHOTO = 10_000_000
ACTIONS = words(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker ",
    "find_location record_video_note upload_video_note",
)
REPLY_FIELDS = words(
    "message_id chat_id allow_sending_without_reply quote quote_parse_mode quote_entities quote_position ",
    "checklist_task_id poll_option_id ephemeral_message_id",
)
# What Telegram says about these when the bot has none of it; what it would do otherwise is not served.
_NOT_SERVED = {
    "business_connection_id": "business connection not found",
    "message_thread_id": "message thread not found",
    "message_effect_id": "EFFECT_ID_INVALID",
    "allow_paid_broadcast": "FLOODSKIP_NOT_ALLOWED",
    "direct_messages_topic_id": "direct messages topic not found",
    "suggested_post_parameters": "suggested posts are not served by the local Bot API",
    "ephemeral_message_parameters": "ephemeral messages are not served by the local Bot API",
    "receiver_user_id": "ephemeral messages are not served by the local Bot API",
    "callback_query_id": "ephemeral messages are not served by the local Bot API",
}
_IMAGE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
_PNG_SIZE = slice(16, 24)

Uploads = dict[str, Upload]


def send_message(state: State, given: Json, _files: Uploads) -> Json:
    """Method sendMessage."""
    text = message_text(given.get("text"), given.get("entities"), given.get("parse_mode"))
    check_link_preview(given.get("link_preview_options"))
    return _send(state, given, text.fields())


def send_rich_message(state: State, given: Json, _files: Uploads) -> Json:
    """Method sendRichMessage."""
    return _send(state, given, {"rich_message": rich_message(given.get("rich_message"))})


def send_document(state: State, given: Json, files: Uploads) -> Json:
    """Method sendDocument."""
    caption = message_caption(given.get("caption"), given.get("caption_entities"), given.get("parse_mode"))
    stored = _file(state, given.get("document"), files, "document")
    document = {"file_name": stored.name, "mime_type": stored.mime, **stored.shown()}
    return _send(state, given, {"document": document, **caption.fields("caption")})


def send_photo(state: State, given: Json, files: Uploads) -> Json:
    """Method sendPhoto."""
    caption = message_caption(given.get("caption"), given.get("caption_entities"), given.get("parse_mode"))
    stored = _file(state, given.get("photo"), files, "photo")
    _check_photo(stored)
    width, height = _image_size(stored.content)
    sizes = [{**stored.shown(), "width": width, "height": height}]
    return _send(state, given, {"photo": sizes, **caption.fields("caption")})


def send_chat_action(state: State, given: Json, _files: Uploads) -> bool:
    """Method sendChatAction."""
    if given.get("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = state.reachable_chat(given.get("chat_id"))
    state.feed.emit("action", chat_id=chat.id, action=given["action"])
    return True


def _send(state: State, given: Json, content: Json) -> Json:
    markup = sent_markup(given.get("reply_markup"))
    for name, answer in _NOT_SERVED.items():
        if given.get(name):
            raise bad_request(answer)
    chat = state.reachable_chat(given.get("chat_id"))
    reply = _reply(chat, given)
    state.flood.count(chat.id)
    shown = _author(state, chat) | reply | content
    shown |= {"reply_markup": markup} if markup else {}
    shown |= {"has_protected_content": True} if given.get("protect_content") else {}
    silent = bool(given.get("disable_notification"))
    return state.post(chat, shown, by_bot=True, silent=silent).shown


def _author(state: State, chat: Chat) -> Json:
    if chat.type == "channel":
        return {"sender_chat": chat.shown()}
    return {"from": state.bot.shown()}


def _reply(chat: Chat, given: Json) -> Json:
    parameters = _reply_parameters(given)
    if not parameters:
        return {}
    if parameters.get("chat_id") not in {None, chat.id, str(chat.id)}:
        raise bad_request("replies to other chats are not served by the local Bot API")
    message_id = parameters.get("message_id")
    if not isinstance(message_id, int):
        raise bad_request('can\'t find field "message_id"')
    if (target := chat.message(message_id)) is not None:
        without_nested = {name: value for name, value in target.shown.items() if name != "reply_to_message"}
        return {"reply_to_message": without_nested}
    if parameters.get("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")


def _reply_parameters(given: Json) -> Json:
    if "reply_parameters" not in given:
        old = {"message_id": given.get("reply_to_message_id")}
        allow = {"allow_sending_without_reply": given.get("allow_sending_without_reply")}
        return old | allow if old["message_id"] else {}
    parameters = given["reply_parameters"]
    if not isinstance(parameters, dict):
        raise bad_request("object expected as reply parameters")
    if extra := sorted(set(parameters) - REPLY_FIELDS):
        raise bad_request(f'unknown field "{extra[0]}" of ReplyParameters')
    return parameters


def _file(state: State, value: Any, files: Uploads, kind: str) -> StoredFile:
    if not isinstance(value, str):
        raise bad_request(f"there is no {kind} in the request")
    if not value.startswith("attach://"):
        return _known_file(state, value)
    upload = files.get(value.removeprefix("attach://"))
    if upload is None:
        raise bad_request(f"there is no {kind} in the request")
    if not upload.content:
        raise bad_request("file must be non-empty")
    if len(upload.content) > MAX_UPLOAD:
        raise ApiError(413, "Request Entity Too Large")
    return state.files.add(upload, f"{kind}s")


def _known_file(state: State, value: str) -> StoredFile:
    if value.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    if (stored := state.files.by_id(value)) is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return stored


def _check_photo(stored: StoredFile) -> None:
    size = len(stored.content)
    if size > MAX_PHOTO:
        raise bad_request(f'file "{stored.name}" of size {size} bytes is too big for a photo')
    if not stored.content.startswith(_IMAGE_MAGIC):
        raise bad_request("IMAGE_PROCESS_FAILED")


def _image_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG; of other images an assumed one."""
    if not content.startswith(_IMAGE_MAGIC[0]) or len(content) < _PNG_SIZE.stop:
        return 1280, 720
    width, height = struct.unpack(">II", content[_PNG_SIZE])
    return int(width), int(height)
