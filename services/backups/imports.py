"""Dumps that people made by hand become backups: checked as strictly as our own, then copied to the host and kept here.

Nothing is recorded, and nothing lies on the host, before all of it was checked.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from services.backups import encryption, leftovers, manifest, plain_sql
from services.backups.models import Backup, Copy
from services.backups.places import digest_of
from services.checks.database import database_container
from services.commands import dumps
from services.engines import Engine, engine_at
from services.engines.postgres import Postgres
from services.errors import BadInput, CommandFailed
from services.facts.models import Facts
from services.projects import Project
from services.remote.host import RemoteHost
from services.steps import SHORT
from services.store import Store

CHUNK = 1024 * 1024
RESERVE = 256 * CHUNK
"""Bytes that must stay free on our own disk while something is unpacked."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class _Checked:
    """A whole, plain dump in our own folder."""

    file: Path
    form: str
    rows: dict[str, int] | None = None
    server: str = ""


class Imports:
    """`data`: DATA_DIR. Raises BadInput for what is no good dump, HostError for trouble on the host."""

    def __init__(self, remote: RemoteHost, store: Store, data: Path) -> None:
        self._remote = remote
        self._store = store
        self._data = data

    async def take(self, project: Project, facts: Facts, file: Path, identity: Path | None = None) -> Backup:
        """`identity`: the private key of an encrypted file; it is read for this and kept nowhere."""
        container = database_container(project, facts)
        database = project.database
        if database is None or container is None or facts.tools:
            raise BadInput("error-import-no-database", project=project.name)
        if container.state != "running" and database.engine == "postgres":
            raise BadInput("error-import-no-database", project=project.name)
        engine = engine_at(database, container)
        at = datetime.now(UTC)
        backup_id = f"db-{at:%Y%m%d-%H%M%S}-{token_hex(2)}"
        part = self._data / "backups" / project.name / f"{backup_id}.importing"
        with leftovers.at_work(self._data / "backups"):
            part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                await _bring(file, part, identity)
                backup = await self._checked(project, engine, part, file.name)
                backup = backup.model_copy(
                    update={"at": min(at, datetime.fromtimestamp(file.stat().st_mtime, UTC))}
                )
                await self._send(project, backup, part)
                return await self._keep(project, backup, part, part.with_suffix(".dump"))
            finally:
                part.unlink(missing_ok=True)

    async def _checked(self, project: Project, engine: Engine, part: Path, name: str) -> Backup:
        checked = await asyncio.to_thread(_look, part, name, engine.magic)
        if checked.form == "custom":
            await self._prove(engine, part, project)
        return Backup(
            id=part.stem,
            project=project.name,
            operation="",
            at=datetime.now(UTC),
            size=part.stat().st_size,
            sha256=await asyncio.to_thread(digest_of, part),
            host_file=project.backup_dir / "database" / f"{part.stem}.dump",
            engine=project.database.engine if project.database else "postgres",
            server=checked.server,
            rows=checked.rows,
            form=checked.form,
            imported=True,
        )

    async def _prove(self, engine: Engine, part: Path, project: Project) -> None:
        """R-DB-4: the whole archive is read back with the stack's own database."""
        try:
            await self._remote.send(engine.prove(), part, _nothing, project.backup_timeout)
        except CommandFailed as error:
            raise BadInput(
                "error-import-archive", detail=error.detail, why=str(error.phrase.args["tail"])
            ) from error

    async def _send(self, project: Project, backup: Backup, part: Path) -> None:
        await self._remote.run(dumps.folder(backup.host_file.parent), timeout=SHORT)
        await self._remote.send(
            self._remote.agent_command("take-dump", backup.host_file, backup.size, backup.sha256),
            part,
            _nothing,
            project.backup_timeout,
        )

    async def _keep(self, project: Project, backup: Backup, part: Path, target: Path) -> Backup:
        copies = [_copy("host", str(backup.host_file), backup.size, backup.sha256)]
        local = ""
        if "local" in project.backups.copies:
            size, sha256, to = backup.size, backup.sha256, project.backups.encrypt_to
            if to:
                target = target.with_name(target.name + encryption.SUFFIX)
                size, sha256 = await encryption.encrypt(part, target, to)
            else:
                part.replace(target)
            local = str(target.relative_to(self._data))
            copies.append(_copy("local", local, size, sha256, to))
        backup = backup.model_copy(update={"copies": tuple(copies), "local_file": local})
        await manifest.write_on_host(self._remote, backup)
        if local:
            await asyncio.to_thread(manifest.write_here, target, backup)
        await self._store.backups.add(backup)
        return backup


def _copy(where: str, file: str, size: int, sha256: str, to: tuple[str, ...] = ()) -> Copy:
    return Copy(
        where=where,
        file=file,
        size=size,
        sha256=sha256,
        at=datetime.now(UTC),
        encrypted=bool(to),
        recipients=to,
    )


def _nothing(_done: int) -> None:
    """Nobody looks at the progress of an import."""


async def _bring(file: Path, part: Path, identity: Path | None) -> None:
    """Our own, plain copy: what is checked is what is used, whatever becomes of the file meanwhile."""
    try:
        sealed = await asyncio.to_thread(encryption.is_encrypted, file)
        if sealed and identity is None:
            raise BadInput("error-import-encrypted", file=file.name)
        if sealed and identity is not None:
            await encryption.decrypt(file, part, identity)
        else:
            await asyncio.to_thread(_copy_file, file, part)
        await asyncio.to_thread(_unpack, part, file.name)
    except OSError as error:
        raise BadInput("error-import-file", file=file.name, why=error.strerror or str(error)) from error


def _copy_file(file: Path, part: Path) -> None:
    with file.open("rb") as source, os.fdopen(_private(part), "wb") as copied:
        shutil.copyfileobj(source, copied, CHUNK)


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _unpack(part: Path, name: str) -> None:
    """A gzip file is kept as what it holds: the database's container need not have gzip."""
    with part.open("rb") as opened:
        if opened.read(2) != _GZIP:
            return
    unpacked = part.with_suffix(".unpacking")
    try:
        with gzip.open(part, "rb") as source, os.fdopen(_private(unpacked), "wb") as plain:
            while data := source.read(CHUNK):
                if shutil.disk_usage(part.parent).free < RESERVE:
                    raise BadInput("error-import-room", file=name)
                plain.write(data)
        unpacked.replace(part)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput("error-import-gzip", file=name, detail=str(error)) from error
    finally:
        unpacked.unlink(missing_ok=True)


def _look(part: Path, name: str, magic: bytes) -> _Checked:
    with part.open("rb") as opened:
        start = opened.read(CHUNK)
        opened.seek(0)
        if start.startswith(magic):
            return _Checked(part, "custom")
        if not start or b"\0" in start or magic != Postgres.magic:  # SQL is read for PostgreSQL only
            raise BadInput("error-import-unknown", file=name)
        seen = plain_sql.check(opened, name)
    return _Checked(part, "plain", seen.rows, seen.server)
