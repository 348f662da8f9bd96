"""What a restore, its undo and the drop of what it kept say: the list, the card's middle, the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text

from bot import keyboards
from bot.texts import Texts
from bot.views import drill
from bot.views.copies import opened_by
from bot.views.parts import clean, code, lines, moment
from bot.views.screen import Block, Screen, fit, screen
from services.backups.models import Backup
from services.migrations import restored
from services.models import Kind, Operation, Restoring, State, Step, StepState
from services.restores.names import names_of

_PROMISES = {Kind.RESTORE: "restore-promise", Kind.UNDO: "undo-promise"}
_ENDS = {
    (Kind.RESTORE, State.SUCCEEDED): "meaning-restore-done",
    (Kind.UNDO, State.SUCCEEDED): "meaning-undo-done",
    (Kind.DROP, State.SUCCEEDED): "meaning-drop-done",
    (Kind.RESTORE, State.FAILED): "meaning-restore-failed",
    (Kind.UNDO, State.FAILED): "meaning-restore-failed",
    (Kind.DROP, State.FAILED): "meaning-drop-failed",
    (Kind.RESTORE, State.ROLLED_BACK): "meaning-restore-back",
    (Kind.UNDO, State.ROLLED_BACK): "meaning-undo-back",
}

MOST_BACKUPS = 10
MOST_TABLES = 12


def choose_backup(
    project: str, found: Sequence[Backup], texts: Texts, now: datetime, page: int = 0
) -> Screen:
    """A button per backup of this page, newest first; without any, how to make one.

    `found`: all of them. A page that is no more (retention cleared away) is the last one.
    """
    if not found:
        return screen(Text(texts("restore-no-backups", project=project)), texts)
    last = (len(found) - 1) // MOST_BACKUPS
    page = min(page, last)
    shown = found[page * MOST_BACKUPS : (page + 1) * MOST_BACKUPS]
    buttons = [(backup, _backup(backup, texts, now)) for backup in shown]
    begin = page * MOST_BACKUPS
    numbers = {"first": begin + 1, "last": begin + len(shown), "count": len(found)}
    node = lines(texts("restore-choose", project=project), texts("restore-page", **numbers) if last else None)
    return fit([Block(node)], texts, keyboards.backups(buttons, project, texts, page=page, last=last))


def _backup(backup: Backup, texts: Texts, now: datetime) -> str:
    age = texts("ago", age=max(0.0, (now - backup.at).total_seconds()))
    label = clean(backup.label or backup.release or "", 24)
    known = drill.mark(backup, texts, now) if backup.drilled else ""
    return " · ".join(part for part in (age, texts.size(backup.size), label, known) if part)


# --- the card ------------------------------------------------------------------------------------


def about(operation: Operation, texts: Texts) -> Text:
    """Which backup, or which operation is taken back."""
    found = operation.plan.restoring
    if found is None:
        return Text()
    if found.backup is not None and operation.kind is Kind.DRILL:
        return drill.about(operation, found.backup, texts)
    if found.backup is not None:
        return _what_comes_back(operation, found.backup, texts)
    if operation.kind is Kind.UNDO:
        when = Text(" ", moment(found.of_at, "dT")) if found.of_at else ""
        return lines(Text(texts("undo-of"), " ", code(found.of), when))
    return lines(*(Text("🗑 ", code(name)) for name in found.dropped))


def _what_comes_back(operation: Operation, backup: Backup, texts: Texts) -> Text:
    age = max(0.0, (operation.created_at - backup.at).total_seconds())
    label = clean(backup.label or backup.release or "", 40)
    return lines(
        Text(texts("restore-of"), " ", moment(backup.at, "dT"), ", ", Bold(texts("ago", age=age))),
        Text(texts.size(backup.size), " · SHA-256 ", code(backup.sha256[:16])),
        Text(texts("ops-release"), " ", Bold(label)) if label else None,
        drill.mark(backup, texts, operation.created_at),
        *opened_by(backup, texts),
    )


def losses(operation: Operation, texts: Texts) -> Text | None:
    """Rows by table, now against then: what would be lost, and what comes back."""
    found = operation.plan.restoring
    if found is None or operation.kind in {Kind.DROP, Kind.DRILL}:
        return None
    now, then = found.rows_now, found.rows_then
    if now is None or then is None:
        which = "restore-rows-then-unknown" if now is not None else "restore-rows-now-unknown"
        return lines(Bold(texts("restore-rows")), texts(which), *_known(found, texts))
    changed = [table for table in sorted({*now, *then}) if now.get(table) != then.get(table)]
    if not changed:
        return lines(Bold(texts("restore-rows")), texts("restore-rows-equal", tables=len(now)))
    shown = [f"• {_table(table)}: {_count(now, table)} → {_count(then, table)}" for table in changed]
    hidden = len(changed) - MOST_TABLES
    same = len({*now, *then}) - len(changed)
    return lines(
        Bold(texts("restore-rows")),
        *shown[:MOST_TABLES],
        texts("restore-rows-more", count=hidden) if hidden > 0 else None,
        texts("restore-rows-same", count=same) if same else None,
    )


def _known(found: Restoring, texts: Texts) -> list[str]:
    """What is known of one side: its sum."""
    side = found.rows_now if found.rows_now is not None else found.rows_then
    if side is None:
        return []
    which = "restore-rows-now" if side is found.rows_now else "restore-rows-then"
    return [texts(which, rows=sum(side.values()), tables=len(side))]


def _table(name: str) -> str:
    return clean(name.removeprefix("public.").removeprefix("main."), 60)


def _count(rows: dict[str, int], table: str) -> str:
    return str(rows[table]) if table in rows else "–"


def promise(operation: Operation, texts: Texts) -> Text:
    """What will happen, and what is kept."""
    if operation.kind is Kind.DROP:
        return lines(texts("drop-promise"))
    if operation.kind is Kind.DRILL:
        return drill.promise(operation, texts)
    kept = names_of(operation).outgoing
    return lines(
        texts(_PROMISES[operation.kind], engine=_engine(operation)),
        Text(texts("restore-keeps"), " ", code(kept)),
    )


def _engine(operation: Operation) -> str:
    return operation.plan.restoring.engine if operation.plan.restoring else ""


def ask_for_name(operation: Operation, texts: Texts) -> Text | None:
    """While somebody is asked to type the project's name: who, what, until when."""
    if operation.asked is None:
        return None
    who = clean(operation.asked.person.name, 64)
    said = texts("card-type-name", who=who)
    return Text(
        "⌨️ ",
        said,
        " ",
        code(operation.project),
        ", ",
        texts("until"),
        " ",
        moment(operation.asked.until),
    )


