"""R-DB-6: a card names the scripts in their order, a verdict exactly which ran and which did not; in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.texts import Texts
from bot.views.card import card
from bot.views.operations import details
from bot.views.progress import progress
from bot.views.verdict import verdict
from services.migrations.models import Migrating, Script, Standing
from services.migrations.plans import MIGRATE_STEPS, NOTE_STEPS
from services.models import Finding, Kind, Operation, Plan, Severity, State, Step, StepState
from services.phrases import Phrase
from tests.unit.bot.stage import BORIS, ENGLISH, NOW, finding, operation, plan, release
from tests.unit.views.test_views import BOTH, labels, step


def script(name: str, standing: Standing = Standing.NEW) -> Script:
    return Script(path=f"scripts/{name}.py", sha256="0" * 64, standing=standing)


A, B, C = (script(f"migrate_{letter}") for letter in "abc")
FAILED, UNKNOWN = script("migrate_x", Standing.FAILED), script("migrate_y", Standing.UNKNOWN)


def migration(about: dict[str, Any] | None = None, **changes: Any) -> Operation:
    values: dict[str, Any] = {"service": "backend", "scripts": (A, B, C)} | (about or {})
    made = Plan(
        kind=Kind.MIGRATE,
        project="fitnessapp",
        steps=NOTE_STEPS if values.get("noted") else MIGRATE_STEPS,
        risk="medium",
        current=release(),
        backup=not values.get("noted"),
        findings=changes.pop("findings", ()),
        migrating=Migrating(**values),
    )
    return operation(kind=Kind.MIGRATE, plan=made, **changes)


def journal(**became: str) -> list[Step]:
    ran = step("migrate", StepState.FAILED).model_copy(
        update={"result": {"scripts": {f"migrate_{name}.py": one for name, one in became.items()}}}
    )
    backup = step("backup").model_copy(update={"result": {"backup": "db-1", "size": 5, "sha256": "ab" * 32}})
    return [backup, ran]


@BOTH
def test_a_card_names_the_scripts_in_their_order_and_the_backup(texts: Texts) -> None:
    """R-DB-3."""
    shown = card(migration(), texts)
    assert [shown.text.index(f"migrate_{letter}.py") for letter in "abc"] == sorted(
        shown.text.index(f"migrate_{letter}.py") for letter in "abc"
    )
    assert texts("card-backup") in shown.text
    assert labels(shown)[0] == texts("button-confirm", kind="migrate")


@BOTH
def test_what_a_person_must_decide_has_two_buttons_for_each_kind(texts: Texts) -> None:
    blocked = migration(
        {"apart": (FAILED, UNKNOWN)},
        findings=(finding("migrations-are-failed", "blocker", count=1, scripts="migrate_x.py", more=0),),
    )
    shown = card(blocked, texts)
    assert [one.callback_data[:5] for row in shown.keyboard.inline_keyboard for one in row][:4] == [  # type: ignore[union-attr, index]  # there is one
        *("j:rf:", "j:nf:", "j:ru:", "j:nu:")
    ]
    assert texts("card-blocked-migrations") in shown.text
    open_one = card(migration({"apart": (UNKNOWN,)}), texts)
    assert labels(open_one)[0] == texts("button-confirm", kind="migrate")
    assert texts("button-migrate-too", which="unknown", count=1) in labels(open_one)


@BOTH
def test_noting_says_that_nothing_runs(texts: Texts) -> None:
    shown = card(migration({"scripts": (), "noted": (UNKNOWN,)}), texts)
    assert texts("migrate-note-promise") in shown.text
    assert texts("card-backup") not in shown.text
    assert "j:" not in str(shown.keyboard)


@BOTH
@pytest.mark.parametrize(
    ("state", "became", "meaning"),
    [
        (State.SUCCEEDED, {"a": "done", "b": "done"}, "meaning-migrated"),
        (State.FAILED, {"a": "done", "b": "failed", "c": "not-begun"}, "meaning-migrate-failed"),
        (State.FAILED, {"a": "done", "b": "not-begun"}, "meaning-migrate-stopped"),
        (State.FAILED, {"a": "not-begun"}, "meaning-migrate-nothing"),
        (State.FAILED, {}, "meaning-migrate-nothing"),
        (State.NEEDS_HUMAN, {"a": "unknown", "b": "not-begun"}, "meaning-migrate-unknown"),
        (State.NEEDS_HUMAN, {"a": "done"}, "meaning-migrate-unwell"),
        (State.NEEDS_HUMAN, {"a": "done", "b": "not-begun"}, "meaning-migrate-stopped"),
        (State.NEEDS_HUMAN, {"a": "done", "b": "failed"}, "meaning-migrate-failed"),
        (State.NEEDS_HUMAN, {"a": "not-begun"}, "meaning-migrate-nothing"),
    ],
)
def test_a_verdict_says_what_is_so_in_the_database(
    texts: Texts, state: State, became: dict[str, str], meaning: str
) -> None:
    """R-UX-3."""
    shown = verdict(migration(state=state, finished_at=NOW), journal(**became), texts, NOW)
    assert texts(meaning) in shown.text
    offered = state is not State.SUCCEEDED and bool({*became.values()} - {"not-begun"})
    assert (texts("button-backup-before") in labels(shown)) == offered


def test_a_verdict_names_every_script_and_what_became_of_it() -> None:
    reason = Phrase(id="error-migration-failed", args={"script": "migrate_b.py", "status": 3})
    ended = migration(state=State.FAILED, reason=reason, finished_at=NOW)
    said = verdict(ended, journal(a="done", b="failed", c="not-begun"), ENGLISH, NOW).text
    assert "migrate_b.py ended with status 3" in said
    later = details(ended, journal(a="done", b="failed", c="not-begun"), ENGLISH, NOW, has_log=True).text
    for line in ("Ran: migrate_a.py", "Failed: migrate_b.py", "Did not run: migrate_c.py"):
        assert line in said
        assert line in later


@BOTH
def test_a_deploy_that_went_back_says_what_stays_in_the_database(texts: Texts) -> None:
    """R-RB-2."""
    ended = operation(plan=plan(old_images={"backend": "sha256:0"}), state=State.ROLLED_BACK, finished_at=NOW)
    shown = verdict(ended, journal(a="done", b="failed"), texts, NOW)
    assert texts("migrate-stays") in shown.text
    assert texts("button-backup-before") in labels(shown)


@BOTH
def test_a_deploy_that_brought_some_has_a_button_that_runs_them(texts: Texts) -> None:
    noted = step("record").model_copy(update={"result": {"migrations": 3}})
    ended = operation(state=State.SUCCEEDED, finished_at=NOW)
    assert texts("button-migrate", count=3) in labels(verdict(ended, [noted], texts, NOW))
    assert not [one for one in labels(verdict(ended, [step("record")], texts, NOW)) if "igration" in one]


@BOTH
@pytest.mark.parametrize("count", [1, 3])
def test_card_and_verdict_say_the_same_of_migrations_that_wait(count: int, texts: Texts) -> None:
    """R-DB-6: no button is promised, none is there, and both name what has to be decided first."""
    args = {"count": count, "scripts": "migrate_b.py", "more": 0, "commands": "docker compose exec"}
    for code, severity in (("migrations-new", "warning"), ("migrations-first", "info")):
        brought = finding(code, severity, **args, mode="held")
        held = finding(
            "migrations-held-back", "warning", count=count, failed="migrate_a.py", project="fitnessapp"
        )
        told = card(operation(plan=plan(findings=(brought, held))), texts).text
        assert "migrate_a.py" in told
        assert "/migrate" in told
        assert not re.search(r"button of the verdict|кнопка под итогом", told)
    noted = step("record", held=count, failed=["migrate_a.py"])
    shown = verdict(operation(state=State.SUCCEEDED, finished_at=NOW), [noted], texts, NOW)
    assert texts("migrate-held", count=count, failed="migrate_a.py", project="fitnessapp") in shown.text
    assert not [one for one in labels(shown) if "igration" in one or "играци" in one]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("migrations-new", Severity.WARNING),
        ("migrations-first", Severity.INFO),
        ("migrations-unsure", Severity.INFO),
        ("migrations-changed", Severity.INFO),
        ("rollback-migrations", Severity.WARNING),
    ],
)
def test_a_card_that_an_older_version_stored_is_still_shown_and_claims_nothing(
    language: str, code: str, severity: Severity
) -> None:
    """R-DB-6: it says neither who runs them nor which ran; a text without that value takes what is so by default."""
    args: dict[str, str | int | float] = {
        "count": 1, "scripts": "migrate_a.py", "more": 0, "commands": "docker compose exec", "backup": 0,
    }  # fmt: skip
    old = operation(plan=plan(findings=(Finding(code=code, severity=severity, args=args),)))
    said = card(old, Texts(language)).text
    assert "migrate_a.py" in said
    assert not [one for one in ("{", "$mode", "$ran", "after-build", "never") if one in said]


@BOTH
def test_a_wish_to_stop_says_that_the_script_is_finished_first(texts: Texts) -> None:
    asked = migration(state=State.RUNNING, cancelled_by=BORIS)
    said = progress(asked, [step("migrate", StepState.RUNNING)], texts, NOW).text
    assert texts("migrate-cancelling", who=BORIS.name) in said
