"""A host that keeps dumps in a folder, and understands the very commands and verbs that backups send."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from services.backups.models import Backup
from services.commands.command import Command
from services.errors import CommandFailed, HostError
from services.remote.channels import Completed
from services.remote.jobs import JobSpec
from services.remote.transfer import Progress
from tests.unit.services.server import ScriptedServer

NO_BACKUP = Backup(
    id="db-0", project="fitnessapp", operation="op-0", at=datetime(2026, 1, 1, tzinfo=UTC), size=0, sha256="",
    host_file=PurePosixPath("/b/database/db-0.dump"),
)  # fmt: skip

SAID = """-- Dumped from database version 15.18 (Debian 15.18-0)
-- Dumped by pg_dump version 15.17
{sum}  -
2 COPY public.diary (note) FROM stdin;
dumped {size} {sha256}
"""


class BackupHost(ScriptedServer):
    """`dumped` is what pg_dump gives; `arrives` what comes through the line instead of a file."""

    def __init__(self, folder: Path, dumped: bytes) -> None:
        super().__init__(NO_BACKUP, {}, {})
        self.folder = folder
        self.dumped = dumped
        self.jobs_begun: list[str] = []
        self.arrives: bytes | None = None
        self.missing: set[PurePosixPath] = set()
        self.full = self.no_room_here = self._flips = False
        self._ends: tuple[int, str] | None = None

    def ends(self, status: int, said: str) -> None:
        self._ends = (status, said)

    def flips(self) -> None:
        """The disk changes what it was given."""
        self._flips = True

    def file(self, path: PurePosixPath | str) -> Path:
        file = Path(path)
        assert self.folder in file.parents
        return file

    def left(self) -> list[Path]:
        return sorted(file for file in self.folder.rglob("*") if file.is_file())

    def _job(self, spec: JobSpec) -> int:
        self.jobs_begun.append(spec.id)
        words = spec.command.argv
        assert words[:2] == ("opsgate-agent", "dump")
        part = self.file(words[2])
        part.write_bytes(bytes([self.dumped[0] ^ 1]) + self.dumped[1:] if self._flips else self.dumped)
        if self._ends:
            self.logs[spec.id] = self._ends[1].encode()
            return self._ends[0]
        sha256 = hashlib.sha256(self.dumped).hexdigest()
        self.logs[spec.id] = SAID.format(sum="1" * 64, size=len(self.dumped), sha256=sha256).encode()
        return 0

    async def run(self, command: Command, **_: Any) -> Completed:
        status, text = self._look(command.argv)
        return Completed(status, text.encode(), b"", truncated=False)

    def _look(self, words: tuple[str, ...]) -> tuple[int, str]:
        if words[0] == "mkdir":
            self.file(words[-1]).mkdir(parents=True, exist_ok=True)
        elif words[0] == "rm":
            for word in words[3:]:
                self.file(word).unlink(missing_ok=True)
        elif words[0] == "mv":
            if "-n" not in words or not self.file(words[-1]).exists():
                self.file(words[-2]).rename(self.file(words[-1]))
        elif words[0] == "test":
            return int(not self.file(words[-1]).is_file()), ""
        elif words[0] == "sha256sum":
            return 0, f"{hashlib.sha256(self.file(words[-1]).read_bytes()).hexdigest()}  x"
        elif "pg_extension" in words[-1]:
            return 0, "plpgsql 1.0\n"
        elif "bytea_output" in words[-1]:
            return 0, '{"TimeZone": "Europe/Moscow"}'
        return 0, ""

    async def verb(self, verb: str, file: PurePosixPath, *, stdin: bytes) -> bytes:
        assert verb == "write"
        if self.full:
            raise CommandFailed("opsgate-agent write", 1, "No space left on device")
        self.file(file).write_bytes(stdin)
        return b""

    async def fetch(
        self, remote: PurePosixPath, local: Path, progress: Progress, _within: float
    ) -> tuple[int, str]:
        if self.no_room_here:
            raise OSError(28, "No space left on device")
        if remote in self.missing:
            raise HostError("error-fetch-missing", detail=str(remote))
        data = self.arrives or self.file(remote).read_bytes()
        local.write_bytes(data)
        progress(len(data))
        return len(data), hashlib.sha256(data).hexdigest()

    async def send(self, command: Command, source: Path, progress: Progress, _within: float) -> Completed:
        _agent, verb, file, size, sha256 = command.argv
        data = source.read_bytes()
        assert (verb, int(size), sha256) == ("take-dump", len(data), hashlib.sha256(data).hexdigest())
        assert not self.file(file).exists(), "the agent refuses what is there already"
        self.file(file).write_bytes(data)
        progress(len(data))
        return Completed(0, b"", b"", truncated=False)
