"""Reads the few files of a source that checks judge, while its tree is at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from services.changes import BACKEND, FRONTEND, SCRIPTS
from services.checks.routes import CALLING_FILES
from services.checks.tree import APP_JSON, NGINX, Recipe, SourceTree, within
from services.sources.tree import Entry

MOST_BYTES = 1024 * 1024
"""Of one file: what is larger was written by a machine."""
MOST_TOGETHER = 16 * 1024 * 1024
_FOREIGN = frozenset(
    {"node_modules", "dist", "build", "web-build", ".expo", "tests", "__tests__", "venv", ".venv"}
)


def source_tree(root: Path, entries: Sequence[Entry], recipes: Sequence[Recipe]) -> SourceTree:
    """Files that cannot be read are left out: hashing them says so."""
    dockerfiles = {recipe.dockerfile for recipe in recipes}
    wanted = [entry for entry in entries if _is_read(entry, dockerfiles)]
    wanted.sort(key=lambda entry: entry.path not in {APP_JSON, NGINX, *dockerfiles})
    texts = dict(_texts(root, wanted))
    return SourceTree(frozenset(entry.path for entry in entries), texts, tuple(recipes))


def _is_read(entry: Entry, dockerfiles: Iterable[str]) -> bool:
    path = PurePosixPath(entry.path)
    if entry.size > MOST_BYTES:
        return False
    if entry.path in {APP_JSON, NGINX, *dockerfiles}:
        return True
    if _FOREIGN.intersection(path.parent.parts):
        return False
    if within(entry.path, FRONTEND):
        return path.name.endswith(CALLING_FILES) and not path.name.endswith(".min.js")
    return path.suffix == ".py" and (within(entry.path, BACKEND) or within(entry.path, SCRIPTS))


def _texts(root: Path, entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    read = 0
    for entry in entries:
        read += entry.size
        if read > MOST_TOGETHER:
            return
        try:
            yield entry.path, entry.under(root).read_text("utf-8", "replace")
        except OSError:
            continue
