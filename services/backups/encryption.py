"""age: copies of backups are encrypted to public keys. Opsgate never holds the private ones.

Streams, at constant memory, in a thread. Each copy can be opened with `age --decrypt --identity FILE`.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from services.errors import BadInput, StepFailed

if TYPE_CHECKING:
    from pyrage import x25519

SUFFIX = ".age"
_HEADER = b"age-encryption.org/v1\n"
_LONGEST_IDENTITY_FILE = 64 * 1024


class _Hashed:
    """A file that is written, hashed and measured."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self.hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        self._file.flush()


def recipient_problem(text: str) -> str | None:
    """Why a text is no public key of age, or None: the pattern cannot see a mistyped letter."""
    from pyrage import RecipientError, x25519

    try:
        x25519.Recipient.from_str(text)
    except RecipientError:
        return f"{text[:12]}… is not a public key of age: copy it whole from what age-keygen printed"
    return None


def is_encrypted(file: Path) -> bool:
    """Whether a file starts as age's files do. Raises OSError."""
    with file.open("rb") as opened:
        return opened.read(len(_HEADER)) == _HEADER


async def encrypt(source: Path, target: Path, recipients: Sequence[str]) -> tuple[int, str]:
    """`target` (mode 600, on the disk when this returns) becomes `source`, encrypted: its size in bytes and SHA-256.

    Whatever goes wrong, `target` is gone then. Raises StepFailed when the disk does not take it.
    """
    try:
        return await asyncio.to_thread(_encrypt, source, target, recipients)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _encrypt(source: Path, target: Path, recipients: Sequence[str]) -> tuple[int, str]:
    import pyrage

    keys = [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    try:
        with source.open("rb") as plain, _private(target) as file:
            hashed = _Hashed(file)
            pyrage.encrypt_io(plain, hashed, keys)  # type: ignore[arg-type]  # all that it asks of a file is write and flush
            return hashed.size, hashed.hash.hexdigest()
    except (pyrage.EncryptError, OSError) as error:
        raise StepFailed("error-encrypt", detail=str(error)) from error


async def decrypt(source: Path, target: Path, identity_file: Path) -> tuple[int, str]:
    """`target` (mode 600) becomes what `source` holds: its size in bytes and SHA-256. Gone if anything fails.

    Raises BadInput when the key does not fit, the file is damaged or the disk is full.
    """
    try:
        return await asyncio.to_thread(_decrypt, source, target, identity_file)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _decrypt(source: Path, target: Path, identity_file: Path) -> tuple[int, str]:
    import pyrage

    keys = identities(identity_file)
    try:
        with source.open("rb") as encrypted, _private(target) as file:
            hashed = _Hashed(file)
            pyrage.decrypt_io(encrypted, hashed, keys)  # type: ignore[arg-type]  # all that it asks of a file is write and flush
            return hashed.size, hashed.hash.hexdigest()
    except (pyrage.DecryptError, OSError) as error:
        raise BadInput("error-decrypt", detail=str(error), file=source.name) from error


def identities(file: Path) -> list[x25519.Identity]:
    """The private keys of a file as age-keygen writes it. Raises BadInput; no text of the file is ever repeated."""
    from pyrage import IdentityError, x25519

    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST_IDENTITY_FILE).decode("utf-8")
        lines = [line.strip() for line in text.splitlines()]
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError, IdentityError):
        raise BadInput("error-identity", file=str(file)) from None  # the cause may quote the key
    if not found:
        raise BadInput("error-identity", file=str(file))
    return found


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner can read, on the disk at the end."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
