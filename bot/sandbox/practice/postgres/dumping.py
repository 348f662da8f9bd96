"""pg_dump."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import BinaryIO

from bot.sandbox.practice.postgres import catalog
from bot.sandbox.practice.postgres.archive import Archive, Extra, Table, encode, stored
from bot.sandbox.practice.postgres.cluster import VERSION, Cluster
from bot.sandbox.practice.postgres.connection import Connection, connected
from bot.sandbox.practice.postgres.errors import CannotDo
from bot.sandbox.practice.postgres.options import CONNECTION, Options
from bot.sandbox.practice.postgres.scripts import script

OPTIONS: Mapping[str, str] = {
    **CONNECTION,
    "F": "format=",
    "f": "file=",
    "O": "no-owner",
    "x": "no-privileges",
    "a": "data-only",
    "s": "schema-only",
    "Z": "compress=",
    "no-acl": "no-acl",
    "v": "verbose",
}
_FORMATS = {"": "plain", "p": "plain", "plain": "plain", "c": "custom", "custom": "custom"}
_CHUNK = 16_384


def pg_dump(options: Options, cluster: Cluster, stdout: BinaryIO) -> int:
    form = _FORMATS.get(options.last("format"))
    if form is None:
        raise CannotDo(f"do pg_dump --format={options.last('format')}")
    if options.last("file") not in {"", "/dev/stdout"}:
        raise CannotDo("write a dump into a file of the container: take it from standard output")
    if form == "custom" and (options.has("data-only") or options.has("schema-only")):
        raise CannotDo("write half of an archive")
    with connected(cluster, options.login(*options.arguments[:1])) as connection:
        archive = snapshot(connection)
        if form == "custom":
            _write(connection, encode(archive), stdout)
        else:
            parts = {"schema": not options.has("data-only"), "data": not options.has("schema-only")}
            plain = script(archive, **parts, owner=not options.has("no-owner"))
            _write(connection, "".join(plain).encode(), stdout)
    return 0


def snapshot(connection: Connection) -> Archive:
    """Everything as it was at one moment, whatever others write meanwhile."""
    connection.begin()
    tables: list[Table] = []
    extras: list[Extra] = []
    definitions = dict(connection.sqlite.execute("SELECT name, sql FROM main.sqlite_schema").fetchall())
    for oid, name, kind, _ in catalog.relations(connection.sqlite):
        if kind == "table":
            tables.append(_table(connection, oid, name, definitions[name]))
        else:
            extras.append(Extra(oid, kind.upper(), name, definitions[name]))
    connection.commit()
    created = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    database = connection.database
    return Archive(database.name, database.owner, created, VERSION, tables, extras)


def _table(connection: Connection, oid: int, name: str, definition: str) -> Table:
    connection.check()
    connection.session.begin(f"COPY public.{name} TO stdout;")
    columns = [row[1] for row in connection.sqlite.execute(f"PRAGMA main.table_info({catalog.quoted(name)})")]
    rows = connection.sqlite.execute(f"SELECT * FROM main.{catalog.quoted(name)}").fetchall()  # noqa: S608  (a quoted name)
    return Table(
        oid,
        name,
        definition,
        columns,
        [[stored(one) for one in row] for row in rows],
        _counted(connection, name),
    )


def _counted(connection: Connection, table: str) -> int | None:
    """sqlite_sequence is there once any table counts."""
    sqlite = connection.sqlite
    if not sqlite.execute("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'").fetchall():
        return None
    found = sqlite.execute("SELECT seq FROM main.sqlite_sequence WHERE name = ?", (table,)).fetchall()
    return int(found[0][0]) if found else None


def _write(connection: Connection, content: bytes, stdout: BinaryIO) -> None:
    """In pieces: a dump whose session is ended stops half-way, and fails."""
    for start in range(0, len(content), _CHUNK):
        connection.check()
        stdout.write(content[start : start + _CHUNK])
        stdout.flush()
    connection.check()
