"""One kept, watched SSH connection to a host. Lost, it is made anew by the next call, not faster than allowed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncssh
import structlog

from services.errors import AuthRefused, HostError, HostKeyChanged, TimedOut, Unreachable
from services.projects import Host
from services.remote import keys

log = structlog.get_logger(__name__)

CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com")
KEEPALIVES_LOST = 3
"""So many unanswered keepalives in a row, and the connection is given up."""
FIRST_DELAY, LONGEST_DELAY = 0.1, 2.0
"""Seconds between a failed attempt to connect and the next one."""


class Connection:
    """Callers share one connection and one attempt to make it. `config` holds times in seconds."""

    def __init__(self, config: Host) -> None:
        self.config = config
        self._ssh: asyncssh.SSHClientConnection | None = None
        self._connecting = asyncio.Lock()
        self._attempts = 0
        self._failed: HostError | None = None
        self._failures = 0
        self._not_before = 0.0
        self._closed = False

    @property
    def alive(self) -> bool:
        return self._ssh is not None and not self._ssh.is_closed()

    async def get(self) -> asyncssh.SSHClientConnection:
        """The living connection. Raises Unreachable, AuthRefused, HostKeyChanged."""
        if self._ssh is not None and not self._ssh.is_closed():
            return self._ssh
        waited_for = self._attempts
        async with self._connecting:
            if self._ssh is not None and not self._ssh.is_closed():
                return self._ssh
            if self._attempts != waited_for and self._failed is not None:
                raise _again(self._failed)
            return await self._attempt()

    async def _attempt(self) -> asyncssh.SSHClientConnection:
        if self._closed:
            raise Unreachable(host=self.config.name, detail="closing")
        await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
        try:
            self._ssh = await self._connect()
        except HostError as error:
            self._attempts += 1
            self._failed = error
            self._not_before = time.monotonic() + min(LONGEST_DELAY, FIRST_DELAY * 2**self._failures)
            self._failures = min(self._failures + 1, 10)
            raise
        self._attempts += 1
        self._failed, self._failures, self._not_before = None, 0, 0.0
        log.info("connected", host=self.config.name)
        return self._ssh

    async def _connect(self) -> asyncssh.SSHClientConnection:
        host = self.config
        try:
            async with asyncio.timeout(host.connect_timeout):
                key = await asyncio.to_thread(keys.private_key, host)
                pinned = await asyncio.to_thread(keys.pinned_keys, host)
                return self._wanted(await self._open(key, pinned))
        except TimeoutError as error:
            raise TimedOut(host=host.name, detail="connecting") from error
        except asyncssh.PermissionDenied as error:
            raise AuthRefused(host=host.name, user=host.user, detail=error.reason) from error
        except (asyncssh.DisconnectError, ConnectionResetError) as error:
            raise await self._key_trouble(pinned, error) from error
        except (OSError, asyncssh.Error) as error:
            raise Unreachable(host=host.name, detail=str(error)) from error

    def _wanted(self, ssh: asyncssh.SSHClientConnection) -> asyncssh.SSHClientConnection:
        """A connection that was made while we were closing is no longer wanted."""
        if self._closed:
            ssh.abort()
            raise Unreachable(host=self.config.name, detail="closing")
        return ssh

    async def _open(
        self, key: asyncssh.SSHKey, pinned: asyncssh.SSHKnownHosts
    ) -> asyncssh.SSHClientConnection:
        """Nothing is taken from ~/.ssh/config, an agent or the environment: what counts is what is configured."""
        options: dict[str, Any] = {
            "config": None,
            "agent_path": None,
            "preferred_auth": "publickey",
            "gss_host": None,
            "gss_kex": False,
            "gss_auth": False,
            "encryption_algs": CIPHERS,
            "compression_algs": ("none",),
            "keepalive_interval": self.config.keepalive_interval,
            "keepalive_count_max": KEEPALIVES_LOST,
        }
        return await asyncssh.connect(
            self.config.address,
            self.config.port,
            username=self.config.user,
            client_keys=[key],
            known_hosts=pinned,
            **options,
        )

    async def _key_trouble(self, pinned: asyncssh.SSHKnownHosts, error: Exception) -> HostError:
        """Tells apart: no key is pinned, the host has another key, and a handshake that failed for another reason.

        A server whose key is of another type than the pinned one only hangs up, so it is asked which key it has.
        """
        host = self.config
        known = keys.pinned_here(host, pinned)
        if not isinstance(error, asyncssh.HostKeyNotVerifiable):
            shown = await self._shown_key()
            if shown is None or shown in known:
                return Unreachable(host=host.name, detail=str(error))
        if not known:
            return keys.unknown_key(host, detail=str(error))
        return HostKeyChanged(host=host.name, address=host.address, detail=str(error))

    async def _shown_key(self) -> bytes | None:
        try:
            async with asyncio.timeout(self.config.connect_timeout):
                key = await asyncssh.get_server_host_key(self.config.address, self.config.port, config=None)
        except (OSError, asyncssh.Error):
            return None
        return key.public_data if key else None

    async def close(self) -> None:
        """Ends the connection for good: later calls raise Unreachable."""
        self._closed = True
        ssh, self._ssh = self._ssh, None
        if ssh is not None:
            ssh.close()
            try:
                async with asyncio.timeout(1):
                    await ssh.wait_closed()
            except TimeoutError:
                ssh.abort()


def _again(error: HostError) -> HostError:
    """The same error for another caller: one exception object belongs to one traceback."""
    return type(error)(error.phrase.id, detail=error.detail, **error.phrase.args)
