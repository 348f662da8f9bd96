"""Parse modes, where they are easy to get wrong; the plain cases are in the conformance suite."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.errors import ApiError
from bot.sandbox.formatting_html import parse_html
from bot.sandbox.formatting_markdown import parse_markdown
from bot.sandbox.texts import message_text

Parse = Any
RESERVED = "]()#+-=|{}.!"


def found(parsed: tuple[str, list[dict[str, Any]]]) -> tuple[str, list[tuple[str, int, int]]]:
    """The text, and of each entity type, offset and length."""
    text, entities = parsed
    return text, [(entity["type"], entity["offset"], entity["length"]) for entity in entities]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("&lt;b&gt; &#65;&#x42; &amp;amp; &nbsp; & &quot", '<b> AB &amp; &nbsp; & "', []),
        ("<B>a</b><i></i>", "a", [("bold", 0, 1)]),
        ("<b>a</>", "a", [("bold", 0, 1)]),
        ("<code><pre>a</pre></code>", "a", [("pre", 0, 1), ("code", 0, 1)]),
        ("<code class='language-sh'><pre>a</pre></code>", "a", [("pre", 0, 1)]),
        (
            "<blockquote>\N{ROCKET}<b>a</b></blockquote>",
            "\N{ROCKET}a",
            [("blockquote", 0, 3), ("bold", 2, 1)],
        ),
        ("<a href=nowhere>a</a> <a>opsgate.example</a>", "a opsgate.example", [("text_link", 2, 15)]),
        ('<tg-emoji emoji-id="5">\N{ROCKET}</tg-emoji>', "\N{ROCKET}", [("custom_emoji", 0, 2)]),
        ("<tg-time unix='0'>noon</tg-time>", "noon", []),
    ],
)
def test_html_is_read_as_telegram_reads_it(
    source: str, text: str, entities: list[tuple[str, int, int]]
) -> None:
    assert found(parse_html(source)) == (text, entities)


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("a\\*b\\\\ \\", "a*b\\ \\", []),
        ("_a __b___", "a b", [("italic", 0, 3), ("underline", 2, 1)]),
        ("`a*_\\``", "a*_`", [("code", 0, 4)]),
        ("```\na\n```", "a\n", [("pre", 0, 2)]),
        ("[a](nowhere) [b](opsgate.example/\\))", "a b", [("text_link", 2, 1)]),
        (">a\n>b\nc", "a\nb\nc", [("blockquote", 0, 4)]),
        (">a\n>\nb\n>c||", "a\n\nb\nc", [("blockquote", 0, 3), ("expandable_blockquote", 5, 1)]),
        ("![noon](tg://time?unix=5&format=r)", "noon", [("date_time", 0, 4)]),
    ],
)
def test_markdown_is_read_as_telegram_reads_it(
    source: str, text: str, entities: list[tuple[str, int, int]]
) -> None:
    assert found(parse_markdown(source)) == (text, entities)


@pytest.mark.parametrize(
    ("parse", "source", "reason"),
    [
        (parse_html, "<a href='x", "Unclosed start tag at byte offset 0"),
        (parse_html, "<a href", 'Unclosed start tag "a" at byte offset 0'),
        (parse_html, "<a =x>", 'Empty attribute name in the tag "a" at byte offset 0'),
        (parse_html, "<a href=x/y>", "Unexpected end of name token at byte offset 8"),
        (parse_html, "<b>a</b", "Unclosed end tag at byte offset 4"),
        (parse_html, "<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
        (parse_html, "<tg-time unix='5' format='x'>x</tg-time>", "Invalid date format used"),
        (parse_markdown, "a > b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        (parse_markdown, ">*a\nb*", "Can't find end of Bold entity at byte offset 1"),
        (parse_markdown, "![a]", "The entity must contain a tg://emoji or tg://time URL"),
        (parse_markdown, "![a](tg://emoji?id=x)", "Invalid tg://emoji or tg://time URL specified"),
    ],
)
def test_wrong_markup_is_refused_in_telegrams_words(parse: Parse, source: str, reason: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse(source)
    assert (refusal.value.code, refusal.value.description) == (
        400,
        f"Bad Request: can't parse entities: {reason}",
    )


@pytest.mark.parametrize("character", RESERVED)
def test_a_reserved_character_of_markdown_must_be_escaped(character: str) -> None:
    with pytest.raises(ApiError, match="is reserved and must be escaped"):
        parse_markdown(character)
    assert parse_markdown(f"\\{character}") == (character, [])


@given(st.text(alphabet="ab*_~`|>[]()!\\\n\N{ROCKET}<>/&; ='\"", max_size=30))
def test_any_markup_is_read_or_refused_and_entities_stay_inside_the_text(source: str) -> None:
    for mode in ("HTML", "MarkdownV2"):
        try:
            formatted = message_text(source, None, mode)
        except ApiError as refusal:
            assert refusal.code == 400  # noqa: PT017 anything else would be an error of the server
            continue
        end = len(formatted.text.encode("utf-16-le")) // 2
        for entity in formatted.entities:
            assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= end
