"""Whether a SQLite file can be worked on, tried when the facts are read: the card says what is missing, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.commands.command import Command
from services.engines import engine_at
from services.engines.sqlite import NotInVolume
from services.facts.models import Container
from services.phrases import Phrase
from services.projects import Project, SqliteDatabase

_STATUSES = {
    1: "sqlite-damaged",
    66: "sqlite-missing",
    77: "sqlite-closed",
    125: "sqlite-tools",
    127: "sqlite-python",
}
"""Of services.sqlite_tool, and of `docker run` itself."""
BUSY = 75


class Answer(Protocol):
    @property
    def exit_status(self) -> int: ...
    @property
    def stderr(self) -> bytes: ...


class Remote(Protocol):
    async def run(self, command: Command, *, check: bool = True) -> Answer: ...


async def why_no_tools(remote: Remote, project: Project, containers: Sequence[Container]) -> Phrase | None:
    """None where it can, where nothing is deployed yet, and for every other engine. Raises HostError."""
    database = project.database
    found = [one for one in containers if database and one.service == database.service]
    if not isinstance(database, SqliteDatabase) or not found:
        return None
    try:
        asked = engine_at(database, min(found, key=lambda one: (one.state != "running", one.name))).facts()
    except NotInVolume:
        return Phrase(id="sqlite-place")
    except ValueError as error:
        return Phrase(id="sqlite-tools", args={"why": str(error)})
    answer = await remote.run(asked, check=False)
    if answer.exit_status in {0, BUSY}:
        return None
    said = answer.stderr.decode("utf-8", "replace").splitlines() or [f"status {answer.exit_status}"]
    return Phrase(id=_STATUSES.get(answer.exit_status, "sqlite-tools"), args={"why": said[0][:300]})
