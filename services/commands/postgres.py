"""PostgreSQL's own tools inside the database container, as typed builders.

They speak over the container's socket, which the official image trusts, so no password is needed or ever given.
Sessions carry `application_name` = opsgate:<operation>: they outlive a lost client, and are ended by that name.
"""

from __future__ import annotations

from services.commands import words
from services.commands.command import Command, Word
from services.commands.docker import exec_
from services.projects import Database

# Values reach SQL as a setting of the session, never as SQL text.
_TERMINATE = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = current_setting('opsgate.target')"
)
_EXISTS = "SELECT count(*) FROM pg_database WHERE datname = current_setting('opsgate.target')"


def _login(database: Database) -> tuple[Word, ...]:
    user, name = words.identifier(database.user), words.identifier(database.name)
    return ("--no-password", f"--username={user}", f"--dbname={name}")


def dump(container: str, database: Database, application_name: str) -> Command:
    """A custom-format archive on stdout. The exit status is pg_dump's own (R-DB-4)."""
    argv: list[Word] = ["pg_dump", "--format=custom", *_login(database)]
    return exec_(container, argv, env={"PGAPPNAME": words.application(application_name)})


def prove(container: str) -> Command:
    """Reads an archive from stdin, whole, and writes it nowhere: exit status 0 only if all of it is readable (R-DB-3)."""
    return exec_(container, ["pg_restore", "--file=/dev/null"], interactive=True)


def is_ready(container: str, database: Database) -> Command:
    """Exit status 0 when the server accepts connections."""
    user, name = words.identifier(database.user), words.identifier(database.name)
    return exec_(container, ["pg_isready", "--quiet", f"--username={user}", f"--dbname={name}"])


def terminate(container: str, database: Database, application_name: str) -> Command:
    """Ends the sessions that carry one of our application names; prints how many."""
    return _query(container, database, _TERMINATE, target=words.application(application_name))


def server_version(container: str, database: Database) -> Command:
    return _query(container, database, "SHOW server_version")


def database_exists(container: str, database: Database) -> Command:
    """Prints 1 or 0. Asks the maintenance database, so that a missing one is an answer, not an error."""
    maintenance = database.model_copy(update={"name": "postgres"})
    return _query(container, maintenance, _EXISTS, target=words.identifier(database.name))


def _query(container: str, database: Database, sql: str, *, target: str | None = None) -> Command:
    env = {} if target is None else {"PGOPTIONS": f"-c opsgate.target={target}"}
    psql: list[Word] = [
        "psql",
        "--no-psqlrc",
        "--no-align",
        "--tuples-only",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
    ]
    return exec_(container, [*psql, *_login(database), "--command", sql], env=env)
