"""Database backups: pg_dump in the database's container, believed only after the whole archive was read back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from services.backups.models import Backup
from services.commands import docker as docker_commands
from services.commands import dumps, postgres
from services.errors import Cancelled, CommandFailed, HostError, StepFailed
from services.facts.cluster import parse_copied
from services.projects import Database
from services.remote.jobs import JobSpec
from services.runs import Procedure, Run, Skip, StepDef
from services.steps import SHORT, UNLOCK, containers

READY_WITHIN = 60
"""Seconds for a database that was started for its backup to answer."""
HASHING = 1800
"""Seconds for hashing a dump on the host: 10 GB take about a minute."""


def backup_id(operation: str) -> str:
    """One backup per operation, so that a resumed operation finds its own."""
    return operation.replace("op-", "db-", 1)


def dump_file(run: Run) -> PurePosixPath:
    return run.project.backup_dir / "database" / f"{backup_id(run.operation.id)}.dump"


def database_of(run: Run) -> Database:
    if run.project.database is None:
        raise StepFailed("error-no-database", project=run.project.name)
    return run.project.database


async def database_container(run: Run) -> str:
    """The id of the running database container. Raises StepFailed when there is none."""
    service = database_of(run).service
    for container in await containers(run):
        if container.service == service and container.state == "running":
            return container.id
    raise StepFailed("error-database-not-running", service=service)


# --- steps ---------------------------------------------------------------------------------------


async def start_database(run: Run) -> dict[str, Any] | Skip:
    """A stopped database is started for its backup; the plan said so."""
    if run.plan.start_database is None:
        return Skip.SKIPPED
    await run.remote.run(docker_commands.start_container(run.plan.start_database), timeout=SHORT)
    database, waited = database_of(run), 0.0
    while waited < READY_WITHIN:
        ready = await run.remote.run(
            postgres.is_ready(run.plan.start_database, database), timeout=SHORT, check=False
        )
        if ready.exit_status == 0:
            return {}
        await run.sleep(0.5)
        waited += 0.5
    raise StepFailed("error-database-not-ready", service=database.service, seconds=READY_WITHIN)


async def back_up(run: Run) -> dict[str, Any] | Skip:
    """Dump, read the whole archive back, hash, and only then give it its name (R-DB-3, R-DB-4)."""
    if not run.plan.backup:
        return Skip.SKIPPED
    final = dump_file(run)
    part = final.with_suffix(".dump.part")
    if not await _exists(run, final):
        await run.remote.run(dumps.folder(final.parent), timeout=SHORT)
        await _dump_and_prove(run, part)
        await run.remote.run(dumps.finish(part), timeout=SHORT)
    return await _seal(run, final, await _rows_if_countable(run, final))


async def _exists(run: Run, file: PurePosixPath) -> bool:
    done = await run.remote.run(dumps.exists(file), timeout=SHORT, check=False)
    return done.exit_status == 0


async def _dump_and_prove(run: Run, part: PurePosixPath) -> None:
    container = await database_container(run)
    try:
        await run.job(_dump_job(run, container, part), run.project.backup_timeout, log_name="dump")
        prove = JobSpec(
            id=run.job_id("prove"),
            command=postgres.prove(container),
            state_dir=run.project.state_dir,
            stdin=part,
            epoch=run.operation.epoch,
        )
        await run.job(prove, run.project.backup_timeout, log_name="prove")
    except (CommandFailed, StepFailed):
        await _clear_up(run, container, part)
        raise


def _dump_job(run: Run, container: str, part: PurePosixPath) -> JobSpec:
    return JobSpec(
        id=run.job_id("dump"),
        command=postgres.dump(container, database_of(run), application_name(run)),
        state_dir=run.project.state_dir,
        stdout=part,
        epoch=run.operation.epoch,
    )


def application_name(run: Run) -> str:
    """What the dump is called in pg_stat_activity, so that an orphan can be found and ended."""
    return f"opsgate:{run.operation.id}"


async def _clear_up(run: Run, container: str, part: PurePosixPath) -> None:
    """pg_dump survives its client inside the container: it is ended by its name. No half file stays."""
    with suppress(HostError):
        stop = postgres.terminate(container, database_of(run), application_name(run))
        await run.remote.run(stop, timeout=SHORT, check=False)
        await run.remote.run(dumps.discard(part), timeout=SHORT, check=False)


async def rows_in(run: Run, file: PurePosixPath) -> dict[str, int]:
    """Rows by table, counted in the archive itself, on the host. Raises what a job raises."""
    counted = bytearray()
    reading = postgres.archive_data(await database_container(run))
    spec = JobSpec(
        id=run.job_id("rows"),
        command=run.remote.agent_command("copy-rows", *reading.argv),
        state_dir=run.project.state_dir,
        stdin=file,
        epoch=run.operation.epoch,
    )
    await run.job(spec, run.project.backup_timeout, on_log=counted.extend, log_name="rows")
    return parse_copied(bytes(counted))


async def _rows_if_countable(run: Run, file: PurePosixPath) -> dict[str, int] | None:
    """A dump is good without its counts: they only tell people later what it holds."""
    try:
        return await rows_in(run, file)
    except Cancelled:
        raise
    except (CommandFailed, StepFailed):
        return None


async def _server(run: Run) -> str:
    """The server's version, such as 15.18; empty when it will not say."""
    asked = postgres.server_version(await database_container(run), database_of(run))
    done = await run.remote.run(asked, timeout=SHORT, check=False)
    return done.stdout.decode("utf-8", "replace").split(" ", 1)[0].strip()


