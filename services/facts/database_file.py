"""Whether a SQLite file can be worked on, tried when the facts are read: the card says what is missing, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from services.commands.command import Command
from services.engines import engine_at
from services.engines.sqlite import NotInVolume
from services.facts.models import Container, NoTools
from services.projects import Project, SqliteDatabase

_STATUSES: Mapping[int, Literal["damaged", "missing", "closed", "python"]] = {
    1: "damaged",
    66: "missing",
    77: "closed",
    127: "python",
}
"""Of services.sqlite_tool; 127 is Docker's own for a program that is not there. All else is the container's trouble."""
BUSY = 75


class Answer(Protocol):
    @property
    def exit_status(self) -> int: ...
    @property
    def stderr(self) -> bytes: ...


class Remote(Protocol):
    async def run(self, command: Command, *, check: bool = True) -> Answer: ...


async def why_no_tools(remote: Remote, project: Project, containers: Sequence[Container]) -> NoTools | None:
    """None where it can, where nothing is deployed yet, and for every other engine. Raises HostError."""
    database = project.database
    found = [one for one in containers if database and one.service == database.service]
    if not isinstance(database, SqliteDatabase) or not found:
        return None
    try:
        asked = engine_at(database, min(found, key=lambda one: (one.state != "running", one.name))).facts()
    except NotInVolume:
        return NoTools(problem="place")
    except ValueError as error:
        return NoTools(problem="tools", why=str(error))
    answer = await remote.run(asked, check=False)
    if answer.exit_status in {0, BUSY}:
        return None
    said = answer.stderr.decode("utf-8", "replace").splitlines() or [f"status {answer.exit_status}"]
    return NoTools(problem=_STATUSES.get(answer.exit_status, "tools"), why=said[0][:300])
