"""Drift: files of a release that are no longer on the server as Opsgate put them there."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from pydantic import BaseModel, ConfigDict

MOST_NAMED = 5
"""So many paths a card names."""
MOST_READ = 1 << 20
"""Bytes of a file that can be kept, or looked at."""


class Drifted(BaseModel):
    """A file of the release. `sha256` is None where it is gone, or is no regular file any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str | None = None
    size: int = 0  # bytes
    mode: str = "644"

    @property
    def line(self) -> str:
        """As a manifest has it."""
        return f"{self.sha256}  {self.mode}  {self.path}"

    @property
    def readable(self) -> bool:
        return self.sha256 is not None and self.size <= MOST_READ


class Drift(BaseModel):
    """`total` may be more than the files that are named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[Drifted, ...] = ()
    total: int = 0

    def to_lose(self, coming: Collection[str]) -> tuple[Drifted, ...]:
        """What a release with these lines in its manifest would replace: edited files that it has otherwise."""
        paths = {line[71:] for line in coming}
        return tuple(one for one in self.files if one.sha256 and one.path in paths and one.line not in coming)


def parse(output: bytes) -> Drift:
    """From the agent's verb `drift`. Raises ValueError for anything else."""
    *listed, total = output.decode("utf-8", "surrogateescape").split("\n")[:-1]
    return Drift(files=tuple(_parsed(line) for line in listed), total=int(total))


def _parsed(line: str) -> Drifted:
    sha256, size, mode, path = line.split(" ", 3)
    if sha256 == "-":
        return Drifted(path=path)
    return Drifted(path=path, sha256=sha256, size=int(size), mode=mode)


def difference(path: str, released: bytes | None, present: bytes | None) -> Sequence[str]:
    """Lines of a unified diff from what was released to what is there. Nothing but a word for what is no text."""
    before, after = _text(released), _text(present)
    if before is None or after is None:
        return [f"{path}: no text, or too large to show"]
    return [
        line.rstrip("\n")
        for line in difflib.unified_diff(before, after, f"released/{path}", f"server/{path}", n=3)
    ]


def _text(content: bytes | None) -> list[str] | None:
    if content is None or b"\0" in content:
        return None
    return content.decode("utf-8", "replace").splitlines(keepends=True)
