"""PostgreSQL's functions for SQLite. An error raised in one of them is kept, as SQLite loses it."""

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bot.sandbox.practice.postgres import catalog
from bot.sandbox.practice.postgres.cluster import VERSION
from bot.sandbox.practice.postgres.errors import CannotDo, PostgresError
from bot.sandbox.practice.postgres.sessions import now, terminate

if TYPE_CHECKING:
    from bot.sandbox.practice.postgres.connection import Connection

Value = str | int | float | bytes | None

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_ELEMENT = re.compile(r"/row/(\w+)/text\(\)")
_INTEGERS = {"int", "integer", "int4", "int8", "bigint", "smallint", "int2", "oid"}
_NUMBERS = {"numeric", "decimal", "real", "float8", "float4", "float"}
_TEXTS = {
    "text",
    "varchar",
    "char",
    "bpchar",
    "name",
    "uuid",
    "json",
    "jsonb",
    "date",
    "timestamp",
    "timestamptz",
}
_TRUE, _FALSE = {"t", "true", "yes", "on", "1"}, {"f", "false", "no", "off", "0"}


def register(connection: "Connection") -> None:
    """Every function, for one session."""
    session = _OfSession(connection)
    found: dict[str, Callable[..., Value]] = {
        "pg_cast": session.cast,
        "pg_subscript": _subscript,
        "format": _format,
        "split_part": _split_part,
        "quote_ident": quote_ident,
        "quote_literal": quote_literal,
        "concat": _concat,
        "pg_size_pretty": _size_pretty,
        "pg_encoding_to_char": _encoding,
        "xpath": _xpath,
        "version": lambda: f"PostgreSQL {VERSION}, simulated",
        "now": now,
        "clock_timestamp": now,
        "current_timestamp": now,
        "pg_is_in_recovery": lambda: 0,
        "pg_has_role": lambda *_: 1,
        "has_tablespace_privilege": lambda *_: 1,
        "current_database": session.database,
        "current_catalog": session.database,
        "current_user": session.user,
        "session_user": session.user,
        "current_schema": lambda: "public",
        "current_setting": session.setting,
        "set_config": session.set_config,
        "pg_backend_pid": session.pid,
        "pg_terminate_backend": session.terminate,
        "pg_sleep": session.sleep,
        "pg_database_size": session.database_size,
        "to_regclass": session.to_regclass,
        "pg_total_relation_size": session.relation_size,
        "pg_relation_size": session.relation_size,
        "query_to_xml": session.query_to_xml,
        "setval": session.setval,
    }
    for name, function in found.items():
        connection.sqlite.create_function(name, -1, _kept(connection, function))
    connection.sqlite.create_aggregate("string_agg", 2, _StringAgg)  # type: ignore[arg-type]  # typeshed: one argument


def _kept(connection: "Connection", function: Callable[..., Value]) -> Callable[..., Value]:
    def call(*arguments: Value) -> Value:
        try:
            return function(*arguments)
        except (PostgresError, CannotDo) as error:
            connection.failure = error
            raise
        except TypeError:
            connection.failure = CannotDo(f"call a function with {len(arguments)} arguments of these types")
            raise

    return call


class _OfSession:
    """Functions whose answer depends on who asks."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def database(self) -> str:
        return self._connection.database.name

    def user(self) -> str:
        return self._connection.user

    def pid(self) -> int:
        return self._connection.session.activity.pid

    def terminate(self, pid: int, timeout: int = 0) -> int:
        del timeout  # an ended session is gone at once
        found = terminate(self._connection.cluster, pid)
        if not found:
            self._connection.notices.append(f"WARNING:  PID {pid} is not a PostgreSQL backend process")
        return int(found)

    def setting(self, name: str, missing_ok: int = 0) -> str | None:
        return self._connection.settings.get(name, missing_ok=bool(missing_ok))

    def set_config(self, name: str, value: str, is_local: int) -> str:
        del is_local
        self._connection.settings.set(name, value)
        return value

    def sleep(self, seconds: float) -> str:
        """pg_sleep, ended with its session or by statement_timeout."""
        until = time.monotonic() + float(seconds)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.02))
            self._connection.check()
        return ""

    def database_size(self, which: str | int) -> int:
        cluster = self._connection.cluster
        for one in cluster.databases():
            if which in {one.oid, one.name}:
                return cluster.size(one)
        raise PostgresError(f'database "{which}" does not exist')

    def cast(self, value: Value, kind: str) -> Value:
        if kind == "regclass":
            return self._regclass(value)
        return _cast(value, kind)

    def to_regclass(self, name: str) -> str | None:
        return quote_ident(found) if (found := self._named(name)) else None

    def relation_size(self, which: str | int) -> int:
        """Bytes; a whole page for everything, as in PostgreSQL."""
        names = {oid: name for oid, name, _, _ in catalog.relations(self._connection.sqlite)}
        name = names.get(which) if isinstance(which, int) else self._named(str(which))
        pages = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = ?"
        ((size,),) = self._connection.sqlite.execute(pages, (name,)).fetchall()
        return int(size)

    def setval(self, sequence: str, value: int, is_called: int = 1) -> int:
        """A sequence is the count of its table's key: <table>_<key>_seq."""
        plain = sequence.removeprefix("public.").strip('"')
        for _, name, kind, _ in catalog.relations(self._connection.sqlite):
            if kind == "table" and plain.startswith(f"{name}_") and plain.endswith("_seq"):
                counted = value if is_called else value - 1
                self._connection.sqlite.execute(
                    "UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (counted, name)
                )
                return value
        raise PostgresError(f'relation "{plain}" does not exist')

    def query_to_xml(self, sql: str, nulls: int, table_forest: int, namespace: str) -> str:
        if not table_forest or namespace or nulls != 1:
            raise CannotDo("do query_to_xml but with (query, true, true, '')")
        result = self._connection.nested(sql)
        return "".join(f"<row>{_elements(result.columns, row)}</row>" for row in result.rows)

    def _regclass(self, value: Value) -> Value:
        """A name is checked and becomes its oid, an oid becomes its name."""
        oids = {
            name: oid for oid, name, _, _ in catalog.relations(self._connection.sqlite)
        } | catalog.SYSTEM_RELATIONS
        if isinstance(value, int):
            names = {oid: name for name, oid in oids.items()}
            return quote_ident(names[value]) if value in names else str(value)
        told = str(value)
        name = told.removeprefix("public.").removeprefix("pg_catalog.").strip('"')
        if name not in oids:
            raise PostgresError(f'relation "{told}" does not exist')
        return oids[name]

    def _named(self, name: str) -> str | None:
        plain = name.removeprefix("public.").removeprefix("pg_catalog.").strip('"')
        names = {found for _, found, _, _ in catalog.relations(self._connection.sqlite)} | {
            *catalog.SYSTEM_RELATIONS
        }
        return plain if plain in names else None


