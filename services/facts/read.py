"""All facts of a project at one moment: three rounds of questions, each asked side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Protocol

from pydantic import ValidationError

from services import envfile
from services.commands import dumps, files
from services.commands.command import Command, Word
from services.envfile import EnvFile
from services.errors import CommandFailed, HostError
from services.facts.containers import labels_of, parse_containers
from services.facts.database_file import why_no_tools
from services.facts.host import parse_host
from services.facts.models import EnvFacts, Facts, HostFacts, Release
from services.facts.stack import choose_name, compose_file_path, literal_name, stacks_under_path
from services.instance import owner_name
from services.models import Pack
from services.phrases import Phrase
from services.projects import Project

NAME_KEY = "COMPOSE_PROJECT_NAME"
_NOT_THERE = ("No such file or directory", "Not a directory")


class Answer(Protocol):
    @property
    def exit_status(self) -> int: ...
    @property
    def stdout(self) -> bytes: ...
    @property
    def stderr(self) -> bytes: ...
    @property
    def truncated(self) -> bool: ...


class Holder(Protocol):
    @property
    def owner(self) -> str: ...
    @property
    def job_runs(self) -> bool: ...
    @property
    def phrase(self) -> Phrase: ...


class Lock(Protocol):
    async def read(self, state_dir: PurePosixPath) -> Holder | None: ...


class Remote(Protocol):
    """The part of a remote host that facts are read through."""

    @property
    def lock(self) -> Lock: ...
    async def run(self, command: Command, *, check: bool = True) -> Answer: ...
    async def verb(self, verb: str, *words: Word) -> bytes: ...
    async def containers(self, compose_project: str) -> list[dict[str, Any]]: ...
    async def all_containers(self) -> list[dict[str, Any]]: ...
    async def images(self, ids: Sequence[str]) -> list[dict[str, Any]]: ...
    async def volumes(self, compose_project: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class _Files:
    """What lies on the host: permissions of the paths that exist, contents of those that were read."""

    modes: Mapping[PurePosixPath, str]
    contents: Mapping[PurePosixPath, bytes]


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A TaskGroup whose first error comes out as itself: errors are told apart by type, not dug out of groups."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def read_facts(
    remote: Remote,
    project: Project,
    instance_key: bytes,
    *,
    pack: Pack | None = None,
    learn: Callable[[EnvFile], None] | None = None,
) -> Facts:
    """Reads everything a plan or a status rests on. `learn` is told the env files' values (for redaction).

    `pack` is what is about to be deployed: its compose file's `name:` counts where nothing is deployed yet.
    Raises HostError for anything that cannot be read, BadInput when it is unclear which stack is meant.
    """
    async with together() as group:
        host = group.create_task(_host(remote, project))
        lying = group.create_task(_files(remote, project))
        everything = group.create_task(_if_docker(remote))
        holder = group.create_task(remote.lock.read(project.state_dir))
        last_dump = group.create_task(_last_dump(remote, project))
        current = group.create_task(_current(remote, project, lying))
    there = lying.result()
    env = _env(there, project.env_file, project)
    for each in project.env_files:
        if learn and (found := _env(there, each, project)):
            learn(found)
    if everything.result() is None and host.result().docker:
        raise HostError("error-docker-refused", project=project.name)
    labels = [labels_of(one) for one in everything.result() or ()]
    release, known = current.result()
    name = choose_name(
        project,
        labels,
        recorded=release.compose_project if release else "",
        from_env=_name_in(env),
        declared=_declared_name(there, project, pack),
    )
    stack = await _stack(remote, name, has_docker=everything.result() is not None)
    tools = await why_no_tools(remote, project, stack["containers"])
    return Facts(
        project=project.name,
        at=datetime.now(UTC),
        host=host.result(),
        env=_env_facts(there, project, env, instance_key),
        current=release,
        current_known=known,
        last_dump=last_dump.result(),
        path_exists=project.path in there.modes,
        has_deployed_files=compose_file_path(project) in there.modes,
        first_unfinished=project.state_dir / "first" in there.modes,
        lock=_held_by_another(holder.result(), instance_key),
        others=tuple(sorted(stacks_under_path(labels, project) - {name})),
        compose_project=name,
        tools=tools,
        **stack,
    )


def _held_by_another(holder: Holder | None, instance_key: bytes) -> Phrase | None:
    """Our own lease without a job is what a lost connection left behind: the next operation takes it over."""
    if holder is None or (holder.owner == owner_name(instance_key) and not holder.job_runs):
        return None
    return holder.phrase


async def _host(remote: Remote, project: Project) -> HostFacts:
    asked = time.time()
    output = await remote.verb("host", project.path, project.backup_dir / "database")
    return parse_host(output, (asked + time.time()) / 2)


async def _if_docker(remote: Remote) -> list[dict[str, Any]] | None:
    """All Compose containers of the host; None where docker does not do as it is told (the host facts say why)."""
    try:
        return await remote.all_containers()
    except CommandFailed:
        return None


async def _files(remote: Remote, project: Project) -> _Files:
    state = project.state_dir
    env_files = [project.path / file for file in project.env_files]
    wanted = [compose_file_path(project), state / "current", *env_files]
    asked = [project.path, state / "first", *wanted]
    async with together() as group:
        modes = group.create_task(remote.run(files.modes(asked), check=False))
        contents = {path: group.create_task(remote.run(files.read(path), check=False)) for path in wanted}
    seen = _modes(asked, modes.result())
    unasked = env_files if project.env_file is None else []  # they may be no business of ours
    return _Files(
        seen,
        {
            path: _whole(path, task.result())
            for path, task in contents.items()
            if path in seen and not (path in unasked and task.result().exit_status != 0)
        },
    )


def _modes(asked: Sequence[PurePosixPath], answer: Answer) -> dict[PurePosixPath, str]:
    """Permissions of the paths that are there. Raises HostError when the host could not look at one of them."""
    seen: dict[PurePosixPath, str] = {}
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        mode, _, path = line.partition(" ")
        seen |= {one: mode for one in asked if str(one) == path}
    said = answer.stderr.decode("utf-8", "replace").splitlines()
    gone = [line for line in said if line.endswith(_NOT_THERE)]
    silent = [one for one in asked if one not in seen and not any(str(one) in line for line in gone)]
    if silent or len(seen) + len(gone) < len(asked):
        raise HostError("error-file-unreadable", file=str((silent or asked)[0]))
    return seen


def _whole(path: PurePosixPath, answer: Answer) -> bytes:
    """Raises HostError for a file that is there but cannot be read, or is beyond all measure."""
    if answer.exit_status != 0 or answer.truncated:
        raise HostError("error-file-unreadable", file=str(path))
    return answer.stdout


def _env(there: _Files, file: PurePosixPath | None, project: Project) -> EnvFile | None:
    content = there.contents.get(project.path / file) if file else None
    return None if content is None else envfile.parse(content)


def _env_facts(there: _Files, project: Project, env: EnvFile | None, key: bytes) -> EnvFacts | None:
    if project.env_file is None:
        return None
    if env is None:
        return EnvFacts(exists=False)
    return env.facts(key, there.modes[project.path / project.env_file])


def _name_in(env: EnvFile | None) -> str | None:
    value = env.values.get(NAME_KEY) if env else None
    return value.get_secret_value() if value else None


def _declared_name(there: _Files, project: Project, pack: Pack | None) -> str | None:
    """`name:` of the compose file that is deployed, else of the one that will be: the name does not change by a deploy."""
    deployed = there.contents.get(compose_file_path(project))
    if deployed is not None:
        return literal_name(deployed)
    return pack.compose_name if pack else None


async def _last_dump(remote: Remote, project: Project) -> int:
    """Bytes of the newest dump, 0 when there is none: their names begin with their time."""
    listed = await remote.run(dumps.sizes(project.backup_dir / "database"), check=False)
    lines = listed.stdout.decode("utf-8", "replace").splitlines()
    found = {path: size for size, _, path in (line.partition(" ") for line in lines) if size.isdecimal()}
    return int(found[max(found)]) if found else 0


async def _stack(remote: Remote, name: str, *, has_docker: bool) -> dict[str, Any]:
    """The second and third round: what belongs to this stack."""
    async with together() as group:
        inspected = group.create_task(remote.containers(name)) if has_docker else None
        volumes = group.create_task(remote.volumes(name)) if has_docker else None
    found = inspected.result() if inspected else []
    images = await remote.images(sorted({one["Image"] for one in found})) if found else []
    return {
        "containers": parse_containers(found, images),
        "volumes": tuple(volumes.result()) if volumes else (),
    }


async def current_release(remote: Remote, project: Project) -> str:
    """The id of the release that the host says is deployed; empty when there is none."""
    pointer = project.state_dir / "current"
    answer = await remote.run(files.read(pointer), check=False)
    if answer.exit_status not in {0, 1}:
        raise HostError("error-file-unreadable", file=str(pointer))
    return answer.stdout.decode("utf-8", "replace").strip()


async def _current(remote: Remote, project: Project, lying: Awaitable[_Files]) -> tuple[Release | None, bool]:
    """The release that `current` names, and whether its record is there: cleaned away, only the id is known."""
    there = await lying
    name = there.contents.get(project.state_dir / "current", b"").decode("utf-8", "replace").strip()
    if not name:
        return None, True
    if "/" in name or name.startswith("."):
        raise HostError("error-release-record", project=project.name)
    record = await remote.run(files.read(project.state_dir / "releases" / name / "release.json"), check=False)
    if record.exit_status not in {0, 1}:
        raise HostError("error-release-record", project=project.name, detail="it could not be read")
    if record.exit_status == 1:
        return Release(id=name, project=project.name), False
    try:
        return Release.model_validate_json(record.stdout), True
    except ValidationError as error:
        raise HostError(
            "error-release-record", project=project.name, detail=f"{error.error_count()} errors"
        ) from error