# --- the outcome ---------------------------------------------------------------------------------


def meaning(operation: Operation, texts: Texts) -> str:
    """What the end means for the database, in one sentence."""
    if operation.kind is Kind.DRILL:
        return drill.meaning(operation, texts)
    return texts(_ENDS.get((operation.kind, operation.state), "meaning-restore-needs-human"))


def kept(steps: Sequence[Step]) -> str:
    """The name of the database that was put aside by the last swap; empty when none was."""
    found = {(step.phase, step.name): step.result for step in steps}
    back = found.get(("rollback", "swap-database-back"))
    last = back or found.get(("forward", "swap-database")) or {}
    return str(last.get("kept", ""))


def outcome(operation: Operation, steps: Sequence[Step], texts: Texts) -> list[Text | str]:
    """Rows compared, what was kept, what was restarted."""
    if operation.kind is Kind.DRILL:
        return drill.outcome(steps, texts)
    results = {step.name: step.result for step in steps if step.phase == "forward"}
    compared = results.get("compare", {})
    restarted = [name for step in steps for name in step.result.get("restarted", ())]
    said: list[Text | str] = []
    if compared:
        counted = "restore-compared" if compared.get("compared", True) else "restore-counted"
        said.append(texts(counted, tables=int(compared["tables"]), rows=int(compared["rows"])))
    if aside := results.get("send-dump", {}).get("aside"):
        said.append(Text(texts("restore-aside"), " ", code(str(aside))))
    if operation.plan.restoring and (name := kept(steps)):
        said.append(Text(texts("restore-kept"), " ", code(name)))
    if restarted:
        said.append(texts("restore-restarted", names=", ".join(dict.fromkeys(restarted))))
    if _wrong_records(steps):
        said.append(texts("restore-records-unwritten", project=operation.project))
    return said


def _wrong_records(steps: Sequence[Step]) -> bool:
    """Whether the last who had to write the records of migrations, on or back, could not."""
    ended = [step for step in steps if step.state in {StepState.DONE, StepState.SKIPPED}]
    wrote = [step for step in ended if step.name in {"health", "swap-database-back"}]
    back = [step for step in wrote if step.phase == "rollback"]
    return any(restored.UNWRITTEN in step.result for step in back or wrote)
