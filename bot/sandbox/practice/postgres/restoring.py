"""pg_restore."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from bot.sandbox.practice.postgres import administration, catalog
from bot.sandbox.practice.postgres.archive import Archive, Table, decode, restored
from bot.sandbox.practice.postgres.cluster import Cluster
from bot.sandbox.practice.postgres.connection import Connection, connected
from bot.sandbox.practice.postgres.errors import CannotDo, ConnectionEnded, PostgresError, ToolFailed
from bot.sandbox.practice.postgres.options import CONNECTION, Options
from bot.sandbox.practice.postgres.scripts import definition, listing, script
from bot.sandbox.practice.postgres.sqlite_errors import explained

OPTIONS: Mapping[str, str] = {
    **CONNECTION,
    "f": "file=",
    "F": "format=",
    "l": "list",
    "e": "exit-on-error",
    "O": "no-owner",
    "x": "no-privileges",
    "1": "single-transaction",
    "j": "jobs=",
    "a": "data-only",
    "s": "schema-only",
    "c": "clean",
    "v": "verbose",
    "no-acl": "no-acl",
    "if-exists": "if-exists",
    "role": "role=",
}


def pg_restore(
    options: Options, cluster: Cluster, stdin: BinaryIO, stdout: BinaryIO, stderr: BinaryIO
) -> int:
    _refuse_nonsense(options)
    archive = decode(stdin.read())
    if options.has("list"):
        stdout.write(listing(archive).encode())
        return 0
    parts = {"schema": not options.has("data-only"), "data": not options.has("schema-only")}
    if options.has("file"):
        text = "".join(script(archive, **parts, owner=not options.has("no-owner")))
        if options.last("file") in {"-", "/dev/stdout"}:
            stdout.write(text.encode())
        return 0
    with connected(cluster, options.login()) as connection:
        if options.has("role"):
            administration.role(cluster, options.last("role"))
        return _Restore(connection, archive, options, stderr).run()


def _refuse_nonsense(options: Options) -> None:
    if options.has("file") and options.has("dbname"):
        raise ToolFailed("options -d/--dbname and -f/--file cannot be used together")
    if not (options.has("file") or options.has("dbname") or options.has("list")):
        raise ToolFailed("one of -d/--dbname and -f/--file must be specified")
    if options.arguments:
        raise CannotDo("read a file of the container: give the archive on standard input")
    if options.last("format") not in {"", "c", "custom"}:
        raise CannotDo(f"do pg_restore --format={options.last('format')}")
    if options.has("file") and options.last("file") not in {"-", "/dev/stdout", "/dev/null"}:
        raise CannotDo("write into a file of the container: take the script from standard output")
    if options.has("jobs") and options.last("jobs") != "1":
        raise ToolFailed("parallel restore from standard input is not supported")


Step = tuple[str, str, Callable[[], None]]
"""The table that is filled or an empty text, the command that an error shows, and what is done."""


@dataclass
class _Restore:
    connection: Connection
    archive: Archive
    options: Options
    stderr: BinaryIO
    errors: int = field(default=0, init=False)

    def run(self) -> int:
        is_whole = self.options.has("single-transaction")
        if is_whole:
            self.connection.begin()
        for label, command, step in self._steps():
            if not self._does(label, command, step) and (is_whole or self.options.has("exit-on-error")):
                return 1
        if is_whole:
            self.connection.commit()
        if self.errors:
            self.stderr.write(f"pg_restore: warning: errors ignored on restore: {self.errors}\n".encode())
        return 1 if self.errors else 0

    def _steps(self) -> list[Step]:
        has_schema, has_data = not self.options.has("data-only"), not self.options.has("schema-only")
        tables, extras = self.archive.tables, self.archive.extras
        makes = [self._defines(one.definition) for one in tables] if has_schema else []
        fills = [(one.name, "", partial(fill, self.connection, one)) for one in tables] if has_data else []
        ends = [self._defines(one.definition) for one in extras] if has_schema else []
        clears = self._clears() if has_schema and self.options.has("clean") else []
        return [*clears, *makes, *fills, *ends]

    def _clears(self) -> list[Step]:
        if_exists = "IF EXISTS " if self.options.has("if-exists") else ""
        present = [("TABLE", one.name) for one in self.archive.tables]
        present += [(one.kind, one.name) for one in self.archive.extras]
        drops = [f'DROP {kind} {if_exists}"{name}"' for kind, name in reversed(present)]
        return [("", drop, partial(_execute, self.connection, drop)) for drop in drops]

    def _defines(self, sql: str) -> Step:
        return "", definition(sql), partial(_store, self.connection, sql)

    def _does(self, table: str, command: str, step: Callable[[], None]) -> bool:
        try:
            self.connection.check()
            self.connection.session.begin(command or f"COPY public.{table} FROM stdin;")
            step()
        except ConnectionEnded:
            raise
        except PostgresError as error:
            self.errors += 1
            what = f'COPY failed for table "{table}"' if table else "could not execute query"
            told = f"pg_restore: error: {what}: {error}\n" + (
                f"Command was: {command};\n\n\n" if command else ""
            )
            self.stderr.write(told.encode())
            return False
        return True


def _execute(connection: Connection, sql: str) -> None:
    connection.execute(sql)
    connection.notices.clear()


def _store(connection: Connection, sql: str) -> None:
    """A definition in the words of the storage below."""
    try:
        connection.sqlite.execute(sql)
    except sqlite3.Error as error:
        raise explained(error) from error


def fill(connection: Connection, table: Table) -> None:
    """All rows of a table or none."""
    sqlite = connection.sqlite
    columns = ", ".join(catalog.quoted(name) for name in table.columns)
    marks = ", ".join("?" * len(table.columns))
    insert = f"INSERT INTO main.{catalog.quoted(table.name)} ({columns}) VALUES ({marks})"  # noqa: S608  (a quoted name)
    sqlite.execute("SAVEPOINT filling")
    try:
        for row in table.rows:
            sqlite.execute(insert, [restored(value) for value in row])
        if table.counted is not None:
            sqlite.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (table.counted, table.name))
        connection.check()
    except sqlite3.Error as error:
        sqlite.execute("ROLLBACK TO filling")
        raise explained(error) from error
    except PostgresError:
        sqlite.execute("ROLLBACK TO filling")
        raise
    finally:
        sqlite.execute("RELEASE filling")
