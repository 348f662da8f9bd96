"""The plan card in full: what a message has no room for is one tap away (R-UX-1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiogram.utils.formatting import sizeof

from bot.texts import Texts
from bot.views.card import MOST_COMMITS, card, whole
from bot.views.screen import LIMIT, Screen
from services.changes import Changes
from services.estimates import Estimate
from services.models import Commit, Kind, Operation, Returning, State
from tests.unit.bot.stage import ENGLISH, NOW, RUSSIAN, finding, operation, plan, release

BOTH = pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN], ids=["en", "ru"])
ESTIMATE = Estimate(
    runs=5, seconds=227, longest=(("build", 143.0), ("backup", 41.0)), disk=84_000_000, free=2**35
)


def with_commits(count: int, **changes: Any) -> Operation:
    pack = plan().pack
    assert pack is not None
    commits = tuple(Commit(id=f"{n:07d}abc", author="Ann", subject=f"change {n}") for n in range(count))
    return operation(plan=plan(pack=pack.model_copy(update={"commits": commits}), **changes))


def buttons(screen: Screen) -> list[str | None]:
    rows = screen.keyboard.inline_keyboard if screen.keyboard else []
    return [button.callback_data for row in rows for button in row]


def test_a_card_that_has_room_for_everything_has_no_details_button() -> None:
    """R-UX-1: a button is there when it has something to give."""
    wanted = with_commits(MOST_COMMITS)
    assert not any(str(data).startswith("i:") for data in buttons(card(wanted, ENGLISH)))


@BOTH
def test_commits_that_are_only_counted_are_in_the_document(texts: Texts) -> None:
    """R-UX-1."""
    wanted = with_commits(MOST_COMMITS + 3)
    shown = card(wanted, texts)
    assert f"i:{wanted.id}" in buttons(shown)
    assert buttons(shown)[0] == f"g:y:{wanted.nonce}"
    assert "change 9" not in shown.text
    assert "change 9" in whole(wanted, texts)


def test_commits_that_a_rollback_only_counts_are_in_the_document_too() -> None:
    """R-UX-1."""
    gone = tuple(Commit(id=f"{n:07d}abc", author="Ann", subject=f"change {n}") for n in range(9))
    returning = Returning(release=release(), image_names={}, gone=gone)
    wanted = operation(kind=Kind.ROLLBACK, plan=plan(kind=Kind.ROLLBACK, pack=None, returning=returning))
    shown = card(wanted, ENGLISH)
    assert "change 8" not in shown.text
    assert "change 8" in whole(wanted, ENGLISH)
    assert buttons(shown)[-1] == f"i:{wanted.id}"


def test_findings_that_a_message_cuts_are_in_the_document() -> None:
    """R-UX-1."""
    found = tuple(finding("env-unreadable", file="/x" * 200, lines=f"line{n}") for n in range(40))
    wanted = operation(plan=plan(findings=found))
    shown = card(wanted, ENGLISH)
    missing = [n for n in range(40) if f"line{n} " not in shown.text]
    text = whole(wanted, ENGLISH)
    assert missing
    assert sizeof(shown.text) <= LIMIT
    assert all(f"line{n} " in text for n in range(40))
    assert ENGLISH("cut-note") not in text
    assert f"i:{wanted.id}" in buttons(shown)


def test_a_blocked_plan_that_is_cut_has_details_and_still_no_confirm() -> None:
    """R-UX-1, R-DB-2."""
    found = tuple(finding("env-unreadable", "blocker", file="/x" * 200, lines=str(n)) for n in range(40))
    wanted = operation(plan=plan(findings=found))
    assert buttons(card(wanted, ENGLISH)) == [f"i:{wanted.id}"]


@pytest.mark.parametrize("state", [State.QUEUED, State.DISMISSED, State.EXPIRED])
def test_a_decided_card_has_no_details_button_left(state: State) -> None:
    """R-UX-1: its message no longer changes, and /ops has the operation."""
    decided = with_commits(30).model_copy(update={"state": state, "confirmed_by": operation().by})
    assert buttons(card(decided, ENGLISH)) == []


@BOTH
def test_the_estimate_is_one_line_on_the_card_and_its_parts_stand_in_the_details(texts: Texts) -> None:
    """R-UX-1: rounded, because the second would be a lie."""
    lines = card(operation(plan=plan(estimate=ESTIMATE)), texts).text.splitlines()
    (time,) = [line for line in lines if line.startswith("⏱")]
    assert texts.duration(230) in time
    assert "5" in time
    steps = lines.index(texts("card-steps"))
    (longest,) = [line for line in lines if texts.duration(140) in line]
    (disk,) = [line for line in lines if texts.size(84_000_000) in line]
    assert texts.step("build") in longest
    assert texts.size(2**35) in disk
    assert steps < lines.index(longest) < lines.index(disk)


@BOTH
def test_without_an_earlier_deploy_the_card_claims_no_time(texts: Texts) -> None:
    """R-UX-1."""
    text = card(operation(plan=plan(estimate=Estimate(disk=1, free=2))), texts).text
    assert "⏱" not in text


@BOTH
def test_what_changes_comes_first_then_what_was_found_then_the_promise_and_the_details_last(
    texts: Texts,
) -> None:
    """R-UX-1: a person reads from the top, and may stop early."""
    wanted = with_commits(
        2,
        current=release(env={"A": "1"}, at=NOW - timedelta(days=1)),
        changes=Changes(areas={"backend": 2}, env={"A": "2"}),
        estimate=ESTIMATE,
        findings=(finding("no-health"),),
    )
    text = card(wanted, texts, "home").text
    parts = (
        "change 1",
        "backend 2",
        "A",
        texts("finding-no-health"),
        texts("card-backup"),
        "⏱",
        texts("card-steps"),
    )
    places = [text.index(part) for part in parts if part != "A"]
    assert places == sorted(places)
