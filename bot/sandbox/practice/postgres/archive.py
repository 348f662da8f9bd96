"""The archive of pg_dump --format=custom: PGDMP, a length, a SHA-256 of everything else, the content compressed."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.sandbox.practice.postgres.errors import BadArchive

_MAGIC = b"PGDMP"
# Archive version 1.14-0, four bytes to an integer, eight to an offset, format "custom": as PostgreSQL 15 writes it.
_HEAD = _MAGIC + bytes([1, 14, 0, 4, 8, 1])
_LENGTH, _DIGEST = 8, 32
_TEXT_DUMP = b"--\n-- PostgreSQL database dump"
_SHORTEST = 512

Stored = str | int | float | bool | None
"""A value of a row; bytes are kept as their hexadecimal text behind `BYTES`."""
BYTES = "\0hex:"


@dataclass(frozen=True)
class Table:
    """`definition` is the SQL of the storage below; `counted`: the last number that its key was given."""

    oid: int
    name: str
    definition: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Stored]]
    counted: int | None = None


@dataclass(frozen=True)
class Extra:
    """An index or a view."""

    oid: int
    kind: str
    name: str
    definition: str


@dataclass(frozen=True)
class Archive:
    database: str
    owner: str
    created: str
    version: str
    tables: Sequence[Table] = field(default_factory=list)
    extras: Sequence[Extra] = field(default_factory=list)


def encode(archive: Archive) -> bytes:
    content = zlib.compress(json.dumps(asdict(archive), separators=(",", ":")).encode(), 6)
    head = _HEAD + len(content).to_bytes(_LENGTH, "big")
    return head + _digest(head, content) + content


def decode(raw: bytes) -> Archive:
    """BadArchive unless every single byte is as it was written."""
    if len(raw) < len(_MAGIC):
        raise BadArchive(f"input file is too short (read {len(raw)}, expected {len(_MAGIC)})")
    if raw.startswith(_TEXT_DUMP):
        raise BadArchive("input file appears to be a text format dump. Please use psql.")
    if not raw.startswith(_MAGIC):
        hint = " (too short?)" if len(raw) < _SHORTEST else ""
        raise BadArchive(f"input file does not appear to be a valid archive{hint}")
    start = len(_HEAD) + _LENGTH
    head, digest, content = raw[:start], raw[start : start + _DIGEST], raw[start + _DIGEST :]
    if len(content) < int.from_bytes(head[len(_HEAD) :], "big") or len(digest) < _DIGEST:
        raise BadArchive("could not read from input file: end of file")
    if digest != _digest(head, content):
        raise BadArchive("could not uncompress data: incorrect data check")
    return _archive(json.loads(zlib.decompress(content)))


def stored(value: Any) -> Stored:
    return f"{BYTES}{value.hex()}" if isinstance(value, bytes) else value


def restored(value: Stored) -> Stored | bytes:
    if isinstance(value, str) and value.startswith(BYTES):
        return bytes.fromhex(value.removeprefix(BYTES))
    return value


def _digest(head: bytes, content: bytes) -> bytes:
    return hashlib.sha256(head + content).digest()


def _archive(data: dict[str, Any]) -> Archive:
    tables = [Table(**one) for one in data.pop("tables")]
    extras = [Extra(**one) for one in data.pop("extras")]
    return Archive(**data, tables=tables, extras=extras)
