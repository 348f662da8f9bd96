"""CREATE, ALTER and DROP DATABASE."""

import time
from typing import TYPE_CHECKING

from bot.sandbox.practice.postgres.cluster import Cluster
from bot.sandbox.practice.postgres.errors import CannotDo, PostgresError
from bot.sandbox.practice.postgres.sessions import activities, terminate
from bot.sandbox.practice.postgres.tokens import Token, text

if TYPE_CHECKING:
    from bot.sandbox.practice.postgres.connection import Connection

# PostgreSQL gives sessions that are about to end five seconds; here they end at once.
_PATIENCE = 0.5
# Columns of the catalog by option.
_TEXTS: dict[str, tuple[str, ...]] = {
    "LC_COLLATE": ("collation",),
    "LC_CTYPE": ("ctype",),
    "LOCALE": ("collation", "ctype"),
    "ICU_LOCALE": ("icu_locale",),
    "ENCODING": (),
    "LOCALE_PROVIDER": (),
}
_FLAGS = {"ALLOW_CONNECTIONS": "allows_connections", "IS_TEMPLATE": "is_template"}
_TRUE, _FALSE = {"TRUE", "ON", "YES", "1"}, {"FALSE", "OFF", "NO", "0"}


def carry_out(connection: "Connection", parts: list[Token]) -> str:
    """Returns the tag of the command."""
    verb = parts[0].word
    if verb in {"CREATE", "DROP"} and (connection.in_transaction or connection.in_block):
        raise PostgresError(f"{verb} DATABASE cannot run inside a transaction block")
    {"CREATE": _create, "ALTER": _alter, "DROP": _drop}[verb](connection, parts[2:])
    return f"{verb} DATABASE"


def role(cluster: Cluster, name: str) -> str:
    """The name itself if there is such a role."""
    if name not in cluster.roles():
        raise PostgresError(f'role "{name}" does not exist')
    return name


def _create(connection: "Connection", parts: list[Token]) -> None:
    cluster, name = connection.cluster, parts[0].name
    options = _options(parts[1:])
    owner = role(cluster, options.pop("OWNER", connection.user))
    template = options.pop("TEMPLATE", "template1")
    if template not in {one.name for one in cluster.databases()}:
        raise PostgresError(f'template database "{template}" does not exist')
    source = cluster.database(template)
    columns = _columns(options)
    if source.name != "template0":
        _wait_for_others(
            connection, source.oid, f'source database "{source.name}" is being accessed by other users'
        )
    added = cluster.add_database(name, owner=owner)
    if columns:
        cluster.change_database(name, **columns)
    cluster.copy_content(source, added)


def _columns(options: dict[str, str]) -> dict[str, str | int | None]:
    columns: dict[str, str | int | None] = {}
    for option, value in options.items():
        if option == "ENCODING" and value.upper().replace("-", "") != "UTF8":
            raise CannotDo(f"make a database in the encoding {value}")
        if option == "LOCALE_PROVIDER" and value not in {"icu", "libc"}:
            raise PostgresError(f"unrecognized locale provider: {value}")
        if option in _TEXTS:
            columns |= dict.fromkeys(_TEXTS[option], value)
        elif option in _FLAGS:
            columns[_FLAGS[option]] = _boolean(value)
        elif option == "LIMIT":
            columns["connection_limit"] = int(value)
        else:
            raise CannotDo(f"do the option {option} of a database")
    return columns


def _alter(connection: "Connection", parts: list[Token]) -> None:
    cluster, name = connection.cluster, parts[0].name
    database = cluster.database(name)
    match [one.word for one in parts[1:]]:
        case ["RENAME", "TO", _]:
            if database.oid == connection.database.oid:
                raise PostgresError("current database cannot be renamed")
            _wait_for_others(connection, database.oid, f'database "{name}" is being accessed by other users')
            cluster.change_database(name, name=parts[3].name)
        case ["OWNER", "TO", _]:
            cluster.change_database(name, owner=role(cluster, parts[3].name))
        case ["SET" | "RESET", *_]:
            raise CannotDo("keep settings of a database")
        case _:
            cluster.change_database(name, **_columns(_options(parts[1:])))


def _drop(connection: "Connection", parts: list[Token]) -> None:
    cluster = connection.cluster
    told = [one.word for one in parts]
    if_exists = told[:2] == ["IF", "EXISTS"]
    parts = parts[2:] if if_exists else parts
    name, rest = parts[0].name, text(parts[1:]).upper()
    if rest not in {"", "WITH ( FORCE )", "( FORCE )"}:
        raise CannotDo(f"do DROP DATABASE with {rest}")
    if if_exists and name not in {one.name for one in cluster.databases()}:
        connection.notices.append(f'NOTICE:  database "{name}" does not exist, skipping')
        return
    database = cluster.database(name)
    if database.oid == connection.database.oid:
        raise PostgresError("cannot drop the currently open database")
    if database.is_template:
        raise PostgresError("cannot drop a template database")
    if rest:
        for pid in _others(connection, database.oid):
            terminate(cluster, pid)
    _wait_for_others(connection, database.oid, f'database "{name}" is being accessed by other users')
    cluster.drop_database(name)


def _options(parts: list[Token]) -> dict[str, str]:
    """[WITH] NAME [=] value ...; CONNECTION LIMIT is kept as LIMIT."""
    found: dict[str, str] = {}
    left = [one for one in parts if one.text != "=" and one.word not in {"WITH", "CONNECTION"}]
    while left:
        name = left.pop(0).word
        if not name or not left:
            raise PostgresError("syntax error at end of input")
        value = left.pop(0)
        if value.text == "-" and left:
            value = Token("number", f"-{left.pop(0).text}")
        found[name] = value.name if value.kind in {"word", "quoted"} else value.value
    return found


def _boolean(value: str) -> int:
    if value.upper() not in _TRUE | _FALSE:
        raise PostgresError(f"{value} is not a truth value")
    return int(value.upper() in _TRUE)


def _others(connection: "Connection", oid: int) -> list[int]:
    own = connection.session.activity.pid
    return [one.pid for one in activities(connection.cluster) if one.database == oid and one.pid != own]


def _wait_for_others(connection: "Connection", oid: int, message: str) -> None:
    until = time.monotonic() + _PATIENCE
    while others := _others(connection, oid):
        if time.monotonic() > until:
            count = len(others)
            sessions = "is 1 other session" if count == 1 else f"are {count} other sessions"
            raise PostgresError(message, detail=f"There {sessions} using the database.")
        time.sleep(0.02)
