"""R-DB-6: what a release brings for the database is named before anybody confirms."""

from __future__ import annotations

import re
import shlex

import pytest

from bot.texts import Texts
from bot.views.card import finding
from services.changes import Changes, SourceFacts
from services.checks import deploy_findings
from services.checks.migrations import migration_findings, running
from services.facts.models import Facts
from services.models import Finding, Pack, Severity
from services.plans import deploy
from tests.unit.bot.stage import ENGLISH, RUSSIAN, plan
from tests.unit.checks.test_findings import empty, facts, project

BOTH = pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN], ids=["en", "ru"])
NEW = Changes(migrations=("backend/scripts/migrate_plans.py",))
NAMED = facts(compose_project="fitness")


def pack(**changes: object) -> Pack:
    found = plan().pack
    assert found is not None
    return found.model_copy(update={"compose_services": ("db", "backend")} | changes)


def found(changes: Changes, seen: Facts = NAMED, wanted: Pack | None = None) -> list[Finding]:
    return migration_findings(seen, wanted or pack(), changes)


def test_a_new_migration_is_a_warning_with_the_command_that_runs_it() -> None:
    """R-DB-6."""
    (warning,) = found(NEW)
    assert (warning.code, warning.severity) == ("migrations-new", Severity.WARNING)
    assert warning.args["scripts"] == "migrate_plans.py"
    command = "docker compose -p fitness exec backend python scripts/migrate_plans.py"
    assert warning.args["commands"] == command


def test_a_deploy_with_a_migration_has_the_finding_and_more_than_a_low_risk() -> None:
    """R-DB-6, R-UX-1."""
    assert "migrations-new" in [one.code for one in deploy_findings(project(), NAMED, pack(), NEW)]
    assert deploy(project(), NAMED, pack(), Changes()).risk == "low"
    assert deploy(project(), NAMED, pack(), NEW).risk == "medium"


def test_the_service_is_the_one_that_is_built_from_the_backend() -> None:
    """R-DB-6."""
    (warning,) = found(NEW, wanted=pack(source=SourceFacts(backends=("api",))))
    assert "exec api python" in str(warning.args["commands"])


def test_a_migration_that_changed_is_mentioned_and_does_not_warn() -> None:
    """R-DB-6: never re-run by itself; whether it should run again, its author knows."""
    (info,) = found(Changes(migrations_changed=("scripts/migrate_a.py",)))
    assert (info.code, info.severity) == ("migrations-changed", Severity.INFO)


def test_a_first_deploy_and_an_unknown_one_do_not_claim_that_a_migration_is_new() -> None:
    """R-DB-6."""
    (first,) = found(NEW, empty())
    (unsure,) = found(NEW.model_copy(update={"known": False}))
    assert [(one.code, one.severity) for one in (first, unsure)] == [
        ("migrations-first", Severity.INFO),
        ("migrations-unsure", Severity.INFO),
    ]


def test_a_release_without_migrations_says_nothing() -> None:
    """R-DB-6."""
    assert found(Changes()) == found(Changes(), empty()) == found(Changes(known=False)) == []


def test_many_migrations_are_summed_up() -> None:
    """R-DB-6."""
    (warning,) = found(Changes(migrations=tuple(f"scripts/migrate_{n}.py" for n in range(8))))
    assert (warning.args["count"], warning.args["more"]) == (8, 3)
    assert len(str(warning.args["commands"]).splitlines()) == 5


def test_a_hostile_name_stays_one_argument_of_the_command() -> None:
    """R-DB-6: the command is made to be pasted into a shell."""
    (warning,) = found(Changes(migrations=("scripts/migrate_a; reboot #.py",)))
    words = shlex.split(str(warning.args["commands"]))
    assert words[-2:] == ["python", "scripts/migrate_a; reboot #.py"]


@BOTH
@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_every_finding_names_the_scripts_and_the_command_and_who_runs_it(count: int, texts: Texts) -> None:
    """R-DB-6, R-DX-7."""
    scripts = tuple(f"scripts/migrate_{number}.py" for number in range(count))
    new = Changes(migrations=scripts)
    known = [*found(new), *found(Changes(migrations_changed=scripts))]
    told = [*known, *found(new, empty()), *found(new.model_copy(update={"known": False}))]
    assert len(told) == 4
    for one in told:
        text = finding(one, texts).render()[0]
        assert "migrate_0.py" in text
        assert "exec backend python scripts/migrate_0.py" in text
        assert re.search(r"button of the verdict|/migrate|кнопка под итогом", text)


@BOTH
def test_a_project_that_never_migrates_and_one_that_does_it_after_the_build_say_so(texts: Texts) -> None:
    """R-DB-6: the card of a deploy says which it will be."""
    (never,) = migration_findings(NAMED, pack(), NEW, "never")
    assert 'migrate = "never"' in finding(never, texts).render()[0]
    (built,) = running(found(NEW))
    assert re.search(r"runs in this deploy|выполнится при этом деплое", finding(built, texts).render()[0])
    assert running(found(Changes(migrations_changed=("scripts/migrate_a.py",)))) == tuple(
        found(Changes(migrations_changed=("scripts/migrate_a.py",)))
    )
