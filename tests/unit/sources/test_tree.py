from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.errors import BadInput, SourceError
from services.facts.models import Release
from services.models import Pack
from services.sources import Base, archive, tree
from tests.unit.sources.conftest import COMPOSE, Packer, commit, git, write


def names(packed: Pack) -> list[str]:
    with tarfile.open(packed.file) as tar:
        return [member.name.removeprefix("tree/") for member in tar if member.name.startswith("tree/")]


def manifest(packed: Pack) -> bytes:
    with tarfile.open(packed.file) as tar:
        member = tar.next()
        assert member is not None
        assert member.name == "manifest", "the manifest comes first"
        file = tar.extractfile(member)
        assert file is not None
        return file.read()


async def test_a_folder_becomes_an_archive_with_its_manifest_first(source: Path, packer: Packer) -> None:
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o700)
    (source / "app.py").chmod(0o600)
    packed = await packer.tree(source)
    assert names(packed) == ["app.py", "compose.yaml", "run.sh"]
    lines = manifest(packed).decode().splitlines()
    assert lines[0] == f"{hashlib.sha256(b'print()' + bytes([10])).hexdigest()}  644  app.py"
    assert [line[66:69] for line in lines] == ["644", "644", "755"]
    assert hashlib.sha256(manifest(packed)).hexdigest() == packed.manifest_sha256
    with tarfile.open(packed.file) as tar:
        for member in tar:
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.isreg()
    assert (packed.files, packed.unpacked) == (3, len(COMPOSE) + 8 + 10)
    assert packed.size == Path(packed.file).stat().st_size
    assert Path(packed.file).stat().st_mode & 0o777 == 0o600
    assert Path(packed.file).name.startswith(f"{packed.release_id}-")
    assert packed.release_id.endswith(f"-{packed.manifest_sha256[:8]}")
    assert (packed.compose_services, packed.build_services) == (("web", "db"), ("web",))
    assert (packed.commit, packed.dirty) == (None, False)
    assert packed.label.endswith(" UTC")


async def test_the_host_can_unpack_and_verify_it_with_plain_tools(
    source: Path, packer: Packer, tmp_path: Path
) -> None:
    write(source, {f"{'long/' * 40}файл.txt": "x", "with space.txt": "y", "-dash": "z"})
    packed = await packer.tree(source)
    (place := tmp_path / "host").mkdir()
    subprocess.run(["tar", "-xzf", packed.file, "-C", str(place)], check=True)
    listing = (place / "manifest").read_text()
    sums = "".join(f"{line[:64]}  {line[71:]}\n" for line in listing.splitlines())
    subprocess.run(["sha256sum", "--quiet", "-c", "-"], input=sums.encode(), cwd=place / "tree", check=True)
    assert len(listing.splitlines()) == 5


async def test_the_same_files_give_the_same_manifest_twice(
    source: Path, packer: Packer, tmp_path: Path
) -> None:
    first = await packer.tree(source)
    copy = write(tmp_path / "copy", {"app.py": "print()\n", "compose.yaml": COMPOSE})
    os.utime(copy / "app.py", (1, 1))
    second = await packer.tree(copy)
    assert first.manifest_sha256 == second.manifest_sha256
    (copy / "app.py").chmod(0o755)
    assert (await packer.tree(copy)).manifest_sha256 != first.manifest_sha256


async def test_what_gitignore_and_deployignore_name_stays_at_home(source: Path, packer: Packer) -> None:
    write(
        source,
        {
            ".gitignore": "*.log\n!keep.log\nnode_modules/\n/dist\n",
            ".deployignore": "docs/\n!/dist/\n",
            "a.log": "", "keep.log": "", "node_modules/x/y.js": "", "docs/a.md": "",
            "dist/app.js": "", "sub/dist/b.js": "", "sub/.gitignore": "!b.log\nsecret/\n", "sub/b.log": "",
            "sub/c.log": "", "sub/secret/s": "", "secret/s": "", ".git/config": "", "sub/.git": "gitdir: x",
        },
    )  # fmt: skip
    assert set(names(await packer.tree(source))) == {
        *(".deployignore", ".gitignore", "app.py", "compose.yaml", "dist/app.js", "keep.log", "secret/s"),
        *("sub/.gitignore", "sub/b.log", "sub/dist/b.js"),
    }


@pytest.mark.parametrize(
    ("setting", "gone"),
    [
        ({"env_file": ".env.prod"}, {".env.prod"}),
        ({"env_file": "conf/prod.env"}, {"conf/prod.env"}),
        ({}, {".env", "docker/.env"}),
    ],
)
async def test_the_env_file_is_never_shipped(
    source: Path, packer: Packer, setting: dict[str, Any], gone: set[str]
) -> None:
    """It lives on the server only. Without a configured one, Compose's own .env is meant."""
    env_files = {
        ".env",
        ".env.prod",
        "conf/prod.env",
        "docker/.env",
        "mobile/.env.production",
        ".env.example",
    }
    write(
        source, dict.fromkeys(env_files, "A=1\n") | {"docker/c.yml": COMPOSE, ".deployignore": "!.env.prod\n"}
    )
    shipped = set(names(await packer.tree(source, compose_file="docker/c.yml", **setting)))
    assert env_files - shipped == gone


