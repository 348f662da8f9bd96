"""PostgreSQL's own tools inside the database container, as typed builders.

They speak over the container's socket, which the official image trusts, so no password is needed or ever given.
Sessions carry `application_name` = opsgate:<operation>: they outlive a lost client, and are ended by that name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from services.commands import words
from services.commands.command import Command, Word
from services.commands.docker import exec_
from services.commands.shapes import Shape
from services.projects import Database

# Values reach SQL as a setting of the session, never as SQL text.
_TERMINATE = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = current_setting('opsgate.target')"
)
_EXISTS = "SELECT count(*) FROM pg_database WHERE datname = current_setting('opsgate.target')"
_ROWS = (
    "SELECT coalesce(jsonb_object_agg(format('%I.%I', n.nspname, c.relname),"
    " (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM ONLY %I.%I', n.nspname, c.relname),"
    " true, true, '')))[1]::text::bigint), '{}')"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'"
    " AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid"
    " AND e.deptype = 'e')"
)
_FACTS = (
    "SELECT jsonb_build_object('user', r.rolname, 'super', r.rolsuper, 'createdb', r.rolcreatedb,"
    " 'owns', pg_has_role(d.datdba, 'USAGE'), 'first_user', (SELECT rolname FROM pg_roles WHERE oid = 10),"
    " 'version', current_setting('server_version'), 'size', pg_database_size(d.oid),"
    " 'encoding', pg_encoding_to_char(d.encoding), 'database', to_jsonb(d),"
    " 'settings', coalesce((SELECT jsonb_agg(split_part(s, '=', 1)) FROM pg_db_role_setting,"
    " unnest(setconfig) s WHERE setdatabase = d.oid), '[]'),"
    " 'tablespace', (SELECT t.spcname FROM pg_tablespace t WHERE t.oid = d.dattablespace"
    " AND t.spcname <> 'pg_default' AND has_tablespace_privilege(t.oid, 'CREATE')),"
    " 'for_superusers', coalesce((SELECT jsonb_agg(DISTINCT v.name) FROM pg_available_extension_versions v"
    # before PostgreSQL 13 none was trusted, and there is no such column
    " WHERE v.superuser AND NOT coalesce((to_jsonb(v) ->> 'trusted')::boolean, false)), '[]'),"
    " 'made_by_superusers', (SELECT count(*) FROM pg_event_trigger e WHERE NOT EXISTS (SELECT FROM pg_depend p"
    " WHERE p.classid = 'pg_event_trigger'::regclass AND p.objid = e.oid AND p.deptype = 'e'))"
    " + (SELECT count(*) FROM pg_publication u WHERE u.puballtables))"
    " FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user"
)
_EXTENSIONS = "SELECT extname || ' ' || extversion FROM pg_extension ORDER BY extname"
_DATABASES = "SELECT datname FROM pg_database ORDER BY datname"
# Of those that a role may not end (a superuser's, autovacuum's) an attempt is an error. RENAME ends autovacuum itself;
# while anybody else is there it cannot succeed, and nobody's session is ended in vain.
_END_SESSIONS = (
    "WITH there AS (SELECT a.pid, a.usesysid, me.rolsuper OR coalesce((SELECT NOT o.rolsuper"
    " AND (pg_has_role(o.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE'))"
    " FROM pg_roles o WHERE o.oid = a.usesysid), false) AS may FROM pg_stat_activity a, pg_roles me"
    " WHERE me.rolname = current_user AND a.pid <> pg_backend_pid()"
    " AND a.datname IN (current_setting('opsgate.live'), current_setting('opsgate.incoming')))"
    " SELECT count(pg_terminate_backend(pid)) FROM there WHERE may"
    " AND NOT EXISTS (SELECT FROM there WHERE usesysid IS NOT NULL AND NOT may)"
)

LEVEL = 3
"""Of gzip, which every pg_restore reads: pg_dump's own level 6 takes 1.8 times as long for 3 % less."""

Role = Literal["restore", "before", "undone", "drill"]
"""restore: in the making; before: what a restore replaced; undone: what an Undo replaced; drill: to be compared only."""

LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps."""

_ASIDE = re.compile(r"(?P<live>.+)_(?P<role>restore|before|undone|drill)_[a-z0-9]{1,24}")
PRINTING = ("TimeZone", "bytea_output", "lc_monetary", "client_encoding")
"""What ALTER DATABASE or ALTER ROLE may set, and pg_dump does not set itself: it changes how values are written."""
_SETTING = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/+.@:-]{0,62}")


def _login(database: Database) -> tuple[Word, ...]:
    """Who speaks to which database."""
    user, name = words.identifier(database.user), words.identifier(database.name)
    return ("--no-password", f"--username={user}", f"--dbname={name}")


def dump(container: str, database: Database, application_name: str) -> Command:
    """A custom-format archive on stdout. The exit status is pg_dump's own (R-DB-4)."""
    argv: list[Word] = ["pg_dump", "--format=custom", f"--compress={LEVEL}", *_login(database)]
    return exec_(container, argv, env={"PGAPPNAME": words.application(application_name)})


