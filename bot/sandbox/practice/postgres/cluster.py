"""The cluster in a volume's folder: its roles and databases, each database one SQLite file. All of it survives.

PG_VERSION          written last: without it there is no cluster
global/catalog.db   roles and databases
base/<oid>.db       one database; a rename touches the catalog only
sessions/           who is connected (sessions.py)
"""

import contextlib
import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.practice.postgres.errors import PostgresError
from bot.sandbox.practice.postgres.passwords import is_verifier, opens, verifier

MAJOR = "15"
VERSION = "15.0 (practice)"
_BUSY_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE role (oid INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, verifier TEXT NOT NULL);
CREATE TABLE database (
    oid INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, owner TEXT NOT NULL,
    is_template INTEGER NOT NULL DEFAULT 0, allows_connections INTEGER NOT NULL DEFAULT 1,
    connection_limit INTEGER NOT NULL DEFAULT -1, encoding TEXT NOT NULL DEFAULT 'UTF8',
    collation TEXT NOT NULL DEFAULT 'C.UTF-8', ctype TEXT NOT NULL DEFAULT 'C.UTF-8', icu_locale TEXT
);
CREATE TABLE counter (next_oid INTEGER NOT NULL);
INSERT INTO counter VALUES (16384);
"""


@dataclass(frozen=True)
class Database:
    oid: int
    name: str
    owner: str
    is_template: bool
    allows_connections: bool
    connection_limit: int
    encoding: str
    collation: str
    ctype: str
    icu_locale: str | None


class Cluster:
    """What one session sees of it: with `begin`, its own changes of the catalog, until it commits them."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._is_being_made = False
        self._in_transaction = False
        self._transaction: sqlite3.Connection | None = None

    @property
    def is_initialised(self) -> bool:
        return self._is_being_made or (self.data / "PG_VERSION").exists()

    def make(self, user: str, password: str) -> None:
        """An empty cluster with one role, the superuser; until `seal` only for this object. A half-made one goes."""
        self._is_being_made = True
        for name in ("global", "base", "sessions"):
            shutil.rmtree(self.data / name, ignore_errors=True)
            (self.data / name).mkdir(parents=True)
        with contextlib.closing(self._connect()) as catalog:
            catalog.execute("PRAGMA journal_mode = WAL")
            catalog.executescript(_SCHEMA)
            catalog.execute("INSERT INTO role VALUES (10, ?, ?)", (user, verifier(password)))
        self.add_database("template1", owner=user, is_template=True, oid=1)
        self.add_database("template0", owner=user, is_template=True, oid=4)
        self.change_database("template0", allows_connections=0)
        self.add_database("postgres", owner=user, oid=5)

    def seal(self) -> None:
        """From here on there is a cluster for everybody."""
        (self.data / "PG_VERSION").write_text(f"{MAJOR}\n")

    @contextlib.contextmanager
    def _catalog(self, *, changes: bool = False) -> Iterator[sqlite3.Connection]:
        """Readers wait for nobody; a writer waits for another, and inside a transaction keeps its place."""
        if changes and self._in_transaction and self._transaction is None:
            self._transaction = self._connect()
            self._transaction.execute("BEGIN IMMEDIATE")
        if self._transaction is not None:
            yield self._transaction
            return
        with contextlib.closing(self._connect()) as catalog:
            catalog.execute("BEGIN IMMEDIATE" if changes else "BEGIN")
            yield catalog
            catalog.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        path = self.data / "global/catalog.db"
        return opened(path)

    def begin(self) -> None:
        """From now on changes of the catalog are all kept (`commit`) or none of them (`roll_back`)."""
        self._in_transaction = True

    def commit(self) -> None:
        self._finish("COMMIT")

    def roll_back(self) -> None:
        self._finish("ROLLBACK")

    def _finish(self, how: str) -> None:
        self._in_transaction = False
        if self._transaction is not None:
            with contextlib.closing(self._transaction) as transaction:
                self._transaction = None
                transaction.execute(how)

    def next_pid(self) -> int:
        """Counted beside the catalog, so that a session that changes the catalog keeps nobody from connecting."""
        with (self.data / "sessions/next_pid").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            pid = int(file.read() or 60) + 1
            file.truncate(0)
            file.write(str(pid))
            return pid

    # --- roles ------------------------------------------------------------------------------------------------

    def roles(self) -> dict[str, int]:
        """Oid by name."""
        with self._catalog() as catalog:
            return dict(catalog.execute("SELECT name, oid FROM role"))

    def accepts_password(self, role: str, password: str) -> bool:
        with self._catalog() as catalog:
            found = catalog.execute("SELECT verifier FROM role WHERE name = ?", (role,)).fetchone()
        return found is not None and opens(found[0], password)

    def verifiers(self) -> dict[str, str]:
        """What is stored of each role's password."""
        with self._catalog() as catalog:
            return dict(catalog.execute("SELECT name, verifier FROM role"))

    def give_password(self, role: str, password: str) -> None:
        """A clear one, or what PostgreSQL would store of one."""
        stored = password if is_verifier(password) else verifier(password)
        with self._catalog(changes=True) as catalog:
            catalog.execute("UPDATE role SET verifier = ? WHERE name = ?", (stored, role))

    # --- databases --------------------------------------------------------------------------------------------

    def databases(self) -> list[Database]:
        with self._catalog() as catalog:
            rows = catalog.execute(
                "SELECT oid, name, owner, is_template, allows_connections, connection_limit, encoding, collation,"
                " ctype, icu_locale FROM database ORDER BY oid"
            ).fetchall()
        return [
            Database(oid, name, owner, bool(template), bool(connectable), *rest)
            for oid, name, owner, template, connectable, *rest in rows
        ]

    def database(self, name: str) -> Database:
        """PostgresError where there is none of that name."""
        for one in self.databases():
            if one.name == name:
                return one
        raise PostgresError(f'database "{name}" does not exist')

    def file(self, database: Database) -> Path:
        return self.data / f"base/{database.oid}.db"

    def add_database(
        self, name: str, *, owner: str, is_template: bool = False, oid: int | None = None
    ) -> Database:
        with self._catalog(changes=True) as catalog:
            if oid is None:
                counted = "UPDATE counter SET next_oid = next_oid + 1 RETURNING next_oid - 1"
                (oid,) = catalog.execute(counted).fetchall()[0]
            try:
                catalog.execute(
                    "INSERT INTO database (oid, name, owner, is_template) VALUES (?, ?, ?, ?)",
                    (oid, name, owner, is_template),
                )
            except sqlite3.IntegrityError:
                raise PostgresError(f'database "{name}" already exists') from None
        added = self.database(name)
        with contextlib.closing(opened(self.file(added))) as made:
            made.execute("PRAGMA journal_mode = WAL")
        return added

    def change_database(self, database: str, **columns: str | int | None) -> None:
        """Sets columns of the catalog's row (the fields of Database)."""
        self.database(database)
        assignments = ", ".join(f"{column} = ?" for column in columns)
        with self._catalog(changes=True) as catalog:
            try:
                catalog.execute(
                    f"UPDATE database SET {assignments} WHERE name = ?",  # noqa: S608  (names from this package)
                    (*columns.values(), database),
                )
            except sqlite3.IntegrityError:
                raise PostgresError(f'database "{columns["name"]}" already exists') from None

    def drop_database(self, name: str) -> None:
        file = self.file(self.database(name))
        with self._catalog(changes=True) as catalog:
            catalog.execute("DELETE FROM database WHERE name = ?", (name,))
        for path in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
            path.unlink(missing_ok=True)

    def copy_content(self, source: Database, target: Database) -> None:
        """All of one database into another, as CREATE DATABASE ... TEMPLATE does."""
        with (
            contextlib.closing(opened(self.file(source))) as old,
            contextlib.closing(opened(self.file(target))) as new,
        ):
            old.backup(new)

    def size(self, database: Database) -> int:
        """Bytes on disk."""
        file = self.file(database)
        parts = (file, file.with_name(f"{file.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())


def opened(path: Path) -> sqlite3.Connection:
    """Every statement counts by itself. What is written outlives a killed process, though not a power cut."""
    types = sqlite3.PARSE_DECLTYPES
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, detect_types=types)
    connection.execute("PRAGMA synchronous = OFF")
    return connection
