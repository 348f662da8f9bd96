"""COPY ... FROM stdin in a script: tab-separated lines up to one that says backslash, dot."""

import re
import sqlite3
from collections.abc import Iterator

from bot.sandbox.practice.postgres import catalog
from bot.sandbox.practice.postgres.connection import Connection
from bot.sandbox.practice.postgres.errors import CannotDo, PostgresError
from bot.sandbox.practice.postgres.sqlite_errors import explained
from bot.sandbox.practice.postgres.tokens import split, tokens

_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_BOOLEANS = {"t": True, "f": False}


def is_copy(statement: str) -> bool:
    """Whether lines of data follow it in a script."""
    try:
        return tokens(statement)[0].word == "COPY"
    except PostgresError:
        return False


def _target(statement: str) -> tuple[str, list[str]]:
    """The table and its columns; none where all are meant."""
    parts = tokens(statement)
    told = [one.word for one in parts]
    if told[-2:] != ["FROM", "STDIN"]:
        raise CannotDo("do COPY but FROM stdin")
    names = parts[1:-2]
    names = names[2:] if len(names) > 1 and names[1].text == "." else names
    columns = [one[0].name for one in split(names[2:-1])] if len(names) > 1 else []
    return names[0].name, columns


def copy_from(connection: Connection, statement: str, lines: Iterator[str]) -> str:
    """Reads its lines in any case; all rows or none. Returns the tag."""
    table, columns = _target(statement)
    rows = [line.rstrip("\n") for line in iter(lambda: next(lines, "\\.\n"), "\\.\n")]
    with connection.statement(statement):
        kinds = _kinds(connection, table, columns)
        _insert(connection.sqlite, table, kinds, rows)
    return f"COPY {len(rows)}"


def _kinds(connection: Connection, table: str, columns: list[str]) -> dict[str, str]:
    """The types of the wanted columns, in their order."""
    info = connection.sqlite.execute(f"PRAGMA main.table_info({catalog.quoted(table)})").fetchall()
    if not info:
        raise PostgresError(f'relation "{table}" does not exist')
    kinds = {name: kind.lower() for _, name, kind, *_ in info}
    if unknown := [name for name in columns if name not in kinds]:
        raise PostgresError(f'column "{unknown[0]}" of relation "{table}" does not exist')
    return {name: kinds[name] for name in columns or kinds}


def _insert(sqlite: sqlite3.Connection, table: str, kinds: dict[str, str], rows: list[str]) -> None:
    marks, names = ", ".join("?" * len(kinds)), ", ".join(catalog.quoted(name) for name in kinds)
    insert = f"INSERT INTO main.{catalog.quoted(table)} ({names}) VALUES ({marks})"  # noqa: S608  (quoted)
    sqlite.execute("SAVEPOINT copying")
    try:
        for row in rows:
            fields = row.split("\t")
            if len(fields) != len(kinds):
                raise PostgresError("missing data or extra data in a line of COPY")
            sqlite.execute(
                insert, [_value(one, kind) for one, kind in zip(fields, kinds.values(), strict=True)]
            )
    except (sqlite3.Error, PostgresError) as error:
        sqlite.execute("ROLLBACK TO copying")
        raise explained(error) if isinstance(error, sqlite3.Error) else error from error
    finally:
        sqlite.execute("RELEASE copying")


def _value(field: str, kind: str) -> str | bool | bytes | None:
    if field == r"\N":
        return None
    if kind in {"boolean", "bool"} and field in _BOOLEANS:
        return _BOOLEANS[field]
    plain = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), field)
    return bytes.fromhex(plain[2:]) if kind == "bytea" and plain.startswith("\\x") else plain
