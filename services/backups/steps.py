"""Database backups: dumped beside the service, believed only after the whole archive was read back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import structlog

from services import scratch
from services.backups.copies import fetch_to, hash_on_host, is_on_host, note
from services.backups.dumping import JOB, Dumped, application_name, dump_and_prove
from services.backups.models import Backup, Copy, backup_id
from services.backups.offsite import Offsite
from services.backups.pruning import prune_step
from services.commands import docker as docker_commands
from services.commands import dumps
from services.commands.command import Command
from services.engines import Engine, engine_at
from services.engines.postgres import Postgres
from services.errors import Fenced, HostError, OpsgateError, StepFailed, Unreachable
from services.facts.cluster import TableData, parse_copied, parse_printing
from services.models import SCHEDULE, Kind, Plan
from services.projects import AnyDatabase, Database
from services.remote.jobs import JobSpec
from services.runs import Procedure, Run, Skip, StepDef
from services.steps import SHORT, UNLOCK, containers

log = structlog.get_logger(__name__)

READY_WITHIN = 60
"""Seconds for a database that was started for its backup to answer."""


def dump_file(run: Run) -> PurePosixPath:
    return run.project.backup_dir / "database" / f"{backup_id(run.operation.id)}.dump"


def database_of(run: Run) -> AnyDatabase:
    if run.project.database is None:
        raise StepFailed("error-no-database", project=run.project.name)
    return run.project.database


async def database_container(run: Run) -> str:
    """The id of the container that is worked in: the live one, or the scratch container of a drill that has one.

    Raises StepFailed when there is none.
    """
    if scratch.in_container(run.plan):
        return await scratch.scratch_container(run)
    return await live_container(run)


async def live_container(run: Run) -> str:
    """The id of the running database container. Raises StepFailed when there is none."""
    service = database_of(run).service
    for container in await containers(run):
        if container.service == service and container.state == "running":
            return container.id
    raise StepFailed("error-database-not-running", service=service)


async def engine(run: Run) -> Engine:
    """The project's database, to be worked with. Raises StepFailed where it cannot be."""
    database = database_of(run)
    if isinstance(database, Database):
        apart = scratch.in_container(run.plan)
        return Postgres(await database_container(run), database, tablespaces=not apart)
    found = [one for one in await containers(run) if one.service == database.service]
    if not found:
        raise StepFailed("error-database-not-running", service=database.service)
    try:
        return engine_at(database, min(found, key=lambda one: (one.state != "running", one.name)))
    except ValueError as error:
        raise StepFailed("error-sqlite-place", file=str(database.file), detail=str(error)) from error


async def live_engine(run: Run) -> Engine:
    """The same, and never the scratch container's."""
    database = database_of(run)
    if isinstance(database, Database):
        return Postgres(await live_container(run), database)
    return await engine(run)


# --- steps ---------------------------------------------------------------------------------------


async def start_database(run: Run) -> dict[str, Any] | Skip:
    """A stopped database is started for its backup; the plan said so."""
    if run.plan.start_database is None:
        return Skip.SKIPPED
    await run.remote.run(docker_commands.start_container(run.plan.start_database), timeout=SHORT)
    await until_ready(run, run.plan.start_database)
    return {}


async def until_ready(run: Run, container: str = "") -> None:
    """Waits until the database answers. Raises StepFailed when it does not within READY_WITHIN seconds.

    `container`: one that was just started, and may not run yet or not for long.
    """
    database, waited = database_of(run), 0.0
    if container and isinstance(database, Database):
        asking = Postgres(container, database).is_ready()
    else:
        asking = (await engine(run)).is_ready()
    while asking and waited < READY_WITHIN:
        ready = await run.remote.run(asking, timeout=SHORT, check=False)
        if ready.exit_status == 0:
            return
        await run.sleep(0.5)
        waited += 0.5
    if asking:
        raise StepFailed("error-database-not-ready", service=database.service, seconds=READY_WITHIN)


async def back_up(run: Run) -> dict[str, Any] | Skip:
    """Dump, read it back whole, see that the very bytes that read back are on the disk, only then name it (R-DB-3, R-DB-4)."""
    if not run.plan.backup:
        return Skip.SKIPPED
    final = dump_file(run)
    part = final.with_suffix(".dump.part")
    await run.remote.run(dumps.folder(final.parent), timeout=SHORT)
    made = await dump_and_prove(run, await engine(run), part)
    await _settle(run, made, part, final)
    backup = await _recorded(run, made, final)
    await note(run, backup, Path())  # no copy of ours yet
    return {"backup": backup.id, "size": backup.size, "sha256": backup.sha256}


async def _settle(run: Run, made: Dumped, part: PurePosixPath, final: PurePosixPath) -> None:
    """What was proven was a stream: the file is read again and must be the same, byte for byte."""
    lying = part if await is_on_host(run.remote, part) else final
    if await hash_on_host(run.remote, lying) != made.sha256:
        await run.remote.run(dumps.discard(part), timeout=SHORT, check=False)
        raise StepFailed("error-dump-damaged", file=str(lying))
    if lying == part:
        await run.remote.run(dumps.finish(part), timeout=SHORT)


