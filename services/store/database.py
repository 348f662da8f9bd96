"""The SQLite file: opened once, migrated forward, written through serialised transactions."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiosqlite

HERE = Path(__file__).parent
MIGRATIONS = ("schema.sql", "waiting_and_freezes.sql", "backups_at_work.sql")
"""Applied in order; PRAGMA user_version counts how many a file has."""

WAL_TRIES, WAL_PAUSE = 100, 0.05
"""How often, and how many seconds apart, a new file is tried for that others are just making."""

Row = aiosqlite.Row
Transaction = aiosqlite.Connection


async def _connect(path: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    try:
        connection.row_factory = aiosqlite.Row
        for pragma in ("busy_timeout=5000", "synchronous=FULL", "foreign_keys=ON"):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
        await _keep_a_log(connection)
    except BaseException:
        await connection.close()  # its thread would keep the process alive
        raise
    return connection


async def _keep_a_log(connection: aiosqlite.Connection) -> None:
    """Two that make a new file at once exclude each other here, and SQLite does not wait then: its busy_timeout is for others."""
    for _ in range(WAL_TRIES):
        try:
            await connection.execute_fetchall("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            await asyncio.sleep(WAL_PAUSE)
        else:
            return
    raise sqlite3.OperationalError("database is locked")


async def _version(connection: aiosqlite.Connection) -> int:
    """How many migrations the file has."""
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


def _statements(script: str) -> Iterator[str]:
    """One by one: sqlite3's own way of running a script commits what was begun before it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


class Database:
    """WAL, full sync: what was committed survives a power cut. A second connection reads, and sees only that."""

    def __init__(self, connection: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._connection = connection
        self._reader = reader
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Opens and migrates. The file and its folder are readable by their owner only."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        connection = await _connect(path)
        try:
            reader = await _connect(path)
        except BaseException:
            await connection.close()
            raise
        database = cls(connection, reader)
        try:
            await database._migrate()
        except BaseException:
            await database.close()
            raise
        return database

    async def _migrate(self) -> None:
        """All that is missing or nothing, by whichever process comes first: the others find it done."""
        if await _version(self._reader) == len(MIGRATIONS):
            return
        # A table that others refer to can only be made anew while nobody looks; inside a transaction this is ignored.
        await self._connection.execute("PRAGMA foreign_keys=OFF")
        async with self.transaction() as tx:
            done = await _version(tx)  # only now nobody else can change it
            if done > len(MIGRATIONS):
                raise sqlite3.DatabaseError(f"the database is of a newer Opsgate (schema {done})")
            for name in MIGRATIONS[done:]:
                for statement in _statements((HERE / name).read_text(encoding="utf-8")):
                    await tx.execute(statement)
            if await (await tx.execute("PRAGMA foreign_key_check")).fetchone():
                raise sqlite3.IntegrityError("rows of the database refer to rows that it does not have")
            await tx.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        await self._connection.execute("PRAGMA foreign_keys=ON")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """All or nothing, one at a time. A cancelled transaction is rolled back."""
        async with self._writing:
            try:
                await asyncio.shield(self._connection.execute("BEGIN IMMEDIATE"))
                yield self._connection
                await asyncio.shield(self._connection.commit())
            except BaseException:
                # Statements run in a thread, one after the other: also a BEGIN whose waiter was cancelled is behind
                # us then. Without an open transaction this does nothing.
                await asyncio.shield(self._connection.rollback())
                raise

    async def write(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> int:
        """One statement in its own transaction. Returns how many rows it changed."""
        async with self.transaction() as tx:
            return (await tx.execute(sql, values)).rowcount

    async def one(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        async with self._reader.execute(sql, values) as cursor:
            return await cursor.fetchone()

    async def all(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        async with self._reader.execute(sql, values) as cursor:
            return list(await cursor.fetchall())

    async def close(self) -> None:
        await self._reader.close()
        await self._connection.close()