def _elements(names: Sequence[str], values: Sequence[str | None]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, values, strict=True))


def _cast(value: Value, kind: str) -> Value:
    if value is None:
        return None
    try:
        if kind in _INTEGERS:
            return round(value) if isinstance(value, float) else int(value)
        if kind in _NUMBERS:
            return float(value)
    except ValueError:
        name = {"int": "integer", "int4": "integer", "int8": "bigint", "float8": "double precision"}.get(
            kind, kind
        )
        raise PostgresError(f'invalid input syntax for type {name}: "{value!s}"') from None
    if kind in {"bool", "boolean"}:
        return _boolean(str(value).lower())
    if kind in _TEXTS:
        return value if isinstance(value, bytes) else str(value)
    raise CannotDo(f"do a cast to {kind}")


def _boolean(value: str) -> int:
    if value in _TRUE | _FALSE:
        return int(value in _TRUE)
    raise PostgresError(f'invalid input syntax for type boolean: "{value}"')


def _subscript(array: str | None, index: int) -> Value:
    """Arrays are JSON here, and begin at 1."""
    items: list[Value] = json.loads(array) if array is not None else []
    return items[index - 1] if 0 < index <= len(items) else None


def _format(pattern: str, *values: Value) -> str:
    left = list(values)

    def put(found: re.Match[str]) -> str:
        match found[1]:
            case "%":
                return "%"
            case "I":
                return quote_ident(str(left.pop(0)))
            case "L":
                return quote_literal(left.pop(0))
            case "s":
                value = left.pop(0)
                return "" if value is None else str(value)
        raise CannotDo(f"do format with %{found[1]}")

    try:
        return re.sub(r"%(.)", put, pattern)
    except IndexError:
        raise PostgresError("too few arguments for format()") from None


def quote_ident(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def quote_literal(value: Value) -> str:
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def _split_part(value: str, separator: str, position: int) -> str:
    parts = value.split(separator)
    return parts[position - 1] if 0 < position <= len(parts) else ""


def _concat(*values: Value) -> str:
    return "".join("" if value is None else str(value) for value in values)


def _encoding(number: int) -> str:
    return {0: "SQL_ASCII", 6: "UTF8"}.get(number, "")


def _xpath(path: str, xml: str) -> str:
    """'/row/<column>/text()' on what query_to_xml gives."""
    wanted = _ELEMENT.fullmatch(path)
    if wanted is None:
        raise CannotDo(f"do xpath {path}")
    return json.dumps(re.findall(rf"<{wanted[1]}>(.*?)</{wanted[1]}>", xml))


def _size_pretty(size: int) -> str:
    """As PostgreSQL writes it: the next unit from 10 of the present one on."""
    value, units = size, ["bytes", "kB", "MB", "GB", "TB"]
    while abs(value) >= 10 * 1024 and len(units) > 1:
        value, units = (value + 512) // 1024, units[1:]
    return f"{value} {units[0]}"


def interrupt(connection: "Connection") -> Callable[[], int]:
    """A progress handler that stops a long query once its session is ended or its time is over."""

    def stop() -> int:
        try:
            connection.check()
        except PostgresError as error:
            connection.failure = error
            return 1
        return 0

    return stop


class _StringAgg:
    def __init__(self) -> None:
        self._parts: list[str] = []

    def step(self, value: Value, separator: str) -> None:
        if value is not None:
            self._parts += [separator] if self._parts else []
            self._parts.append(str(value))

    def finalize(self) -> str | None:
        return "".join(self._parts) if self._parts else None
