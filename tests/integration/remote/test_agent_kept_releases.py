"""What a rollback asks of the agent: which releases are kept, whether one is whole, how two differ."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.integration.remote.local_agent import LocalAgent

TREE: dict[str, str | tuple[str, int]] = {
    "compose.yaml": "services",
    "bin/run": ("#!/bin/sh", 0o755),
    "a b/c'd.txt": "odd",
}


def sha(manifest: Path) -> str:
    return hashlib.sha256(manifest.read_bytes()).hexdigest()


def recorded(local: LocalAgent, name: str, body: str = '{"id": 1}\n') -> Path:
    folder = local.release(name, TREE)
    local.run("write", folder / "release.json", stdin=body.encode())
    return folder


def test_only_releases_that_were_recorded_and_are_whole_are_listed(local: LocalAgent) -> None:
    assert local.run("releases", local.state) == b""
    recorded(local, "20260101-a", '{"a": 1}')
    local.release("20260102-b", TREE)  # never recorded: its deploy failed
    (recorded(local, "20260103-c") / "manifest").unlink()
    recorded(local, "20260104-d", '{"d":\n 1}')
    assert local.run("releases", local.state) == b'\x1e20260101-a\n{"a": 1}\x1e20260104-d\n{"d":\n 1}'


def test_a_link_in_the_place_of_a_release_is_none(local: LocalAgent) -> None:
    folder = recorded(local, "r1")
    (local.state / "releases" / "r2").symlink_to(folder)
    assert local.run("releases", local.state).count(b"\x1e") == 1


def test_a_kept_release_is_whole_also_with_links_to_the_server_s_env_file(local: LocalAgent) -> None:
    """R-RB-2: a build made them, for its own needs."""
    folder = local.release("r1", TREE)
    (folder / "tree/.env.prod").symlink_to("/nowhere/.env.prod")
    words = (folder / "tree", folder / "manifest")
    local.run("intact", *words, sha(folder / "manifest"))
    local.run("intact", *words, sha(folder / "manifest")[:8])
    assert not list(folder.glob("*.intact.*"))


@pytest.mark.parametrize("damage", ["content", "gone", "mode", "link", "folder link", "manifest"])
def test_any_damage_is_noticed(damage: str, local: LocalAgent, tmp_path: Path) -> None:
    folder = local.release("r1", TREE)
    promised, tree = sha(folder / "manifest"), folder / "tree"
    file = tree / "compose.yaml"
    match damage:
        case "content":
            file.write_text("Services")
        case "gone":
            file.unlink()
        case "mode":
            (tree / "bin/run").chmod(0o644)
        case "link":
            (tmp_path / "outside").write_text("services")
            file.unlink()
            file.symlink_to(tmp_path / "outside")
        case "folder link":
            (tree / "bin").rename(tmp_path / "bin")
            (tree / "bin").symlink_to(tmp_path / "bin")
        case _:
            lines = (folder / "manifest").read_text().splitlines(keepends=True)
            (folder / "manifest").write_text("".join(lines[1:]))
    assert local.try_("intact", tree, folder / "manifest", promised).status in {1, 66}
