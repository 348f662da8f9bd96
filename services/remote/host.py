"""A host as the rest of Opsgate sees it: commands, the agent's verbs, jobs, the lock, transfers, Docker reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from services.commands.command import Command, Word
from services.errors import CommandFailed, Fenced, HostError
from services.projects import Host
from services.remote import agent, transfer
from services.remote.channels import Channels, Completed, Kept, Session
from services.remote.connection import Connection
from services.remote.docker import DockerReads
from services.remote.files import Files
from services.remote.jobs import Jobs
from services.remote.lock import HostLock

LIMIT = 1 << 20
"""Bytes that are kept of a command's stdout and of its stderr."""


class RemoteHost:
    """Owns one warm connection. Safe to use from many coroutines; when the connection is lost all get Unreachable."""

    def __init__(self, host: Host, run_dir: Path) -> None:
        self.config = host
        self.jobs = Jobs(self)
        self.lock = HostLock(self)
        self._connection = Connection(host)
        self._channels = Channels(self._connection)
        self._docker = DockerReads(self._connection, self, run_dir)
        self._installing = asyncio.Lock()
        self._agent_on: object | None = None

    # --- commands ---

    async def run(
        self,
        command: Command,
        *,
        stdin: bytes | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - a deadline that ends the channel too
        limit: int = LIMIT,
        check: bool = True,
    ) -> Completed:
        """Runs a command and keeps at most `limit` bytes of stdout and of stderr each.

        `timeout` (seconds; default: the host's command_timeout) covers everything, also waiting for a free channel.
        Raises CommandFailed for a status other than 0 when `check`, TimedOut, Unreachable, AuthRefused, HostKeyChanged.
        """
        out, err = Kept(limit), Kept(limit)

        async def feed(session: Session) -> None:
            if not stdin or await session.write(stdin):
                session.write_eof()

        line = agent.on_host(command, stdin).render()
        deadline = self.config.command_timeout if timeout is None else timeout
        status = await self._channels.execute(line, feed, out, err, deadline)
        done = Completed(status, bytes(out), bytes(err), out.truncated or err.truncated)
        if check:
            self.check(command.name, done)
        return done

    def check(self, name: str, done: Completed) -> None:
        """Raises CommandFailed for an exit status other than 0."""
        if done.exit_status != 0:
            raise CommandFailed(name, done.exit_status, done.stderr.decode("utf-8", "replace"))

    # --- the agent ---

    @staticmethod
    def agent_command(verb: str, *words: Word) -> Command:
        """A verb as a command: for a job's spec, and for `send`."""
        return agent.agent_command(verb, *words)

    async def verb(
        self,
        verb: str,
        *words: Word,
        stdin: bytes | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - handed on to run
    ) -> bytes:
        """Runs a verb of the agent and returns what it printed. Raises Fenced, and what `run` raises."""
        done = await self.ask(verb, *words, stdin=stdin, timeout=timeout)
        if done.exit_status == agent.FENCED:
            raise Fenced(detail=done.stderr.decode("utf-8", "replace"))
        self.check(f"{agent.AGENT} {verb}", done)
        if done.truncated:
            raise HostError("error-host-answer", detail=f"{verb}: more than {LIMIT} bytes")
        return done.stdout

    async def ask(
        self,
        verb: str,
        *words: Word,
        stdin: bytes | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - handed on to run
    ) -> Completed:
        """Runs a verb of the agent, whatever its exit status."""
        wanted = agent.agent_command(verb, *words)
        await self._ensure_agent()
        done = await self.run(wanted, stdin=stdin, timeout=timeout, check=False)
        if done.exit_status == agent.NOT_INSTALLED:  # somebody tidied up in ~/.opsgate
            self._agent_on = None
            await self._ensure_agent()
            done = await self.run(wanted, stdin=stdin, timeout=timeout, check=False)
        return done

    async def _ensure_agent(self) -> None:
        """Looks once per connection whether the agent is there and whole; installs it where it is not."""
        if self._agent_on is await self._connection.get():
            return
        async with self._installing:
            ssh = await self._connection.get()
            if self._agent_on is ssh:
                return
            if (await self.run(agent.check(), check=False)).exit_status != 0:
                done = await self.run(agent.install(), stdin=agent.script(), check=False)
                self.check(f"{agent.AGENT} install", done)
            self._agent_on = ssh

    # --- files ---

    async def send(
        self,
        command: Command,
        source: Path,
        progress: transfer.Progress,
        timeout: float,  # noqa: ASYNC109 - a deadline that ends the channel too
        offset: int = 0,
    ) -> Completed:
        """A local file, from `offset` bytes on, becomes the stdin of a command (`agent_command` too).

        `progress` gets the bytes of the file that are there so far.

        What `progress` raises ends the transfer. Raises CommandFailed, TimedOut, Unreachable.
        """
        if command.argv[0] == agent.AGENT:
            await self._ensure_agent()
        done = await transfer.send(self._channels, agent.on_host(command), source, progress, timeout, offset)
        self.check(command.name, done)
        return done

    async def fetch(
        self,
        remote: PurePosixPath,
        local: Path,
        progress: transfer.Progress,
        timeout: float,  # noqa: ASYNC109 - a deadline that ends the channel too
    ) -> tuple[int, str]:
        """The host's file becomes exactly `local` (mode 600): its size in bytes and SHA-256. Gone if anything fails."""
        return await transfer.fetch(self._channels, remote, local, progress, timeout)

    @property
    def files(self) -> Files:
        """Files over SFTP, for a host that keeps copies."""
        return Files(self._connection)

    # --- Docker, read only ---

    @property
    def reads_through(self) -> str:
        """Which way the last read from Docker went: engine-api or cli."""
        return self._docker.reads_through

    async def containers(self, compose_project: str) -> list[dict[str, Any]]:
        """`inspect` of all containers of a Compose project, also of stopped ones."""
        return await self._docker.containers(compose_project)

    async def all_containers(self) -> list[dict[str, Any]]:
        """A summary (Id, Names, Image, ImageID, Labels, State) of every container that Compose made on the host."""
        return await self._docker.all_containers()

    async def images(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """`inspect` of the images; those that are gone are left out."""
        return await self._docker.images(ids)

    async def volumes(self, compose_project: str) -> list[str]:
        """Names of the volumes that carry the project's label, sorted."""
        return await self._docker.volumes(compose_project)

    async def docker_version(self) -> str | None:
        """The Engine's version; None when there is none that answers us."""
        return await self._docker.version()

    async def close(self) -> None:
        await self._docker.close()
        await self._connection.close()
