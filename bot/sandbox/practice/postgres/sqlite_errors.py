"""What SQLite says, as PostgreSQL would have said it. What has no counterpart is something that cannot be done here."""

import re
import sqlite3
from collections.abc import Callable

from bot.sandbox.practice.postgres.errors import CannotDo, PostgresError

_Told = Callable[[re.Match[str]], Exception]


def _relation(found: re.Match[str]) -> Exception:
    return PostgresError(f'relation "{found[1].removeprefix("main.")}" does not exist')


def _column(found: re.Match[str]) -> Exception:
    name = found[1]
    return PostgresError(
        f"column {name} does not exist" if "." in name else f'column "{name}" does not exist'
    )


def _duplicate(found: re.Match[str], end: str = "key") -> Exception:
    columns = [part.strip().rpartition(".") for part in found[1].split(",")]
    table, names = columns[0][0], [name for _, _, name in columns]
    constraint = f"{table}_pkey" if end == "pkey" else f"{table}_{'_'.join(names)}_key"
    return PostgresError(f'duplicate key value violates unique constraint "{constraint}"')


def _surplus(found: re.Match[str]) -> Exception:
    if int(found[2]) > int(found[1]):
        return PostgresError("INSERT has more expressions than target columns")
    return CannotDo("insert fewer values than there are columns without naming these")


_ANSWERS: tuple[tuple[str, _Told], ...] = (
    (r"no such table: (\S+)", _relation),
    (r"no such column: (\S+)", _column),
    (
        r"table (\S+) has no column named (\S+)",
        lambda found: PostgresError(f'column "{found[2]}" of relation "{found[1]}" does not exist'),
    ),
    (r"table \S+ has (\d+) columns but (\d+) values were supplied", _surplus),
    (
        r"CHECK constraint failed: pg_integer",
        lambda _: PostgresError("invalid input syntax for type integer"),
    ),
    (r"CHECK constraint failed: pg_boolean", lambda _: CannotDo("store anything but true and false there")),
    (
        r"(?:table|index|view) [`\"]?([^`\"\s]+)[`\"]? already exists",
        lambda found: PostgresError(f'relation "{found[1]}" already exists'),
    ),
    (
        r"there is already (?:a|an) \w+ (?:table|index|view)?.*named (\S+)",
        lambda found: PostgresError(f'relation "{found[1]}" already exists'),
    ),
    (r"UNIQUE constraint failed: (.+)", _duplicate),
    (
        r"NOT NULL constraint failed: ([^.]+)\.(\S+)",
        lambda found: PostgresError(
            f'null value in column "{found[2]}" of relation "{found[1]}" violates not-null constraint'
        ),
    ),
    (
        r"CHECK constraint failed: (\S+)",
        lambda found: PostgresError(f'new row violates check constraint "{found[1]}"'),
    ),
    (
        r"FOREIGN KEY constraint failed",
        lambda _: PostgresError("insert, update or delete violates foreign key constraint"),
    ),
    (r"datatype mismatch", lambda _: PostgresError("invalid input syntax for type integer")),
    (r"database is locked", lambda _: PostgresError("canceling statement due to lock timeout")),
    (
        r"(\d+) values for (\d+) columns",
        lambda _: PostgresError("INSERT has more expressions than target columns"),
    ),
    (
        r"ambiguous column name: (\S+)",
        lambda found: PostgresError(f'column reference "{found[1]}" is ambiguous'),
    ),
    (r"database or disk is full", lambda _: PostgresError("could not extend file: No space left on device")),
)


def explained(error: sqlite3.Error | sqlite3.Warning) -> Exception:
    message = str(error)
    found = re.fullmatch(r"UNIQUE constraint failed: (.+)", message)
    if found and getattr(error, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_PRIMARYKEY":
        return _duplicate(found, "pkey")
    for pattern, told in _ANSWERS:
        if found := re.fullmatch(pattern, message):
            return told(found)
    return CannotDo(f"do this statement ({message})")
