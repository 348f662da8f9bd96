"""A role's stored password, read and changed by psql. Secrets come on its standard input, never in its words.

What is sent is what PostgreSQL stores (a SCRAM verifier or an MD5 hash), never the password; and the server is told
not to log even that.
"""

from __future__ import annotations

import re

from services.commands import words
from services.commands.command import Command, Word
from services.commands.docker import exec_
from services.projects import Database

_STORED = re.compile(
    r"SCRAM-SHA-256\$[0-9]{1,7}:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+|md5[0-9a-f]{32}"
)
_QUIETLY = "SET log_statement = 'none';\nSET log_min_duration_statement = -1;\nSET log_min_error_statement = 'panic';\n"


def script(container: str, database: Database, role: str) -> Command:
    """`psql` as `database.user`, reading one of the scripts below from stdin; in them :"role" is `role`."""
    user, name = words.identifier(database.user), words.identifier(database.name)
    argv: list[Word] = [
        *("psql", "--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--set=ON_ERROR_STOP=1"),
        *(f"--set=role={words.identifier(role)}", "--no-password", f"--username={user}", f"--dbname={name}"),
        "--file=-",
    ]
    return exec_(container, argv, interactive=True)


READ = b"SELECT coalesce(rolpassword, '') FROM pg_authid WHERE rolname = :'role';\n"
"""Prints what the server stores for the role; only a superuser may ask."""


def store(verifier: str) -> bytes:
    """Makes it the role's password. Raises ValueError for anything that is not in the server's own form."""
    if not _STORED.fullmatch(verifier):
        raise ValueError("not what PostgreSQL stores of a password")
    return f"{_QUIETLY}\\set verifier '{verifier}'\nALTER ROLE :\"role\" PASSWORD :'verifier';\n".encode()