def prove(container: str) -> Command:
    """Reads an archive from stdin, whole, and writes it nowhere: exit status 0 only if all of it is readable (R-DB-3)."""
    return exec_(container, ["pg_restore", "--file=/dev/null"], interactive=True)


def archive_data(container: str) -> Command:
    """Reads an archive from stdin and prints the data of its tables as COPY blocks, for counting."""
    return exec_(container, ["pg_restore", "--data-only", "--file=-"], interactive=True)


def printing(container: str, database: Database) -> Command:
    """Prints a JSON object: what this login's sessions are set to that changes how values look in a dump of theirs."""
    pairs = ", ".join(f"'{name}', current_setting('{name}')" for name in PRINTING)
    return _query(container, database, f"SELECT jsonb_build_object({pairs})", encoding=None)


def data(
    container: str, database: Database, application_name: str, printing: Mapping[str, str] | None = None
) -> Command:
    """Prints the data of a database's tables as COPY blocks, as `archive_data` prints an archive's.

    Both are COPY … TO of the same server version, one text per value: where a table holds the same rows, the lines are
    the same. Their order is that of the table's pages, which a restore need not keep (a short row may go back to a page
    that has room for it): where the sums of `copy-rows` differ and the rows do not, those of `copy-sorted` decide.
    `printing` are the settings of the session that made the archive; those that are no plain word are left out.
    """
    argv: list[Word] = ["pg_dump", "--format=plain", "--data-only", *_login(database)]
    env = {"PGAPPNAME": words.application(application_name)}
    known = {name: value for name, value in (printing or {}).items() if name in PRINTING}
    if set_to := " ".join(f"-c {name}={value}" for name, value in known.items() if _SETTING.fullmatch(value)):
        env["PGOPTIONS"] = set_to
    return exec_(container, argv, env=env)


def is_ready(container: str, database: Database) -> Command:
    """Exit status 0 when the server accepts connections."""
    user, name = words.identifier(database.user), words.identifier(database.name)
    return exec_(container, ["pg_isready", "--quiet", f"--username={user}", f"--dbname={name}"])


def terminate(container: str, database: Database, application_name: str) -> Command:
    """Ends the sessions that carry one of our application names; prints how many."""
    return _query(container, database, _TERMINATE, target=words.application(application_name))


def server_version(container: str, database: Database) -> Command:
    return _query(container, database, "SHOW server_version")


def extensions(container: str, database: Database) -> Command:
    """Prints `<name> <version>` of every extension, one per line."""
    return _query(container, database, _EXTENSIONS)


def database_exists(container: str, database: Database) -> Command:
    """Prints 1 or 0. Asks the maintenance database, so that a missing one is an answer, not an error."""
    return _query(container, _maintenance(database), _EXISTS, target=words.identifier(database.name))


def rows(container: str, database: Database, within: int) -> Command:
    """Prints a JSON object: rows by table ("schema.table", quoted as SQL quotes it), all in one snapshot.

    Partitions count by themselves, as pg_dump writes them; tables of extensions are left out. The server gives up
    after `within` seconds.
    """
    return _query(container, database, _ROWS, statement_timeout=f"{within}s")


def _maintenance(database: Database) -> Database:
    """The database to be connected to while `database` itself is created, renamed or dropped."""
    return database.model_copy(update={"name": "template1" if database.name == "postgres" else "postgres"})


def _query(
    container: str,
    database: Database,
    *sql: str,
    encoding: str | None = "UTF8",
    whole: bool = True,
    **settings: str,
) -> Command:
    """Statements of psql's, each an argument of its own, all or none of them; `settings` reach them as opsgate.<name>.

    The SQL is a builder's own; with several statements they are one transaction, or each is tried where they need not
    be `whole`, and the last one decides. Without an `encoding` the answer comes
    in the one that the login's sessions have, as that of a dump does: mostly the database's.
    """
    psql: list[Word] = [
        "psql",
        "--no-psqlrc",
        "--no-align",
        "--tuples-only",
        "--quiet",
        f"--set=ON_ERROR_STOP={int(whole)}",
    ]
    if whole and len(sql) > 1:
        psql.append("--single-transaction")
    statements = [word for statement in sql for word in ("--command", statement)]
    env = {"PGOPTIONS": " ".join(_option(*setting) for setting in settings.items())} if settings else {}
    if encoding:
        env["PGCLIENTENCODING"] = encoding
    return exec_(container, [*psql, *_login(database), *statements], env=env)


_OF_THE_SERVER = frozenset({"statement_timeout", "client_min_messages"})


def _option(name: str, value: str) -> str:
    """One `-c` of PGOPTIONS. Values are names that passed their pattern: no blank or backslash can be in them."""
    return f"-c {name if name in _OF_THE_SERVER else f'opsgate.{name}'}={value}"


# --- a database beside the live one (R-DB-5) ------------------------------------------------------
#
# Those that Opsgate makes are named <database>_<role>_<operation>. Only such names can be renamed to or dropped:
# nothing here can drop a database that people made.


