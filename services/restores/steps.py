"""/restore, its undo and the drop of what was kept: the steps and the ways back.

Until the swap the live database is only read. The swap is one transaction of two renames, and whether it happened
is read from the names of the databases, so that every step is safe to run again after a crash.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.backups import steps as backups
from services.backups.copies import Brings, send_back
from services.backups.dumping import application_name
from services.backups.steps import back_up, ending_dumps, rows_in
from services.engines import Engine
from services.errors import CommandFailed, StepFailed
from services.facts.cluster import parse_names, parse_rows
from services.migrations import restored
from services.models import Plan, Restoring
from services.remote.jobs import JobSpec
from services.restores.afterwards import healthy
from services.restores.names import Names, names_of
from services.restores.reading import dump_on_host
from services.restores.stillness import still, wake
from services.runs import Procedure, Run, Skip, StepDef
from services.scratch import in_container
from services.steps import SHORT, UNLOCK

CREATING = 120
"""Seconds for CREATE and DROP DATABASE, which wait for a checkpoint."""
COUNTING = 1800
"""Seconds for counting every row of the restored database."""
SWAPPING = 60.0
"""Seconds within which the swap must find a moment without new sessions."""
SWAP_TRY = 30
"""Seconds for one try: PostgreSQL itself waits 5 s for ended sessions to go."""
BETWEEN_TRIES = 0.5
"""Seconds for the application to come back and for others to go."""


def about(run: Run) -> Restoring:
    if run.plan.restoring is None:
        raise StepFailed("error-internal", detail="a restore without what it restores")
    return run.plan.restoring


def names(run: Run) -> Names:
    return names_of(run.operation)


async def engine(run: Run) -> Engine:
    """The live database as the login that does the work sees it."""
    try:
        return (await backups.engine(run)).working_as(about(run).worker, about(run).database)
    except ValueError as error:  # the settings name another file than the plan
        raise StepFailed("error-sqlite-place", file=about(run).database, detail=str(error)) from error


async def databases(run: Run) -> set[str]:
    done = await run.remote.run((await engine(run)).databases(), timeout=SHORT)
    return parse_names(done.stdout)


# --- beside the live database --------------------------------------------------------------------


async def verify_dump(run: Run) -> dict[str, Any]:
    """R-DB-3: the dump is byte for byte the one that was proven, and our names are free."""
    backup = about(run).backup
    if backup is None:
        raise StepFailed("error-internal", detail="a restore without a backup")
    lying = await dump_on_host(run.remote, backup, hashed=True)
    if lying is None:
        raise StepFailed("error-dump-gone", file=str(backup.host_file))
    if lying != (backup.size, backup.sha256):
        raise StepFailed("error-dump-changed", file=str(backup.host_file))
    wanted = names(run)
    there = set[str]() if in_container(run.plan) else await databases(run)
    if taken := there & {wanted.incoming, wanted.outgoing, wanted.back}:
        raise StepFailed("error-restore-name-taken", name=min(taken))
    return {"size": backup.size}


async def create_database(run: Run) -> dict[str, Any]:
    """Half made by an earlier try, it is made anew."""
    speaking, wanted = await engine(run), names(run)
    await run.remote.run(speaking.drop(wanted.incoming), timeout=CREATING)
    if create := speaking.create(wanted.incoming, about(run).shape):
        await run.remote.run(create, timeout=CREATING)
    return {"database": wanted.incoming}


async def load(run: Run) -> dict[str, Any]:
    """The first error ends it; what PostgreSQL says then may quote rows, and nobody here is told more than the error. Statistics are made at once: without them the first hours would be slow."""
    backup, incoming = about(run).backup, names(run).incoming
    if backup is None:
        raise StepFailed("error-internal", detail="a restore without a backup")
    speaking = await engine(run)
    load_it = speaking.load(incoming, application_name(run), backup.form, own=await _own(run, speaking))
    spec = JobSpec(
        id=run.job_id(),
        command=load_it,
        state_dir=run.project.state_dir,
        stdin=backup.host_file,
        epoch=run.operation.epoch,
    )
    try:
        await run.job(spec, run.project.backup_timeout, hearing=speaking.hearing)
    except CommandFailed as error:
        raise StepFailed("error-restore-load", detail=error.detail, status=error.exit_status) from error
    if settle := speaking.settle(incoming):
        analyze = replace(spec, id=run.job_id("analyze"), command=settle, stdin=None)
        await run.job(analyze, run.project.backup_timeout, log_name="analyze", hearing=speaking.hearing)
    return {}


async def _own(run: Run, speaking: Engine) -> bool:
    """Whether everything becomes the stack's own role's; else each thing goes back to its own owner.

    A superuser also makes the extensions, publications and event triggers that the stack's role may not make. What was
    imported by hand becomes the stack's role's.
    """
    backup = about(run).backup
    if in_container(run.plan):  # there it is a superuser, and the others have no rights
        return True
    if backup is None or backup.imported:  # its owners may be those of another server
        return True
    done = await run.remote.run(speaking.facts(), timeout=SHORT)
    return not speaking.parse_facts(done.stdout).may_all


async def keep_settings(run: Run) -> None:
    """What ALTER DATABASE and GRANT … ON DATABASE said of the live database holds for the new one too: no dump has it.

    After the load, which the settings could hinder.
    """
    speaking = await engine(run)
    keeping = speaking.keep_settings(names(run).incoming)
    done = await run.remote.run(speaking.facts(), timeout=SHORT)
    if keeping and speaking.parse_facts(done.stdout).own_settings:
        await run.remote.run(keeping, timeout=SHORT)


async def compare(run: Run) -> dict[str, Any]:
    """Rows by table: what the new database holds against what the archive holds."""
    backup = about(run).backup
    if backup is None:
        raise StepFailed("error-internal", detail="a restore without a backup")
    expected = backup.rows
    if expected is None and backup.form == "custom":
        expected = await rows_in(run, backup.host_file)
    counting = (await engine(run)).rows(names(run).incoming, COUNTING)
    done = await run.remote.run(counting, timeout=COUNTING + SHORT)
    counted = parse_rows(done.stdout)
    # SQL made by hand with INSERTs tells no rows beforehand: that all of it was carried out is all that is known.
    if expected is not None and (difference := first_difference(expected, counted)):
        table, wanted, found = difference
        raise StepFailed("error-restore-differs", table=table, expected=wanted, found=found)
    await keep_settings(run)
    numbers = {"tables": len(counted), "rows": sum(counted.values())}
    return numbers | {"compared": expected is not None}


def first_difference(archive: dict[str, int], restored: dict[str, int]) -> tuple[str, int, int] | None:
    """The first table of the restored database whose rows are not the archive's.

    Tables that only the archive counts belong to extensions, which make their own.
    """
    for table, found in restored.items():
        if archive.get(table, 0) != found:
            return table, archive.get(table, 0), found
    return None


async def drop_restored(run: Run) -> dict[str, Any]:
    """The half-made database goes; one that was swapped in has another name by now."""
    await run.remote.run((await engine(run)).drop(names(run).incoming), timeout=CREATING)
    return {}


async def drop_kept(run: Run) -> dict[str, Any]:
    """Only what the plan showed, and the builder takes no other names than ours."""
    speaking = await engine(run)
    for name in about(run).dropped:
        await run.remote.run(speaking.drop(name), timeout=CREATING)
    return {"dropped": list(about(run).dropped)}


# --- the swap ------------------------------------------------------------------------------------


async def swap_database(run: Run) -> dict[str, Any]:
    wanted = names(run)
    await _swap(run, wanted.live, wanted.incoming, wanted.outgoing)
    return {"kept": wanted.outgoing}


async def swap_back(run: Run) -> dict[str, Any] | Skip:
    """Whether there is anything to take back stands in the names. The records of migrations follow the database at once."""
    wanted = names(run)
    if wanted.outgoing not in await databases(run):
        speaking = await engine(run)
        if unswap := speaking.unswap(wanted.outgoing):
            await run.remote.run(unswap, timeout=CREATING)
            await wake(run)
        return await restored.take_back(run) or Skip.SKIPPED
    await _swap(run, wanted.live, wanted.outgoing, wanted.back)
    return {"kept": wanted.back} | await restored.take_back(run)


async def _swap(run: Run, live: str, incoming: str, outgoing: str) -> None:
    """Ends sessions and renames, again and again until it is done: an application may come back in between.

    Where there are no sessions to end, those who have the database open are stopped for it. Cut off anywhere and
    walked again, on or back, it ends with them running.
    """
    deadline = time.monotonic() + SWAPPING
    speaking = await engine(run)
    swap = speaking.swap(incoming, outgoing)
    while not _swapped(await databases(run), live, incoming, outgoing):
        if speaking.exclusive:
            await still(run)
        done = await run.remote.run(swap, timeout=SWAP_TRY, check=False)
        if done.exit_status != 0 and time.monotonic() > deadline:
            why = done.stderr.decode("utf-8", "replace")[-2000:]
            raise StepFailed("error-restore-sessions", detail=why, database=live)
        if done.exit_status != 0:
            await run.sleep(BETWEEN_TRIES)
    if speaking.exclusive:
        await wake(run)


def _swapped(there: set[str], live: str, incoming: str, outgoing: str) -> bool:
    """Whether the names say that it happened. Raises StepFailed when they say neither that nor that it can."""
    if incoming not in there and {live, outgoing} <= there:
        return True
    if not {live, incoming} <= there or outgoing in there:
        raise StepFailed("error-restore-names", detail=", ".join(sorted(there)), live=live)
    return False


# --- procedures ----------------------------------------------------------------------------------


async def healthy_now(run: Run) -> dict[str, Any]:
    """And the records of migrations say again what is so in this database."""
    found = await healthy(run)
    return found | await restored.note(run)


HEALTH_AGAIN = StepDef("health-again", healthy)


def restore_procedure(lock: StepDef, data: Path, offsite: Brings | None = None) -> Procedure:
    """`data`: DATA_DIR, where our own copies are; `offsite`: where others are."""
    forward = (
        lock,
        send_back(data, offsite),
        StepDef("verify-dump", verify_dump),
        StepDef("backup", back_up),
        StepDef("create-database", create_database),
        StepDef("load", load),
        StepDef("compare", compare),
        StepDef("swap-database", swap_database),
        StepDef("health", healthy_now),
        UNLOCK,
    )
    return ending_dumps(Procedure(forward=lambda _plan: forward, rollback=_back_from_restore))


def _back_from_restore(_plan: Plan, begun: frozenset[str]) -> tuple[StepDef, ...]:
    steps: list[StepDef] = []
    if "swap-database" in begun:
        steps.append(StepDef("swap-database-back", swap_back))
    if "create-database" in begun:
        steps.append(StepDef("drop-restored", drop_restored))
    if "swap-database" in begun:
        steps.append(HEALTH_AGAIN)
    return (*steps, UNLOCK)


def undo_procedure(lock: StepDef) -> Procedure:
    forward = (lock, StepDef("swap-database", swap_database), StepDef("health", healthy_now), UNLOCK)

    def rollback(_plan: Plan, begun: frozenset[str]) -> tuple[StepDef, ...]:
        back = (StepDef("swap-database-back", swap_back), HEALTH_AGAIN) if "swap-database" in begun else ()
        return (*back, UNLOCK)

    return Procedure(forward=lambda _plan: forward, rollback=rollback)


def drop_procedure(lock: StepDef) -> Procedure:
    forward = (lock, StepDef("drop-database", drop_kept), UNLOCK)
    return Procedure(forward=lambda _plan: forward, rollback=lambda _plan, _begun: (UNLOCK,))
