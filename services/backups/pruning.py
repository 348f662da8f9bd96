"""Old backups go, place by place, after the new one was proven and copied: the last step of a backup.

A file goes first, then its record: after a crash in between the record is cleared away the next time. What never became
a backup goes from the host, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import structlog

from services.backups.models import Backup, Copy, backup_id, copies_of
from services.backups.places import manifest_of
from services.commands import dumps
from services.errors import Fenced, OpsgateError
from services.models import StepState
from services.projects import Project
from services.releases import recorded
from services.remote.host import RemoteHost
from services.retention import Judged, by_place, referred
from services.runs import Run, StepDef
from services.steps import SHORT
from services.store import Store

log = structlog.get_logger(__name__)


class Removes(Protocol):
    """What an off-site place must do for its old copies to go (services.backups.places.Place)."""

    async def remove(self, file: str) -> None:
        """Gone already is fine."""
        ...


PlacesOf = Callable[[Project], Mapping[str, Removes]]
"""The off-site places of a project, by the name of their target."""


def now() -> datetime:
    return datetime.now(UTC)


async def outlook(
    store: Store, remote: RemoteHost, project: Project, at: datetime
) -> dict[str, list[Judged]]:
    """What retention would keep and drop now, by place. Raises HostError: the host knows the kept releases."""
    backups = await store.backups.of(project.name)
    releases = await recorded(remote, project)
    operations = await store.backups.operations_about(project.name)
    return by_place(project, backups, referred(backups, operations, releases), at)


@dataclass(frozen=True, slots=True)
class Pruning:
    """`folder`: where fetched dumps lie, data/backups."""

    folder: Path
    places: PlacesOf
    clock: Callable[[], datetime] = now

    async def prune(self, run: Run) -> dict[str, Any]:
        """By place how many went and how many bytes that freed; `left`: places where something was in the way.

        That is no reason to call a good backup bad: the next one tidies up. Raises Fenced.
        """
        result: dict[str, Any] = {}
        try:
            found = await outlook(run.store, run.remote, run.project, self.clock())
        except Fenced:
            raise
        except OpsgateError as error:
            log.warning("nothing was pruned", operation=run.operation.id, error=str(error))
            return {"left": ["host"]}
        for where, judged in found.items():
            gone = [one.backup for one in judged if not one.stays]
            if gone:
                result[where] = await self._clear(run, where, gone, result)
        try:
            await _sweep_host(run)
        except Fenced:
            raise
        except OpsgateError as error:
            log.warning(
                "what is unfinished was not cleared away", operation=run.operation.id, error=str(error)
            )
        return result

    async def _clear(
        self, run: Run, where: str, gone: list[Backup], result: dict[str, Any]
    ) -> dict[str, int]:
        freed = {"removed": 0, "bytes": 0}
        for backup in gone:
            try:
                size = await self._remove(run, where, backup)
            except Fenced:
                raise
            except (OpsgateError, OSError, ValueError) as error:
                log.warning("a backup was not pruned", backup=backup.id, place=where, error=str(error))
                result.setdefault("left", []).append(where)
                break
            await run.store.backups.lost(backup.id, where)
            freed = {"removed": freed["removed"] + 1, "bytes": freed["bytes"] + size}
        return freed

    async def _remove(self, run: Run, where: str, backup: Backup) -> int:
        """The bytes that are free now. Raises what the place raises, and ValueError for a file that is not ours."""
        copies = [copy for copy in copies_of(backup) if copy.where == where]
        for copy in copies:
            await self._remove_file(run, copy)
        return sum(copy.size for copy in copies)

    async def _remove_file(self, run: Run, copy: Copy) -> None:
        if copy.where == "host":
            await run.remote.run(dumps.remove(self._host_file(run.project, copy)), timeout=SHORT)
        elif copy.where == "local":
            _unlink(self.folder, copy.file)
        elif place := self.places(run.project).get(copy.where):
            await place.remove(copy.file)
            await place.remove(manifest_of(copy.file))
        else:
            raise ValueError(f"no such place: {copy.where}")

    @staticmethod
    def _host_file(project: Project, copy: Copy) -> PurePosixPath:
        """In this project's own folder, whatever its record says."""
        file = PurePosixPath(copy.file)
        if file.parent != project.backup_dir / "database":
            raise ValueError(f"{file} is not in the folder of {project.name}")
        return file


async def _sweep_host(run: Run) -> None:
    """What a dump that did not become a backup left on the host, where its own way back could not clear it away."""
    folder = run.project.backup_dir / "database"
    found = await run.remote.run(dumps.forgotten(folder), timeout=SHORT, check=False)
    for line in found.stdout.decode("utf-8", "replace").splitlines():
        file = PurePosixPath(line)
        if file.parent == folder and await _is_unfinished(run, file):
            log.info("an unfinished dump is cleared away", operation=run.operation.id, file=line)
            remove = dumps.discard if file.suffix == ".part" else dumps.remove
            await run.remote.run(remove(file), timeout=SHORT)


async def _is_unfinished(run: Run, file: PurePosixPath) -> bool:
    """Only where our own journal says that its dump never came about: without it (imported, of another Opsgate) it stays."""
    made_by = dumps.made_by(file)
    operation = await run.store.operations.get(made_by) if made_by else None
    if operation is None or operation.project != run.project.name or not operation.state.is_verdict:
        return False
    if await run.store.backups.get(backup_id(operation.id)):
        return False
    steps = await run.store.operations.steps(operation.id)
    made = [step.state for step in steps if (step.phase, step.name) == ("forward", "backup")]
    return bool(made) and StepState.DONE not in made


def _unlink(folder: Path, name: str) -> None:
    """A fetched dump and the manifest beside it; its record names it relative to the folder above."""
    file = folder.parent / name
    if ".." in file.parts or folder not in file.parents:
        raise ValueError(f"{name} is not a fetched dump")
    file.unlink(missing_ok=True)
    file.with_suffix(".json").unlink(missing_ok=True)


def no_places(_project: Project) -> Mapping[str, Removes]:
    return {}


def prune_step(folder: Path, places: PlacesOf = no_places) -> StepDef:
    """The step that ends a backup."""
    return StepDef("prune", Pruning(folder, places).prune)