async def _seal(run: Run, file: PurePosixPath, rows: dict[str, int] | None) -> dict[str, Any]:
    hashed = await run.remote.run(dumps.sha256(file), timeout=HASHING)
    sized = await run.remote.run(dumps.size(file), timeout=SHORT)
    backup = Backup(
        id=backup_id(run.operation.id),
        project=run.project.name,
        operation=run.operation.id,
        at=datetime.now(UTC),
        size=int(sized.stdout),
        sha256=hashed.stdout.split()[0].decode().lstrip("\\"),
        host_file=file,
        release=run.plan.current.id if run.plan.current else None,
        label=run.plan.current.label if run.plan.current else "",
        server=await _server(run),
        rows=rows,
    )
    await run.store.backups.add(backup)
    return {"backup": backup.id, "size": backup.size, "sha256": backup.sha256}


def fetch_to(folder: Path) -> StepDef:
    """The step that brings a copy of the dump to our own disk, hash checked."""

    async def fetch(run: Run) -> dict[str, Any]:
        made = run.results["backup"]
        target = folder / run.project.name / f"{made['backup']}.dump"
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_suffix(".dump.part")
        size, sha256 = await run.remote.fetch(
            dump_file(run),
            part,
            lambda done: run.progress(done, made["size"], "bytes"),
            run.project.backup_timeout,
        )
        if (size, sha256) != (made["size"], made["sha256"]):
            part.unlink(missing_ok=True)
            raise StepFailed("error-fetch-differs")
        part.replace(target)
        await _note_copy(run, made["backup"], target.relative_to(folder.parent))
        return {"file": str(target.relative_to(folder.parent))}

    return StepDef("fetch", fetch)


async def _note_copy(run: Run, backup: str, file: Path) -> None:
    if known := await run.store.backups.get(backup):
        await run.store.backups.add(known.model_copy(update={"local_file": str(file)}))


def procedure(lock: StepDef, folder: Path) -> Procedure:
    """/backup: the same dump as before a deploy, and a copy of it here."""
    forward: Sequence[StepDef] = (
        lock,
        StepDef("start-database", start_database),
        StepDef("backup", back_up),
        fetch_to(folder),
        UNLOCK,
    )
    return Procedure(forward=lambda _plan: tuple(forward), rollback=lambda _plan, _begun: (UNLOCK,))
