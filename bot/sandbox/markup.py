"""Reply markup: the shape of keyboards, checked as strictly as the documentation words it."""

import re
from typing import Any

from bot.sandbox.errors import ApiError, Json, bad_request
from bot.sandbox.words import words

MAX_CALLBACK_DATA = 64
MAX_COPY_TEXT = 256
MAX_BUTTONS = 100
MAX_BUTTONS_IN_ROW = 8
STYLES = frozenset({"danger", "success", "primary"})
ACTIONS = words(
    "url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat ",
    "switch_inline_query_chosen_chat copy_text callback_game pay disabled",
)
_MAY_BE_EMPTY = frozenset(
    {"switch_inline_query", "switch_inline_query_current_chat", "disabled", "callback_game"}
)
LOOKS = frozenset({"text", "style", "icon_custom_emoji_id"})
REPLY_BUTTON = LOOKS | words(
    "request_users request_chat request_managed_bot request_contact request_location request_poll web_app"
)
REPLY_KEYBOARD = words(
    "keyboard is_persistent resize_keyboard one_time_keyboard input_field_placeholder selective force_reply"
)


def inline_keyboard(markup: Any) -> Json | None:
    """An inline keyboard in the shape a message shows it, or None when it has no buttons.

    Raises:
        ApiError: 400 when it is another kind of markup or one of its buttons is wrong.
    """
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    if extra := sorted(set(markup) - {"inline_keyboard"}):
        raise bad_request(f'unknown field "{extra[0]}" of InlineKeyboardMarkup')
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    checked = [[_button(button) for button in row] for row in rows if row]
    if sum(map(len, checked)) > MAX_BUTTONS or any(len(row) > MAX_BUTTONS_IN_ROW for row in checked):
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": checked} if checked else None


def sent_markup(markup: Any) -> Json | None:
    """The markup of a new message: an inline keyboard, or one of the reply keyboards, which no message shows.

    Raises:
        ApiError: 400 when its shape is wrong.
    """
    if not isinstance(markup, dict) or not markup or "inline_keyboard" in markup:
        return inline_keyboard(markup)
    if "keyboard" in markup:
        _check_reply_keyboard(markup)
    elif not (markup.get("remove_keyboard") is True or markup.get("force_reply") is True):
        raise bad_request("can't parse reply keyboard markup JSON object")
    elif extra := sorted(
        set(markup) - {"remove_keyboard", "force_reply", "selective", "input_field_placeholder"}
    ):
        raise bad_request(f'unknown field "{extra[0]}" of the reply markup')
    return None


def buttons(markup: Json | None) -> list[Json]:
    """All buttons of an inline keyboard, row by row."""
    return [button for row in (markup or {}).get("inline_keyboard", []) for button in row]


def _button(button: Any) -> Json:
    if not isinstance(button, dict):
        raise _unparsed("InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise _unparsed('Can\'t find field "text"')
    if not button["text"].strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if extra := sorted(set(button) - ACTIONS - LOOKS):
        raise _unparsed(f'unknown field "{extra[0]}"')
    _check_looks(button)
    actions = sorted(name for name in set(button) & ACTIONS if button[name] or name in _MAY_BE_EMPTY)
    if not actions:
        raise _unparsed("Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise _unparsed(f"exactly one action must be specified, got {' and '.join(actions)}")
    _check_action(actions[0], button[actions[0]])
    return dict(button)


def _check_looks(button: Json) -> None:
    if "style" in button and button["style"] not in STYLES:
        raise _unparsed("invalid button style specified")
    if "icon_custom_emoji_id" in button and not str(button["icon_custom_emoji_id"]).isdecimal():
        raise _unparsed('Field "icon_custom_emoji_id" must be a valid Number')


def _check_action(action: str, value: Any) -> None:
    if action == "callback_data" and not (
        isinstance(value, str) and len(value.encode()) <= MAX_CALLBACK_DATA
    ):
        raise bad_request("BUTTON_DATA_INVALID")
    if action == "copy_text":
        _check_copied(value)
    if action == "disabled" and value != {}:
        raise _unparsed("DisabledButton must be an empty Object")
    if action == "url" and not re.fullmatch(r"(https?|tg|ton)://\S+", str(value)):
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
    if action in {"web_app", "login_url"} and not (
        isinstance(value, dict) and str(value.get("url", "")).startswith("https://")
    ):
        raise bad_request(f"inline keyboard button {action} URL is invalid: Only HTTPS links are allowed")


def _check_copied(value: Any) -> None:
    text = value.get("text") if isinstance(value, dict) and set(value) == {"text"} else None
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_COPY_TEXT:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


def _check_reply_keyboard(markup: Json) -> None:
    if extra := sorted(set(markup) - REPLY_KEYBOARD):
        raise bad_request(f'unknown field "{extra[0]}" of ReplyKeyboardMarkup')
    rows = markup["keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "keyboard" must be an Array of Arrays')
    for button in (button for row in rows for button in row):
        text = button.get("text") if isinstance(button, dict) else button
        if not isinstance(text, str) or not text:
            raise bad_request("keyboard button text must be non-empty")
        if isinstance(button, dict) and (extra := sorted(set(button) - REPLY_BUTTON)):
            raise bad_request(f'can\'t parse keyboard button: unknown field "{extra[0]}"')


def _unparsed(reason: str) -> ApiError:
    return bad_request(f"can't parse inline keyboard button: {reason}")
