"""The names inside the objects that the local Bot API reads, against the independent schema."""

import pytest

from bot.sandbox import lookups, markup, rich, sending, settings, texts, updates
from tests.conformance.schema import Schema, bot_api_schema

MEDIA_BLOCKS = {
    "collage",
    "slideshow",
    "map",
    "animation",
    "audio",
    "document",
    "photo",
    "video",
    "voice_note",
}
"""Refused as not served: Opsgate sends files as messages of their own. So is `thinking`, a draft's block."""


@pytest.fixture
def schema() -> Schema:
    return bot_api_schema()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("TelegramInlineKeyboardButton", markup.ACTIONS | markup.LOOKS),
        ("TelegramKeyboardButton", markup.REPLY_BUTTON),
        ("TelegramReplyKeyboardMarkup", markup.REPLY_KEYBOARD),
        ("TelegramReplyParameters", sending.REPLY_FIELDS),
        ("TelegramLinkPreviewOptions", texts.LINK_PREVIEW_FIELDS),
        ("TelegramMessageEntity", {"type", "offset", "length"}.union(*texts.FIELDS.values())),
        ("TelegramBotCommand", settings.COMMAND_FIELDS),
        ("TelegramUpdate", updates.KINDS | {"update_id"}),
        ("TelegramInputRichMessage", rich.MESSAGE_FIELDS | {"media"}),  # refused as not served
        ("TelegramInputRichBlockListItem", rich.ITEM_FIELDS),
        ("TelegramRichBlockTableCell", rich.CELL_FIELDS),
        ("TelegramRichMessageButton", rich.BUTTON_FIELDS),
    ],
)
def test_an_object_has_the_fields_of_the_schema_and_no_other(
    schema: Schema, name: str, read: set[str]
) -> None:
    assert set(schema.fields(name)) == set(read)


def test_a_button_has_the_styles_of_the_schema(schema: Schema) -> None:
    assert schema.choices("TelegramInlineKeyboardButtonStyle") == markup.STYLES


def test_an_entity_has_the_types_of_the_schema(schema: Schema) -> None:
    bank_card = {"bank_card_number"}  # documented by Telegram, left out by the package
    assert schema.choices("TelegramMessageEntityType") | bank_card == texts.STYLES | texts.DETECTED


def test_the_bot_can_be_seen_doing_what_the_schema_lists(schema: Schema) -> None:
    assert schema.choices("SendChatActionAction") == sending.ACTIONS


def test_the_rights_of_an_administrator_are_those_the_schema_requires(schema: Schema) -> None:
    shown = lookups.member_shown("administrator", {"id": 1, "is_bot": False, "first_name": "Ann"})
    assert schema.problems_of("TelegramChatMemberAdministrator", shown) == []


def test_the_blocks_of_a_rich_message_have_the_fields_of_the_schema(schema: Schema) -> None:
    described = schema.alternatives("TelegramInputRichBlock")
    assert set(described) == set(rich.BLOCKS) | MEDIA_BLOCKS | {"thinking"}
    for kind, spec in rich.BLOCKS.items():
        wanted = {name + "!" * field["required"] for name, field in described[kind].items()}
        assert set(spec.split()) | {"type!"} == wanted, kind
