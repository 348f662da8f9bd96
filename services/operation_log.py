"""The log of one operation on our own disk: one file per step, redacted line by line."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Protocol

MOST_BYTES = 32 * 1024 * 1024
"""A step's log is cut at this size; the whole one stays on the host."""
LONGEST_LINE = 65_536


class Redact(Protocol):
    def __call__(self, text: str) -> str: ...


class Hearing(Protocol):
    """Takes what a program says as it comes; `said` is what people may know of it."""

    def feed(self, data: bytes) -> None: ...

    @property
    def said(self) -> str: ...


class StepLog:
    """Takes the raw bytes of a job's log as they come and writes whole lines, redacted.

    With a `hearing`: only what that leaves, when the log is closed.
    """

    def __init__(self, path: Path, redact: Redact, hearing: Hearing | None = None) -> None:
        self._hearing = hearing
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._redact = redact
        self._rest = b""
        self._written = 0
        path.write_bytes(b"")
        path.chmod(0o600)

    def feed(self, data: bytes) -> None:
        if self._hearing:
            self._hearing.feed(data)
            return
        lines, newline, self._rest = (self._rest + data).rpartition(b"\n")
        if newline:
            self._write(lines + newline)
        elif len(self._rest) > LONGEST_LINE:  # a line without end
            self.close()

    def _write(self, data: bytes) -> None:
        if self._written > MOST_BYTES:
            return
        text = self._redact(data.decode("utf-8", "replace"))
        if self._written + len(data) > MOST_BYTES:
            text += "\n[the log goes on; the whole one is on the host]\n"
        self._written += len(data)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text)

    def close(self) -> None:
        """Writes what stands behind the last newline."""
        if self._hearing and (said := self._hearing.said):
            self._write(said.encode() + b"\n")
        rest, self._rest = self._rest, b""
        if rest:
            self._write(rest)


class OperationLogs:
    """The folder DATA_DIR/logs: a folder per operation, a numbered file per step."""

    def __init__(self, folder: Path, redact: Redact) -> None:
        self._folder = folder
        self._redact = redact

    def step(
        self, operation: str, phase: str, position: int, name: str, hearing: Hearing | None = None
    ) -> StepLog:
        """Opens a step's log anew (a resumed step reads its job's log from the start)."""
        number = f"{'1' if phase == 'forward' else '2'}{position:02d}"
        return StepLog(self._folder / operation / f"{number}-{name}.log", self._redact, hearing)

    def note(self, operation: str, phase: str, position: int, name: str, text: str) -> None:
        """Writes a text that is no job's output, such as the error of a command."""
        log = self.step(operation, phase, position, name)
        log.feed(text.encode() + b"\n")
        log.close()

    def redacted(self, text: str) -> str:
        return self._redact(text)

    def joined(self, operation: str) -> Path | None:
        """One readable file of all steps' logs, or None when nothing was logged."""
        parts = sorted((self._folder / operation).glob("[0-9]*.log"))
        if not any(part.stat().st_size for part in parts):
            return None
        whole = self._folder / operation / "operation.log"
        number, name = tempfile.mkstemp(prefix="joined-", dir=whole.parent)
        try:
            with open(number, "wb") as out:  # noqa: PTH123 - it is open already
                for part in parts:
                    if part.stat().st_size:
                        out.write(f"=== {part.stem[4:]}\n".encode())
                        with part.open("rb") as source:
                            shutil.copyfileobj(source, out)
            Path(name).replace(whole)  # whoever is sending the one from before goes on reading that
        finally:
            Path(name).unlink(missing_ok=True)
        return whole

    def prune(self, keep: int) -> None:
        """Removes the oldest operations' logs but the newest `keep`."""
        folders = sorted((f for f in self._folder.glob("*") if f.is_dir()), key=lambda f: f.stat().st_mtime)
        for folder in folders[: max(0, len(folders) - keep)]:
            shutil.rmtree(folder, ignore_errors=True)
