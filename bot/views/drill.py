"""What a drill says: of which backup, what it does, what came of it; and the mark that a backup wears from then on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text

from bot.texts import Texts
from bot.views.copies import opened_by
from bot.views.parts import clean, code, lines, moment
from services.backups.models import Backup, is_good, is_renewed, rotted_on_host, tells_rows
from services.models import Operation, State, Step
from services.restores.names import names_of
from services.scratch import container_name, in_container


def about(operation: Operation, backup: Backup, texts: Texts) -> Text:
    """Which backup; marks are those of when the plan was made."""
    age = max(0.0, (operation.created_at - backup.at).total_seconds())
    label = clean(backup.label or backup.release or "", 40)
    return lines(
        Text(texts("drill-of"), " ", moment(backup.at, "dT"), ", ", Bold(texts("ago", age=age))),
        Text(texts.size(backup.size), " · SHA-256 ", code(backup.sha256[:16])),
        Text(texts("ops-release"), " ", Bold(label)) if label else None,
        mark(backup, texts, operation.created_at),
        *opened_by(backup, texts),
    )


def promise(operation: Operation, texts: Texts) -> Text:
    backup = operation.plan.restoring.backup if operation.plan.restoring else None
    loaded_only = texts("drill-uncompared") if backup and not tells_rows(backup) else None
    if in_container(operation.plan):
        name = code(container_name(operation))
        container = Text(texts("drill-container"), " ", name)
        return lines(texts("drill-promise-container"), loaded_only, container)
    scratch = Text(texts("drill-scratch"), " ", code(names_of(operation).incoming))
    return lines(texts("drill-promise"), loaded_only, scratch)


def meaning(operation: Operation, texts: Texts) -> str:
    """What the end means, in one sentence."""
    apart = in_container(operation.plan)
    if operation.state is State.SUCCEEDED:
        return texts("meaning-drill-done-container" if apart else "meaning-drill-done")
    if operation.rollback_reason is not None:
        return texts("meaning-drill-left-container" if apart else "meaning-drill-left")
    return texts("meaning-drill-failed-container" if apart else "meaning-drill-failed")


def outcome(steps: Sequence[Step], texts: Texts) -> list[Text | str]:
    """Tables, rows and time, in one line."""
    found = next(
        (step.result for step in steps if (step.phase, step.name) == ("forward", "record-drill")), {}
    )
    if "took" not in found:
        return []
    numbers = {"tables": int(found["tables"]), "rows": int(found["rows"]), "seconds": float(found["took"])}
    return [texts("drill-compared" if found.get("compared", True) else "drill-loaded", **numbers)]


def mark(backup: Backup, texts: Texts, now: datetime) -> str:
    """Such as "✓ drilled 2 h ago"."""
    drilled = backup.drilled
    if drilled is None:
        return texts("drill-mark-none")
    age = max(0.0, (now - drilled.at).total_seconds())
    if is_renewed(backup):
        return texts("drill-mark-renewed")
    bad = "drill-mark-rotted" if rotted_on_host(backup) else "drill-mark-bad"
    good = "drill-mark-good" if drilled.compared else "drill-mark-loaded"
    return texts(good if is_good(backup) else bad, age=age)
