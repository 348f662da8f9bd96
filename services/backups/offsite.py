"""Off-site copies: brought after the backup was proven, each compared, what failed before caught up.

Trouble here does not make the backup bad, but one that was to be off-site and is not is a failure that people hear of.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import structlog

from services.backups import encryption, leftovers, manifest
from services.backups.copies import with_copy
from services.backups.keys import Learn, untold
from services.backups.models import Backup, Copy, copies_of, is_good, is_good_in
from services.backups.places import Place, SftpPlace, Stored, digest_of, file_name, manifest_of
from services.backups.s3 import S3Place
from services.errors import (
    Cancelled,
    Fenced,
    HostError,
    OpsgateError,
    StepFailed,
    StorageAway,
    StorageError,
    Unreachable,
)
from services.phrases import Phrase
from services.projects import Project, S3Target
from services.remote.hosts import Hosts
from services.runs import Run, Skip, StepDef
from services.store import Store

log = structlog.get_logger(__name__)

AGAIN_AFTER = (2.0, 10.0)
"""Seconds before a place that is away is tried again."""
MOST_CAUGHT_UP = 7
"""So many of the newest backups are brought to a place at once, where earlier runs failed."""


class Offsite:
    """The configured places of every project. `folder` is DATA_DIR: copies here are relative to it."""

    def __init__(
        self, hosts: Hosts, folder: Path, again_after: tuple[float, ...] = AGAIN_AFTER, learn: Learn = untold
    ) -> None:
        """`learn`: of keys that are read anew."""
        self._learn = learn
        self._hosts = hosts
        self._folder = folder
        self._again_after = again_after
        self._made: dict[tuple[str, str], Place] = {}

    def places(self, project: Project) -> Mapping[str, Place]:
        """By the names that opsgate.toml gives them."""
        return {name: self._place(project, name) for name in project.backups.offsite}

    def _place(self, project: Project, name: str) -> Place:
        at = (project.name, name)
        if at not in self._made:
            target = project.backups.offsite[name]
            self._made[at] = (
                S3Place(target, self._learn)
                if isinstance(target, S3Target)
                else SftpPlace(self._hosts.get(target.sftp).files, target)
            )
        return self._made[at]

    # --- for retention ---

    async def stored(self, project: Project, where: str) -> tuple[Stored, ...]:
        """What lies in a place, whoever brought it. Raises StorageError."""
        return await self._place(project, where).list(project.name)

    async def remove(self, project: Project, copy: Copy) -> None:
        """With its manifest. Gone already is fine. Raises StorageError; KeyError for a place that is not configured any more."""
        for file in (copy.file, manifest_of(copy.file)):
            await self._place(project, copy.where).remove(file)

    async def fetch(
        self, project: Project, copy: Copy, target: Path, progress: Callable[[int], None], within: float
    ) -> None:
        """`target` becomes the copy, byte for byte. Raises StorageError; then it is gone.

        What is longer than its record is left as soon as that is seen: a storage must not fill our disk.
        """

        def bounded(done: int) -> None:
            if done > copy.size:
                raise StorageError("error-storage-differs", place=copy.where, bucket="")
            progress(done)

        try:
            await self._place(project, copy.where).fetch(copy.file, target, bounded, within)
            if await asyncio.to_thread(digest_of, target) != copy.sha256:
                raise StorageError("error-storage-differs", place=copy.where, bucket="")
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    # --- for a restore ---

    @asynccontextmanager
    async def brought(self, run: Run, backup: Backup, copy: Copy) -> AsyncIterator[Path]:
        """A plain copy here, compared with its record; gone afterwards. Raises StorageError, StepFailed."""
        folder = self._folder / "backups"
        work = folder / run.project.name / f"{backup.id}.{token_hex(4)}.bringing"
        with leftovers.at_work(folder):
            try:
                await self._patiently(run, partial(self._bring_back, run, backup, copy, work))
                yield work
            finally:
                work.unlink(missing_ok=True)

    async def _bring_back(self, run: Run, backup: Backup, copy: Copy, work: Path) -> None:
        told = partial(run.progress, total=backup.size, unit="bytes")
        try:
            work.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if (free := shutil.disk_usage(work.parent).free) < copy.size:
                raise StepFailed(
                    "error-bring-disk", path=str(work.parent), detail=f"{copy.size} bytes, {free} free"
                )
            await self.fetch(run.project, copy, work, told, run.project.backup_timeout)
        except OSError as error:
            raise StepFailed("error-bring-disk", path=str(work.parent), detail=str(error)) from error

    # --- the step ---

    def step(self) -> StepDef:
        return StepDef("offsite", self._bring)

    async def _bring(self, run: Run) -> dict[str, Any] | Skip:
        """Every place is tried, whatever becomes of the others. Raises StepFailed, which names those that failed."""
        if not run.project.backups.offsite:
            return Skip.SKIPPED
        brought, failed = dict[str, int](), dict[str, Phrase]()
        for name, place in self.places(run.project).items():
            try:
                brought[name] = await self._catch_up(run, name, place)
            except (Cancelled, Fenced, Unreachable):
                raise
            except (StorageError, StepFailed, HostError) as error:
                failed[name] = error.phrase
                run.logs.note(run.operation.id, run.phase, run.position, f"offsite-{name}", str(error))
                log.warning("no off-site copy", place=name, operation=run.operation.id, error=str(error))
        if failed:
            why = next(iter(failed.values()))
            raise _not_everywhere(", ".join(failed), why)
        return {"brought": brought}

    async def _catch_up(self, run: Run, name: str, place: Place) -> int:
        """The new backup, and those before it that are missing since a copy was brought there for the last time."""
        missing: list[Backup] = []
        for backup in await run.store.backups.newest(run.project.name, MOST_CAUGHT_UP):
            if any(copy.where == name for copy in backup.copies):
                break
            if is_good(backup) or (is_good_in(backup, "local") and await self.local(backup)):
                missing.append(backup)
        lost: OpsgateError | None = None
        for backup in reversed(missing):
            try:
                await self._patiently(run, partial(self._copy, run, name, place, backup))
            except (Cancelled, Fenced, Unreachable):
                raise
            except (StepFailed, HostError) as error:  # its copies are gone: newer ones do not wait for that
                lost = error
        if lost:
            raise lost
        return len(missing)

    async def _patiently(self, run: Run, work: Callable[[], Awaitable[None]]) -> None:
        for seconds in self._again_after:
            try:
                return await work()
            except StorageAway:
                await run.sleep(seconds)
        return await work()

    async def _copy(self, run: Run, name: str, place: Place, backup: Backup) -> None:
        """Written down as soon as it is there: who is interrupted brings it once more, to the same name."""
        fetching = partial(run.progress, total=backup.size, unit="bytes")
        async with self.leaving(run.project, backup, fetching) as (source, encrypted):
            size = source.stat().st_size
            sha256 = await asyncio.to_thread(digest_of, source)
            file = file_name(run.project.name, backup.id, encrypted=encrypted)
            told = partial(run.progress, total=size, unit="bytes")
            await place.put(source, file, told, run.project.backup_timeout)
        copy = Copy(
            where=name,
            file=file,
            size=size,
            sha256=sha256,
            at=datetime.now(UTC),
            encrypted=encrypted,
            recipients=self._recipients(run.project, backup, source) if encrypted else (),
        )
        await self._put_manifest(run, place, backup, copy)
        await note_copy(run.store, backup, copy)

    async def _put_manifest(self, run: Run, place: Place, backup: Backup, copy: Copy) -> None:
        """Beside the copy and as readable as it is: what brings it in again when the catalogue is gone."""
        to = copy.recipients or run.project.backups.encrypt_to
        if copy.encrypted and not to:  # sealed before keys were noted, to nobody we know
            return
        known = await run.store.backups.get(backup.id) or backup
        work = self._folder / "backups" / run.project.name / f"{backup.id}.{token_hex(4)}.leaving"
        sealed = work.with_suffix(".leaving-age")
        with leftovers.at_work(self._folder / "backups"):
            try:
                work.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                await asyncio.to_thread(work.write_bytes, manifest.content(with_copy(known, copy)))
                if copy.encrypted:
                    await encryption.encrypt(work, sealed, to)
                leaves, file = sealed if copy.encrypted else work, manifest_of(copy.file)
                await place.put(leaves, file, lambda _done: run.progress(), run.project.backup_timeout)
            except OSError as error:
                raise StepFailed("error-fetch-disk", path=str(work.parent), detail=str(error)) from error
            finally:
                work.unlink(missing_ok=True)
                sealed.unlink(missing_ok=True)

    def _recipients(self, project: Project, backup: Backup, source: Path) -> tuple[str, ...]:
        """Our own copy may be older than the keys that are configured now."""
        own = [one for one in copies_of(backup) if one.where == "local" and self._folder / one.file == source]
        return own[0].recipients if own else project.backups.encrypt_to

    @asynccontextmanager
    async def leaving(
        self, project: Project, backup: Backup, told: Callable[[int], None]
    ) -> AsyncIterator[tuple[Path, bool]]:
        """The bytes that leave, and whether they are encrypted: our own copy where it will do, else the host's.

        Encrypted whenever there is somebody to encrypt to. Raises HostError, StepFailed.
        """
        own, to = await self.local(backup), project.backups.encrypt_to
        if own is not None and (own[1] or not to):
            yield own
            return
        work = self._folder / "backups" / project.name / f"{backup.id}.{token_hex(4)}.leaving"
        sealed = work.with_suffix(".leaving-age")
        with leftovers.at_work(self._folder / "backups"):
            work.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                plain = own[0] if own is not None else await self._from_host(project, backup, work, told)
                if to:
                    await encryption.encrypt(plain, sealed, to)
                yield (sealed, True) if to else (plain, False)
            finally:
                work.unlink(missing_ok=True)
                sealed.unlink(missing_ok=True)

    async def local(self, backup: Backup) -> tuple[Path, bool] | None:
        """Our own copy and whether it is encrypted, when it is there and whole."""
        for copy in copies_of(backup):
            file = self._folder / copy.file
            if (
                copy.where == "local"
                and file.is_file()
                and await asyncio.to_thread(digest_of, file) == copy.sha256
            ):
                return file, copy.encrypted
        return None

    async def _from_host(
        self, project: Project, backup: Backup, work: Path, told: Callable[[int], None]
    ) -> Path:
        remote = self._hosts.get(project.host)
        got = await remote.fetch(backup.host_file, work, told, project.backup_timeout)
        if got != (backup.size, backup.sha256):
            raise StepFailed("error-fetch-differs")
        return work


def _not_everywhere(places: str, why: Phrase) -> StepFailed:
    error = StepFailed("error-offsite", places=places)
    error.phrase = error.phrase.model_copy(update={"why": why})
    return error


async def note_copy(store: Store, backup: Backup, copy: Copy) -> None:
    """One copy per place: a newer word of it replaces the older."""
    await store.backups.add(with_copy(await store.backups.get(backup.id) or backup, copy))
