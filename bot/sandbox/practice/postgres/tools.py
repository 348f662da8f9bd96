"""pg_isready, createdb, dropdb."""

from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO

from bot.sandbox.practice.postgres.cluster import Cluster
from bot.sandbox.practice.postgres.connection import connected
from bot.sandbox.practice.postgres.errors import CannotDo, PostgresError, ToolFailed
from bot.sandbox.practice.postgres.functions import quote_ident, quote_literal
from bot.sandbox.practice.postgres.options import CONNECTION, Options

READY: Mapping[str, str] = {**CONNECTION, "q": "quiet", "t": "timeout="}
CREATE: Mapping[str, str] = {
    **CONNECTION,
    "O": "owner=",
    "T": "template=",
    "E": "encoding=",
    "l": "locale=",
    "e": "echo",
}
DROP: Mapping[str, str] = {**CONNECTION, "f": "force", "if-exists": "if-exists", "e": "echo"}
_NO_RESPONSE = 2


def pg_isready(options: Options, cluster: Cluster, stdout: BinaryIO) -> int:
    """0 where connections are accepted, whoever asks; 2 where nobody answers."""
    login = options.login(*options.arguments[:1])
    is_ready = cluster.is_initialised and login.port == "5432"
    if not options.has("quiet"):
        place = login.host or "/var/run/postgresql"
        stdout.write(
            f"{place}:{login.port} - {'accepting connections' if is_ready else 'no response'}\n".encode()
        )
    return 0 if is_ready else _NO_RESPONSE


def createdb(options: Options, cluster: Cluster, stderr: BinaryIO) -> int:
    login = options.login()
    name = _name(options, default=login.database)
    sql = f"CREATE DATABASE {quote_ident(name)}"
    sql += f" OWNER {quote_ident(options.last('owner'))}" if options.has("owner") else ""
    sql += f" TEMPLATE {quote_ident(options.last('template'))}" if options.has("template") else ""
    for option in ("encoding", "locale"):
        sql += f" {option.upper()} {quote_literal(options.last(option))}" if options.has(option) else ""
    return _administer(options, cluster, sql, "database creation failed", stderr)


def dropdb(options: Options, cluster: Cluster, stderr: BinaryIO) -> int:
    name = _name(options)
    if_exists = "IF EXISTS " if options.has("if-exists") else ""
    force = " WITH (FORCE)" if options.has("force") else ""
    return _administer(
        options,
        cluster,
        f"DROP DATABASE {if_exists}{quote_ident(name)}{force}",
        "database removal failed",
        stderr,
    )


def _name(options: Options, default: str = "") -> str:
    if len(options.arguments) > 1 or not (options.arguments or default):
        raise CannotDo(f"do {options.tool} without the one name of a database")
    return options.arguments[0] if options.arguments else default


def _administer(options: Options, cluster: Cluster, sql: str, failed: str, stderr: BinaryIO) -> int:
    with connected(cluster, replace(options.login(), database="postgres")) as connection:
        try:
            connection.execute(sql)
        except PostgresError as error:
            raise ToolFailed(f"{failed}: {error}") from error
        stderr.write("".join(f"{notice}\n" for notice in connection.notices).encode())
    return 0
