"""Copies of a dump: fetched to our own disk, sent back to the host, left in one place only. Each is hash checked."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from services.backups import encryption, leftovers, manifest
from services.backups.models import Backup, Copy, copies_of, plain_offsite, rotted_on_host
from services.commands import dumps
from services.errors import StepFailed
from services.remote.host import RemoteHost
from services.runs import Run, Skip, StepDef
from services.steps import SHORT

HASHING = 1800
"""Seconds for hashing a dump on the host: 10 GB take about a minute."""


def with_copy(backup: Backup, copy: Copy) -> Backup:
    """An older copy in the same place is replaced."""
    others = tuple(one for one in copies_of(backup) if one.where != copy.where)
    return backup.model_copy(update={"copies": (*others, copy)})


def without_copy(backup: Backup, where: str) -> Backup:
    left = tuple(one for one in copies_of(backup) if one.where != where)
    return backup.model_copy(update={"copies": left})


def hash_of(file: Path) -> tuple[int, str] | None:
    """Size in bytes and SHA-256 of our own copy, None when it is gone or cannot be read. Takes a second per GB."""
    try:
        with file.open("rb") as opened:
            return file.stat().st_size, hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None


async def here(data: Path, backup: Backup, *, hashed: bool = True) -> tuple[int, str] | None:
    """Our own copy as it is now: its size and SHA-256 ("" unless `hashed`); None when there is none.

    An encrypted one counts as none. `data`: DATA_DIR.
    """
    if not backup.local_file or is_sealed(backup):
        return None
    file = data / backup.local_file
    if hashed:
        return await asyncio.to_thread(hash_of, file)
    return (file.stat().st_size, "") if file.is_file() else None


async def is_on_host(remote: RemoteHost, file: PurePosixPath) -> bool:
    """Raises HostError."""
    done = await remote.run(dumps.exists(file), timeout=SHORT, check=False)
    return done.exit_status == 0


async def hash_on_host(remote: RemoteHost, file: PurePosixPath) -> str:
    """SHA-256 of the file as it is now. Raises HostError, also when there is none."""
    done = await remote.run(dumps.sha256(file), timeout=HASHING)
    return done.stdout.split()[0].decode().lstrip("\\")


def fetch_to(folder: Path) -> StepDef:
    """The step that brings a copy of the dump to our own disk, hash checked; where no other is wanted, the host's goes."""

    async def fetch(run: Run) -> dict[str, Any]:
        backup = await run.store.backups.get(run.results["backup"]["backup"])
        if backup is None:
            raise StepFailed("error-internal", detail="a dump that the catalogue does not know")
        suffix = leftovers.PLAIN if run.project.backups.encrypt_to else ".dump"
        target = folder / run.project.name / f"{backup.id}{suffix}"
        copy = await _kept_already(backup, folder.parent) or await _brought(
            run, backup, target, folder.parent
        )
        file = copy.file
        backup = with_copy(backup, copy).model_copy(update={"local_file": file})
        if "host" not in run.project.backups.copies:
            await run.store.backups.add(backup)
            await run.remote.run(dumps.remove_copied(backup), timeout=SHORT)
            backup = without_copy(backup, "host")
        await note(run, backup, folder.parent)
        return {"file": file}

    return StepDef("fetch", fetch)


async def _kept_already(backup: Backup, data: Path) -> Copy | None:
    """What an earlier try kept and wrote down. The host's may be gone by now: nothing else would be left to fetch."""
    for copy in backup.copies:
        if copy.where == "local" and await asyncio.to_thread(hash_of, data / copy.file) == (
            copy.size,
            copy.sha256,
        ):
            return copy
    return None


async def _brought(run: Run, backup: Backup, target: Path, data: Path) -> Copy:
    if await asyncio.to_thread(hash_of, target) != (backup.size, backup.sha256):
        await _fetch(run, backup, target)
    return await _kept(run, backup, target, data)


async def _kept(run: Run, backup: Backup, target: Path, data: Path) -> Copy:
    """What is kept of the fetched dump: itself, or only what it became when it was encrypted."""
    to = run.project.backups.encrypt_to
    size, sha256, kept = backup.size, backup.sha256, target
    if to:
        kept = target.with_suffix(f".dump{encryption.SUFFIX}")
        part = kept.with_name(kept.name + ".part")
        try:
            size, sha256 = await encryption.encrypt(target, part, to)
        finally:
            target.unlink(missing_ok=True)
        part.replace(kept)
    return Copy(
        where="local",
        file=str(kept.relative_to(data)),
        size=size,
        sha256=sha256,
        at=datetime.now(UTC),
        encrypted=bool(to),
        recipients=to,
    )


def is_sealed(backup: Backup) -> bool:
    """Whether our own copy is encrypted: of no use for a restore without the private key, which we never hold."""
    return any(one.where == "local" and one.encrypted for one in backup.copies)


