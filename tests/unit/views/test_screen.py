"""What does not fit into one Telegram message is cut where it matters least, and says so."""

from __future__ import annotations

import pytest
from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text, sizeof
from hypothesis import given
from hypothesis import strategies as st

from bot.views.screen import LIMIT, Block, fit
from tests.unit.bot.stage import ENGLISH

NOTE = ENGLISH("cut-note")


def test_what_fits_is_left_alone() -> None:
    screen = fit([Block(Text("one")), None, Block(Bold("two"))], ENGLISH)
    assert screen.text == "one\n\ntwo"
    assert [(e.type, e.offset, e.length) for e in screen.entities] == [("bold", 5, 3)]


def test_the_least_important_part_is_cut_and_says_so() -> None:
    screen = fit([Block(Text("head " * 20)), Block(Text("x" * 5000), keep=1), Block(Text("foot"))], ENGLISH)
    assert sizeof(screen.text) <= LIMIT
    assert screen.text.startswith("head")
    assert screen.text.endswith("foot")
    assert NOTE in screen.text


def test_of_a_log_the_end_is_kept() -> None:
    log = "\n".join(f"line {number}" for number in range(1000))
    screen = fit([Block(Text("head")), Block(ExpandableBlockQuote(log), keep=1, cut_front=True)], ENGLISH)
    assert "line 999" in screen.text
    assert "line 0\n" not in screen.text
    assert NOTE in screen.text


def test_cutting_goes_on_with_the_next_part_when_one_is_not_enough() -> None:
    screen = fit(
        [Block(Text("a" * 3000), keep=2), Block(Text("b" * 3000), keep=1), Block(Text("c" * 3000), keep=3)],
        ENGLISH,
    )
    assert sizeof(screen.text) <= LIMIT
    assert screen.text.count("c") == 3000


def test_a_character_of_two_units_is_never_cut_in_half() -> None:
    for length in (80, 81, 82, 83):
        screen = fit([Block(Text("😀" * 100), keep=1)], ENGLISH, limit=length)
        screen.text.encode("utf-8")
        assert sizeof(screen.text) <= length


def test_equal_screens_have_equal_digests_and_others_have_not() -> None:
    one, same = fit([Block(Bold("x"))], ENGLISH), fit([Block(Bold("x"))], ENGLISH)
    assert one.digest == same.digest
    assert one.digest != fit([Block(Text("x"))], ENGLISH).digest


@given(
    parts=st.lists(
        st.tuples(st.text(max_size=400), st.integers(0, 9), st.booleans()), min_size=1, max_size=6
    ),
    limit=st.integers(120, 900),
)
def test_the_limit_holds_and_entities_stay_inside_the_text(
    parts: list[tuple[str, int, bool]], limit: int
) -> None:
    blocks = [Block(Bold(text), keep=keep, cut_front=front) for text, keep, front in parts]
    screen = fit(blocks, ENGLISH, limit=limit)
    assert sizeof(screen.text) <= limit
    for entity in screen.entities:
        assert entity.length > 0
        assert entity.offset + entity.length <= sizeof(screen.text)


@pytest.mark.parametrize("count", [99, 100, 101, 300])
def test_never_more_entities_than_telegram_takes(count: int) -> None:
    assert len(fit([Block(Text(*(Bold("x") for _ in range(count))))], ENGLISH).entities) <= 100
