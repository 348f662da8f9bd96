"""A dump in the making: one job on the host that dumps, hashes and reads back, all at once."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from services.commands import dumps
from services.engines import Engine
from services.errors import Cancelled, CommandFailed, HostError, OpsgateError, StepFailed
from services.facts.cluster import TableData, parse_copied
from services.facts.read import together
from services.remote.jobs import JobSpec
from services.runs import Run
from services.steps import SHORT

JOB = "dump"
"""What the job is called within the step."""
LOOK_EVERY = 1.0
"""Seconds between two looks at how large the dump has become."""
UNREADABLE, UNWRITABLE = 70, 74
"""Exit statuses of the agent's `dump`."""

_DUMPED = re.compile(r"^dumped (?P<size>\d+) (?P<sha256>[0-9a-f]{64})$", re.MULTILINE)
_VERSION = re.compile(
    r"^-- Dumped (?P<who>from database|by pg_dump) version (?P<version>[0-9.a-z]+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Dumped:
    """What the host said of a dump while it was made: of the very bytes that pg_restore read back."""

    size: int
    sha256: str
    data: TableData
    server: str = ""
    client: str = ""


def parse_dumped(said: bytes) -> Dumped | None:
    """From the job's log; None when the dump did not come to a good end."""
    text = said.decode("utf-8", "replace")
    if (found := _DUMPED.search(text)) is None:
        return None
    versions = {one["who"]: one["version"] for one in _VERSION.finditer(text)}
    return Dumped(
        int(found["size"]),
        found["sha256"],
        parse_copied(said),
        versions.get("from database", ""),
        versions.get("by pg_dump", ""),
    )


def application_name(run: Run) -> str:
    """What the dump is called where it runs, so that an orphan can be found and ended."""
    return f"opsgate:{run.operation.id}"


async def dump_and_prove(run: Run, engine: Engine, part: PurePosixPath) -> Dumped:
    """R-DB-4: the dumping program's own exit status, and the whole archive read back. What fails leaves no half file.

    Walked again after a crash, it finds the job and what it said. Raises what a job raises, and StepFailed.
    """
    said = bytearray()
    try:
        async with together() as group:
            watching = group.create_task(_watch(run, part))
            await run.job(
                _job(run, engine, part),
                run.project.backup_timeout,
                on_log=said.extend,
                log_name=JOB,
            )
            watching.cancel()
        if dumped := parse_dumped(bytes(said)):
            return dumped
        raise StepFailed("error-dump-unreadable", detail="the host said nothing of the dump")
    except (CommandFailed, StepFailed) as error:
        await clear_up(run, engine, part)
        raise _why(error, engine, part) from error


def _job(run: Run, engine: Engine, part: PurePosixPath) -> JobSpec:
    making = engine.dump(application_name(run)).argv
    reading = engine.archive_data().argv
    return JobSpec(
        id=run.job_id(JOB),
        command=run.remote.agent_command("dump", part, len(making), *making, *reading),
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )


async def _watch(run: Run, part: PurePosixPath) -> None:
    """Progress against the last dump: a database that grew has no end that is known."""
    before = await run.store.backups.newest(run.project.name)
    last = before[0].size if before else 0
    while True:
        await asyncio.sleep(LOOK_EVERY)
        with suppress(HostError, Cancelled):  # both are the job's to tell
            sized = await run.remote.run(dumps.size(part), timeout=SHORT, check=False)
            if sized.exit_status == 0 and (done := int(sized.stdout)):
                run.progress(done, last if last >= done else None, "bytes")


def _why(error: OpsgateError, engine: Engine, part: PurePosixPath) -> OpsgateError:
    if not isinstance(error, CommandFailed):
        return error
    if error.exit_status == UNWRITABLE:
        return StepFailed("error-dump-disk", path=str(part.parent), detail=error.detail)
    if error.exit_status == UNREADABLE:
        return StepFailed("error-dump-unreadable", detail=error.detail)
    return CommandFailed(engine.tool, error.exit_status, error.detail)


async def clear_up(run: Run, engine: Engine, part: PurePosixPath) -> None:
    """What dumps survives its client inside the container: it is ended by its name. No half file stays."""
    with suppress(HostError):
        await run.remote.run(engine.stop(application_name(run)), timeout=SHORT, check=False)
        await run.remote.run(dumps.discard(part), timeout=SHORT, check=False)
