from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.facts.models import Release
from services.models import Pack
from services.projects import Project
from services.sources import pack

COMPOSE = "services:\n  web:\n    build: .\n  db:\n    image: postgres:15\n"

Write = Callable[[dict[str, str]], Path]


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration of the machine's user, and names for commits."""
    (home := tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small project folder."""
    return write(tmp_path / "source", {"compose.yaml": COMPOSE, "app.py": "print()\n"})


class Packer:
    """Packs a project the way the plan does, with everything below one temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "packs"
        self.mirrors = folder / "mirrors"

    async def tree(
        self, root: Path, deployed: Release | None = None, ref: str | None = None, **settings: Any
    ) -> Pack:
        return await self._pack({"path": str(root)}, deployed, ref, settings)

    async def git(
        self, repository: str, ref: str | None = None, deployed: Release | None = None, **settings: Any
    ) -> Pack:
        return await self._pack({"git": repository}, deployed, ref, settings)

    async def _pack(
        self, source: dict[str, str], deployed: Release | None, ref: str | None, settings: dict[str, Any]
    ) -> Pack:
        more = {name: settings.pop(name) for name in ("base", "kept") if name in settings}
        given = {"name": "app", "host": "home", "path": "/srv/app", "source": source}
        project = Project.model_validate(given | settings)
        return await pack(project, ref, deployed, self.out, self.mirrors, **more)


@pytest.fixture
def packer(tmp_path: Path) -> Packer:
    return Packer(tmp_path / "data")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, env=os.environ
    )
    return done.stdout.strip()


def commit(folder: Path, subject: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", subject)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(source: Path) -> Path:
    """The same folder as a repository with one commit on main."""
    git(source, "init", "-q", "-b", "main")
    commit(source, "First")
    return source
