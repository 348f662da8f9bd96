"""What became of each migration script: the host's records are the truth, the store mirrors them (R-DB-6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

import structlog
from pydantic import ValidationError

from services.changes import PATH_AT, manifest_lines, migrations
from services.commands import state_files
from services.errors import CommandFailed, HostError
from services.migrations.models import Ran, Script, ScriptState, Standing
from services.models import Operation, Plan
from services.projects import Project
from services.remote.host import RemoteHost
from services.store import Store

log = structlog.get_logger(__name__)

_SHA = 64


# --- on the host ---------------------------------------------------------------------------------


async def read(remote: RemoteHost, project: Project) -> dict[str, Ran]:
    """The host's records by script name. Raises HostError; also for a record that cannot be read: nothing is guessed."""
    done = await remote.run(state_files.migrations(project.state_dir), check=False)
    if done.exit_status != 0:
        said = done.stderr.decode("utf-8", "replace")
        if "No such file or directory" in said:
            return {}
        raise CommandFailed("find", done.exit_status, said)
    if done.truncated:
        raise HostError("error-host-answer", detail="migrations: too many records")
    try:
        found = [Ran.model_validate_json(line) for line in done.stdout.splitlines() if line.strip()]
    except ValidationError as error:
        raise HostError("error-migration-record", path=str(project.state_dir / "migrations")) from error
    return {one.script: one for one in found}


async def write(remote: RemoteHost, project: Project, store: Store, ran: Ran) -> None:
    """On the host first, whole or not at all; then mirrored."""
    await remote.verb("write", record_file(project, ran.script), stdin=f"{ran.model_dump_json()}\n".encode())
    await store.migrations.put(project.name, ran)


def record_file(project: Project, script: str) -> PurePosixPath:
    return project.state_dir / "migrations" / f"{state_files.script(script)}.json"


async def had_run(remote: RemoteHost, project: Project) -> tuple[str, ...]:
    """Names of the scripts that have run in the present database, sorted: what a backup notes. Raises HostError."""
    return tuple(sorted(name for name, one in (await read(remote, project)).items() if one.counts_as_run))


def record(operation: Operation, script: Script, state: ScriptState, exit_status: int | None = None) -> Ran:
    """A record as of now."""
    by = operation.confirmed_by or operation.by
    return Ran(
        script=script.name,
        sha256=script.sha256,
        state=state,
        operation=operation.id,
        by=by.name,
        at=datetime.now(UTC),
        exit_status=exit_status,
    )


# --- what it means -------------------------------------------------------------------------------


def scripts_of(manifest: bytes) -> dict[str, str]:
    """The migration scripts of a release, by path: their hashes. One of each name, in the order of their names."""
    hashes = {line[PATH_AT:]: line[:_SHA] for line in manifest_lines(manifest)}
    found: dict[str, str] = {}
    for path in migrations(hashes):
        found.setdefault(PurePosixPath(path).name, path)
    return {path: hashes[path] for path in found.values()}


def standings(
    scripts: Mapping[str, str], known: Mapping[str, Ran], brought: Iterable[str] = ()
) -> tuple[Script, ...]:
    """Pure: each script of a release and where it stands. `brought`: paths that are new with this release."""
    fresh = set(brought)
    found = []
    for path, sha256 in scripts.items():
        ran = known.get(PurePosixPath(path).name)
        found.append(
            Script(
                path=path,
                sha256=sha256,
                standing=_standing(sha256, ran, fresh=path in fresh),
                state=ran.state if ran else None,
                at=ran.at if ran else None,
                exit_status=ran.exit_status if ran else None,
            )
        )
    return tuple(found)


def brought(plan: Plan, scripts: Iterable[str]) -> tuple[str, ...]:
    """The paths that a deploy brings to a database that cannot have seen them: all where nothing was deployed before."""
    if plan.first:
        return tuple(scripts)
    return plan.changes.migrations if plan.changes and plan.changes.known else ()


def _standing(sha256: str, ran: Ran | None, *, fresh: bool) -> Standing:
    if ran is None:
        return Standing.NEW if fresh else Standing.UNKNOWN
    match ran.state:
        case ScriptState.NEW | ScriptState.RETURNED:
            return Standing.NEW
        case ScriptState.BEGUN | ScriptState.FAILED:
            return Standing.FAILED
        case ScriptState.UNSURE:
            return Standing.UNKNOWN
        case _:
            return Standing.RAN if ran.sha256 == sha256 else Standing.CHANGED


def with_names(scripts: Iterable[Script], *, odd: bool = False) -> tuple[Script, ...]:
    """Those whose names can be part of a command, or those (`odd`) that a person has to run."""
    return tuple(one for one in scripts if state_files.is_script(one.name) is not odd)
