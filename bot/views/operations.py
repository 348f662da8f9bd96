"""/ops: what runs, what ran, the backups; and one operation in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text

from bot import keyboards
from bot.texts import Texts
from bot.views import backups, migrations, restore
from bot.views.parts import MARKS, clean, code, elapsed, label_of, lines, moment, tail, title
from bot.views.progress import step_list, way_back
from bot.views.screen import Block, Screen, fit, screen
from bot.views.verdict import backup_lines, meaning
from services.backups.models import Backup
from services.models import Operation, Step, short_id


def operations(found: Sequence[Operation], backups: Sequence[Backup], texts: Texts, now: datetime) -> Screen:
    """Running ones first; each has its button."""
    if not found and not backups:
        return screen(Text(texts("ops-none")), texts)
    listed: list[Text | str] = [
        Text(MARKS[op.state], " ", Bold(title(op, texts)), " · ", _when(op, texts, now)) for op in found
    ]
    kept = [_backup(backup, texts, now) for backup in backups]
    blocks = [
        Block(lines(Bold(texts("ops-title")), *(listed or [texts("ops-none")])), keep=5),
        Block(lines(Bold(texts("ops-backups")), *kept), keep=3) if kept else None,
    ]
    buttons = [(op, f"{MARKS[op.state]} {title(op, texts)} · {short_id(op.id)}") for op in found]
    return fit(blocks, texts, keyboards.operations(buttons))


def _when(operation: Operation, texts: Texts, now: datetime) -> str:
    state = _state(operation, texts)
    if operation.finished_at is None:
        return f"{state}, {texts.duration(elapsed(operation, now))}"
    return f"{state}, {texts('ago', age=max(0.0, (now - operation.finished_at).total_seconds()))}"


def _state(operation: Operation, texts: Texts) -> str:
    return texts(f"state-{operation.state.replace('_', '-')}")


def _backup(backup: Backup, texts: Texts, now: datetime) -> Text:
    places = "both" if backup.local_file else "host"
    age = max(0.0, (now - backup.at).total_seconds())
    line = texts("ops-backup", project=backup.project, age=age, size=backup.size, places=places)
    return Text("• ", line, " ", code(backup.sha256[:8]))


def details(operation: Operation, steps: list[Step], texts: Texts, now: datetime, *, has_log: bool) -> Screen:
    """Who, when, each step with its time, why it ended so."""
    log, back = tail(operation.log_tail), way_back(operation, steps, texts, now)
    blocks = [
        Block(_head(operation, texts, now)),
        Block(_reason(operation, texts), keep=8) if operation.reason else None,
        Block(step_list(operation, steps, texts, now), keep=6),
        Block(back, keep=7) if back else None,
        Block(lines(*facts), keep=4) if (facts := _facts(operation, steps, texts)) else None,
        Block(log, keep=1, cut_front=True) if log else None,
    ]
    return fit(blocks, texts, keyboards.details(operation, texts, has_log=has_log))


def _head(operation: Operation, texts: Texts, now: datetime) -> Text:
    spent = texts.duration(elapsed(operation, now))
    confirmed = operation.confirmed_by
    cancelled = operation.cancelled_by
    return lines(
        Text(
            MARKS[operation.state],
            " ",
            Bold(title(operation, texts)),
            f" · {_state(operation, texts)} · {spent}",
        ),
        Text(code(operation.id), " · ", moment(operation.started_at or operation.created_at, "dT")),
        texts("ops-asked", who=clean(operation.by.name, 64)),
        texts("card-confirmed", who=clean(confirmed.name, 64)) if confirmed else None,
        texts("verdict-cancelled", who=clean(cancelled.name, 64)) if cancelled else None,
    )


def _reason(operation: Operation, texts: Texts) -> Text:
    reason = texts.phrase(operation.reason) if operation.reason else ""
    back = operation.rollback_reason
    again = texts("verdict-rollback-reason", reason=texts.phrase(back)) if back else None
    return lines(clean(reason, 600), clean(again, 600) if again else None)


def _facts(operation: Operation, steps: list[Step], texts: Texts) -> list[Text | str]:
    pack, current = operation.plan.pack, operation.plan.current
    found: list[Text | str] = [*restore.outcome(operation, steps, texts), *backup_lines(steps, texts)]
    found += [*migrations.outcome(operation, steps, texts), *backups.pruned(steps, texts)]
    if pack is not None:
        subject = f" {clean(pack.subject, 120)}" if pack.subject else ""
        found.append(Text(texts("ops-release"), " ", Bold(clean(pack.label, 40)), subject))
    if operation.plan.returning is not None:
        found.append(Text(texts("ops-release"), " ", Bold(label_of(operation.plan.returning.release))))
    if current is not None:
        found.append(Text(texts("ops-before"), " ", Bold(label_of(current))))
    if operation.state.is_verdict and (sentence := meaning(operation, texts, steps)):
        found.append(sentence)
    return found
