"""What a rollback says before and after, in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiogram.utils.formatting import sizeof

from bot.texts import Texts
from bot.views import operations as operation_views
from bot.views.card import card
from bot.views.progress import progress
from bot.views.rollback import MOST_RELEASES, choose_release
from bot.views.screen import LIMIT
from bot.views.verdict import verdict
from services.models import Commit, Kind, Operation, Plan, Returning, State
from services.rollbacks.plans import ROLLBACK_STEPS
from tests.unit.bot.stage import ANNA, ENGLISH, NOW, RUSSIAN, backup, finding, operation, release
from tests.unit.views.test_views import BOTH, labels, step

NOW_SERVES = release(
    id="r9", label="a1b2c3d", since=NOW - timedelta(hours=5), until=None, services=("backend", "worker")
)
COMMITS = tuple(Commit(id=f"{n:07d}abc", author="Ann", subject=f"change {n}") for n in range(9))


def returning(about: dict[str, Any] | None = None, **changes: Any) -> Operation:
    values: dict[str, Any] = {
        "release": release(subject="Add a plan"),
        "image_names": {"backend": "fitness-backend"},
        "gone": COMMITS,
        "more_gone": 4,
        "files": {"changed": 3, "added": 1, "removed": 2},
        "backup": backup(),
    }
    found = (finding("rollback-image-gone", "blocker", services="backend", command="/deploy x"),)
    plan = Plan(
        kind=Kind.ROLLBACK,
        project="fitnessapp",
        steps=ROLLBACK_STEPS,
        risk="medium",
        current=NOW_SERVES,
        old_images={"backend": "sha256:2"},
        returning=Returning(**values | (about or {})),
        findings=found if changes.pop("blocked", False) else (),
    )
    return operation(kind=Kind.ROLLBACK, plan=plan, **changes)


@BOTH
def test_the_card_says_what_comes_back_what_goes_and_that_nothing_is_built(texts: Texts) -> None:
    """R-RB-2, R-UX-1."""
    shown = card(returning(), texts, "home")
    for part in ("9f8e7d6", "Add a plan", "a1b2c3d", "111111111111", "change 6", "home", "worker"):
        assert part in shown.text
    for said in (
        texts("rollback-gone", count=13),
        texts("card-more-commits", count=6),
        texts("rollback-files", changed=3, added=1, removed=2),
        texts("rollback-promise"),
        texts("rollback-migrations"),
        texts("rollback-matching-backup"),
        texts("card-backup"),
        texts("card-risk", risk="medium"),
        texts("ago", age=5 * 3600),
    ):
        assert said in shown.text
    assert labels(shown)[0] == texts("button-confirm", kind="rollback")


@BOTH
def test_what_is_not_known_is_not_made_up(texts: Texts) -> None:
    shown = card(returning({"gone": None, "more_gone": 0, "files": None, "backup": None}), texts)
    for name in ("rollback-commits-unknown", "rollback-files-unknown", "rollback-no-matching-backup"):
        assert texts(name) in shown.text


@BOTH
def test_going_forward_again_shows_what_comes_back(texts: Texts) -> None:
    shown = card(returning({"gone": (), "more_gone": 0, "come": COMMITS[:2]}), texts)
    assert texts("rollback-come", count=2) in shown.text
    assert texts("rollback-gone", count=0) not in shown.text


@BOTH
def test_a_missing_image_takes_the_button_away(texts: Texts) -> None:
    shown = card(returning(blocked=True), texts)
    assert labels(shown) == [texts("button-details")]  # of commits that the card only counts
    assert texts("finding-rollback-image-gone.mend", command="/deploy x") in shown.text


def test_hundreds_of_services_still_fit() -> None:
    many = release(images={f"service-{n}": f"sha256:{n:064d}" for n in range(300)})
    assert sizeof(card(returning({"release": many}), ENGLISH).text) <= LIMIT


@BOTH
def test_a_rollback_that_succeeded_offers_the_matching_backup(texts: Texts) -> None:
    ended = returning(state=State.SUCCEEDED, confirmed_by=ANNA, finished_at=NOW)
    shown = verdict(ended, [step("record", removed=2, bytes=2048, images=3)], texts, NOW)
    assert texts("meaning-returned", label="9f8e7d6") in shown.text
    assert texts("verdict-freed", removed=2, bytes=2048, images=3) in shown.text
    assert labels(shown) == [texts(f"button-{name}") for name in ("matching-backup", "details", "log")]
    without = verdict(returning({"backup": None}, state=State.SUCCEEDED, finished_at=NOW), [], texts, NOW)
    assert labels(without) == [texts("button-details"), texts("button-log")]


@BOTH
@pytest.mark.parametrize("state", [state for state in State if state.is_verdict])
def test_every_end_has_its_words(state: State, texts: Texts) -> None:
    ended = returning(state=state, confirmed_by=ANNA, finished_at=NOW)
    shown = verdict(ended, [], texts, NOW)
    assert "fitnessapp" in shown.text.splitlines()[0]
    if state is State.ROLLED_BACK:
        assert texts("meaning-old-serves", label="a1b2c3d") in shown.text
    assert "9f8e7d6" in operation_views.details(ended, [], texts, NOW, has_log=True).text
    assert progress(ended, [], texts, NOW).text


def test_only_images_freed_are_said_too() -> None:
    ended = returning(state=State.SUCCEEDED, finished_at=NOW)
    assert (
        "Freed: 1 image" in verdict(ended, [step("record", removed=0, bytes=0, images=1)], ENGLISH, NOW).text
    )
    assert "Freed" not in verdict(ended, [step("record", removed=0, bytes=0, images=0)], ENGLISH, NOW).text


# --- the list ------------------------------------------------------------------------------------


@BOTH
def test_the_list_says_what_when_by_whom_and_for_how_long_it_served(texts: Texts) -> None:
    shown = choose_release("fitnessapp", [release(subject="Add a plan")], texts, NOW)
    for part in (
        "9f8e7d6",
        "Add a plan",
        "Anna",
        texts("ago", age=86400),
        texts("rollback-served", time=3 * 3600),
    ):
        assert part in shown.text
    assert labels(shown) == [f"9f8e7d6 · {texts('ago', age=86400)} · Anna"]


def test_how_long_it_served_is_left_out_where_nobody_knows() -> None:
    shown = choose_release("fitnessapp", [release(since=None, until=None)], ENGLISH, NOW)
    assert "served for" not in shown.text


@BOTH
def test_at_most_eight_are_offered_and_where_the_others_are_is_said(texts: Texts) -> None:
    many = [release(id=f"r{number}", subject="x" * 60) for number in range(99)]
    shown = choose_release("fitnessapp", many, texts, NOW)
    assert len(labels(shown)) == MOST_RELEASES == 8
    more = texts("rollback-older", count=91, project="fitnessapp")
    assert shown.text.endswith(more)
    assert "opsgate rollback fitnessapp" in more
    assert "opsgate" not in choose_release("fitnessapp", many[:8], texts, NOW).text


@BOTH
def test_an_empty_list_says_why_and_what_to_do(texts: Texts) -> None:
    shown = choose_release("fitnessapp", [], texts, NOW)
    assert shown.text == texts("rollback-none", project="fitnessapp")
    assert "/deploy fitnessapp" in shown.text
    assert shown.keyboard is None


def test_russian_counts_commits_as_russians_do() -> None:
    assert RUSSIAN("rollback-gone", count=1) == "Уйдёт 1 коммит"
    assert RUSSIAN("rollback-gone", count=3) == "Уйдут 3 коммита"
    assert RUSSIAN("rollback-gone", count=12) == "Уйдут 12 коммитов"
