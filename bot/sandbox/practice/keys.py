"""Keys of the practice host and of its one client, as the files that OpenSSH and Opsgate read."""

import os
from pathlib import Path

import asyncssh

_KIND = "ssh-ed25519"


def new_key(comment: str) -> asyncssh.SSHKey:
    """A key that has never been seen."""
    return asyncssh.generate_private_key(_KIND, comment)


def write_private(key: asyncssh.SSHKey, path: Path) -> None:
    """Writes a private key for its owner alone (mode 600)."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.export_private_key())


def pin(key: asyncssh.SSHKey, address: str, port: int, path: Path) -> None:
    """Writes a known_hosts file that trusts this key at this address, and no other."""
    kind, public = key.export_public_key().split()[:2]
    path.write_text(f"[{address}]:{port} {kind.decode()} {public.decode()}\n")
