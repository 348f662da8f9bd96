"""The parameters of every method that is served, as of Bot API 10.3, and how their values are read.

Telegram ignores a parameter it does not know; here it is refused, because it is always a mistake.
"""

import json
from typing import Any

from bot.sandbox.errors import ApiError, Json, bad_request

_BUSINESS = "business_connection_id:str"
_SEND = (
    f"chat_id:chat {_BUSINESS} message_thread_id:int direct_messages_topic_id:int disable_notification:bool "
    "protect_content:bool allow_paid_broadcast:bool message_effect_id:str suggested_post_parameters:json "
    "reply_parameters:json reply_markup:json ephemeral_message_parameters:json "
)
_OLD_SEND = (
    "reply_to_message_id:int allow_sending_without_reply:bool receiver_user_id:int callback_query_id:str "
)
_OLD_TEXT = "disable_web_page_preview:bool "
_CAPTION = "caption:str parse_mode:str caption_entities:json "
_EDIT = f"{_BUSINESS} chat_id:chat message_id:int inline_message_id:str reply_markup:json "
_TEXT = "text:str parse_mode:str entities:json link_preview_options:json "
_COMMANDS = "scope:json language_code:str"

_SPECS = {
    "getMe": "",
    "getUpdates": "offset:int limit:int timeout:int allowed_updates:json",
    "setWebhook": "url:str certificate:file ip_address:str max_connections:int allowed_updates:json "
    "drop_pending_updates:bool secret_token:str",
    "deleteWebhook": "drop_pending_updates:bool",
    "getWebhookInfo": "",
    "logOut": "",
    "close": "",
    "sendMessage": _SEND + _OLD_SEND + _TEXT + _OLD_TEXT,
    "sendRichMessage": _SEND + "rich_message:json",
    "sendDocument": _SEND
    + _OLD_SEND
    + _CAPTION
    + "document:file thumbnail:file disable_content_type_detection:bool",
    "sendPhoto": _SEND + _OLD_SEND + _CAPTION + "photo:file show_caption_above_media:bool has_spoiler:bool",
    "sendChatAction": f"chat_id:chat action:str {_BUSINESS} message_thread_id:int",
    "editMessageText": _EDIT + _TEXT + _OLD_TEXT + "rich_message:json",
    "editMessageCaption": _EDIT + _CAPTION + "show_caption_above_media:bool",
    "editMessageReplyMarkup": _EDIT,
    "deleteMessage": "chat_id:chat message_id:int",
    "deleteMessages": "chat_id:chat message_ids:json",
    "pinChatMessage": f"chat_id:chat message_id:int {_BUSINESS} disable_notification:bool",
    "unpinChatMessage": f"chat_id:chat message_id:int {_BUSINESS}",
    "answerCallbackQuery": "callback_query_id:str text:str show_alert:bool url:str cache_time:int",
    "setMyCommands": f"commands:json {_COMMANDS}",
    "getMyCommands": _COMMANDS,
    "deleteMyCommands": _COMMANDS,
    "setMyName": "name:str language_code:str",
    "getMyName": "language_code:str",
    "setMyDescription": "description:str language_code:str",
    "getMyDescription": "language_code:str",
    "setMyShortDescription": "short_description:str language_code:str",
    "getMyShortDescription": "language_code:str",
    "setChatMenuButton": "chat_id:int menu_button:json",
    "getChatMenuButton": "chat_id:int",
    "getChat": "chat_id:chat",
    "getChatMember": "chat_id:chat user_id:int",
    "getChatAdministrators": "chat_id:chat return_bots:bool",
    "leaveChat": "chat_id:chat",
    "getFile": "file_id:str",
}
METHODS: dict[str, dict[str, str]] = {
    name: dict(item.split(":") for item in spec.split()) for name, spec in _SPECS.items()
}
"""Method name to parameter name to kind: `int`, `bool`, `str`, `chat`, `json` or `file`."""
REPLACED = frozenset(item.split(":")[0] for item in (_OLD_SEND + _OLD_TEXT).split())
"""Parameters of `send...` and `edit...` that Bot API 10.3 no longer describes; Telegram still takes them."""

_BY_LOWER_NAME = {name.lower(): name for name in METHODS}
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def method_named(name: str) -> str:
    """The method's own spelling; names are case-insensitive.

    Raises:
        ApiError: 404, as Telegram answers for a method that does not exist.
    """
    if (found := _BY_LOWER_NAME.get(name.lower())) is None:
        raise ApiError(404, "Not Found")
    return found


def read_parameters(method: str, given: Json) -> Json:
    """Values by name, each as its kind; empty and null values count as absent.

    Raises:
        ApiError: 400 for an unknown parameter or a value that is not of its kind.
    """
    known = METHODS[method]
    if unknown := sorted(set(given) - set(known)):
        raise bad_request(f'unknown parameter "{unknown[0]}" of {method}')
    present = {name: value for name, value in given.items() if value is not None and value != ""}
    return {name: _value(name, known[name], value) for name, value in present.items()}


def _value(name: str, kind: str, value: Any) -> Any:
    if kind == "int":
        return _integer(name, value)
    if kind == "bool":
        return _boolean(name, value)
    if kind == "json":
        return _decoded(name, value)
    if kind == "chat":
        return _chat(value)
    return value if kind == "file" else _string(name, value)


def _integer(name: str, value: Any) -> int:
    try:
        if isinstance(value, bool | float):
            raise TypeError
        return int(value)
    except (TypeError, ValueError):
        raise bad_request(f'parameter "{name}" must be of type Integer') from None


def _boolean(name: str, value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise bad_request(f'parameter "{name}" must be of type Boolean')
    return word in _TRUE


def _decoded(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad_request(f"can't parse {name} JSON object") from None


def _string(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise bad_request(f'parameter "{name}" must be of type String')


def _chat(value: Any) -> int | str:
    text = str(value).strip()
    try:
        return int(text)
    except ValueError:
        return text
