"""The Docker Engine API over a unix socket that the SSH connection forwards. Reads only."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh

from services.errors import HostError, TimedOut

if TYPE_CHECKING:
    import aiodocker

SOCKET = "/var/run/docker.sock"
LONGEST_SOCKET = 100
"""Bytes of a unix socket's path; the system's own limit is 107."""
AT_ONCE = 8
_LABEL = "com.docker.compose.project"
_GONE = 404
_HIGHEST_STATUS = 599

Json = dict[str, Any]


class EngineLost(Exception):
    """The socket cannot be reached (any more): read the other way. Never leaves this package."""


class Engine:
    """One Engine client per SSH connection; `attach` moves it to the present one. Times are seconds."""

    def __init__(self, run_dir: Path, host: str, timeout: float) -> None:
        self._run_dir = run_dir
        self._host = host
        self._timeout = timeout
        self._numbers = itertools.count()
        self._attaching = asyncio.Lock()
        self._ssh: asyncssh.SSHClientConnection | None = None
        self._listener: asyncssh.SSHListener | None = None
        self._docker: aiodocker.Docker | None = None
        self._path: Path | None = None
        self._short_dir: Path | None = None

    async def attach(self, ssh: asyncssh.SSHClientConnection) -> None:
        """Raises EngineLost when the host refuses to forward, or nothing we may speak to listens there."""
        async with self._attaching:
            if self._ssh is ssh:
                return
            await self._detach()
            try:
                async with asyncio.timeout(self._timeout):
                    await self._probe(ssh)
                    path = self._socket_path()
                    self._listener = await ssh.forward_local_path(str(path), SOCKET)
            except TimeoutError as error:
                raise TimedOut(host=self._host) from error
            except (OSError, asyncssh.Error) as error:
                raise EngineLost(str(error)) from error
            self._docker, self._path, self._ssh = self._client(path), path, ssh

    @staticmethod
    async def _probe(ssh: asyncssh.SSHClientConnection) -> None:
        """The host is asked first: the local listener would accept us even where the host refuses."""
        _, writer = await ssh.open_unix_connection(SOCKET)
        writer.close()

    def _client(self, path: Path) -> aiodocker.Docker:
        import aiodocker
        import aiohttp

        return aiodocker.Docker(url=f"unix://{path}", timeout=aiohttp.ClientTimeout(total=self._timeout))

    def _socket_path(self) -> Path:
        name = f"{self._host[:20]}-{next(self._numbers)}.sock"
        self._run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = (self._run_dir / name).absolute()
        if len(bytes(path)) >= LONGEST_SOCKET:
            if self._short_dir is None:
                self._short_dir = Path(tempfile.mkdtemp(prefix="opsgate-"))
            path = self._short_dir / name
        path.unlink(missing_ok=True)
        return path

    async def _detach(self) -> None:
        docker, self._docker = self._docker, None
        listener, self._listener = self._listener, None
        self._ssh = None
        if docker is not None:
            await docker.close()
        if listener is not None:
            listener.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await listener.wait_closed()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    async def close(self) -> None:
        await self._detach()
        if self._short_dir is not None:
            await asyncio.to_thread(shutil.rmtree, self._short_dir, ignore_errors=True)

    # --- reads ---

    async def containers(self, compose_project: str) -> list[Json]:
        found = await self._list("containers/json", all="true", filters=_labelled(compose_project))
        return await self._each([f"containers/{one['Id']}/json" for one in found])

    async def all_containers(self) -> list[Json]:
        return await self._list("containers/json", all="true", filters=_labelled(None))

    async def images(self, ids: Sequence[str]) -> list[Json]:
        return await self._each([f"images/{one}/json" for one in ids])

    async def volumes(self, compose_project: str) -> list[str]:
        answer = await self._get("volumes", filters=_labelled(compose_project))
        return sorted(volume["Name"] for volume in answer.get("Volumes") or ())

    async def version(self) -> str | None:
        answer = await self._get("version")
        return str(answer["Version"])

    async def _list(self, path: str, **params: str) -> list[Json]:
        answer = await self._get(path, **params)
        return [one for one in answer if isinstance(one, dict)]

    async def _each(self, paths: Sequence[str]) -> list[Json]:
        """Asks for many things side by side; what is gone meanwhile is left out."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(path: str) -> Json | None:
            async with slots:
                return await self._get_or_none(path)

        found = await asyncio.gather(*(one(path) for path in paths))
        return [answer for answer in found if answer is not None]

    async def _get_or_none(self, path: str) -> Json | None:
        answer: Json | None = await self._ask(path, {}, gone_is_none=True)
        return answer

    async def _get(self, path: str, **params: str) -> Any:
        return await self._ask(path, params)

    async def _ask(self, path: str, params: dict[str, str], *, gone_is_none: bool = False) -> Any:
        import aiodocker
        import aiohttp

        if self._docker is None:
            raise EngineLost("closed")
        try:
            return await self._docker._query_json(path, params=params)  # noqa: SLF001 - its typed calls drop fields
        except aiodocker.DockerError as error:
            if gone_is_none and error.status == _GONE:
                return None
            if error.status > _HIGHEST_STATUS:  # aiodocker's own number for "no connection"
                raise EngineLost(str(error.message)) from error
            raise HostError("error-docker", status=error.status, detail=str(error.message)) from error
        except TimeoutError as error:
            raise TimedOut(host=self._host) from error
        except (aiohttp.ClientError, OSError) as error:
            raise EngineLost(repr(error)) from error


def _labelled(compose_project: str | None) -> str:
    label = _LABEL if compose_project is None else f"{_LABEL}={compose_project}"
    return json.dumps({"label": [label]})
