"""/drill: a backup goes into a scratch database, is compared table by table, and dropped again.

The scratch database lies beside the live one, or in a container of its own (services.scratch). Nothing here reads or
writes the live database. A drill's database is named by its operation, and the builders take no other name; whatever
ends a drill, the way back drops it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from services import scratch
from services.backups.copies import Brings, here, note, send_back, without_copy
from services.backups.models import DUMP_CHANGED, Backup, Drilled, copies_of, tells_rows
from services.backups.steps import database_of, live_container
from services.commands import dumps
from services.drills.contents import compared
from services.engines import aside
from services.errors import Fenced, OpsgateError, StepFailed, Unreachable
from services.models import Kind, Operation, Plan, short_id
from services.projects import Database
from services.restores.steps import (
    CREATING,
    about,
    create_database,
    databases,
    drop_restored,
    engine,
    load,
    verify_dump,
)
from services.runs import Procedure, Run, Skip, StepDef, StepWork
from services.steps import SHORT, UNLOCK

log = structlog.get_logger(__name__)

AGAINST_THE_BACKUP = frozenset({DUMP_CHANGED, "error-restore-differs", "error-drill-content"})
"""Reasons that say something about the backup. A host that is away or full, or a person who stops it, says nothing."""
LOAD_FAILED = "error-restore-load"
REFUSED = frozenset({1, 3})
"""Exit statuses of pg_restore and of psql themselves; others are those of what runs it, or of a signal."""
EARLIER = 200
"""So many earlier drills of a project may have left a scratch database behind."""

_TROUBLE = re.compile(
    r"no space left on device|disk quota exceeded|could not (?:extend|write|resize|fsync|open) |out of (?:shared )?memory"
    r"|terminating connection|connection to server|server closed the connection|could not (?:connect|send|receive)"
    r"|database system is|too many clients|remaining connection slots|canceling statement|no such container"
    r"|is not running|docker daemon|input/output error"
    r'|extension "[^"]+" is not available|could not access file|(?:role|tablespace) "[^"]+" does not exist'
    r"|shared_preload_libraries|must be preloaded"
    r"|permission denied|must be (?:owner|superuser|member|able)",
    re.IGNORECASE,
)
"""What PostgreSQL and Docker say when they are in trouble themselves, lack what no dump of a database brings along, or do not let us."""
_REFUSAL = re.compile(
    r"\bERROR: |^pg_restore: error: (?!could not execute query: |COPY failed for table|error returned by )",
    re.MULTILINE,
)
"""Said in English, by the server or by pg_restore of the archive itself: of what the server says in another language nobody knows what it means."""


def speaks_against(operation: Operation) -> bool:
    """Whether the reason of a failed drill is the backup itself."""
    reason = operation.reason
    if reason is None:
        return False
    if reason.id == LOAD_FAILED:
        said = operation.log_tail
        return (
            reason.args.get("status") in REFUSED and bool(_REFUSAL.search(said)) and not _TROUBLE.search(said)
        )
    return reason.id in AGAINST_THE_BACKUP


def backup_of(run: Run) -> Backup:
    backup = about(run).backup
    if backup is None:
        raise StepFailed("error-internal", detail="a drill without a backup")
    return backup


# --- steps ---------------------------------------------------------------------------------------


async def create_scratch(run: Run) -> dict[str, Any]:
    """What an earlier drill had to leave behind, its host being away, goes first: we hold the lock, so it is nobody's."""
    earlier = await run.store.operations.of_kind(run.project.name, Kind.DRILL, EARLIER)
    if scratch.in_container(run.plan):
        return await _begin_container(run) | await create_database(run)
    if any(scratch.in_container(one.plan) for one in earlier):
        await scratch.end(run)
    speaking, live = await engine(run), about(run).database
    there = await databases(run)
    for one in earlier:
        left = aside(about(run).engine, live, "drill", short_id(one.id))
        if left in there:
            await run.remote.run(speaking.drop(left), timeout=CREATING)
    return await create_database(run)


async def _begin_container(run: Run) -> dict[str, Any]:
    """The live database is asked for the names of its roles, and for nothing else."""
    database, name = database_of(run), scratch.container_name(run.operation)
    if not isinstance(database, Database):  # no settings that were validated say so
        raise StepFailed("error-internal", detail="a container for a drill of a file")
    await scratch.end(run, but=name)
    roles = await scratch.role_names(run.remote, await live_container(run), database)
    await scratch.start(run, database, roles)
    return {"container": name}


