"""Keys for SSH, loaded once per change of their file: our own, and the hosts' pinned ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import asyncssh

from services.errors import AuthRefused, HostKeyChanged
from services.projects import Host

T = TypeVar("T")


class _Loaded(Generic[T]):
    """What was made of a file, kept until the file changes."""

    def __init__(self, load: Callable[[str], T]) -> None:
        self._load = load
        self._kept: dict[Path, tuple[tuple[int, int, int], T]] = {}

    def get(self, path: Path) -> T:
        stat = path.stat()
        version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._kept.get(path)
        if known is None or known[0] != version:
            known = self._kept[path] = (version, self._load(str(path)))
        return known[1]


_private_keys = _Loaded(asyncssh.read_private_key)
_known_hosts = _Loaded(asyncssh.read_known_hosts)


def private_key(host: Host) -> asyncssh.SSHKey:
    """Raises AuthRefused when the file cannot be read as a key without a passphrase."""
    try:
        return _private_keys.get(host.key_file)
    except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise AuthRefused(
            "error-key-unreadable", host=host.name, file=str(host.key_file), detail=type(error).__name__
        ) from error


def pinned_keys(host: Host) -> asyncssh.SSHKnownHosts:
    """Raises HostKeyChanged (error-host-key-unknown) when the file is missing or unreadable: nothing is pinned then."""
    try:
        return _known_hosts.get(host.known_hosts)
    except (OSError, ValueError) as error:
        raise unknown_key(host, detail=repr(error)) from error


def pinned_here(host: Host, pinned: asyncssh.SSHKnownHosts) -> set[bytes]:
    """The public keys that are pinned for the host under its configured address."""
    found = asyncssh.match_known_hosts(pinned, host.address, "", host.port)
    return {key.public_data for key in found[0]}


def unknown_key(host: Host, detail: str = "") -> HostKeyChanged:
    """No key is pinned for the host. The phrase holds the command that pins it."""
    return HostKeyChanged(
        "error-host-key-unknown",
        host=host.name,
        file=str(host.known_hosts),
        command=f"ssh-keyscan -p {host.port} {host.address} >> {host.known_hosts}",
        detail=detail,
    )
