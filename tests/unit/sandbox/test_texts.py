import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.errors import ApiError
from bot.sandbox.texts import message_caption, message_text, typed_text, utf16_length


def _bold(offset: int, length: int) -> dict[str, object]:
    return {"type": "bold", "offset": offset, "length": length}


@pytest.mark.parametrize(
    ("text", "entities", "description"),
    [
        (None, None, "message text is empty"),
        ("", None, "message text is empty"),
        (" \n ", None, "text must be non-empty"),
        ("x" * 4097, None, "message is too long"),
        ("\N{ROCKET}" * 2049, None, "message is too long"),
        ("x" * 40_000, None, "text is too long"),
        ("hello", [_bold(100, 1)], "entity begins after the end of the text at UTF-16 offset 100"),
        (
            "hello",
            [_bold(0, 100)],
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 100",
        ),
        ("hello", [_bold(-1, 1)], "receive an entity with incorrect offset -1"),
        ("\N{ROCKET}", [_bold(0, 1)], "ends in a middle of a UTF-16 symbol"),
        (
            "hello",
            [{"type": "shout", "offset": 0, "length": 1}],
            "can't parse MessageEntity: Unsupported type specified",
        ),
        ("hello", [{"type": "bold", "offset": 0}], "can't parse MessageEntity: Can't find field \"length\""),
        ("hello", [_bold(0, 1) | {"url": "x"}], 'unknown field "url" of type bold'),
        (
            "hello",
            [{"type": "text_link", "offset": 0, "length": 5, "url": "nowhere"}],
            "entity URL 'nowhere' is invalid: Wrong HTTP URL",
        ),
        (
            "now",
            [{"type": "date_time", "offset": 0, "length": 3, "unix_time": 5, "date_time_format": "x"}],
            "can't parse MessageEntity: Invalid date-time format specified",
        ),
    ],
)
def test_a_wrong_text_is_refused_in_telegrams_words(text: str, entities: object, description: str) -> None:
    with pytest.raises(ApiError) as refusal:
        message_text(text, entities, None)
    assert refusal.value.code == 400
    assert refusal.value.description.startswith("Bad Request: ")
    assert description in refusal.value.description


def test_a_text_of_exactly_4096_utf16_units_is_accepted() -> None:
    assert utf16_length(message_text("\N{ROCKET}" * 2048, None, None).text) == 4096


def test_a_caption_may_be_empty_but_not_longer_than_1024() -> None:
    assert message_caption(None, None, None).text == ""
    assert message_caption("x" * 1024, None, None).text == "x" * 1024
    with pytest.raises(ApiError, match="message caption is too long"):
        message_caption("x" * 1025, None, None)


def test_a_parse_mode_is_read_in_any_case_and_an_unknown_or_older_one_is_refused() -> None:
    assert message_text("<b>x</b>", None, "hTmL").entities == (_bold(0, 1),)
    with pytest.raises(ApiError, match="unsupported parse_mode"):
        message_text("x", None, "BBCode")
    with pytest.raises(ApiError, match="the older Markdown is not served"):
        message_text("x", None, "Markdown")


def test_outer_white_space_goes_after_the_markup_is_read() -> None:
    formatted = message_text(" <b> x </b> ", None, "HTML")
    assert (formatted.text, formatted.entities) == ("x", (_bold(0, 1),))


def test_outer_white_space_and_carriage_returns_go_and_entities_move_along() -> None:
    formatted = message_text("  a\r\nbc  ", [_bold(5, 4)], None)
    assert formatted.text == "a\nbc"
    assert formatted.entities == (_bold(2, 2),)


def test_commands_links_and_mentions_are_found_except_in_code() -> None:
    found = typed_text("/deploy@bot_name now, see https://a.example/x and @someone #tag").entities
    assert [entity["type"] for entity in found] == ["bot_command", "url", "mention", "hashtag"]
    code = message_text("/deploy", [{"type": "code", "offset": 0, "length": 7}], None)
    assert [entity["type"] for entity in code.entities] == ["code"]


@given(st.text(min_size=1, max_size=60), st.data())
def test_entities_always_stay_inside_the_text_that_is_shown(text: str, data: st.DataObject) -> None:
    if not text.strip(" \n\t\r") or any("\ud800" <= character <= "\udfff" for character in text):
        return
    cut = data.draw(st.integers(0, len(text)))
    first = utf16_length(text[:cut])
    length = utf16_length(text[cut : cut + data.draw(st.integers(0, len(text)))])
    try:
        formatted = message_text(text, [_bold(first, length)], None)
    except ApiError as refusal:
        assert "non-empty" in refusal.description  # noqa: PT017 only control characters were there
        return
    for entity in formatted.entities:
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= utf16_length(formatted.text)
