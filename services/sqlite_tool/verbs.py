"""The verbs: FILE is the live database's path, every other database is named as Opsgate names those beside it."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from services.sqlite_tool.contents import (
    CHUNK,
    Refused,
    count_rows,
    opened,
    print_data,
    prove,
    reading,
    receive,
    status_of,
)
from services.sqlite_tool.files import Beside, drop, load, swap, unswap


@contextlib.contextmanager
def scratch() -> Iterator[str]:
    """A file of the container's own, which goes with it whatever happens."""
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "scratch.db")


def dump(live: str, out: BinaryIO) -> None:
    """A copy page by page in one read transaction, packed with gzip: whoever reads it sees a byte that is not right."""
    with scratch() as made:
        source, target = reading(live, live=True), sqlite3.connect(made)
        with contextlib.closing(source), contextlib.closing(target):
            source.backup(target)
        pack = zlib.compressobj(3, zlib.DEFLATED, 31)
        with open(made, "rb") as file:
            out.writelines(pack.compress(data) for data in iter(lambda: file.read(CHUNK), b""))
        out.write(pack.flush())
        out.flush()


def archive_data(source: BinaryIO, out: BinaryIO | None) -> None:
    with scratch() as made:
        with open(made, "wb") as file:
            receive(source, file)
        prove(made)
        if out is None:
            return
        with contextlib.closing(opened(made, still=True)) as database:
            print_data(database, out)


def facts(beside: Beside, out: BinaryIO) -> None:
    """`may`: whether this user may put another file into the live one's place, with its owner."""
    seen = os.stat(beside.live)
    with contextlib.closing(reading(beside.live, live=True)) as database:
        page, pages = (database.execute("PRAGMA page_" + one).fetchone()[0] for one in ("size", "count"))
        encoding = database.execute("PRAGMA encoding").fetchone()[0]
    user = os.geteuid()
    keeps = user == 0 or (user == seen.st_uid and seen.st_gid in {os.getegid(), *os.getgroups()})
    may = keeps and os.access(beside.folder, os.W_OK | os.X_OK)
    about: dict[str, object] = {"user": f"{user}:{os.getegid()}", "owner": f"{seen.st_uid}:{seen.st_gid}"}
    about.update({"may": may, "version": sqlite3.sqlite_version, "size": page * pages, "encoding": encoding})
    out.write(json.dumps(about).encode() + b"\n")


def _data(beside: Beside, words: list[str], _source: BinaryIO, out: BinaryIO) -> None:
    with contextlib.closing(reading(beside.path(words[0]), live=words[0] == beside.base)) as database:
        print_data(database, out)


def _rows(beside: Beside, words: list[str], _source: BinaryIO, out: BinaryIO) -> None:
    with contextlib.closing(reading(beside.path(words[0]), live=words[0] == beside.base)) as database:
        out.write(json.dumps(count_rows(database, float(words[1]))).encode() + b"\n")


def _databases(beside: Beside, _words: list[str], _source: BinaryIO, out: BinaryIO) -> None:
    out.write("".join(one + "\n" for one in beside.names()).encode())


VERBS: dict[str, Callable[[Beside, list[str], BinaryIO, BinaryIO], None]] = {
    "dump": lambda beside, _words, _source, out: dump(beside.live, out),
    "archive-data": lambda _beside, _words, source, out: archive_data(source, out),
    "prove": lambda _beside, _words, source, _out: archive_data(source, None),
    "data": _data,
    "rows": _rows,
    "facts": lambda beside, _words, _source, out: facts(beside, out),
    "databases": _databases,
    "load": lambda beside, words, source, _out: load(beside, words[0], source),
    "swap": lambda beside, words, _source, _out: swap(beside, words[0], words[1]),
    "unswap": lambda beside, words, _source, _out: unswap(beside, words[0]),
    "drop": lambda beside, words, _source, _out: drop(beside, words[0]),
}


def main(argv: list[str]) -> int:
    """Says on stderr, in one line, why not."""
    try:
        VERBS[argv[0]](Beside(argv[1]), argv[2:], sys.stdin.buffer, sys.stdout.buffer)
    except Refused as error:
        print(error, file=sys.stderr)
        return error.status
    except (OSError, sqlite3.Error) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return status_of(error)
    return 0
