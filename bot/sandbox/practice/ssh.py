"""The practice host's SSH server: public key only, commands run by /bin/sh, Docker's socket forwarded."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import asyncssh

from bot.sandbox.practice.background import background
from bot.sandbox.practice.processes import end_of_home
from bot.sandbox.practice.session import Session

HOST = "127.0.0.1"
DOCKER_SOCKET = "/var/run/docker.sock"


@dataclass
class Login:
    """Who may come in, and what a session finds: its environment, and where Docker's socket really is."""

    user: str
    client_key: asyncssh.SSHKey
    home: Path
    environment: Mapping[str, str]
    docker_socket: Path


@dataclass
class Upload:
    """Armed, it calls `cut` when a single command has been given more than `after` bytes on stdin."""

    after: int | None = None
    cut: Callable[[], None] = field(default=lambda: None)

    def admits(self, before: int, data: bytes) -> bytes:
        """What of `data` still reaches a command that has got `before` bytes; cuts where it is too much."""
        if self.after is None or before + len(data) <= self.after:
            return data
        head = data[: max(0, self.after - before)]
        self.after = None
        self.cut()
        return head


class SshServer:
    """Listens on `port`. Commands outlive their connection, as under sshd; at the end all are ended."""

    def __init__(self, login: Login, sessions: asyncio.TaskGroup) -> None:
        self.port = 0
        self.upload = Upload()
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._login = login
        self._sessions = sessions
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._allowed = asyncssh.import_authorized_keys(login.client_key.export_public_key().decode())

    @classmethod
    @asynccontextmanager
    async def start(cls, login: Login, host_key: asyncssh.SSHKey) -> AsyncIterator[Self]:
        """Serves until exit."""
        async with background() as sessions:
            server = cls(login, sessions)
            await server._listen(host_key)
            try:
                yield server
            finally:
                await server._stop()

    def change_host_key(self, key: asyncssh.SSHKey) -> None:
        """New connections are shown this key."""
        if self._acceptor is not None:
            self._acceptor.update(server_host_keys=[key])

    async def _listen(self, host_key: asyncssh.SSHKey) -> None:
        options: dict[str, Any] = {
            "encoding": None,
            "config": None,
            "password_auth": False,
            "kbdint_auth": False,
            "gss_host": None,
            "allow_pty": False,
            "agent_forwarding": False,
            "compression_algs": ["none"],
        }
        factory = partial(_Door, self, self._login, self._allowed)
        self._acceptor = await asyncssh.listen(
            HOST, 0, server_factory=factory, server_host_keys=[host_key], **options
        )
        self.port = self._acceptor.get_port()

    async def _stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
        for connection in list(self.connections):
            connection.abort()
        await end_of_home(self._login.home)

    def open_session(self) -> Session:
        """One command of a client, to be run when it is told which."""
        return Session(self._begin, self.upload.admits)

    def _begin(self, session: Session, command: str) -> None:
        self._sessions.create_task(session.run(command, self._login.environment, self._login.home))


class _Door(asyncssh.SSHServer):
    """One connection: one user, one key, commands and Docker's socket. No terminal, no files, no TCP."""

    def __init__(self, server: SshServer, login: Login, allowed: asyncssh.SSHAuthorizedKeys) -> None:
        self._server, self._login, self._allowed = server, login, allowed
        self._connection: asyncssh.SSHServerConnection

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 however it ended
        self._server.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        if username == self._login.user:
            self._connection.set_authorized_keys(self._allowed)
        return True

    def session_requested(self) -> Session:
        return self._server.open_session()

    def unix_connection_requested(self, dest_path: str) -> Any:
        if dest_path != DOCKER_SOCKET:
            return False
        return self._connection.forward_unix_connection(str(self._login.docker_socket))
