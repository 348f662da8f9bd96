"""What a drill says before and after, and the mark of a backup, in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.texts import Texts
from bot.views import operations as operation_views
from bot.views.card import card
from bot.views.progress import progress
from bot.views.restore import choose_backup
from bot.views.status import status
from bot.views.verdict import verdict
from services.backups.models import Backup, Copy, Drilled
from services.drills.plans import DRILL_STEPS
from services.models import Kind, Operation, Plan, Restoring, State
from services.phrases import Phrase
from services.status import ProjectStatus
from tests.unit.bot.stage import ANNA, ENGLISH, NOW, RUSSIAN, backup, finding, operation
from tests.unit.views.test_restore_views import restoring
from tests.unit.views.test_views import BOTH, labels, step

GOOD = Drilled(operation="op-1", at=NOW - timedelta(hours=2), good=True, seconds=12, tables=6, rows=1234)
BAD = GOOD.model_copy(update={"good": False})
DIFFERS = Phrase(id="error-restore-differs", args={"table": "public.diary", "expected": 5, "found": 4})


def drilling(of: Backup | None = None, **changes: Any) -> Operation:
    about = Restoring(database="fitnessapp", backup=of or backup(label="9f8e7d6"))
    plan = Plan(
        kind=Kind.DRILL,
        project="fitnessapp",
        steps=DRILL_STEPS,
        restoring=about,
        findings=(finding("drill-worker", "info", role="fitnessapp_user", worker="postgres"),),
    )
    return operation(kind=Kind.DRILL, plan=plan, **changes)


@BOTH
def test_the_card_says_of_which_backup_what_happens_and_where(texts: Texts) -> None:
    shown = card(drilling(), texts, "home")
    for part in ("9f8e7d6", "abababababababab", "fitnessapp_drill_k3f9", "postgres", texts("drill-promise")):
        assert part in shown.text
    assert texts("card-risk", risk="low") in shown.text
    assert texts("drill-mark-none") in shown.text
    assert texts("restore-rows") not in shown.text
    assert labels(shown) == [texts("button-confirm", kind="drill"), texts("button-dismiss")]


@BOTH
def test_a_good_drill_is_told_in_one_line(texts: Texts) -> None:
    ended = drilling(state=State.SUCCEEDED, confirmed_by=ANNA, finished_at=NOW)
    steps = [step("record-drill", tables=6, rows=1234, summed=True, took=12.4)]
    shown = verdict(ended, steps, texts, NOW)
    assert texts("drill-compared", tables=6, rows=1234, seconds=12.4) in shown.text
    assert texts("meaning-drill-done") in shown.text
    assert labels(shown) == [texts("button-details"), texts("button-log")]


@BOTH
def test_what_was_only_loaded_is_not_called_compared(texts: Texts) -> None:
    """R-DB-3: SQL made by hand with INSERTs tells no rows to compare with."""
    ended = drilling(state=State.SUCCEEDED, confirmed_by=ANNA, finished_at=NOW)
    steps = [step("record-drill", tables=6, rows=1234, summed=True, compared=False, took=12.4)]
    shown = verdict(ended, steps, texts, NOW)
    assert texts("drill-loaded", tables=6, rows=1234, seconds=12.4) in shown.text
    assert texts("drill-compared", tables=6, rows=1234, seconds=12.4) not in shown.text
    assert texts("meaning-drill-done") in shown.text
    by_hand = backup(form="plain", rows=None)
    assert texts("drill-uncompared") in card(drilling(by_hand), texts, "home").text
    assert texts("drill-uncompared") not in card(drilling(), texts, "home").text
    loaded = GOOD.model_copy(update={"compared": False})
    (marked,) = labels(choose_backup("fitnessapp", [backup(drilled=loaded)], texts, NOW))
    assert texts("drill-mark-loaded", age=7200) in marked
    assert texts("drill-mark-good", age=7200) not in marked


@BOTH
def test_a_restore_of_what_tells_no_rows_does_not_say_that_it_compared(texts: Texts) -> None:
    ended = restoring().model_copy(update={"state": State.SUCCEEDED, "finished_at": NOW})
    shown = verdict(ended, [step("compare", tables=6, rows=1234, compared=False)], texts, NOW)
    assert texts("restore-counted", tables=6, rows=1234) in shown.text
    assert texts("restore-compared", tables=6, rows=1234) not in shown.text


@BOTH
def test_a_failed_drill_names_the_table_and_says_that_nothing_was_touched(texts: Texts) -> None:
    shown = verdict(drilling(state=State.FAILED, reason=DIFFERS, finished_at=NOW), [], texts, NOW)
    assert "public.diary" in shown.text
    assert texts("meaning-drill-failed") in shown.text


@BOTH
def test_a_scratch_database_that_could_not_be_dropped_is_not_called_gone(texts: Texts) -> None:
    why = Phrase(id="error-unreachable", args={"host": "home"})
    ended = drilling(state=State.FAILED, reason=why, rollback_reason=why, finished_at=NOW)
    shown = verdict(ended, [], texts, NOW)
    assert texts("meaning-drill-left") in shown.text
    assert texts("meaning-drill-failed") not in shown.text


@BOTH
@pytest.mark.parametrize("state", [state for state in State if state.is_verdict])
def test_every_end_has_its_words(state: State, texts: Texts) -> None:
    ended = drilling(state=state, confirmed_by=ANNA, finished_at=NOW)
    assert texts.kind(Kind.DRILL) in verdict(ended, [], texts, NOW).text
    assert operation_views.details(ended, [], texts, NOW, has_log=True).text
    assert progress(ended, [], texts, NOW).text


# --- the mark ------------------------------------------------------------------------------------


@BOTH
def test_the_list_of_backups_marks_those_that_were_drilled(texts: Texts) -> None:
    found = [backup(drilled=GOOD), backup(id="db-2", drilled=BAD), backup(id="db-3")]
    good, bad, none = labels(choose_backup("fitnessapp", found, texts, NOW))
    assert texts("drill-mark-good", age=7200) in good
    assert texts("drill-mark-bad", age=7200) in bad
    assert "✓" not in none
    assert "✗" not in none


@BOTH
def test_a_copy_that_rotted_on_the_host_is_told_from_a_bad_backup(texts: Texts) -> None:
    """And once another one was brought there, nobody is told that it is bad, nor that it was drilled."""
    rotted = BAD.model_copy(update={"reason": Phrase(id="error-dump-changed")})
    copy = Copy(where="host", file="/x", size=1, sha256="ab", at=NOW - timedelta(hours=1))
    found = [backup(drilled=rotted), backup(id="db-2", drilled=rotted, copies=(copy,))]
    bad, renewed = labels(choose_backup("fitnessapp", found, texts, NOW))
    assert texts("drill-mark-rotted", age=7200) in bad
    assert texts("drill-mark-renewed") in renewed


@BOTH
def test_the_card_says_that_a_damaged_copy_is_replaced_and_the_verdict_what_it_is_called_now(
    texts: Texts,
) -> None:
    damaged = finding("dump-damaged", "warning", file="/b/x.dump", copy="backups/x.dump")
    of = restoring()
    of = of.model_copy(update={"plan": of.plan.model_copy(update={"findings": (damaged,)})})
    assert "/b/x.dump.damaged-" in card(of, texts).text
    ended = of.model_copy(update={"state": State.SUCCEEDED, "finished_at": NOW})
    sent = step("send-dump", size=1, aside="/b/x.dump.damaged-1")
    assert "/b/x.dump.damaged-1" in verdict(ended, [sent], texts, NOW).text


@pytest.mark.parametrize(
    ("drilled", "said", "offered"),
    [(None, "not drilled", True), (BAD, "✗ drill failed", True), (GOOD, "✓ drilled", False)],
)
def test_the_card_of_a_restore_shows_the_mark_and_offers_a_drill_where_it_helps(
    drilled: Drilled | None, said: str, *, offered: bool
) -> None:
    shown = card(restoring(about={"backup": backup(drilled=drilled)}), ENGLISH)
    assert said in shown.text
    assert ("Drill this backup first" in labels(shown)) is offered


def test_what_was_confirmed_offers_no_drill() -> None:
    shown = card(restoring(state=State.RUNNING, confirmed_by=ANNA), ENGLISH)
    assert "Drill this backup first" not in labels(shown)


def _status(newest: Backup | None, drilled: Backup | None, texts: Texts) -> str:
    one = ProjectStatus("fitnessapp", "home", None, None, newest, None, last_drilled=drilled)
    return status([one], [], texts, NOW).text


@BOTH
def test_status_tells_age_and_result_of_the_last_drill(texts: Texts) -> None:
    newest, older = backup(), backup(id="db-0", drilled=GOOD)
    assert texts("drill-mark-good", age=7200) in _status(backup(drilled=GOOD), older, texts)
    assert texts("drill-mark-bad", age=7200) in _status(backup(drilled=BAD), older, texts)
    undrilled = _status(newest, older, texts)
    assert texts("drill-mark-none") in undrilled
    assert texts("drill-mark-good", age=7200) in undrilled
    assert "✓" not in _status(newest, None, texts)
    assert texts("drill-mark-none") not in _status(None, None, texts)


def test_russian_counts_as_russians_do() -> None:
    assert "2 строки в 5 таблицах" in RUSSIAN("drill-compared", rows=2, tables=5, seconds=3)
    assert "21 строка в 1 таблице" in RUSSIAN("drill-compared", rows=21, tables=1, seconds=3)


def in_container(**changes: Any) -> Operation:
    made = drilling(**changes)
    assert made.plan.restoring
    about = made.plan.restoring.model_copy(update={"scratch_image": "sha256:" + "7" * 64})
    return made.model_copy(update={"plan": made.plan.model_copy(update={"restoring": about})})


@BOTH
def test_a_drill_in_a_container_says_so_on_its_card(texts: Texts) -> None:
    shown = card(in_container(), texts, "home")
    assert texts("drill-promise-container") in shown.text
    assert "opsgate-drill-k3f9" in shown.text
    assert texts("drill-promise") not in shown.text
    assert "fitnessapp_drill_k3f9" not in shown.text


@BOTH
@pytest.mark.parametrize(
    ("end", "changes"),
    [
        ("done", {"state": State.SUCCEEDED}),
        ("failed", {"state": State.FAILED, "reason": DIFFERS}),
        ("left", {"state": State.FAILED, "reason": DIFFERS, "rollback_reason": DIFFERS}),
    ],
)
def test_and_in_its_verdict(texts: Texts, end: str, changes: dict[str, Any]) -> None:
    shown = verdict(in_container(**changes, finished_at=NOW), [], texts, NOW)
    assert texts(f"meaning-drill-{end}-container") in shown.text
    assert texts(f"meaning-drill-{end}") not in shown.text
