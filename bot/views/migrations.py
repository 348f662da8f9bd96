"""What migrations say: the scripts on a card, and exactly which ran and which did not (R-DB-6)."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.utils.formatting import Bold, Text

from bot.texts import Texts
from bot.views.parts import clean, code, lines
from services.migrations.models import Script
from services.migrations.steps import BEGUN, DONE, FAILED, NOT_BEGUN, UNKNOWN, migrate_states
from services.models import Kind, Operation, State, Step

MOST_SCRIPTS = 12
_TOLD = (
    ("migrate-done", (DONE,)),
    ("migrate-failed", (FAILED,)),
    ("migrate-unknown", (UNKNOWN, BEGUN)),
    ("migrate-not-begun", (NOT_BEGUN,)),
)


# --- the card ------------------------------------------------------------------------------------


def scripts(operation: Operation, texts: Texts, *, whole: bool = False) -> Text | None:
    """What runs, in its order, or what is noted as having run."""
    about = operation.plan.migrating
    if about is None:
        return None
    listed = about.noted or about.scripts
    if not listed:
        return None
    heading = "migrate-noted" if about.noted else "migrate-scripts"
    if operation.kind is Kind.DEPLOY:
        heading = "migrate-in-deploy"
    return lines(Bold(texts(heading, count=len(listed))), *_numbered(listed, texts, whole=whole))


def _numbered(listed: Sequence[Script], texts: Texts, *, whole: bool) -> list[Text | str]:
    most = len(listed) if whole else MOST_SCRIPTS
    shown: list[Text | str] = [
        Text(f"{number}. ", code(clean(one.name, 80))) for number, one in enumerate(listed[:most], 1)
    ]
    hidden = len(listed) - len(shown)
    return [*shown, texts("restore-rows-more", count=hidden)] if hidden > 0 else shown


def promise(operation: Operation, texts: Texts) -> str | None:
    """How they run, and what happens when one fails."""
    about = operation.plan.migrating
    if about is None:
        return None
    if about.noted:
        return texts("migrate-note-promise")
    name = "migrate-deploy-promise" if operation.kind is Kind.DEPLOY else "migrate-promise"
    return texts(name, service=about.service) if about.scripts else None


# --- the outcome ---------------------------------------------------------------------------------


def meaning(operation: Operation, steps: Sequence[Step], texts: Texts) -> str:
    """What the end means for the database, in one sentence. Without `steps` no more is said than is certain."""
    about, states = operation.plan.migrating, set(migrate_states(steps).values())
    noted = about is not None and bool(about.noted)
    match operation.state:
        case State.SUCCEEDED:
            return texts("meaning-migrate-noted" if noted else "meaning-migrated")
        case State.NEEDS_HUMAN if states & {UNKNOWN, BEGUN} or not states:
            return texts("meaning-migrate-unknown")
        case State.NEEDS_HUMAN if states == {DONE}:
            return texts("meaning-migrate-unwell")
        case _ if FAILED in states:
            return texts("meaning-migrate-failed")
        case _ if DONE in states:
            return texts("meaning-migrate-stopped")
        case _:
            return texts("meaning-migrate-nothing")


def outcome(operation: Operation, steps: Sequence[Step], texts: Texts) -> list[Text | str]:
    """Exactly which ran and which did not; nothing where none was to run."""
    states = migrate_states(steps)
    told: list[Text | str] = []
    for name, which in _TOLD:
        if names := [clean(one, 80) for one, became in states.items() if became in which]:
            told.append(texts(name, names=", ".join(names)))
    if told and operation.kind is Kind.DEPLOY and operation.state is not State.SUCCEEDED and touched(steps):
        told.append(texts("migrate-stays"))
    return [*told, *_held(operation, steps, texts)]


def _held(operation: Operation, steps: Sequence[Step], texts: Texts) -> list[str]:
    """What a deploy brought and no button runs, as its card said beforehand."""
    made = next((step.result for step in steps if (step.phase, step.name) == ("forward", "record")), {})
    if operation.kind is not Kind.DEPLOY or operation.state is not State.SUCCEEDED or not made.get("held"):
        return []
    failed = ", ".join(clean(str(one), 80) for one in made.get("failed", ()))
    return [texts("migrate-held", count=int(made["held"]), failed=failed, project=operation.project)]


def touched(steps: Sequence[Step]) -> bool:
    """Whether the database may have been changed by a script."""
    return bool(set(migrate_states(steps).values()) - {NOT_BEGUN})


def backup_before(operation: Operation, steps: Sequence[Step]) -> str:
    """The id of the backup to be offered because migrations did not end well; empty when there is no need."""
    if operation.state is State.SUCCEEDED or not touched(steps):
        return ""
    made = next((step.result for step in steps if (step.phase, step.name) == ("forward", "backup")), {})
    return str(made.get("backup", ""))


def to_run(operation: Operation, steps: Sequence[Step]) -> int:
    """How many scripts a deploy brought that are there to be run by a button of its verdict."""
    if operation.kind is not Kind.DEPLOY or operation.state is not State.SUCCEEDED:
        return 0
    made = next((step.result for step in steps if (step.phase, step.name) == ("forward", "record")), {})
    return int(made.get("migrations", 0))
