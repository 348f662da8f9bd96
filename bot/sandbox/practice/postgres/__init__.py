"""PostgreSQL's client tools and a server behind them, for the practice server: `docker exec` runs them.

A cluster lives in the folder of the volume that is mounted at /var/lib/postgresql/data, and survives there. Storage
is SQLite; statements are translated. Messages and exit statuses are PostgreSQL's own. Whatever is not known here fails
with "practice postgres: cannot ..." and status 2 (psql: 3): nothing pretends to have been done.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from bot.sandbox.practice.postgres import dumping, psql, restoring, tools
from bot.sandbox.practice.postgres.cluster import VERSION, Cluster
from bot.sandbox.practice.postgres.connection import connected
from bot.sandbox.practice.postgres.errors import (
    CannotDo,
    ConnectionRefused,
    InitialisationRefused,
    PostgresError,
    ToolFailed,
)
from bot.sandbox.practice.postgres.login import Login
from bot.sandbox.practice.postgres.options import Options, read
from bot.sandbox.practice.postgres.sessions import activities, terminate

__all__ = ["TOOLS", "InitialisationRefused", "PostgresError", "initialise", "refusal", "run", "stop"]

_FAILED, _UNKNOWN = 1, 2
_Tool = Callable[[Options, Cluster, BinaryIO, BinaryIO, BinaryIO], int]

_TOOLS: Mapping[str, tuple[Mapping[str, str], _Tool]] = {
    "pg_dump": (
        dumping.OPTIONS,
        lambda options, cluster, _, stdout, __: dumping.pg_dump(options, cluster, stdout),
    ),
    "pg_restore": (restoring.OPTIONS, restoring.pg_restore),
    "psql": (psql.OPTIONS, psql.psql),
    "pg_isready": (
        tools.READY,
        lambda options, cluster, _, stdout, __: tools.pg_isready(options, cluster, stdout),
    ),
    "createdb": (
        tools.CREATE,
        lambda options, cluster, _, __, stderr: tools.createdb(options, cluster, stderr),
    ),
    "dropdb": (tools.DROP, lambda options, cluster, _, __, stderr: tools.dropdb(options, cluster, stderr)),
}
TOOLS = frozenset(_TOOLS)
"""The programs that `run` knows."""


def initialise(data: Path, environment: Mapping[str, str]) -> None:
    """What the official image does at its first start; nothing where there is a cluster already.

    POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB as the image knows them. InitialisationRefused with the text for
    the container's log.
    """
    cluster = Cluster(data)
    if cluster.is_initialised:
        return
    user = environment.get("POSTGRES_USER") or "postgres"
    database = environment.get("POSTGRES_DB") or user
    if not environment.get("POSTGRES_PASSWORD"):
        raise InitialisationRefused(
            "POSTGRES_PASSWORD is not set: refusing to make a database without a password"
        )
    cluster.make(user, environment["POSTGRES_PASSWORD"])
    if database != "postgres":
        cluster.add_database(database, owner=user)
    cluster.seal()


def run(
    argv: Sequence[str],
    *,
    data: Path,
    environment: Mapping[str, str],
    stdin: BinaryIO,
    stdout: BinaryIO,
    stderr: BinaryIO,
) -> int:
    """Runs a tool in a container whose server is up, and returns its exit status."""
    tool = argv[0].rpartition("/")[2]
    told = ""
    status = _FAILED
    try:
        status = _run(tool, argv, data, environment, stdin, stdout, stderr)
        stdout.flush()
    except CannotDo as error:
        told, status = (
            f"practice postgres: cannot {error}",
            psql.SCRIPT_FAILED if tool == "psql" else _UNKNOWN,
        )
    except ConnectionRefused as error:
        told, status = f"{tool}: error: {error}", psql.LOST if tool == "psql" else _FAILED
    except (ToolFailed, PostgresError) as error:
        told = f"{tool}: error: {error}"
    except BrokenPipeError:
        told = f"{tool}: error: could not write to output file: Broken pipe"
    except sqlite3.Error as error:
        told = f"practice postgres: cannot go on: {error}"
    if told:
        stderr.write(f"{told}\n".encode())
    stderr.flush()
    return status


def stop(data: Path) -> None:
    """Ends every session, as a server does that is stopped or killed."""
    cluster = Cluster(data)
    for one in activities(cluster):
        terminate(cluster, one.pid)


def refusal(data: Path, *, user: str, password: str, database: str) -> str | None:
    """Why a program that connects over the network is refused, in its client library's words; None if it is let in."""
    try:
        with connected(Cluster(data), Login(database, user, "", host="db", password=password)):
            return None
    except ConnectionRefused as error:
        return str(error)


def _run(
    tool: str,
    argv: Sequence[str],
    data: Path,
    environment: Mapping[str, str],
    stdin: BinaryIO,
    stdout: BinaryIO,
    stderr: BinaryIO,
) -> int:
    if tool not in _TOOLS:
        raise CannotDo(f"run {tool}")
    known, carry_out = _TOOLS[tool]
    options = read(argv, known, environment)
    if options.has("version"):
        stdout.write(f"{tool} (PostgreSQL) {VERSION}\n".encode())
        return 0
    return carry_out(options, Cluster(data), stdin, stdout, stderr)
