"""Progress of a build, as BuildKit prints it without a terminal."""

import sys
import time
from types import TracebackType
from typing import Self

from bot.sandbox.practice.engine.dockerfiles import FAILED
from bot.sandbox.practice.engine.errors import Refused


class Progress:
    """Numbers the vertices of one build. `quiet` prints only why a step failed."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._count = 0

    def vertex(self, title: str) -> "Vertex":
        if not self._count:
            self.line('#0 building with "default" instance using docker driver\n')
        self._count += 1
        self.line(f"#{self._count} {title}")
        return Vertex(self, self._count, title)

    def line(self, text: str, *, always: bool = False) -> None:
        if always or not self._quiet:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()


class Vertex:
    """One numbered part of a build; `with` ends it with DONE unless it was CACHED."""

    def __init__(self, progress: Progress, number: int, title: str) -> None:
        self._progress = progress
        self._number = number
        self._title = title
        self._since = time.monotonic()
        self._said: list[str] = []
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._ended:
            self._progress.line(f"#{self._number} DONE {time.monotonic() - self._since:.1f}s\n")

    def note(self, text: str) -> None:
        """A line of BuildKit's own about this vertex."""
        self._progress.line(f"#{self._number} {text}")

    def say(self, text: str) -> None:
        """A line that the step printed."""
        line = f"{time.monotonic() - self._since:.3f} {text}"
        self._said.append(line)
        self._progress.line(f"#{self._number} {line}")

    def cached(self) -> None:
        self._ended = True
        self._progress.line(f"#{self._number} CACHED\n")

    def failed(self, why: str, solve: str = "") -> Refused:
        """Prints the failed step between two rules; gives the refusal that ends the build."""
        self._progress.line(f"#{self._number} ERROR: {why}")
        self._progress.line("------", always=True)
        self._progress.line(f" > {self._title}:", always=True)
        for line in self._said[-10:]:
            self._progress.line(line, always=True)
        self._progress.line("------", always=True)
        return Refused(f"failed to solve: {solve or why}", FAILED)