def aside(live: str, role: Role, operation: str) -> str:
    """The name of a database that Opsgate keeps beside the live one; a long name is cut so that it fits.

    `operation` is the last part of an operation's id.
    """
    end = f"_{role}_{operation}"
    return _ours(f"{live[: LONGEST_NAME - len(end)]}{end}", live)


def _ours(name: str, live: str) -> str:
    found = _ASIDE.fullmatch(words.identifier(name))
    if found is None or not words.identifier(live).startswith(found["live"]) or name == live:
        raise ValueError("not the name of a database that Opsgate keeps beside the live one")
    return name


def lasting(name: str, live: str) -> str:
    """One that may become the live database, or be kept beside it: a drill's may not."""
    found = _ASIDE.fullmatch(_ours(name, live))
    if found is None or found["role"] == "drill":
        raise ValueError("a drill's database never takes the place of the live one")
    return name


def _quoted(name: str) -> str:
    """Where a name becomes SQL, as in Shape: no name that passes can hold a quote."""
    return f'"{words.identifier(name)}"'


def facts(container: str, database: Database) -> Command:
    """Prints a JSON object about the login's rights, the server and the database it is connected to."""
    return _query(container, database, _FACTS)


def databases(container: str, database: Database) -> Command:
    """Prints the names of all databases, one per line."""
    return _query(container, _maintenance(database), _DATABASES)


def create(container: str, database: Database, owner: str, name: str, shape: Shape) -> Command:
    """An empty database with the live one's way of storing text, and nothing of template1's."""
    sql = (
        f"CREATE DATABASE {_quoted(_ours(name, database.name))} WITH OWNER {_quoted(owner)} TEMPLATE template0"
        f" {shape.clauses()}"
    )
    return _query(container, _maintenance(database), sql)


def load(
    container: str,
    database: Database,
    owner: str | None,
    name: str,
    application_name: str,
    *,
    tablespaces: bool = True,
    superuser: bool = False,
) -> Command:
    """Reads an archive from stdin into a database of ours, never into the live one; the first error ends it.

    Everything becomes the `owner`'s; without one, everything is its own owner's again, which takes a superuser. Without
    `tablespaces` everything lies where the server keeps what says nothing. What it says is English; what the server says
    too where `superuser` tells that the login may ask for that.
    """
    target = database.model_copy(update={"name": _ours(name, database.name)})
    ours: list[Word] = [] if owner is None else ["--no-owner", f"--role={words.identifier(owner)}"]
    if not tablespaces:
        ours.append("--no-tablespaces")
    argv: list[Word] = ["pg_restore", "--exit-on-error", *ours, *_login(target)]
    return exec_(container, argv, env=_loading(application_name, superuser=superuser), interactive=True)


def _loading(application_name: str, *, superuser: bool) -> dict[str, str]:
    """Of a server that speaks another language nobody could tell whose fault a failure is; only a superuser may choose."""
    env = {"PGAPPNAME": words.application(application_name), "LC_ALL": "C"}
    return env | ({"PGOPTIONS": "-c lc_messages=C"} if superuser else {})


def load_plain(
    container: str,
    database: Database,
    owner: str | None,
    name: str,
    application_name: str,
    *,
    superuser: bool = False,
) -> Command:
    """The same for SQL, which must have passed services.backups.plain_sql: all of it in one transaction, or nothing."""
    target = database.model_copy(update={"name": _ours(name, database.name)})
    ours: list[Word] = [] if owner is None else [f"--command=SET ROLE {_quoted(owner)}"]
    argv: list[Word] = [
        *("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"),
        *("--output=/dev/null", *_login(target), *ours, "--file=-"),
    ]
    return exec_(container, argv, env=_loading(application_name, superuser=superuser), interactive=True)


def analyze(container: str, database: Database, name: str) -> Command:
    """Statistics do not come with an archive; without them a restored database is slow at first."""
    target = database.model_copy(update={"name": _ours(name, database.name)})
    return _query(container, target, "ANALYZE")


def swap(container: str, database: Database, *, incoming: str, outgoing: str) -> Command:
    """`incoming` gets the live name and the live one becomes `outgoing`: both in one transaction, or neither.

    Sessions of both are ended first. Refused while there are new ones: then nothing has changed.
    """
    live = database.name
    return _query(
        container,
        _maintenance(database),
        _END_SESSIONS,
        f"ALTER DATABASE {_quoted(live)} RENAME TO {_quoted(lasting(outgoing, live))}",
        f"ALTER DATABASE {_quoted(lasting(incoming, live))} RENAME TO {_quoted(live)}",
        live=words.identifier(live),
        incoming=words.identifier(incoming),
    )


def drop(container: str, database: Database, name: str) -> Command:
    """Drops a database that Opsgate keeps beside the live one, and ends its sessions. Gone already is fine."""
    told = {"live": _ours(name, database.name), "incoming": name, "client_min_messages": "warning"}
    drop_it = f"DROP DATABASE IF EXISTS {_quoted(name)}"
    # FORCE is refused to a role that is no superuser while autovacuum is in there; without it the server ends autovacuum.
    tries = (f"{drop_it} WITH (FORCE)", _END_SESSIONS, drop_it)
    return _query(container, _maintenance(database), *tries, whole=False, **told)
