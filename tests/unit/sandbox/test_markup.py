from typing import Any

import pytest
from telegram.constants import InlineKeyboardButtonLimit, InlineKeyboardMarkupLimit, KeyboardButtonStyle

from bot.sandbox import markup
from bot.sandbox.errors import ApiError
from bot.sandbox.markup import inline_keyboard, sent_markup


def _keyboard(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Confirm", **button}]]}


@pytest.mark.parametrize(
    ("given", "description"),
    [
        (_keyboard(), "Text buttons are unallowed in the inline keyboard"),
        (_keyboard(callback_data=""), "Text buttons are unallowed in the inline keyboard"),
        (_keyboard(callback_data="x" * 65), "BUTTON_DATA_INVALID"),
        (_keyboard(callback_data="\N{CYRILLIC SMALL LETTER ZHE}" * 33), "BUTTON_DATA_INVALID"),
        (_keyboard(callback_data="a", url="https://a.example"), "exactly one action must be specified"),
        (_keyboard(callback_data="a", style="blue"), "invalid button style specified"),
        (_keyboard(callback_data="a", colour="red"), 'unknown field "colour"'),
        (_keyboard(copy_text={"text": "x" * 257}), "BUTTON_COPY_TEXT_INVALID"),
        (_keyboard(copy_text={"text": ""}), "BUTTON_COPY_TEXT_INVALID"),
        (_keyboard(disabled=True), "DisabledButton must be an empty Object"),
        (_keyboard(url="nowhere"), "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL"),
        (
            {"inline_keyboard": [[{"text": " ", "callback_data": "a"}]]},
            "inline keyboard button text must be non-empty",
        ),
        ({"inline_keyboard": [{"text": "x"}]}, "must be an Array of Arrays"),
        ({"inline_keyboard": [["x"]]}, "InlineKeyboardButton must be an Object"),
        ({"keyboard": [[{"text": "x"}]]}, "inline keyboard expected"),
    ],
)
def test_a_wrong_inline_keyboard_is_refused(given: dict[str, Any], description: str) -> None:
    with pytest.raises(ApiError) as refusal:
        inline_keyboard(given)
    assert refusal.value.code == 400
    assert description in refusal.value.description


@pytest.mark.parametrize(
    "button",
    [
        {"callback_data": "x" * 64, "style": "danger"},
        {"copy_text": {"text": "x" * 256}, "style": "primary"},
        {"disabled": {}},
        {"switch_inline_query": ""},
        {"url": "https://a.example/x"},
    ],
)
def test_a_right_button_is_shown_as_it_was_sent(button: dict[str, Any]) -> None:
    assert inline_keyboard(_keyboard(**button)) == _keyboard(**button)


def test_an_empty_keyboard_shows_nothing() -> None:
    assert inline_keyboard({"inline_keyboard": []}) is None
    assert inline_keyboard({"inline_keyboard": [[]]}) is None


def test_reply_keyboards_are_accepted_with_new_messages_and_shown_by_none() -> None:
    assert sent_markup({"keyboard": [[{"text": "Yes"}, "No"]], "resize_keyboard": True}) is None
    assert sent_markup({"remove_keyboard": True}) is None
    with pytest.raises(ApiError, match="keyboard button text must be non-empty"):
        sent_markup({"keyboard": [[{"text": ""}]]})


def test_limits_are_those_of_an_independent_client() -> None:
    assert markup.MAX_CALLBACK_DATA == InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
    assert markup.MAX_COPY_TEXT == InlineKeyboardButtonLimit.MAX_COPY_TEXT
    assert markup.MAX_BUTTONS == InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER
    assert markup.MAX_BUTTONS_IN_ROW == InlineKeyboardMarkupLimit.BUTTONS_PER_ROW
    assert frozenset({str(style.value) for style in KeyboardButtonStyle}) == markup.STYLES
