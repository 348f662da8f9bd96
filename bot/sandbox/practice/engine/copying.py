"""COPY: files of the build context into an image."""

import fnmatch
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from bot.sandbox.practice.engine.dockerfiles import FAILED
from bot.sandbox.practice.engine.errors import Refused, cannot


class MissingSource(Exception):
    """`path` of the context, from its root, is not there."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def joined(workdir: str, path: str) -> str:
    """A path in an image, absolute; no `..` leads out of it."""
    return os.path.normpath(PurePosixPath("/", workdir, path))


def inside(root: Path, path: str, workdir: str) -> Path:
    """Where an image's path lies below `root`."""
    return root / joined(workdir, path).lstrip("/")


def plan(context: Path, words: Sequence[str], workdir: str) -> list[tuple[Path, str]]:
    """(file, its path in the image) for each file that a COPY brings. Raises MissingSource, Refused."""
    if flags := [word for word in words if word.startswith("--")]:
        raise cannot(f"carry out COPY {flags[0]}", FAILED)
    *sources, target = words
    if not sources:
        raise Refused("failed to solve: COPY requires at least two arguments", FAILED)
    excluded = _excluded(context)
    found: list[tuple[Path, str]] = []
    for source in sources:
        for path in _matches(context, source):
            into_folder = len(sources) > 1 or target.endswith("/") or target in {".", "./"}
            found += _one(path, target, workdir, into_folder=into_folder)
    return [(file, to) for file, to in found if not excluded(file)]


def _matches(context: Path, source: str) -> list[Path]:
    plain = os.path.normpath("/" + source).lstrip("/")
    if any(sign in plain for sign in "*?["):
        return sorted(context.glob(plain))
    path = context / plain
    if not path.exists():
        raise MissingSource(f"/{plain}")
    return [path]


def _one(path: Path, target: str, workdir: str, *, into_folder: bool) -> Iterator[tuple[Path, str]]:
    base = PurePosixPath(joined(workdir, target))
    if path.is_dir():
        for file in sorted(one for one in path.rglob("*") if one.is_file()):
            yield file, str(base / file.relative_to(path).as_posix())
    else:
        yield path, str(base / path.name if into_folder else base)


def _excluded(context: Path) -> "Excluded":
    file = context / ".dockerignore"
    lines = file.read_text().splitlines() if file.is_file() else []
    patterns = [line.strip().strip("/") for line in lines if line.strip() and not line.startswith("#")]
    if again := [one for one in patterns if one.startswith("!")]:
        raise cannot(f"read {again[0]} of .dockerignore", FAILED)
    return Excluded(context, patterns)


class Excluded:
    """What .dockerignore leaves out of the context."""

    def __init__(self, context: Path, patterns: Sequence[str]) -> None:
        self._context = context
        self._patterns = [one.removeprefix("**/") for one in patterns] + list(patterns)

    def __call__(self, file: Path) -> bool:
        path = file.relative_to(self._context)
        names = [path.as_posix(), *(one.as_posix() for one in path.parents if one.name)]
        anywhere = [one for one in self._patterns if "/" not in one and f"**/{one}" in self._patterns]
        return any(fnmatch.fnmatch(name, pattern) for name in names for pattern in self._patterns) or any(
            fnmatch.fnmatch(part, pattern) for part in path.parts for pattern in anywhere
        )


def digest(files: Sequence[tuple[Path, str]]) -> str:
    """Of what is copied and where to; differs when a byte or an executable bit does."""
    whole = hashlib.sha256()
    for file, to in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        whole.update(f"{to}\0{os.access(file, os.X_OK)}\0{content}\n".encode())
    return whole.hexdigest()


def copy(files: Sequence[tuple[Path, str]], root: Path) -> int:
    """Copies and gives the number of bytes."""
    size = 0
    for file, to in files:
        target = inside(root, to, "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        size += target.stat().st_size
    return size
