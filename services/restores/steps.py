"""/restore, its undo and the drop of what was kept: the steps and the ways back.

Until the swap the live database is only read. The swap is one transaction of two renames, and whether it happened
is read from the names of the databases, so that every step is safe to run again after a crash.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from services.backups.copies import send_back
from services.backups.dumping import application_name
from services.backups.steps import back_up, database_container, database_of, rows_in
from services.commands import own_settings, postgres
from services.commands.command import Command
from services.commands.postgres import Shape
from services.errors import CommandFailed, StepFailed
from services.facts.cluster import parse_cluster, parse_names, parse_rows
from services.migrations import restored
from services.models import Plan, Restoring
from services.projects import Database
from services.remote.jobs import JobSpec
from services.restores.afterwards import healthy
from services.restores.names import Names, names_of
from services.restores.reading import dump_on_host
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


def about(run: Run) -> Restoring:
    if run.plan.restoring is None:
        raise StepFailed("error-internal", detail="a restore without what it restores")
    return run.plan.restoring


def names(run: Run) -> Names:
    return names_of(run.operation)


def worker(run: Run) -> Database:
    """The live database as the role that does the work sees it."""
    return database_of(run).model_copy(update={"user": about(run).worker, "name": about(run).database})


def loaded(run: Run) -> Database:
    """The database that the dump is loaded into, as the same role sees it."""
    return worker(run).model_copy(update={"name": names(run).incoming})


async def databases(run: Run) -> set[str]:
    container = await database_container(run)
    done = await run.remote.run(postgres.databases(container, worker(run)), timeout=SHORT)
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
    container, wanted = await database_container(run), names(run)
    shape = Shape(**about(run).shape)  # type: ignore[arg-type]  # the fields of Shape, from our own plan
    owner = database_of(run).user
    await run.remote.run(postgres.drop(container, worker(run), wanted.incoming), timeout=CREATING)
    create = postgres.create(container, worker(run), owner, wanted.incoming, shape)
    await run.remote.run(create, timeout=CREATING)
    return {"database": wanted.incoming}


async def load(run: Run) -> dict[str, Any]:
    """The first error ends it. Statistics are made at once: without them the first hours would be slow."""
    backup, incoming = about(run).backup, names(run).incoming
    if backup is None:
        raise StepFailed("error-internal", detail="a restore without a backup")
    container = await database_container(run)
    loading: Callable[..., Command] = postgres.load if backup.form == "custom" else postgres.load_plain
    if in_container(run.plan) and backup.form == "custom":
        loading = partial(postgres.load, tablespaces=False)  # they are the live cluster's own
    load_it = loading(container, worker(run), await _owner(run), incoming, application_name(run))
    spec = JobSpec(
        id=run.job_id(),
        command=load_it,
        state_dir=run.project.state_dir,
        stdin=backup.host_file,
        epoch=run.operation.epoch,
    )
    analyze = JobSpec(
        id=run.job_id("analyze"),
        command=postgres.analyze(container, worker(run), incoming),
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )
    try:
        await run.job(spec, run.project.backup_timeout)
    except CommandFailed as error:
        why = without_values(error.detail)
        raise StepFailed("error-restore-load", detail=why, status=error.exit_status) from error
    await run.job(analyze, run.project.backup_timeout, log_name="analyze")
    return {}


async def _owner(run: Run) -> str | None:
    """Whose everything becomes; None where the worker may give each thing back to its own owner.

    A superuser also makes the extensions, publications and event triggers that the stack's role may not make. What was
    imported by hand becomes the stack's role's.
    """
    backup = about(run).backup
    if in_container(run.plan):  # there it is a superuser, and the others have no rights
        return database_of(run).user
    if backup is None or backup.imported:  # its owners may be those of another server
        return database_of(run).user
    asked = postgres.facts(await database_container(run), worker(run))
    done = await run.remote.run(asked, timeout=SHORT)
    return None if parse_cluster(done.stdout).may_all else database_of(run).user


async def keep_settings(run: Run) -> None:
    """What ALTER DATABASE and GRANT … ON DATABASE said of the live database holds for the new one too: no dump has it.

    After the load, which the settings could hinder.
    """
    container = await database_container(run)
    done = await run.remote.run(postgres.facts(container, worker(run)), timeout=SHORT)
    if parse_cluster(done.stdout).own_settings:
        await run.remote.run(own_settings.copy(container, worker(run), names(run).incoming), timeout=SHORT)


def without_values(said: str) -> str:
    """PostgreSQL's complaint without the lines that quote what stands in a row: those are nobody's in a chat."""
    return "\n".join(line for line in said.splitlines() if not line.startswith(("CONTEXT:", "DETAIL:")))


async def compare(run: Run) -> dict[str, Any]:
    """Rows by table: what the new database holds against what the archive holds."""
    backup = about(run).backup
    if backup is None:
        raise StepFailed("error-internal", detail="a restore without a backup")
    expected = backup.rows
    if expected is None and backup.form == "custom":
        expected = await rows_in(run, backup.host_file)
    container = await database_container(run)
    done = await run.remote.run(postgres.rows(container, loaded(run), COUNTING), timeout=COUNTING + SHORT)
    counted = parse_rows(done.stdout)
    # SQL made by hand with INSERTs tells no rows beforehand: that all of it was carried out is all that is known.
    if expected is not None and (difference := first_difference(expected, counted)):
        table, wanted, found = difference
        raise StepFailed("error-restore-differs", table=table, expected=wanted, found=found)
    await keep_settings(run)
    return {"tables": len(counted), "rows": sum(counted.values())}


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
    container = await database_container(run)
    drop = postgres.drop(container, worker(run), names(run).incoming)
    await run.remote.run(drop, timeout=CREATING)
    return {}


async def drop_kept(run: Run) -> dict[str, Any]:
    """Only what the plan showed, and the builder takes no other names than ours."""
    container = await database_container(run)
    for name in about(run).dropped:
        await run.remote.run(postgres.drop(container, worker(run), name), timeout=CREATING)
    return {"dropped": list(about(run).dropped)}


# --- the swap ------------------------------------------------------------------------------------


async def swap_database(run: Run) -> dict[str, Any]:
    wanted = names(run)
    await _swap(run, wanted.live, wanted.incoming, wanted.outgoing)
    return {"kept": wanted.outgoing}


async def swap_back(run: Run) -> dict[str, Any] | Skip:
    """Whether there is anything to take back stands in the names."""
    wanted = names(run)
    if wanted.outgoing not in await databases(run):
        return Skip.SKIPPED
    await _swap(run, wanted.live, wanted.outgoing, wanted.back)
    return {"kept": wanted.back}


async def _swap(run: Run, live: str, incoming: str, outgoing: str) -> None:
    """Ends sessions and renames, again and again until it is done: an application may come back in between."""
    deadline = time.monotonic() + SWAPPING
    container = await database_container(run)
    swap = postgres.swap(container, worker(run), incoming=incoming, outgoing=outgoing)
    while True:
        there = await databases(run)
        if incoming not in there and {live, outgoing} <= there:
            return
        if not {live, incoming} <= there or outgoing in there:
            raise StepFailed("error-restore-names", detail=", ".join(sorted(there)), live=live)
        done = await run.remote.run(swap, timeout=SWAP_TRY, check=False)
        if done.exit_status != 0 and time.monotonic() > deadline:
            why = done.stderr.decode("utf-8", "replace")[-2000:]
            raise StepFailed("error-restore-sessions", detail=why, database=live)


# --- procedures ----------------------------------------------------------------------------------


async def healthy_now(run: Run) -> dict[str, Any]:
    """And the records of migrations say again what is so in this database."""
    found = await healthy(run)
    await restored.note(run)
    return found


HEALTH_AGAIN = StepDef("health-again", healthy)


def restore_procedure(lock: StepDef, data: Path) -> Procedure:
    """`data`: DATA_DIR, where our own copies are."""
    forward = (
        lock,
        send_back(data),
        StepDef("verify-dump", verify_dump),
        StepDef("backup", back_up),
        StepDef("create-database", create_database),
        StepDef("load", load),
        StepDef("compare", compare),
        StepDef("swap-database", swap_database),
        StepDef("health", healthy_now),
        UNLOCK,
    )
    return Procedure(forward=lambda _plan: forward, rollback=_back_from_restore)


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
