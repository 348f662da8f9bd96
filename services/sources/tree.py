"""Which files of a folder are shipped: all regular ones that no .gitignore and .deployignore names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pathspec.patterns.gitignore import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from services.errors import SourceError
from services.projects import Project

MOST_BYTES = 2 * 1024**3
MOST_NAMED = 5
"""So many offending paths an error names."""


Rules = tuple[GitIgnoreSpecPattern, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to ship. `mtime` is whole Unix seconds."""

    path: str  # relative, with slashes
    size: int
    executable: bool
    mtime: int
    file: Path | None = None  # where it lies, if not in the tree

    def under(self, root: Path) -> Path:
        return self.file or root / self.path

    @property
    def mode(self) -> int:
        return 0o755 if self.executable else 0o644


def never_shipped(project: Project) -> frozenset[str]:
    """The env file lives on the server only. Without a configured one, Compose's own `.env` is meant."""
    return frozenset(str(file) for file in project.env_files)


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
        self._deployignore = _rules(root / ".deployignore")
        self._links: list[str] = []
        self._odd_names: list[str] = []

    def all(self) -> list[Entry]:
        entries = sorted(self._folder("", ()), key=lambda entry: entry.path.encode())
        for code, paths in (("error-source-links", self._links), ("error-source-names", self._odd_names)):
            if paths:
                shown = ", ".join(sorted(paths)[:MOST_NAMED])
                raise SourceError(code, paths=shown, more=max(0, len(paths) - MOST_NAMED))
        return entries

    def _folder(self, folder: str, outer: tuple[tuple[str, Rules], ...]) -> Iterator[Entry]:
        """`outer`: the ignore files that hold here, outermost first, each with the folder it lies in."""
        inside = self._root / folder
        if self._gitignore and (rules := _rules(inside / ".gitignore")):
            outer = (*outer, (folder, rules))
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

    def _ignored(self, path: str, outer: tuple[tuple[str, Rules], ...]) -> bool:
        """As git decides: the last matching line of the innermost file that has one. .deployignore stands above all."""
        if (said := _verdict(self._deployignore, path)) is not None:
            return said
        for folder, rules in reversed(outer):
            if (said := _verdict(rules, path[len(folder) :])) is not None:
                return said
        return False


def _verdict(rules: Rules, path: str) -> bool | None:
    """Whether a path (a folder's ends with a slash) is ignored, by these rules alone; None when none matches."""
    return next((rule.include for rule in reversed(rules) if _matches(rule, path)), None)


def _matches(rule: GitIgnoreSpecPattern, path: str) -> bool:
    """Whether a rule matches the path itself. pathspec's own check also says yes for all that lies below a match.

    That differs from git where an inner file takes a folder back that an outer one ignores.
    """
    if (regex := rule.regex) is None:
        return False
    if not regex.pattern.startswith("^"):  # `*`, `**` and `**/`: anything, and any folder
        return regex.search(path[-1]) is not None
    if "ps_d" in regex.groupindex:  # pathspec's mark for the end of what is named
        return regex.fullmatch(path) is not None
    inside = regex.match(path)  # `a/**`: what is in a, not a itself
    return inside is not None and inside.end() < len(path)


def _rules(file: Path) -> Rules:
    """An ignore file's rules. A missing one, or a link (git does not follow those either), has none."""
    if file.is_symlink() or not file.is_file():
        return ()
    lines = file.read_text("utf-8", "surrogateescape").split("\n")
    return tuple(rule for line in lines if (rule := _rule(line.removesuffix("\r"))))


def _rule(line: str) -> GitIgnoreSpecPattern | None:
    """None for blanks and comments, and for a line that makes no sense: it matches nothing, for git as for us."""
    if line.rstrip() in {"/", "!/"}:  # pathspec takes the second for everything
        return None
    try:
        rule = GitIgnoreSpecPattern(line)
    except GitIgnorePatternError:
        return None
    return rule if rule.include is not None else None


def _shippable(path: str) -> bool:
    """Names that the manifest, one line per file, can hold; printable, so that they can be shown."""
    return "\\" not in path and path.isprintable() and path == str(PurePosixPath(path))
