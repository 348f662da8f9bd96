"""The live file and those that Opsgate keeps beside it: loaded, swapped, dropped. Names alone tell what was done."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
from collections.abc import Callable
from typing import BinaryIO

from services.sqlite_tool.contents import (
    BUSY,
    MAGIC,
    MISSING,
    MISUSED,
    SIDES,
    Refused,
    opened,
    prove,
    receive,
    status_of,
)

MOMENT = 5000
"""Milliseconds to wait for those who still have a database open that is to be swapped."""
ROLES = "restore|before|undone|drill"


class Beside:
    """The live file and those that Opsgate keeps beside it, by their names."""

    def __init__(self, live: str) -> None:
        self.live = live
        self.folder, self.base = os.path.split(live)
        self._ours = re.compile(rf"{re.escape(self.base)}\.opsgate_(?P<role>{ROLES})_[a-z0-9]{{1,24}}")

    def path(self, given: str) -> str:
        return self.live if given == self.base else self.ours(given)

    def ours(self, given: str, roles: str = ROLES) -> str:
        found = self._ours.fullmatch(given)
        if found is None or found["role"] not in roles.split("|"):
            raise Refused(MISUSED, given + " is no database that Opsgate keeps")
        return os.path.join(self.folder, given)

    def names(self) -> list[str]:
        """A second name of the live file is no database of its own: then a swap stands before its rename.

        One of which only the log is left is still listed: then a swap stands behind it.
        """
        found = set()
        for one in os.listdir(self.folder):
            main = re.sub(r"-(wal|journal|shm)$", "", one)
            if main == self.base or self._ours.fullmatch(main):
                path = os.path.join(self.folder, main)
                if main == self.base or not self.is_live(path):
                    found.add(main)
        return sorted(found) if os.path.isfile(self.live) else sorted(found - {self.base})

    def is_live(self, path: str) -> bool:
        return os.path.exists(path) and os.path.exists(self.live) and os.path.samefile(path, self.live)


def settle(path: str) -> None:
    """What stands in its log goes into the file. A damaged one keeps its log; one that is in use is refused.

    SQLite takes away the log of what is no database of its own: such a file is not even opened.
    """
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return
    try:
        with contextlib.closing(opened(path)) as database:
            database.execute("PRAGMA query_only = 0")
            database.execute(f"PRAGMA busy_timeout = {MOMENT}")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if status_of(error) == BUSY:
            raise Refused(BUSY, f"somebody has the database open: {error}") from error
    except sqlite3.DatabaseError:
        pass
    else:
        if os.path.exists(path + "-wal"):  # who closes it last takes the log away
            raise Refused(BUSY, "somebody has the database open")


def swap(beside: Beside, given: str, kept: str, done: Callable[[str], None] = lambda _what: None) -> None:
    """`given` becomes the live file, which is from then on called `kept`; there is no moment without a live file.

    Cut off anywhere and called again, it goes on from there. `done` is told after each change.
    """
    incoming, outgoing = (
        beside.ours(given, "restore|before|undone"),
        beside.ours(kept, "before|undone|restore"),
    )
    if os.path.exists(incoming):
        _plain_file(incoming)
        _plain_file(beside.live)
        if not os.path.exists(outgoing):
            settle(beside.live)
            settle(incoming)
            os.link(beside.live, outgoing)
            done("link")
        elif not beside.is_live(outgoing):
            raise Refused(MISUSED, kept + " is there already")
        _move_sides(beside.live, outgoing, done)
        os.rename(incoming, beside.live)
        done("rename")
    elif not os.path.exists(outgoing) or beside.is_live(outgoing):
        raise Refused(MISSING, "there is no " + given)
    _move_sides(incoming, beside.live, done)
    flush_folder(beside.folder)


def unswap(beside: Beside, kept: str) -> None:
    """A swap that was cut off before its rename leaves nothing behind."""
    outgoing = beside.ours(kept)
    if beside.is_live(outgoing):
        _move_sides(outgoing, beside.live, lambda _what: None)
        os.unlink(outgoing)
        flush_folder(beside.folder)


def _move_sides(source: str, target: str, done: Callable[[str], None]) -> None:
    for side in SIDES:
        if os.path.exists(source + side):
            os.rename(source + side, target + side)
            done("side")


def _plain_file(path: str) -> None:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Refused(MISUSED, path + " is no plain file")


def drop(beside: Beside, given: str) -> None:
    path = beside.ours(given)
    unswap(beside, given)
    for one in (path, *(path + side for side in SIDES)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(one)
    flush_folder(beside.folder)


def load(beside: Beside, given: str, source: BinaryIO) -> None:
    """A dump becomes a file beside the live one, with its owner and mode, proven and on the disk; or nothing does."""
    path, like = beside.ours(given, "restore|drill"), os.stat(beside.live)
    drop(beside, given)
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            receive(source, file)
            os.fsync(file.fileno())
        prove(path)
        made = os.stat(path)
        if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
            os.chown(path, like.st_uid, like.st_gid)
        os.chmod(path, stat.S_IMODE(like.st_mode))
        flush_folder(beside.folder)
    except BaseException:
        drop(beside, given)
        raise


def flush_folder(path: str) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
