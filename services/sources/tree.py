"""Which files of a folder are shipped: all regular ones that no .gitignore and .deployignore names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from services.errors import SourceError
from services.projects import Project

MOST_BYTES = 2 * 1024**3
MOST_NAMED = 5
"""So many offending paths an error names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to ship. `mtime` is whole Unix seconds."""

    path: str  # relative, with slashes
    size: int
    executable: bool
    mtime: int

    @property
    def mode(self) -> int:
        return 0o755 if self.executable else 0o644


def never_shipped(project: Project) -> frozenset[str]:
    """The env file lives on the server only. Without a configured one, Compose's own `.env` is meant."""
    if project.env_file:
        return frozenset({str(project.env_file)})
    return frozenset({".env", str(project.compose_file.parent / ".env")})


def walk(root: Path, *, never: frozenset[str], gitignore: bool) -> list[Entry]:
    """The files to ship, in the order of the manifest. `gitignore`: whether .gitignore files count.

    Raises SourceError for a missing folder, for links, devices and names that cannot be shipped, and beyond 2 GB.
    """
    if not root.is_dir():
        raise SourceError("error-source-missing", path=str(root))
    entries = _Walk(root, never, gitignore=gitignore).all()
    size = sum(entry.size for entry in entries)
    if size > MOST_BYTES:
        raise SourceError("error-source-too-large", size=size, limit=MOST_BYTES, largest=_largest(entries))
    return entries


def _largest(entries: list[Entry]) -> str:
    return max(entries, key=lambda entry: entry.size).path


class _Walk:
    def __init__(self, root: Path, never: frozenset[str], *, gitignore: bool) -> None:
        self._root = root
        self._never = never
        self._gitignore = gitignore
        self._deployignore = _spec(root / ".deployignore")
        self._links: list[str] = []
        self._odd_names: list[str] = []

    def all(self) -> list[Entry]:
        entries = sorted(self._folder("", ()), key=lambda entry: entry.path.encode())
        for code, paths in (("error-source-links", self._links), ("error-source-names", self._odd_names)):
            if paths:
                shown = ", ".join(sorted(paths)[:MOST_NAMED])
                raise SourceError(code, paths=shown, more=max(0, len(paths) - MOST_NAMED))
        return entries

    def _folder(self, folder: str, outer: tuple[tuple[str, GitIgnoreSpec], ...]) -> Iterator[Entry]:
        """`outer`: the ignore files that hold here, outermost first, each with the folder it lies in."""
        inside = self._root / folder
        if self._gitignore and (spec := _spec(inside / ".gitignore")):
            outer = (*outer, (folder, spec))
        with os.scandir(inside) as found:
            for item in found:
                path = f"{folder}{item.name}"
                if item.name == ".git" or path in self._never:
                    continue
                is_folder = item.is_dir(follow_symlinks=False)
                if self._ignored(f"{path}/" if is_folder else path, outer):
                    continue
                if not _shippable(path):
                    self._odd_names.append(ascii(path)[1:-1])
                elif is_folder:
                    yield from self._folder(f"{path}/", outer)
                else:
                    yield from self._file(path, item.stat(follow_symlinks=False))

    def _file(self, path: str, found: os.stat_result) -> Iterator[Entry]:
        if stat.S_ISREG(found.st_mode):
            executable = bool(found.st_mode & stat.S_IXUSR)
            yield Entry(path, found.st_size, executable, int(found.st_mtime))
        else:
            self._links.append(path)

    def _ignored(self, path: str, outer: tuple[tuple[str, GitIgnoreSpec], ...]) -> bool:
        """As git decides: the last matching line of the innermost file that has one. .deployignore stands above all."""
        if self._deployignore and (said := self._deployignore.check_file(path).include) is not None:
            return said
        for folder, spec in reversed(outer):
            if (said := spec.check_file(path[len(folder) :]).include) is not None:
                return said
        return False


def _spec(file: Path) -> GitIgnoreSpec | None:
    """An ignore file. A missing one, or a link (git does not follow those either), is none."""
    if file.is_symlink() or not file.is_file():
        return None
    lines = file.read_text("utf-8", "surrogateescape").splitlines()
    return GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])


def _is_pattern(line: str) -> bool:
    """A line that makes no sense matches nothing, for git as for us. (pathspec takes `!/` for everything.)"""
    if line.rstrip() in {"/", "!/"}:
        return False
    try:
        GitIgnoreSpec.from_lines([line])
    except GitIgnorePatternError:
        return False
    return True


def _shippable(path: str) -> bool:
    """Names that the manifest, one line per file, can hold; printable, so that they can be shown."""
    return "\\" not in path and path.isprintable() and path == str(PurePosixPath(path))
