"""PostgreSQL behind the seam: its own tools in its container (services.commands.postgres)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.commands import own_settings, postgres
from services.commands.command import Command
from services.commands.shapes import Shape
from services.engines.complaints import Errors
from services.facts.cluster import Cluster, parse_cluster
from services.operation_log import Hearing
from services.projects import Database


@dataclass(frozen=True, slots=True)
class Postgres:
    """`worker`: the role that speaks; empty for the stack's own, which owns the database.

    `tablespaces`: false where the live cluster's are not, in a drill's own container.
    """

    container: str
    database: Database
    worker: str = ""
    tablespaces: bool = True

    tool = "pg_dump"
    magic = b"PGDMP"
    exclusive = False

    def working_as(self, worker: str, live: str) -> Postgres:
        return replace(self, worker=worker, database=self.database.model_copy(update={"name": live}))

    def _named(self, name: str = "") -> Database:
        changed = {"user": self.worker or self.database.user, "name": name or self.database.name}
        return self.database.model_copy(update=changed)

    def dump(self, application: str) -> Command:
        return postgres.dump(self.container, self._named(), application)

    def archive_data(self) -> Command:
        return postgres.archive_data(self.container)

    def prove(self) -> Command:
        return postgres.prove(self.container)

    def data(self, name: str, application: str, printing: Mapping[str, str]) -> Command:
        return postgres.data(self.container, self._named(name), application, printing)

    def stop(self, application: str) -> Command:
        return postgres.terminate(self.container, self._named(), application)

    def extensions(self) -> Command | None:
        return postgres.extensions(self.container, self._named())

    def printing(self) -> Command | None:
        return postgres.printing(self.container, self._named())

    def is_ready(self) -> Command | None:
        return postgres.is_ready(self.container, self._named())

    def facts(self) -> Command:
        return postgres.facts(self.container, self._named())

    def parse_facts(self, output: bytes) -> Cluster:
        return parse_cluster(output)

    def databases(self) -> Command:
        return postgres.databases(self.container, self._named())

    def rows(self, name: str, within: int) -> Command:
        return postgres.rows(self.container, self._named(name), within)

    def create(self, name: str, shape: Mapping[str, str | None]) -> Command | None:
        told = Shape(**shape)  # type: ignore[arg-type]  # the fields of Shape, from our own plan
        if not self.tablespaces:
            told = replace(told, tablespace=None)
        return postgres.create(self.container, self._named(), self.database.user, name, told)

    def load(self, name: str, application: str, form: str, *, own: bool) -> Command:
        owner, target = self.database.user if own else None, self._named()
        superuser = not own or not self.tablespaces  # in a drill's own container everybody's worker is one
        if form != "custom":
            return postgres.load_plain(self.container, target, owner, name, application, superuser=superuser)
        kept = {"tablespaces": self.tablespaces, "superuser": superuser}
        return postgres.load(self.container, target, owner, name, application, **kept)

    def hearing(self) -> Hearing:
        return Errors()

    def settle(self, name: str) -> Command | None:
        return postgres.analyze(self.container, self._named(), name)

    def keep_settings(self, name: str) -> Command | None:
        return own_settings.copy(self.container, self._named(), name)

    def swap(self, incoming: str, outgoing: str) -> Command:
        return postgres.swap(self.container, self._named(), incoming=incoming, outgoing=outgoing)

    def unswap(self, _outgoing: str) -> Command | None:
        return None

    def drop(self, name: str) -> Command:
        return postgres.drop(self.container, self._named(), name)
