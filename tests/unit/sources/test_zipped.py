"""deploy.zip: the files of a release, their bits, and nothing else."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from services.errors import BadInput, SourceError
from services.projects import GitSource, Project
from services.sources.zipped import Zipped, zipped
from tests.unit.sources.conftest import Packer, git, write


def project(source: Path, **settings: Any) -> Project:
    base = {"name": "app", "host": "home", "path": "/srv/app", "source": {"path": str(source)}}
    return Project.model_validate(base | settings)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (folder := tmp_path / "out").mkdir()
    return folder / "deploy.zip"


async def written(source: Path, target: Path, **options: Any) -> Zipped:
    return await zipped(project(source), None, target, target.parent / "mirrors", **options)


async def test_it_holds_the_very_files_of_a_release(source: Path, target: Path, packer: Packer) -> None:
    write(
        source,
        {
            "mobile/app.json": "{}",
            ".gitignore": "*.log\n",
            "big.log": "x",
            ".env": "DB_PASSWORD=x\n",
            "ü/ß.txt": "ü",
        },
    )
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o700)
    made = await written(source, target)
    with tarfile.open((await packer.tree(source)).file) as tar:
        shipped = {m.name.removeprefix("tree/"): m for m in tar if m.name != "manifest"}
        contents = {n: tar.extractfile(m).read() for n, m in shipped.items()}  # type: ignore[union-attr]  # all are files
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [*shipped]
        assert {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()} == {
            name: member.mode for name, member in shipped.items()
        }
        assert {name: archive.read(name) for name in archive.namelist()} == contents
    assert (made.files, made.size) == (len(shipped), target.stat().st_size)
    assert made.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert target.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in target.parent.iterdir()] == ["deploy.zip"]


async def test_unzip_makes_the_same_tree_with_executable_bits(
    source: Path, target: Path, tmp_path: Path
) -> None:
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o755)
    await written(source, target)
    subprocess.run(["unzip", "-q", "-o", target, "-d", tmp_path / "there"], check=True)
    assert {
        str(one.relative_to(tmp_path / "there")): (one.read_text(), os.access(one, os.X_OK))
        for one in (tmp_path / "there").rglob("*")
        if one.is_file()
    } == {
        "app.py": ("print()\n", False),
        "compose.yaml": ((source / "compose.yaml").read_text(), False),
        "run.sh": ("#!/bin/sh\n", True),
    }


async def test_the_same_source_is_the_same_zip_wherever_the_clock_stands(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await written(source, target)
    monkeypatch.setenv("TZ", "Asia/Kamchatka")
    assert (await written(source, target.with_name("again.zip"))).sha256 == first.sha256


async def test_a_ref_of_a_repository_is_packed_as_it_was(repository: Path, target: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    write(repository, {"later.txt": "not yet"})
    app = project(repository).model_copy(update={"source": GitSource(git=str(repository))})
    made = await zipped(app, first, target, target.parent / "mirrors")
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["app.py", "compose.yaml"]
    assert made.label == first[:7]


async def test_links_and_odd_names_are_refused_and_nothing_is_left(source: Path, target: Path) -> None:
    (source / "link").symlink_to("/etc/passwd")
    with pytest.raises(SourceError) as refused:
        await written(source, target)
    assert refused.value.phrase.id == "error-source-links"
    (source / "link").unlink()
    (source / "line\nbreak").touch()
    with pytest.raises(SourceError) as refused:
        await written(source, target)
    assert refused.value.phrase.id == "error-source-names"
    assert [*target.parent.iterdir()] == []


async def test_what_is_there_stays_unless_it_may_be_replaced(source: Path, target: Path) -> None:
    target.write_text("mine")
    with pytest.raises(BadInput) as refused:
        await written(source, target)
    assert refused.value.phrase.id == "error-zip-exists"
    assert target.read_text() == "mine"
    await written(source, target, replace=True)
    assert zipfile.is_zipfile(target)
    assert [one.name for one in target.parent.iterdir()] == ["deploy.zip"]


async def test_a_failed_replacement_leaves_the_old_one(source: Path, target: Path) -> None:
    target.write_text("mine")
    (source / "link").symlink_to("app.py")
    with pytest.raises(SourceError):
        await written(source, target, replace=True)
    assert target.read_text() == "mine"


async def test_inside_the_source_it_would_ship_itself(source: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(source)
    for folder in (source, tmp_path / "other"):
        with pytest.raises(BadInput) as refused:
            await written(source, folder / "deploy.zip")
        assert refused.value.phrase.id == "error-zip-in-source"


async def test_a_folder_that_is_not_there_is_said(source: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        await written(source, tmp_path / "nowhere" / "deploy.zip")
    assert refused.value.phrase.id == "error-zip-not-written"


async def test_a_tree_has_no_refs(source: Path, target: Path) -> None:
    with pytest.raises(BadInput) as refused:
        await zipped(project(source), "main", target, target.parent / "mirrors")
    assert refused.value.phrase.id == "error-ref-for-tree"
    assert not target.exists()