async def _fetch(run: Run, backup: Backup, target: Path) -> None:
    part = target.with_suffix(".dump.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = await run.remote.fetch(
            backup.host_file,
            part,
            lambda done: run.progress(done, backup.size, "bytes"),
            run.project.backup_timeout,
        )
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StepFailed("error-fetch-disk", path=str(target.parent), detail=str(error)) from error
    if found != (backup.size, backup.sha256):
        part.unlink(missing_ok=True)
        raise StepFailed("error-fetch-differs")
    part.replace(target)


async def note(run: Run, backup: Backup, data: Path) -> None:
    """The manifests beside the copies first, then the catalogue: each says the same. Raises HostError, StepFailed."""
    where = {one.where for one in backup.copies}
    if "host" in where:
        await manifest.write_on_host(run.remote, backup)
    if "local" in where:
        try:
            await asyncio.to_thread(manifest.write_here, data / backup.local_file, backup)
        except OSError as error:
            raise StepFailed("error-fetch-disk", path=str(data), detail=str(error)) from error
    await run.store.backups.add(backup)


class Brings(Protocol):
    """What off-site places must do for a copy to come back from them (services.backups.offsite)."""

    def brought(self, run: Run, backup: Backup, copy: Copy) -> AbstractAsyncContextManager[Path]:
        """The copy here, compared with its record; gone afterwards. Raises StorageError, StepFailed."""
        ...


def send_back(data: Path, offsite: Brings | None = None, *, only_known: bool = False) -> StepDef:
    """The step that brings our own copy back to the host, hash checked on both ends, when the host has none or a damaged one.

    The damaged one stays beside it, under a name that says so. `data`: DATA_DIR; `only_known`: what no drill has called
    damaged so far is left to the drill, so that it is recorded and told. Where neither the host nor we have one, a plain
    copy comes from `offsite` first. Without a copy nothing is done: the step that verifies the dump says what is missing.
    """

    async def send(run: Run) -> dict[str, Any] | Skip:
        backup = run.plan.restoring.backup if run.plan.restoring else None
        if backup is None:
            return Skip.SKIPPED
        away = plain_offsite(backup, run.project.backups.offsite)
        if offsite and away and not await _is_near(run, backup, data, only_known=only_known):
            async with offsite.brought(run, backup, away) as file:
                fresh = await run.store.backups.get(backup.id) or backup
                result = await _make_place(run, fresh)
                await _send(run, fresh, file, data)
            return {"size": backup.size, "from": away.where} | result
        if not backup.local_file or is_sealed(backup):
            return Skip.SKIPPED
        return await _send_ours(run, backup, data, only_known=only_known)

    return StepDef("send-dump", send)


async def _is_near(run: Run, backup: Backup, data: Path, *, only_known: bool) -> bool:
    """Whether the host has a copy that will do or that a drill has to look at, or we a whole one that needs no key."""
    backup = await run.store.backups.get(backup.id) or backup
    if await is_on_host(run.remote, backup.host_file):
        left_to_the_drill = only_known and not rotted_on_host(backup)
        if left_to_the_drill or await hash_on_host(run.remote, backup.host_file) == backup.sha256:
            return True
    return await here(data, backup) == (backup.size, backup.sha256)


async def _send_ours(run: Run, backup: Backup, data: Path, *, only_known: bool) -> dict[str, Any] | Skip:
    backup = await run.store.backups.get(backup.id) or backup
    lies_there = await is_on_host(run.remote, backup.host_file)
    if lies_there and only_known and not rotted_on_host(backup):
        return Skip.SKIPPED
    if lies_there and await hash_on_host(run.remote, backup.host_file) == backup.sha256:
        if rotted_on_host(backup):  # brought before a crash, or mended by a person
            await note(run, with_copy(backup, _copy_on_host(backup)), data)
        return Skip.SKIPPED
    whole = await here(data, backup) == (backup.size, backup.sha256)
    if lies_there and not whole:
        return Skip.SKIPPED
    if not whole:
        raise StepFailed("error-copy-changed", file=backup.local_file)
    result = await _make_place(run, backup)
    await _send(run, backup, data / backup.local_file, data)
    return {"size": backup.size} | result


async def _make_place(run: Run, backup: Backup) -> dict[str, str]:
    """A damaged dump goes aside; where it lies then is named by the operation, so that none takes another's place."""
    if not await is_on_host(run.remote, backup.host_file):
        return {}
    mark = run.operation.id.removeprefix("op-")
    await run.remote.run(dumps.set_aside(backup.host_file, mark), timeout=SHORT)
    return {"aside": str(dumps.damaged(backup.host_file, mark))}


async def _send(run: Run, backup: Backup, file: Path, data: Path) -> None:
    await run.remote.run(dumps.folder(backup.host_file.parent), timeout=SHORT)
    await run.remote.send(
        run.remote.agent_command("take-dump", backup.host_file, backup.size, backup.sha256),
        file,
        lambda done: run.progress(done, backup.size, "bytes"),
        run.project.backup_timeout,
    )
    await note(run, with_copy(backup, _copy_on_host(backup)), data)


def _copy_on_host(backup: Backup) -> Copy:
    return Copy(
        where="host",
        file=str(backup.host_file),
        size=backup.size,
        sha256=backup.sha256,
        at=datetime.now(UTC),
    )