async def drop_scratch(run: Run) -> dict[str, Any]:
    """The container takes its database along."""
    if not scratch.in_container(run.plan):
        return await drop_restored(run)
    if run.phase == "rollback":
        await scratch.end_after_start(run)
    else:
        await scratch.end(run)
    return {}


async def compare(run: Run) -> dict[str, Any]:
    """Rows and sums by table: what came out of the archive against what it should hold."""
    backup = backup_of(run)
    found = await compared(run, backup)
    numbers = {"tables": len(found.rows), "rows": sum(found.rows.values())}
    return numbers | {"summed": found.sums is not None, "compared": tells_rows(backup)}


def record(data: Path) -> StepWork:
    """The proof stands with the backup from here on."""

    async def noted(run: Run) -> dict[str, Any]:
        counted, seconds = run.results["compare"], _took(run)
        numbers = {name: counted[name] for name in ("tables", "rows", "compared") if name in counted}
        await _note(run, Drilled(**_of(run), good=True, seconds=seconds, **numbers))
        await take_back_sent(run, data)
        return counted | {"took": seconds}

    return noted


def record_failure(data: Path) -> StepWork:
    """Only what speaks against the backup is held against it."""

    async def noted(run: Run) -> dict[str, Any] | Skip:
        against = speaks_against(run.operation)
        if against:
            await _note(run, Drilled(**_of(run), good=False, seconds=_took(run), reason=run.operation.reason))
        await take_back_sent(run, data)
        return {} if against else Skip.SKIPPED

    return noted


def _of(run: Run) -> dict[str, Any]:
    return {"operation": run.operation.id, "at": datetime.now(UTC)}


async def _note(run: Run, drilled: Drilled) -> None:
    await run.store.backups.drilled(backup_of(run).id, drilled)


async def take_back_sent(run: Run, data: Path) -> None:
    """A copy that was sent to the host for this drill goes, where none is wanted there.

    Where it cannot go it stays for retention: no reason to fail a drill, or to leave its database behind.
    """
    try:
        await _take_back(run, data)
    except (Fenced, Unreachable):
        raise
    except OpsgateError as error:
        log.warning("a copy stays on the host", operation=run.operation.id, error=str(error))


async def _take_back(run: Run, data: Path) -> None:
    before = {one.where for one in copies_of(backup_of(run))}
    if "host" in run.project.backups.copies or "host" in before:
        return
    backup = await run.store.backups.get(backup_of(run).id)
    brought = "from" in run.results.get(
        "send-dump", {}
    )  # off-site there is one, which was compared a moment ago
    if backup and (brought or await here(data, backup) == (backup.size, backup.sha256)):
        try:
            remove = dumps.remove_copied(backup)
        except ValueError:  # a dump that people made: it stays where they see it
            return
        await run.remote.run(remove, timeout=SHORT)
        await note(run, without_copy(backup, "host"), data)


def _took(run: Run) -> float:
    began = run.operation.started_at or run.operation.created_at
    return round(max(0.0, (datetime.now(UTC) - began).total_seconds()), 3)


# --- procedure -----------------------------------------------------------------------------------


def procedure(lock: StepDef, data: Path, offsite: Brings | None = None) -> Procedure:
    """`data`: DATA_DIR, where our own copies are; `offsite`: where others are. The result is written down before the scratch database goes on the way back: dropping may have to wait."""
    forward = (
        lock,
        send_back(data, offsite, only_known=True),
        StepDef("verify-dump", verify_dump),
        StepDef("create-scratch", create_scratch),
        StepDef("load", load),
        StepDef("compare", compare),
        StepDef("drop-scratch", drop_scratch),
        StepDef("record-drill", record(data)),
        UNLOCK,
    )

    def rollback(_plan: Plan, begun: frozenset[str]) -> tuple[StepDef, ...]:
        dropped = (StepDef("drop-scratch", drop_scratch),) if "create-scratch" in begun else ()
        return (StepDef("record-drill", record_failure(data)), *dropped, UNLOCK)

    return Procedure(forward=lambda _plan: forward, rollback=rollback)
