"""What a restore says before and after, in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiogram.utils.formatting import sizeof

from bot.texts import Texts
from bot.views import operations as operation_views
from bot.views.card import card
from bot.views.progress import progress
from bot.views.restore import MOST_TABLES, choose_backup
from bot.views.screen import LIMIT
from bot.views.verdict import verdict
from services.migrations.restored import UNWRITTEN
from services.models import Asked, Kind, Operation, Plan, Restoring, State
from services.restores.plans import DROP_STEPS, RESTORE_STEPS, UNDO_STEPS
from tests.unit.bot.stage import ANNA, ENGLISH, NOW, RUSSIAN, backup, finding, operation
from tests.unit.views.test_views import BOTH, labels, step

STEPS = {Kind.RESTORE: RESTORE_STEPS, Kind.UNDO: UNDO_STEPS, Kind.DROP: DROP_STEPS}
KEPT = "fitnessapp_before_k3f9"


def restoring(kind: Kind = Kind.RESTORE, about: dict[str, Any] | None = None, **changes: Any) -> Operation:
    values: dict[str, Any] = {"database": "fitnessapp"}
    if kind is Kind.RESTORE:
        values |= {"backup": backup(label="9f8e7d6")}
    if kind is Kind.UNDO:
        values |= {"of": "op-1", "of_at": NOW, "incoming": "fitnessapp_before_aaaa"}
    if kind is Kind.DROP:
        values |= {"of": "op-1", "dropped": (KEPT,)}
    plan = Plan(
        kind=kind,
        project="fitnessapp",
        steps=STEPS[kind],
        risk="high",
        backup=kind is Kind.RESTORE,
        restoring=Restoring(**values | (about or {})),
        findings=(finding("restore-server", "info", version="15.18", dumped="15.18"),),
    )
    return operation(kind=kind, plan=plan, **changes)


@BOTH
def test_the_card_says_what_comes_back_what_is_lost_and_what_is_kept(texts: Texts) -> None:
    rows = {
        "rows_now": {"public.diary": 7, "public.plans": 3},
        "rows_then": {"public.diary": 2, "public.plans": 3},
    }
    shown = card(restoring(about=rows), texts, "home")
    for part in ("diary: 7 → 2", "9f8e7d6", "abababababababab", KEPT, "15.18", texts.size(12_345_678)):
        assert part in shown.text
    assert "plans" not in shown.text  # nothing changes there
    assert texts("restore-rows-same", count=1) in shown.text
    assert texts("card-risk", risk="high") in shown.text
    assert texts("restore-promise", engine="postgres") in shown.text
    assert labels(shown)[0] == texts("button-confirm", kind="restore")


def test_tables_that_come_or_go_are_shown_as_such() -> None:
    shown = card(restoring(about={"rows_now": {"public.new": 4}, "rows_then": {"a.old": 1}}), ENGLISH)
    assert "new: 4 → –" in shown.text
    assert "a.old: – → 1" in shown.text


@BOTH
def test_rows_that_are_not_known_are_not_made_up(texts: Texts) -> None:
    then_unknown = card(restoring(about={"rows_now": {"public.a": 4}}), texts)
    assert texts("restore-rows-then-unknown") in then_unknown.text
    assert texts("restore-rows-now", rows=4, tables=1) in then_unknown.text
    now_unknown = card(restoring(about={"rows_then": {"public.a": 4, "public.b": 1}}), texts)
    assert texts("restore-rows-now-unknown") in now_unknown.text
    assert texts("restore-rows-then", rows=5, tables=2) in now_unknown.text


def test_equal_rows_are_one_line() -> None:
    same = {"public.a": 4, "public.b": 1}
    assert "all 2 tables" in card(restoring(about={"rows_now": same, "rows_then": same}), ENGLISH).text


def test_hundreds_of_tables_still_fit() -> None:
    many = {f'public."a long name of a table {n}"': n for n in range(400)}
    shown = card(restoring(about={"rows_now": many, "rows_then": {}}), ENGLISH)
    assert sizeof(shown.text) <= LIMIT
    assert f"… and {400 - MOST_TABLES} more" in shown.text
    assert shown.text.endswith("09:30 UTC")


@BOTH
def test_while_the_name_is_asked_for_the_card_says_whose_and_only_offers_to_stop(texts: Texts) -> None:
    """R-UX-2."""
    asked = Asked(person=ANNA, until=NOW + timedelta(minutes=2))
    shown = card(restoring(asked=asked), texts)
    assert labels(shown) == [texts("button-dismiss")]
    assert "Anna" in shown.text.splitlines()[-1]
    assert "fitnessapp" in shown.text.splitlines()[-1]


@BOTH
@pytest.mark.parametrize("kind", [Kind.UNDO, Kind.DROP])
def test_undo_and_drop_have_cards(kind: Kind, texts: Texts) -> None:
    shown = card(restoring(kind), texts, "home")
    assert labels(shown)[0] == texts("button-confirm", kind=str(kind))
    assert ("fitnessapp_undone_k3f9" if kind is Kind.UNDO else KEPT) in shown.text


@BOTH
def test_a_restore_that_succeeded_says_what_was_counted_and_offers_undo(texts: Texts) -> None:
    ended = restoring(state=State.SUCCEEDED, confirmed_by=ANNA, finished_at=NOW)
    steps = [
        step("compare", tables=6, rows=1234),
        step("swap-database", kept=KEPT),
        step("health", restarted=["backend"]),
    ]
    shown = verdict(ended, steps, texts, NOW)
    for part in ("fitnessapp", KEPT, "backend", texts("meaning-restore-done")):
        assert part in shown.text
    assert texts("restore-compared", tables=6, rows=1234) in shown.text
    assert labels(shown) == [texts(f"button-{name}") for name in ("undo", "drop", "details", "log")]


def test_a_restore_that_failed_before_the_swap_says_that_nothing_changed() -> None:
    shown = verdict(restoring(state=State.FAILED, finished_at=NOW), [step("load")], ENGLISH, NOW)
    assert "restore failed" in shown.text
    assert ENGLISH("meaning-restore-failed") in shown.text
    assert labels(shown) == ["Details", "Log"]


def test_a_restore_that_went_back_names_what_it_kept_and_offers_no_undo() -> None:
    steps = [
        step("swap-database", kept=KEPT),
        step("swap-database-back", phase="rollback", kept="fitnessapp_undone_k3f9"),
    ]
    shown = verdict(restoring(state=State.ROLLED_BACK, finished_at=NOW), steps, ENGLISH, NOW)
    assert ENGLISH("meaning-restore-back") in shown.text
    assert "fitnessapp_undone_k3f9" in shown.text
    assert KEPT not in shown.text
    assert labels(shown) == ["Drop the old database", "Details", "Log"]


@BOTH
@pytest.mark.parametrize("kind", [Kind.RESTORE, Kind.UNDO])
def test_records_of_migrations_that_could_not_be_written_are_told(kind: Kind, texts: Texts) -> None:
    """R-DB-6: else /migrate would offer what the database has seen, or believe to have run what it has not."""
    told = texts("restore-records-unwritten", project="fitnessapp")
    failed: dict[str, Any] = {UNWRITTEN: True}
    swap, swapped_back = step("swap-database", kept=KEPT), "swap-database-back"
    ended = restoring(kind, state=State.SUCCEEDED, confirmed_by=ANNA, finished_at=NOW)
    assert told in verdict(ended, [swap, step("health", **failed)], texts, NOW).text
    assert told not in verdict(ended, [swap, step("health")], texts, NOW).text
    back = restoring(kind, state=State.ROLLED_BACK, finished_at=NOW)
    went_back = [swap, step("health"), step(swapped_back, phase="rollback", **failed)]
    assert told in verdict(back, went_back, texts, NOW).text
    mended = [swap, step("health", **failed), step(swapped_back, phase="rollback")]
    assert told not in verdict(back, mended, texts, NOW).text


@BOTH
@pytest.mark.parametrize("kind", [Kind.RESTORE, Kind.UNDO, Kind.DROP])
@pytest.mark.parametrize("state", [state for state in State if state.is_verdict])
def test_every_end_of_every_kind_has_its_words(kind: Kind, state: State, texts: Texts) -> None:
    ended = restoring(kind, state=state, confirmed_by=ANNA, finished_at=NOW)
    shown = verdict(ended, [], texts, NOW)
    assert texts.kind(kind) in shown.text
    assert operation_views.details(ended, [], texts, NOW, has_log=True).text
    assert progress(ended, [], texts, NOW).text


@BOTH
def test_the_list_has_a_button_per_backup(texts: Texts) -> None:
    shown = choose_backup("fitnessapp", [backup(label="9f8e7d6"), backup(id="db-2")], texts, NOW)
    assert [len(label.split(" · ")) for label in labels(shown)] == [3, 2]
    assert texts("ago", age=7200) in labels(shown)[0]


def test_russian_counts_rows_as_russians_do() -> None:
    assert "2 строки в 5 таблицах" in RUSSIAN("restore-compared", rows=2, tables=5)
    assert "21 строка в 1 таблице" in RUSSIAN("restore-compared", rows=21, tables=1)
