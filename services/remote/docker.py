"""Reads from Docker: the Engine API through a forwarded socket, the docker client where that is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import asyncssh
import structlog

from services.commands import docker as commands
from services.commands.command import Command
from services.errors import CommandFailed, HostError
from services.remote.connection import Connection
from services.remote.engine import Engine, EngineLost

if TYPE_CHECKING:
    from services.remote.host import RemoteHost

log = structlog.get_logger(__name__)

Json = dict[str, Any]
T = TypeVar("T")
TRY_AGAIN = 60.0
"""Seconds for which a refusal is believed: Docker may only have been restarting."""
LISTING = 16 << 20
"""Bytes of `docker inspect` output: about 2,000 containers."""


class DockerReads:
    """Tries the Engine API; refused, the client is used for a while, at most until the next connection."""

    def __init__(self, connection: Connection, host: RemoteHost, run_dir: Path) -> None:
        self._connection = connection
        self._client = _Client(host)
        self._engine = Engine(run_dir, connection.config.name, connection.config.command_timeout)
        self._refused_on: asyncssh.SSHClientConnection | None = None
        self._refused_until = 0.0
        self.reads_through = ""

    async def containers(self, compose_project: str) -> list[Json]:
        return await self._read(
            lambda: self._engine.containers(compose_project), lambda: self._client.containers(compose_project)
        )

    async def all_containers(self) -> list[Json]:
        return await self._read(self._engine.all_containers, self._client.all_containers)

    async def images(self, ids: Sequence[str]) -> list[Json]:
        if not ids:
            return []
        return await self._read(lambda: self._engine.images(ids), lambda: self._client.images(ids))

    async def volumes(self, compose_project: str) -> list[str]:
        return await self._read(
            lambda: self._engine.volumes(compose_project), lambda: self._client.volumes(compose_project)
        )

    async def version(self) -> str | None:
        try:
            return await self._read(self._engine.version, self._client.version)
        except CommandFailed:
            return None

    async def _read(self, engine: Callable[[], Awaitable[T]], client: Callable[[], Awaitable[T]]) -> T:
        ssh = await self._connection.get()
        if self._refused_on is not ssh or time.monotonic() > self._refused_until:
            try:
                await self._engine.attach(ssh)
                answer = await engine()
            except EngineLost as error:
                log.info("no Engine API", host=self._connection.config.name, reason=str(error))
                self._refused_on = None if ssh.is_closed() else ssh
                self._refused_until = time.monotonic() + TRY_AGAIN
            else:
                self.reads_through = "engine-api"
                return answer
        answer = await client()
        self.reads_through = "cli"
        return answer

    async def close(self) -> None:
        await self._engine.close()


class _Client:
    """The same reads through the docker client."""

    def __init__(self, host: RemoteHost) -> None:
        self._host = host

    async def containers(self, compose_project: str | None) -> list[Json]:
        ids = await self._lines(commands.container_ids(compose_project))
        if not ids:
            return []
        return await self._inspected(commands.inspect(ids))

    async def all_containers(self) -> list[Json]:
        return [_summary(one) for one in await self.containers(None)]

    async def images(self, ids: Sequence[str]) -> list[Json]:
        return await self._inspected(commands.inspect_images(ids))

    async def volumes(self, compose_project: str) -> list[str]:
        return sorted(await self._lines(commands.volumes(compose_project)))

    async def version(self) -> str | None:
        done = await self._host.run(commands.server_version())
        return done.stdout.decode("utf-8", "replace").strip() or None

    async def _lines(self, command: Command) -> list[str]:
        done = await self._host.run(command)
        return done.stdout.decode("utf-8", "replace").split()

    async def _inspected(self, command: Command) -> list[Json]:
        """What is gone meanwhile makes the client exit with 1 and print the rest: an array either way."""
        done = await self._host.run(command, limit=LISTING, check=False)
        try:
            found = json.loads(done.stdout)
        except ValueError:
            self._host.check(command.name, done)
            raise HostError("error-host-answer", detail=f"{command.name}: no JSON") from None
        if done.exit_status != 0 and b"No such" not in done.stderr:
            self._host.check(command.name, done)
        return [one for one in found if isinstance(one, dict)]


def _summary(inspected: Json) -> Json:
    """The Engine's list entry, as far as we read it, from `inspect`."""
    config = inspected.get("Config") or {}
    return {
        "Id": inspected["Id"],
        "Names": [inspected["Name"]],
        "Image": config.get("Image", ""),
        "ImageID": inspected["Image"],
        "Labels": config.get("Labels") or {},
        "State": (inspected.get("State") or {}).get("Status", ""),
    }
