"""What a SQLite database holds, as lines that can be counted and summed; and whether it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sqlite3
import threading
import time
import urllib.parse
import zlib
from typing import BinaryIO

DAMAGED, MISUSED, MISSING, NO_ROOM, BUSY, NOT_ALLOWED = 1, 64, 66, 73, 75, 77
CHUNK = 1 << 18
SIDES = ("-wal", "-journal", "-shm")
PATIENCE = 20.0
"""Seconds to wait for those who write."""
MAGIC = b"SQLite format 3\0"
_CONTENT = re.compile(r"CHECK constraint|NULL value|(?:NUMERIC|TEXT|non-\w+) value")
"""What integrity_check says of values that break the schema's own rules: the file is whole all the same."""
_FOREIGN = re.compile(r"no such (?:collation sequence|function|module)|unknown tokenizer")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_ESCAPED = {one: f"\\x{one:02x}" for one in (*range(32), *range(127, 256))}
_ESCAPED.update({9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"})


class Refused(Exception):
    """Why not, and the exit status that says so."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


class Text(bytes):
    """A text as it is stored: told apart from a blob, whatever bytes it holds."""


# --- opening ---


def opened(path: str, *, still: bool = False) -> sqlite3.Connection:
    """`still`: nobody writes it and it has no log beside it, so that nothing is made beside it either."""
    mode = "mode=ro&immutable=1" if still else "mode=rw"
    at = f"file:{urllib.parse.quote(path)}?{mode}"
    found = sqlite3.connect(at, uri=True, timeout=PATIENCE, isolation_level=None)
    found.execute("PRAGMA query_only = 1")
    return found


def reading(path: str, *, live: bool) -> sqlite3.Connection:
    """In one read transaction: what is written meanwhile is not seen. A hot journal is rolled back first, as it must be."""
    if not os.path.isfile(path):
        raise Refused(MISSING, "there is no " + path)
    beside = any(os.path.exists(path + side) for side in SIDES)
    found = opened(path, still=not (live or beside))
    found.execute("BEGIN")
    found.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return found


# --- what a database holds ---


def name(text: str) -> str:
    """As SQL quotes it, in one line."""
    if _PLAIN.fullmatch(text):
        return text
    shown = "".join(
        one if one == " " or (one.isprintable() and one != "\\") else f"\\u{{{ord(one):x}}}" for one in text
    )
    quoted = shown.replace('"', '""')
    return f'"{quoted}"'


def sql_name(text: str) -> str:
    quoted = text.replace('"', '""')
    return f'"{quoted}"'


def tables(database: sqlite3.Connection) -> list[str]:
    """Ordinary tables and those that virtual ones keep their data in; what ANALYZE wrote is left out."""
    asked = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [
        one
        for one, sql in asked.fetchall()
        if not one.startswith("sqlite_stat")
        and not re.match(r"\s*CREATE\s+VIRTUAL\b", sql or "", re.IGNORECASE)
    ]


def columns(database: sqlite3.Connection, table: str) -> list[str]:
    """Those that are stored as such: generated ones follow from them."""
    asked = database.execute(f"PRAGMA table_xinfo({sql_name(table)})")
    return [one[1] for one in asked.fetchall() if one[6] == 0]


def written(value: object) -> str:
    """One value, without tabs and line breaks, in ASCII; no two values are written alike."""
    if value is None:
        return "\\N"
    if isinstance(value, Text):
        return "t" + value.decode("latin-1").translate(_ESCAPED)
    if isinstance(value, bytes):
        return "x" + value.hex()
    return ("i" if isinstance(value, int) else "r") + repr(value)


def print_data(database: sqlite3.Connection, out: BinaryIO) -> None:
    """COPY blocks, as pg_restore prints them: of the schema, then of each table in the order of its keys."""
    out.write(f"-- Dumped from database version {sqlite3.sqlite_version}\n".encode())
    listed = [(one, columns(database, one)) for one in tables(database)]
    database.text_factory = Text
    schema = (
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'"
        " ORDER BY type, name, tbl_name"
    )
    _block(out, "sqlite_schema", ["type", "name", "tbl_name", "sql"], database.execute(schema))
    for table, kept in listed:
        wanted = ", ".join(sql_name(one) for one in kept)
        rows = database.execute(f"SELECT {wanted} FROM {sql_name(table)} NOT INDEXED")
        _block(out, table, kept, rows)
    out.flush()


def _block(out: BinaryIO, table: str, kept: list[str], rows: sqlite3.Cursor) -> None:
    head = f"COPY main.{name(table)} ({', '.join(name(one) for one in kept)}) FROM stdin;\n"
    out.write(head.encode())
    out.writelines(("\t".join([written(one) for one in row]) + "\n").encode("ascii") for row in rows)
    out.write(b"\\.\n")


def count_rows(database: sqlite3.Connection, within: float) -> dict[str, int]:
    """As many as `print_data` prints, by the same names. Given up after `within` seconds."""
    end = time.monotonic() + within
    alarm = threading.Timer(within, database.interrupt)
    alarm.daemon = True
    alarm.start()
    try:
        return _counted(database, end)
    finally:
        alarm.cancel()
        alarm.join()


def _counted(database: sqlite3.Connection, end: float) -> dict[str, int]:
    asked = "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'"
    found = {"main.sqlite_schema": database.execute(asked).fetchone()[0]}
    for table in tables(database):
        if time.monotonic() >= end:
            raise Refused(BUSY, "counting takes too long")
        asked = f"SELECT count(*) FROM {sql_name(table)}"
        found["main." + name(table)] = database.execute(asked).fetchone()[0]
    return found


# --- whole or not ---


def receive(source: BinaryIO, target: BinaryIO) -> None:
    """A dump, packed with gzip or not. Refuses one that is cut, or goes on behind its end."""
    data = source.read(CHUNK)
    unpack = zlib.decompressobj(31) if data.startswith(b"\x1f\x8b") else None
    try:
        while data:
            target.write(unpack.decompress(data) if unpack else data)
            if unpack and unpack.unused_data:
                raise Refused(DAMAGED, "the dump goes on behind its end")
            data = source.read(CHUNK)
        if unpack:
            target.write(unpack.flush())
    except zlib.error as error:
        raise Refused(DAMAGED, f"the dump is damaged: {error}") from error
    if unpack and not unpack.eof:
        raise Refused(DAMAGED, "the dump is cut")
    target.flush()


def prove(path: str) -> None:
    """That it is a SQLite database of the length that it says, and that its pages hang together."""
    with open(path, "rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(MAGIC):  # noqa: PLR2004 - the header's size
        raise Refused(DAMAGED, "this is no SQLite database")
    page = int.from_bytes(head[16:18], "big")
    pages, size = int.from_bytes(head[28:32], "big"), os.path.getsize(path)
    if size != pages * (65536 if page == 1 else page):
        raise Refused(DAMAGED, f"the database is cut: {size} bytes for {pages} pages")
    with contextlib.closing(opened(path, still=True)) as database:
        try:
            found = database.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.OperationalError as error:
            if not _FOREIGN.search(str(error)):
                raise
            found = database.execute(
                "PRAGMA quick_check"
            ).fetchall()  # what only the application knows is left out
    bad = [one for (one,) in found if one != "ok" and not _CONTENT.search(one) and not _FOREIGN.search(one)]
    if bad:
        raise Refused(DAMAGED, "integrity_check: " + bad[0])


def status_of(error: Exception) -> int:
    """What kind of trouble an error is: only damage speaks against a dump."""
    if isinstance(error, OSError):
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}:
            return NO_ROOM
        return MISSING if isinstance(error, FileNotFoundError) else NOT_ALLOWED
    said = str(error)
    if re.search(r"is locked|interrupted|busy", said):
        return BUSY
    if re.search(r"is full|disk I/O error", said):
        return NO_ROOM
    return NOT_ALLOWED if re.search(r"unable to open|readonly|authorized", said) else DAMAGED
