"""SQLite behind the seam: a file in a volume, worked on by a container of its own (services.commands.sqlite)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from services.commands import sqlite
from services.commands.command import Command
from services.engines.complaints import Everything
from services.errors import HostError
from services.facts.cluster import Cluster
from services.facts.models import Container, Mount
from services.operation_log import Hearing
from services.projects import SqliteDatabase


class NotInVolume(ValueError):
    """The file does not lie in a volume or a folder of the host that may be written."""


@dataclass(frozen=True, slots=True)
class Sqlite:
    place: sqlite.Place

    tool = "sqlite3"
    magic = b"SQLite format 3\0"
    exclusive = True

    def working_as(self, _worker: str, live: str) -> Sqlite:
        if live != self.place.file.name:
            raise ValueError(f"{live} is not the file that is configured any more")
        return self

    def dump(self, application: str) -> Command:
        return sqlite.dump(self.place, application)

    def archive_data(self) -> Command:
        return sqlite.archive_data(self.place)

    def prove(self) -> Command:
        return sqlite.prove(self.place)

    def data(self, name: str, _application: str, _printing: Mapping[str, str]) -> Command:
        return sqlite.data(self.place, name)

    def stop(self, application: str) -> Command:
        return sqlite.stop(application)

    def extensions(self) -> Command | None:
        return None

    def printing(self) -> Command | None:
        return None

    def is_ready(self) -> Command | None:
        return None

    def facts(self) -> Command:
        return sqlite.facts(self.place)

    def parse_facts(self, output: bytes) -> Cluster:
        """`user` is a number with its group's."""
        try:
            found = json.loads(output)
            return Cluster(
                user=found["user"],
                may_all=found["may"],
                may_swap=found["may"],
                first_user="",
                version=found["version"],
                size=found["size"],
                encoding=found["encoding"],
                collate="",
                ctype="",
            )
        except (KeyError, TypeError, ValueError) as error:
            raise HostError("error-host-answer", detail=f"facts of the database: {error!r}") from error

    def databases(self) -> Command:
        return sqlite.databases(self.place)

    def rows(self, name: str, within: int) -> Command:
        return sqlite.rows(self.place, name, within)

    def create(self, _name: str, _shape: Mapping[str, str | None]) -> Command | None:
        return None

    def load(self, name: str, application: str, form: str, *, own: bool) -> Command:  # noqa: ARG002 - a file has one owner: the live one's
        if form != "custom":
            raise ValueError("a SQLite database is loaded from a dump of its own kind only")
        return sqlite.load(self.place, name, application)

    def hearing(self) -> Hearing:
        """The tool speaks of pages and places, never of rows."""
        return Everything()

    def settle(self, _name: str) -> Command | None:
        return None

    def keep_settings(self, _name: str) -> Command | None:
        return None

    def swap(self, incoming: str, outgoing: str) -> Command:
        return sqlite.swap(self.place, incoming=incoming, outgoing=outgoing)

    def unswap(self, outgoing: str) -> Command | None:
        return sqlite.unswap(self.place, outgoing)

    def drop(self, name: str) -> Command:
        return sqlite.drop(self.place, name)


def mount_of(file: PurePosixPath, container: Container) -> Mount | None:
    """The mount that holds the file's folder, the innermost; None where that is the container's own layer."""
    holding = [one for one in container.mounts if file.is_relative_to(one.target)]
    found = max(holding, key=lambda one: len(PurePosixPath(one.target).parts), default=None)
    if (
        found is None
        or found.kind not in {"volume", "bind"}
        or not found.writable
        or found.target == str(file)
    ):
        return None
    return found


def place(database: SqliteDatabase, container: Container) -> sqlite.Place:
    """Raises NotInVolume.

    A tools image does not know the names of the service's users: there a name stands for root, and the tool gives its
    files the live file's owner.
    """
    mount = mount_of(database.file, container)
    if mount is None:
        raise NotInVolume(str(database.file))
    user = container.user
    if database.tools_image and not user.replace(":", "").isdecimal():
        user = "0:0"
    image = database.tools_image or container.image_id
    return sqlite.Place(image, user, mount.kind, mount.source, mount.target, database.file)


def shares(one: Mount, other: Mount) -> bool:
    """Whether two containers see the same files there."""
    if one.kind != other.kind or not one.source or not other.source:
        return False
    if one.kind == "volume":
        return one.source == other.source
    mine, theirs = PurePosixPath(one.source), PurePosixPath(other.source)
    return mine.is_relative_to(theirs) or theirs.is_relative_to(mine)
