"""The end of an operation: one line, the reason, what it means for the server, what is needed to act."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text

from bot import keyboards
from bot.texts import Texts
from bot.views import backups, env, migrations, restore
from bot.views.parts import MARKS, clean, code, elapsed, label_of, lines, tail
from bot.views.screen import Block, Screen, fit, repeated
from services.models import Kind, Operation, Plan, State, Step, StepState


def verdict(
    operation: Operation, steps: list[Step], texts: Texts, now: datetime, *, again: bool = False
) -> Screen:
    """`again`: an earlier send got no answer, so this may be the second copy; it says so."""
    log = tail(operation.log_tail) if operation.state is not State.SUCCEEDED else None
    blocks = [
        Block(_head(operation, texts)),
        Block(log, keep=1, cut_front=True) if log else None,
        Block(lines(meaning(operation, texts, steps), *_facts(operation, steps, texts, now)), keep=8),
        repeated(texts, again=again),
    ]
    kept = operation.plan.restoring is not None and bool(restore.kept(steps))
    buttons = keyboards.after_verdict(
        operation,
        texts,
        kept=kept,
        migrations=migrations.to_run(operation, steps),
        backup=migrations.backup_before(operation, steps),
    )
    return fit(blocks, texts, buttons)


def headline(operation: Operation, texts: Texts) -> str:
    """Such as "fitnessapp: deploy rolled back"."""
    name = f"verdict-{operation.state.replace('_', '-')}"
    return texts(name, project=operation.project, kind=str(operation.kind))


def _head(operation: Operation, texts: Texts) -> Text:
    back = None
    if operation.rollback_reason is not None:
        back = texts("verdict-rollback-reason", reason=texts.phrase(operation.rollback_reason))
    return lines(
        Text(MARKS[operation.state], " ", Bold(headline(operation, texts))),
        clean(texts.phrase(operation.reason), 600) if operation.reason else None,
        clean(back, 600) if back else None,
    )


def meaning(operation: Operation, texts: Texts, steps: Sequence[Step] = ()) -> str | None:
    """What the end means for the server, in one sentence."""
    if operation.rollback_reason is not None and _is_left(steps):
        return texts("meaning-dump-left")
    if operation.kind is Kind.BACKUP:
        if operation.state is State.SUCCEEDED:
            return None
        made = operation.reason is not None and operation.reason.id == "error-offsite"
        return texts("meaning-backup-not-offsite" if made else "meaning-backup-failed")
    if operation.plan.restoring is not None:
        return restore.meaning(operation, texts)
    if operation.kind is Kind.MIGRATE:
        return migrations.meaning(operation, steps, texts)
    return env.meaning(operation, texts) or _of_a_deploy(operation, texts)


def _is_left(steps: Sequence[Step]) -> bool:
    """Whether the way back began to end a dump and did not come to the end of that."""
    return any(
        step.name == "end-dump" and step.state not in {StepState.DONE, StepState.SKIPPED} for step in steps
    )


def _of_a_deploy(operation: Operation, texts: Texts) -> str:
    old = label_of(operation.plan.current) if operation.plan.current else ""
    match operation.state:
        case State.SUCCEEDED:
            return _serving(operation.plan, texts)
        case State.FAILED if operation.rollback_reason is not None:
            return texts("meaning-names-moved")
        case State.FAILED:
            return texts("meaning-untouched")
        case State.ROLLED_BACK if operation.plan.old_images:
            return texts("meaning-old-serves", label=old) if old else texts("meaning-old-serves-unnamed")
        case State.ROLLED_BACK:
            return texts("meaning-first-stopped")
        case _:
            return texts("meaning-needs-human", project=operation.project)


def _serving(plan: Plan, texts: Texts) -> str:
    if plan.returning:
        return texts("meaning-returned", label=label_of(plan.returning.release))
    return texts("meaning-deployed", label=clean(plan.pack.label, 40) if plan.pack else "")


def _facts(operation: Operation, steps: list[Step], texts: Texts, now: datetime) -> list[Text | str]:
    found: list[Text | str] = [
        *restore.outcome(operation, steps, texts),
        *migrations.outcome(operation, steps, texts),
        *backup_lines(steps, texts),
        *freed(steps, texts),
        *backups.pruned(steps, texts),
    ]
    who = operation.confirmed_by or operation.by
    found.append(texts("verdict-foot", duration=elapsed(operation, now), who=clean(who.name, 64)))
    if operation.cancelled_by is not None:
        found.append(texts("verdict-cancelled", who=clean(operation.cancelled_by.name, 64)))
    return found


def freed(steps: list[Step], texts: Texts) -> list[Text | str]:
    """What went because newer releases are kept."""
    result = next((step.result for step in steps if (step.phase, step.name) == ("forward", "record")), {})
    if not (result.get("removed") or result.get("images")):
        return []
    numbers = {name: int(result.get(name, 0)) for name in ("removed", "bytes")}
    gone = result.get("images", 0)
    return [texts("verdict-freed", images=int(gone) if isinstance(gone, int) else 0, **numbers)]


def backup_lines(steps: list[Step], texts: Texts) -> list[Text | str]:
    """The dump that the steps made: size, checksum, where its copies are."""
    results = {step.name: step.result for step in steps if step.phase == "forward"}
    made = results.get("backup", {})
    if not made.get("sha256"):
        return []
    places = "both" if results.get("fetch", {}).get("file") else "host"
    backup = texts("backup-made", size=int(made["size"]), places=places)
    brought = results.get("offsite", {}).get("brought", {})
    off = [texts("backup-offsite", places=", ".join(brought))] if brought else []
    return [backup, Text("SHA-256 ", code(str(made["sha256"])[:16])), *off]
