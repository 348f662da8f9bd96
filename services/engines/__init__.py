"""The seam between operations and database engines: what each engine must bring, and nothing more.

Builders make commands for the host, parsers read what those print. Databases are called by their names: the live one,
and those that `aside` names. An engine for which a question makes no sense answers None, and it is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from services.commands import postgres as postgres_commands
from services.commands import sqlite as sqlite_commands
from services.commands.command import Command
from services.engines.postgres import Postgres
from services.engines.sqlite import Sqlite, place
from services.facts.cluster import Cluster
from services.facts.models import Container
from services.operation_log import Hearing
from services.projects import AnyDatabase, SqliteDatabase

__all__ = ["Engine", "Role", "Shape", "aside", "engine_at"]

Role = Literal["restore", "before", "undone", "drill"]
"""restore: in the making; before: what a restore replaced; undone: what an Undo replaced; drill: to be compared only."""
Shape = Mapping[str, str | None]
"""How the live database stores text, as the plan has it."""


class Engine(Protocol):
    """One database of a stack, as one login works with it."""

    @property
    def tool(self) -> str:
        """What errors call the program that dumps."""
        ...

    @property
    def magic(self) -> bytes:
        """What a dump of this engine begins with, unpacked."""
        ...

    @property
    def exclusive(self) -> bool:
        """Whether those who have the database open must be stopped for a swap: there are no sessions to end."""
        ...

    def working_as(self, worker: str, live: str) -> Engine:
        """The same, for the login that may create and rename, with the live name that a plan was made with."""
        ...

    # --- dumps ---

    def dump(self, application: str) -> Command:
        """Writes a dump to stdout, of one moment. Only a whole one ends with exit status 0 (R-DB-4)."""
        ...

    def archive_data(self) -> Command:
        """Reads a dump from stdin, refuses one that is not whole, prints its tables as COPY blocks."""
        ...

    def prove(self) -> Command:
        """Reads a dump from stdin, whole, and prints nothing: exit status 0 only if all of it is readable (R-DB-3)."""
        ...

    def data(self, name: str, application: str, printing: Mapping[str, str]) -> Command:
        """Prints a database as `archive_data` prints a dump of it."""
        ...

    def stop(self, application: str) -> Command:
        """Ends the long work that carries one of our names, whose client is gone."""
        ...

    def extensions(self) -> Command | None:
        """Prints `<name> <version>`, one per line: what a restore needs besides the dump."""
        ...

    def printing(self) -> Command | None:
        """Prints a JSON object: what changes how values look in a dump."""
        ...

    # --- looking ---

    def is_ready(self) -> Command | None:
        """Exit status 0 once it can be worked with; None: it always can."""
        ...

    def facts(self) -> Command: ...
    def parse_facts(self, output: bytes) -> Cluster:
        """What `facts` prints. Raises HostError for an answer that is not one."""
        ...

    def databases(self) -> Command:
        """Prints the names of the live database and of all beside it, one per line."""
        ...

    def rows(self, name: str, within: int) -> Command:
        """Prints a JSON object: rows by table, by the names that COPY blocks have."""
        ...

    # --- a database beside the live one ---

    def create(self, name: str, shape: Shape) -> Command | None:
        """An empty database; None where `load` makes it."""
        ...

    def load(self, name: str, application: str, form: str, *, own: bool) -> Command:
        """Reads a dump of that form from stdin. `own`: everything becomes the stack's own login's."""
        ...

    def hearing(self) -> Hearing:
        """For what loading says: what people may know of it has nothing that may stand in a row."""
        ...

    def settle(self, name: str) -> Command | None:
        """What a loaded database needs before it serves well."""
        ...

    def keep_settings(self, name: str) -> Command | None:
        """Gives it what belongs to the live database as such and stands in no dump."""
        ...

    def swap(self, incoming: str, outgoing: str) -> Command:
        """`incoming` gets the live name and the live one becomes `outgoing`: `databases` shows both or neither done."""
        ...

    def unswap(self, outgoing: str) -> Command | None:
        """Takes away what a swap that did not come about may have left."""
        ...

    def drop(self, name: str) -> Command:
        """Gone already is fine. Takes no name but ours."""
        ...


def engine_at(database: AnyDatabase, container: Container) -> Engine:
    """Of a configured database, in its service's container. Raises ValueError where it cannot be worked on there."""
    if isinstance(database, SqliteDatabase):
        return Sqlite(place(database, container))
    return Postgres(container.id, database)


def aside(engine: str, live: str, role: Role, operation: str) -> str:
    """The name of a database that Opsgate keeps beside the live one. `operation`: the last part of an operation's id."""
    naming = sqlite_commands.aside if engine == "sqlite" else postgres_commands.aside
    return naming(live, role, operation)