async def _recorded(run: Run, made: Dumped, file: PurePosixPath) -> Backup:
    """Everything that is known of a proven dump."""
    at = datetime.now(UTC)
    current = run.plan.current
    return Backup(
        id=backup_id(run.operation.id),
        project=run.project.name,
        operation=run.operation.id,
        at=at,
        size=made.size,
        sha256=made.sha256,
        host_file=file,
        engine=database_of(run).engine,
        release=current.id if current else None,
        label=current.label if current else "",
        server=made.server,
        client=made.client,
        extensions=await _extensions(run),
        printing=await _printing(run),
        rows=made.data.rows,
        sums=made.data.sums,
        migrations=tuple(
            one.script for one in await run.store.migrations.of(run.project.name) if one.counts_as_run
        ),
        scheduled=run.operation.by.id == SCHEDULE,
        copies=(Copy(where="host", file=str(file), size=made.size, sha256=made.sha256, at=at),),
    )


async def _extensions(run: Run) -> dict[str, str]:
    """Name and version; nothing when the server will not say: the dump is good without."""
    asked = (await engine(run)).extensions()
    if asked is None:
        return {}
    done = await run.remote.run(asked, timeout=SHORT, check=False)
    pairs = (line.partition(" ") for line in done.stdout.decode("utf-8", "replace").splitlines())
    return {name: version for name, _, version in pairs if version}


async def _printing(run: Run) -> dict[str, str]:
    """For drills: the same values look otherwise once ALTER ROLE changed the time zone."""
    asked = (await engine(run)).printing()
    if asked is None:
        return {}
    done = await run.remote.run(asked, timeout=SHORT, check=False)
    try:
        return parse_printing(done.stdout)
    except HostError:
        return {}


# --- back ----------------------------------------------------------------------------------------


async def end_dump(run: Run) -> dict[str, Any] | Skip:
    """A dump that did not become a backup leaves nothing on the host: no job, no half file, no file without a record.

    The job may still run, given up while the host was away; as long as it does, it keeps the project locked.
    """
    if await run.store.backups.get(backup_id(run.operation.id)):
        return Skip.SKIPPED
    with suppress(Fenced):  # it waited for its turn and never ran
        await run.remote.jobs.cancel(run.project.state_dir, run.forward_job(f"backup-{JOB}"))
    final = dump_file(run)
    await run.remote.run(dumps.discard(final.with_suffix(".dump.part")), timeout=SHORT)
    await run.remote.run(dumps.remove(final), timeout=SHORT)
    try:  # what dumps survives its client inside the container, if that still runs
        await run.remote.run((await engine(run)).stop(application_name(run)), timeout=SHORT, check=False)
    except (Unreachable, Fenced):
        raise
    except OpsgateError as error:
        log.info("no dump was ended", operation=run.operation.id, error=str(error))
    return {}


def ending_dumps(procedure: Procedure) -> Procedure:
    """The same, but its way back first ends a dump that was cut off. What was begun after it had a whole one."""

    def rollback(plan: Plan, begun: frozenset[str]) -> tuple[StepDef, ...]:
        back = procedure.rollback(plan, begun)
        last = [step.name for step in procedure.forward(plan) if step.name in begun][-1:]
        return (StepDef("end-dump", end_dump), *back) if plan.backup and last == ["backup"] else back

    return replace(procedure, rollback=rollback)


# --- what a dump holds ---------------------------------------------------------------------------


async def table_data(
    run: Run, reading: Command, name: str, *, stdin: PurePosixPath | None = None, in_order: bool = True
) -> TableData:
    """Rows and sums by table of what `reading` prints (an engine's archive_data or data), taken on the host.

    `name` is what the job is called within the step. Without `in_order` rows are sorted before they are summed: slower,
    needs room for the largest table on the host's disk, and tells the same rows in another order as the same.
    Raises what a job raises.
    """
    said = bytearray()
    spec = JobSpec(
        id=run.job_id(name),
        command=run.remote.agent_command("copy-rows" if in_order else "copy-sorted", *reading.argv),
        state_dir=run.project.state_dir,
        stdin=stdin,
        epoch=run.operation.epoch,
    )
    await run.job(spec, run.project.backup_timeout, on_log=said.extend, log_name=name)
    return parse_copied(bytes(said))


async def archive_data(
    run: Run, file: PurePosixPath, name: str = "rows", *, in_order: bool = True
) -> TableData:
    """Rows and sums by table, taken from the archive itself, on the host. Raises what a job raises."""
    reading = (await engine(run)).archive_data()
    return await table_data(run, reading, name, stdin=file, in_order=in_order)


async def rows_in(run: Run, file: PurePosixPath) -> dict[str, int]:
    """Rows by table, counted in the archive itself, on the host. Raises what a job raises."""
    return (await archive_data(run, file)).rows


def procedure(lock: StepDef, folder: Path, offsite: Offsite | None = None) -> Procedure:
    """/backup: the same dump as before a deploy, and a copy of it in every place where one is wanted.

    `folder`: DATA_DIR/backups. No copy here or off-site is a failure, but the dump was proven: old ones go all the same.
    """
    begin = (lock, StepDef("start-database", start_database), StepDef("backup", back_up))
    prune = prune_step(folder, offsite.places) if offsite else prune_step(folder)

    def forward(plan: Plan) -> tuple[StepDef, ...]:
        fetched = () if plan.kind is Kind.BACKUP and "fetch" not in plan.steps else (fetch_to(folder),)
        return (*begin, *fetched, *leaving(plan), prune, UNLOCK)

    def leaving(plan: Plan) -> tuple[StepDef, ...]:
        return (offsite.step(),) if offsite and "offsite" in plan.steps else ()

    def rollback(_plan: Plan, begun: frozenset[str]) -> tuple[StepDef, ...]:
        return (prune, UNLOCK) if begun & {"fetch", "offsite"} else (UNLOCK,)

    return ending_dumps(Procedure(forward=forward, rollback=rollback))
