"""Which commits lie between two releases, from what is here already."""

from __future__ import annotations

from pathlib import Path

from services.projects import Project
from services.sources import commits
from tests.unit.sources.conftest import Packer, commit, write


def project(**source: str) -> Project:
    base = {"name": "app", "host": "home", "path": "/srv/app", "source": source}
    return Project.model_validate(base)


async def test_what_one_release_has_and_the_other_lacks_from_a_mirror_or_a_checkout(
    repository: Path, packer: Packer
) -> None:
    first = await packer.git(str(repository))
    write(repository, {"app.py": "2"})
    commit(repository, "Second")
    last = await packer.git(str(repository))
    assert first.commit
    assert last.commit
    for source in ({"git": str(repository)}, {"path": str(repository)}):
        found = await commits(project(**source), last.commit, first.commit, packer.mirrors)
        assert found is not None
        assert [one.subject for one in found[0]] == ["Second"]
        assert await commits(project(**source), first.commit, last.commit, packer.mirrors) == ((), 0)
    assert not list(repository.parent.glob("*.lock")), "nothing is written beside a person's own folder"


async def test_nobody_knows_without_a_repository_or_with_a_commit_it_lacks(
    repository: Path, packer: Packer, tmp_path: Path
) -> None:
    known = commit(write(repository, {"app.py": "2"}), "Second")
    assert await commits(project(git="x"), known, "0" * 40, packer.mirrors) is None
    assert await commits(project(path=str(repository)), known, "0" * 40, packer.mirrors) is None
    (tmp_path / "plain").mkdir()
    assert await commits(project(path=str(tmp_path / "plain")), known, "0" * 40, packer.mirrors) is None