PATTERN = st.text(alphabet="ab*/!?.", min_size=1, max_size=5) | st.sampled_from(
    ["a/", "/a", "b/*", "!b", "**/a", "a/**", "*.b", "!a/", "[ab]", "# a", "\\!a", "a ", "*", "!*/", "b/a"]
)
NODES = [
    "a",
    "b",
    "a.b",
    "sub/a",
    "sub/b",
    "sub/b/a",
    "sub/a.b",
    "b1/a",
    "b1/b/a",
    "b1/b/b",
    "!a",
    "deep/a/b/a.b",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PATTERN, max_size=4), st.lists(PATTERN, max_size=3), st.sets(st.sampled_from(NODES)))
def test_ignore_rules_are_those_of_git(
    tmp_path_factory: pytest.TempPathFactory, outer: list[str], inner: list[str], nodes: set[str]
) -> None:
    """Random rules over random trees: the same files as `git ls-files` finds untracked."""
    root = tmp_path_factory.mktemp("t")
    for node in sorted(nodes, key=lambda one: -len(one)):
        if not (root / node).exists() and not any((root / up).is_file() for up in _above(node)):
            write(root, {node: ""})
    write(root, {".gitignore": "\n".join(outer) + "\n"})
    if (root / "sub").is_dir():
        write(root, {"sub/.gitignore": "\n".join(inner) + "\n"})
    git(root, "init", "-q")
    expected = git(root, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    found = [entry.path for entry in tree.walk(root, never=frozenset(), gitignore=True)]
    assert found == sorted(filter(None, expected))


def _above(node: str) -> list[str]:
    parts = node.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


async def test_links_are_refused_by_name_unless_they_are_ignored(source: Path, packer: Packer) -> None:
    (source / "link").symlink_to("app.py")
    (source / "folder").symlink_to("/etc")
    os.mkfifo(source / "pipe")
    with pytest.raises(SourceError) as raised:
        await packer.tree(source)
    assert raised.value.phrase.id == "error-source-links"
    assert raised.value.phrase.args == {"paths": "folder, link, pipe", "more": 0}
    write(source, {".deployignore": "link\nfolder\npipe\n"})
    assert "link" not in names(await packer.tree(source))


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "a\x1bb", "a\u202eb", "dir\n/x"])
async def test_names_that_no_manifest_can_hold_are_refused(source: Path, packer: Packer, name: str) -> None:
    write(source, {name: ""})
    with pytest.raises(SourceError) as raised:
        await packer.tree(source)
    assert raised.value.phrase.id == "error-source-names"
    assert str(raised.value.phrase.args["paths"]).isprintable()


async def test_a_name_that_is_no_text_is_refused(source: Path, packer: Packer) -> None:
    (source / os.fsdecode(b"\xff")).write_text("")
    with pytest.raises(SourceError) as raised:
        await packer.tree(source)
    assert raised.value.phrase.id == "error-source-names"


async def test_too_large_a_source_is_refused_with_its_largest_file(source: Path, packer: Packer) -> None:
    with (source / "huge.bin").open("wb") as file:
        file.truncate(tree.MOST_BYTES + 1)
    with pytest.raises(SourceError) as raised:
        await packer.tree(source)
    assert raised.value.phrase.id == "error-source-too-large"
    assert raised.value.phrase.args["largest"] == "huge.bin"


async def test_a_missing_folder_and_a_missing_compose_file_are_named(source: Path, packer: Packer) -> None:
    with pytest.raises(SourceError) as raised:
        await packer.tree(source / "nowhere")
    assert raised.value.phrase.id == "error-source-missing"
    with pytest.raises(SourceError) as raised:
        await packer.tree(source, compose_file="docker/prod.yml")
    assert raised.value.phrase.args["file"] == "docker/prod.yml"
    write(source, {".gitignore": "compose.yaml\n"})
    with pytest.raises(SourceError) as raised:
        await packer.tree(source)
    assert raised.value.phrase.id == "error-source-no-compose-file"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("services:\n  a: {\n", 3),
        ("- a\n", 0),
        ("services: []\n", 0),
        ("name: x\n", 0),
        ("services: {a: 1}", 0),
    ],
)
async def test_a_compose_file_that_is_none_is_refused(
    source: Path, packer: Packer, text: str, line: int
) -> None:
    write(source, {"compose.yaml": text})
    with pytest.raises(SourceError) as raised:
        await packer.tree(source)
    assert raised.value.phrase.args == {"file": "compose.yaml", "line": line}


