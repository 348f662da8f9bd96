"""Drift: files of a release that are no longer on the server as Opsgate put them there."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from pydantic import BaseModel, ConfigDict

from services.changes import HASH_TO, PATH_AT
from services.phrases import Value

MOST_NAMED = 5
"""So many paths a card names."""
LONGEST_PATH = 200
"""Characters of a path that a card shows: its end."""
MOST_READ = 1 << 20
"""Bytes of a file that can be kept."""
MOST_COMPARED, MOST_LINES = 128 * 1024, 2000
"""Bytes and lines of a file whose difference is shown: comparing takes time with the square of them."""


class Drifted(BaseModel):
    """A file of the release. `sha256` is None where it is gone, or `odd`: no regular file that we can read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str | None = None
    size: int = 0  # bytes
    mode: str = "644"
    odd: bool = False

    @property
    def line(self) -> str:
        """As a manifest has it."""
        return f"{self.sha256}  {self.mode}  {self.path}"

    @property
    def readable(self) -> bool:
        return self.sha256 is not None and self.size <= MOST_READ


class Blocking(BaseModel):
    """What stands where a release's files must go and is not of the release before. `total` may be more than the named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: tuple[str, ...] = ()
    total: int = 0


class Drift(BaseModel):
    """`total` may be more than the files that are named. Not `known`: the host could not tell in time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[Drifted, ...] = ()
    total: int = 0
    known: bool = True
    staying: tuple[str, ...] = ()  # edited, and the release has no such file: it is left where it is
    returning: tuple[str, ...] = ()  # deleted, and the release has it
    blocking: Blocking = Blocking()

    @property
    def unnamed(self) -> int:
        """So many files drifted beside those that are named."""
        return self.total - len(self.files)

    def to_lose(self, coming: Collection[str], before: Collection[str] = ()) -> Drift:
        """What a release with these lines in its manifest would replace: files that it has otherwise. Gone ones come back.

        What is no file is never replaced: it is of the release before and makes way, or it is blocking.
        `before`: the lines of what is deployed. A file of it that is not coming goes if its content is still that.
        """
        paths = {line[PATH_AT:] for line in coming}
        given = {line[PATH_AT:]: line[:HASH_TO] for line in before}
        lost = tuple(one for one in self.files if one.path in paths and one.line not in coming and one.sha256)
        there = [one for one in self.files if one.odd or one.sha256]
        return Drift(
            files=lost,
            total=len(lost) + self.unnamed,
            known=self.known,
            staying=tuple(
                one.path
                for one in there
                if one.path not in paths and (one.odd or one.sha256 != given.get(one.path))
            ),
            returning=tuple(
                one.path for one in self.files if one.path in paths and not (one.odd or one.sha256)
            ),
        )

    def with_present(self, other: Drift) -> Drift:
        """Together with what of another manifest stands there otherwise; what is only missing there is no drift."""
        files = (*self.files, *(one for one in other.files if one.sha256))
        total = self.unnamed + other.unnamed + len(files)
        return Drift(files=files, total=total, known=self.known and other.known)


def parse(output: bytes) -> Drift:
    """From the agent's verb `drift`. Raises ValueError for anything else."""
    *listed, total = output.decode("utf-8", "surrogateescape").split("\n")[:-1]
    return Drift(files=tuple(_parsed(line) for line in listed), total=int(total))


def parse_blocking(output: bytes) -> Blocking:
    """From the agent's verb `blocking`. Anybody may have named those files: control and direction characters are "?".

    Raises ValueError for anything else.
    """
    *paths, total = output.decode("utf-8", "replace").split("\n")[:-1]
    shown = ("".join(one if one.isprintable() else "?" for one in path) for path in paths)
    return Blocking(paths=tuple(path[-LONGEST_PATH:] for path in shown), total=int(total))


def _parsed(line: str) -> Drifted:
    sha256, size, mode, path = line.split(" ", 3)
    if sha256 in {"gone", "odd"}:
        return Drifted(path=path, odd=sha256 == "odd")
    return Drifted(path=path, sha256=sha256, size=int(size), mode=mode)


def named(paths: Sequence[str], more: int = 0) -> dict[str, Value]:
    """For a phrase: the first paths, and how many they are with `more` that have no name."""
    count = len(paths) + more
    shown = ", ".join(paths[:MOST_NAMED])
    return {"count": count, "files": shown, "more": count - min(len(paths), MOST_NAMED)}


def difference(
    path: str, released: bytes | None, present: bytes | None, side: str = "released"
) -> Sequence[str]:
    """Lines of a unified diff from what was released to what is there. Nothing but a word for what is no text.

    `side`: what to call the former.

    Takes up to some seconds of a core: for a thread.
    """
    before, after = _text(released), _text(present)
    if before is None or after is None:
        return [f"{path}: no text, or too large to show"]
    return [
        line.rstrip("\n")
        for line in difflib.unified_diff(before, after, f"{side}/{path}", f"server/{path}", n=3)
    ]


def _text(content: bytes | None) -> list[str] | None:
    if content is None or b"\0" in content or len(content) > MOST_COMPARED:
        return None
    lines = content.decode("utf-8", "replace").splitlines(keepends=True)
    return lines if len(lines) <= MOST_LINES else None