async def test_a_compose_file_is_read_with_its_tags_profiles_and_includes(
    source: Path, packer: Packer
) -> None:
    write(
        source,
        {
            "compose.yaml": "name: shop\ninclude:\n  - path: parts/db.yml\n  - parts/../compose.yaml\nservices:\n"
            "  web: {build: ., ports: !override ['80:80']}\n  worker: {extends: {service: web}}\n"
            "  tool: {build: ., profiles: [tools]}\n  off: {build: ., deploy: {replicas: 0}}\n",
            "parts/db.yml": "services:\n  db: {image: postgres}\n",
        },
    )
    packed = await packer.tree(source)
    assert packed.compose_name == "shop"
    assert packed.compose_services == ("web", "worker", "db")
    assert packed.build_services == ("web", "worker")


async def test_a_tree_has_no_refs(source: Path, packer: Packer) -> None:
    with pytest.raises(BadInput) as raised:
        await packer.tree(source, ref="main")
    assert raised.value.phrase.id == "error-ref-for-tree"


async def test_a_file_that_changes_while_it_is_packed_is_noticed_and_nothing_is_left(
    source: Path, tmp_path: Path
) -> None:
    entries = tree.walk(source, never=frozenset(), gitignore=True)
    listing = archive.manifest(source, entries)
    target = tmp_path / "out.tar.gz"
    for content in ("PRINT()\n", "", "more than print()\n"):
        (source / "app.py").write_text(content)
        with pytest.raises(SourceError) as raised:
            archive.write(source, entries, listing, target)
        assert raised.value.phrase.args["path"] == "app.py"
    assert list(tmp_path.glob("out*")) == []


def members(packed: Pack) -> list[str]:
    with tarfile.open(packed.file) as tar:
        return tar.getnames()


async def test_on_top_of_a_release_only_what_changed_is_packed(source: Path, packer: Packer) -> None:
    first = await packer.tree(source)
    base = Base(first.release_id, archive.listing(Path(first.file)) or b"")
    write(source, {"app.py": "print(2)\n", "new.py": ""})
    (source / "compose.yaml").chmod(0o755)
    packed = await packer.tree(source, base=base)
    assert members(packed) == ["manifest", "tree/app.py", "tree/compose.yaml", "tree/new.py"]
    assert (packed.base, packed.carried, packed.files) == (first.release_id, 3, 3)
    (source / "compose.yaml").chmod(0o644)
    (source / "app.py").write_text("print()\n")
    assert members(await packer.tree(source, base=base)) == ["manifest", "tree/new.py"]


async def test_a_file_that_is_kept_is_packed_as_the_server_has_it(
    source: Path, packer: Packer, tmp_path: Path
) -> None:
    (edited := tmp_path / "fetched").write_text("print('on the server')\n")
    packed = await packer.tree(source, kept={"app.py": (edited, True), "not in the source": (edited, False)})
    assert packed.kept == ("app.py",)
    with tarfile.open(packed.file) as tar:
        member = tar.extractfile("tree/app.py")
        assert member is not None
        assert member.read() == edited.read_bytes()
        assert tar.getmember("tree/app.py").mode == 0o755
    assert (source / "app.py").read_text() == "print()\n"


async def test_a_kept_compose_file_is_the_one_that_counts(
    source: Path, packer: Packer, tmp_path: Path
) -> None:
    (edited := tmp_path / "fetched").write_text("services:\n  only: {image: x}\n")
    packed = await packer.tree(source, kept={"compose.yaml": (edited, False)})
    assert packed.compose_services == ("only",)


async def test_packing_leaves_the_loop_free(source: Path, packer: Packer) -> None:
    write(source, {f"d/{n}": "x" * 2000 for n in range(1500)})
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.005)
            beats += 1

    async with asyncio.TaskGroup() as group:
        beating = group.create_task(beat())
        await packer.tree(source)
        beating.cancel()
    assert beats > 5


async def test_a_checkout_tells_its_commit_and_what_came_since(repository: Path, packer: Packer) -> None:
    first = git(repository, "rev-parse", "HEAD")
    write(repository, {"app.py": "print(2)\n"})
    second = commit(repository, "Second; it's")
    packed = await packer.tree(repository, deployed=Release(id="r", project="app", commit=first))
    assert (packed.commit, packed.subject, packed.label, packed.dirty) == (
        second,
        "Second; it's",
        second[:7],
        False,
    )
    assert [(one.id, one.author, one.subject) for one in packed.commits] == [(second, "Ada", "Second; it's")]


async def test_a_checkout_with_changes_is_dirty_and_called_by_its_time(
    repository: Path, packer: Packer
) -> None:
    write(repository, {"new.txt": ""})
    packed = await packer.tree(repository)
    assert packed.dirty
    assert packed.label.endswith(" UTC")
    assert "new.txt" in names(packed)


async def test_two_plans_of_one_second_and_one_source_have_a_file_each(source: Path, packer: Packer) -> None:
    """Whoever takes one plan back must not take the other's source away."""
    first, second = await asyncio.gather(packer.tree(source), packer.tree(source))
    assert first.manifest_sha256 == second.manifest_sha256
    assert first.file != second.file
    Path(first.file).unlink()
    assert manifest(second)
