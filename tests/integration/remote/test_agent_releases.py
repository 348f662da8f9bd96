"""Releases: unpacked whole and proven, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from pathlib import Path

import pytest

from tests.integration.remote.local_agent import (
    LocalAgent,
    Member,
    archive_of,
    listing_of,
    member,
    packed,
    snapshot,
)

TREE: dict[str, str | tuple[str, int]] = {
    "compose.yaml": "services: {}\n",
    "backend/scripts/run.sh": ("#!/bin/sh\n", 0o755),
    "backend/пример с пробелами.txt": "привет\n",
    "-dash/--also": "x",
    "a -> b": "an arrow in a name",
    "it's": "quoted",
    "empty": "",
    " leading": "space",
    "deep/" + "/".join(f"{number:040d}" for number in range(4)): "a path of more than 100 bytes",
}


def sha(listing: bytes) -> str:
    return hashlib.sha256(listing).hexdigest()


def refused(local: LocalAgent, listing: bytes, archive: bytes, name: str = "r1") -> str:
    """Unpacks, expects a refusal that leaves nothing behind, and gives its reason."""
    folder = local.state / "releases" / name
    done = local.try_("unpack", folder, sha(listing), stdin=archive)
    assert done.status != 0
    assert not folder.exists()
    assert [path.name for path in folder.parent.glob("*")] == []
    return done.err


def test_a_release_arrives_with_its_content_and_modes(local: LocalAgent) -> None:
    folder = local.release("r1", TREE)
    for path, value in TREE.items():
        content, mode = value if isinstance(value, tuple) else (value, 0o644)
        file = folder / "tree" / path
        assert file.read_text() == content
        assert file.stat().st_mode & 0o7777 == mode
        assert file.parent.stat().st_mode & 0o777 == 0o755
    assert (folder / "manifest").read_bytes() == listing_of(TREE)
    assert {path.name for path in folder.iterdir()} == {"tree", "manifest"}
    assert {path.name for path in folder.parent.iterdir()} == {"r1"}


def test_unpacking_again_is_a_quick_success(local: LocalAgent) -> None:
    folder = local.release("r1", TREE)
    inode = (folder / "tree" / "compose.yaml").stat().st_ino
    local.release("r1", TREE)
    assert (folder / "tree" / "compose.yaml").stat().st_ino == inode


def test_another_release_of_the_same_name_is_refused(local: LocalAgent) -> None:
    local.release("r1", TREE)
    listing, archive = packed({"other": "x"})
    assert local.try_("unpack", local.state / "releases" / "r1", sha(listing), stdin=archive).status == 65


def test_an_archive_cut_anywhere_leaves_nothing(local: LocalAgent) -> None:
    listing, archive = packed(TREE)
    for part in (0, 1, 30, len(archive) // 2, len(archive) - 9, len(archive) - 1):
        refused(local, listing, archive[:part])


def test_an_archive_that_is_cut_inside_and_sealed_again_leaves_nothing(local: LocalAgent) -> None:
    listing, archive = packed(TREE)
    raw = gzip.decompress(archive)
    refused(local, listing, gzip.compress(raw[: len(raw) // 2]))


EVIL: dict[str, list[Member]] = {
    "a symbolic link": [member("tree/link", type=tarfile.SYMTYPE, linkname="/etc")],
    "a file through a link": [
        member("tree/d", type=tarfile.SYMTYPE, linkname="/tmp"),
        member("tree/d/opsgate-evil", b"x"),
    ],
    "a hard link": [member("tree/hard", type=tarfile.LNKTYPE, linkname="manifest")],
    "a device": [member("tree/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "a pipe": [member("tree/pipe", type=tarfile.FIFOTYPE)],
    "an absolute path": [member("/tmp/opsgate-evil", b"x")],
    "a way up": [member("tree/../../../opsgate-evil", b"x")],
    "an extra file": [member("tree/extra", b"x")],
    "a file beside the tree": [member("programs", b"x")],
    "an extra folder": [member("tree/extra", type=tarfile.DIRTYPE)],
    "a folder that leads up": [member("tree/../../up", type=tarfile.DIRTYPE)],
    "a file twice": [member("tree/a", b"evil")],
}


@pytest.mark.parametrize("what", EVIL)
def test_an_archive_with_more_than_its_manifest_is_refused(local: LocalAgent, what: str) -> None:
    listing = listing_of({"a": "good"})
    archive = archive_of([member("manifest", listing), member("tree/a", b"good"), *EVIL[what]])
    assert "archive" in refused(local, listing, archive)
    assert not Path("/tmp/opsgate-evil").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_a_promised_file_that_is_something_else_is_refused(local: LocalAgent, kind: bytes) -> None:
    listing = listing_of({"a": "good"})
    refused(
        local,
        listing,
        archive_of([member("manifest", listing), member("tree/a", type=kind, linkname="manifest")]),
    )


def test_other_content_than_promised_is_refused(local: LocalAgent) -> None:
    listing = listing_of({"a": "good"})
    assert "hash" in refused(
        local, listing, archive_of([member("manifest", listing), member("tree/a", b"evil")])
    )


def test_another_manifest_than_promised_is_refused(local: LocalAgent) -> None:
    listing, archive = packed({"a": "good"})
    folder = local.state / "releases" / "r1"
    done = local.try_("unpack", folder, sha(listing + b"x"), stdin=archive)
    assert done.status == 1
    assert not folder.exists()


HASH = "0" * 64


@pytest.mark.parametrize(
    "line",
    [
        f"{HASH}  644  /etc/passwd",
        f"{HASH}  644  ../up",
        f"{HASH}  644  a/../../up",
        f"{HASH}  644  a/./b",
        f"{HASH}  644  a//b",
        f"{HASH}  644  a/",
        f"{HASH}  644  ",
        f"{HASH}  4755  a",
        f"{HASH}  600  a",
        f"{HASH} 644 a",
        f"{HASH[:-1]}g  644  a",
        f"{HASH}  644  a\\nb",
        f"{HASH}  644  a\tb",
        f"{HASH}  644  a/.opsgate-new/b",
        f"{HASH}  644  same\n{HASH}  644  same",
        f"{HASH}  644  a\n{HASH}  644  a/b",
        f"{HASH}  644  a/b/c\n{HASH}  644  a",
    ],
)
def test_an_unsound_manifest_is_refused(local: LocalAgent, line: str, tmp_path: Path) -> None:
    listing = f"{line}\n".encode()
    refused(local, listing, archive_of([member("manifest", listing)]))
    (tmp_path / "manifest").write_bytes(listing)
    local.live.mkdir()
    done = local.try_("swap", local.live, tmp_path, tmp_path / "manifest", "-", local.state / "undo" / "op")
    assert done.status == 66


def test_an_empty_release_is_a_release(local: LocalAgent) -> None:
    assert snapshot(local.release("r1", {}) / "tree") == {}


def test_what_a_killed_unpack_left_is_cleared_away(local: LocalAgent) -> None:
    part = local.state / "releases" / "r1.part.77"
    part.mkdir(parents=True)
    (part / "archive").write_text("half")
    local.release("r1", TREE)
    assert not part.exists()


def test_verify_notices_any_difference(local: LocalAgent) -> None:
    folder = local.release("r1", TREE)
    tree, manifest = folder / "tree", folder / "manifest"
    local.run("verify", tree, manifest)
    (tree / "extra").write_text("x")
    assert local.try_("verify", tree, manifest).status == 1
    (tree / "extra").unlink()
    (tree / "empty").write_text("no more")
    assert local.try_("verify", tree, manifest).status == 1
    (tree / "empty").unlink()
    assert local.try_("verify", tree, manifest).status == 1
    (tree / "empty").symlink_to("/dev/null")
    assert local.try_("verify", tree, manifest).status == 66


def test_a_release_can_be_removed(local: LocalAgent) -> None:
    folder = local.release("r1", TREE)
    (folder / "tree").chmod(0o500)
    local.run("remove-tree", local.state, "releases/r1")
    assert not folder.exists()


@pytest.mark.parametrize(
    "path",
    [
        "releases",
        "releases/",
        "releases/..",
        "releases/../..",
        "releases/r1/tree",
        "lock",
        "lock/epoch",
        "",
        ".",
        "releases/*",
    ],
)
def test_nothing_but_a_release_or_a_job_can_be_removed(local: LocalAgent, path: str) -> None:
    """R-DB-1: nothing that the agent removes could be a volume or a live file."""
    local.release("r1", TREE)
    local.claim()
    before = snapshot(local.folder)
    assert local.try_("remove-tree", local.state, path).status in {64, 66}
    assert snapshot(local.folder) == before


@pytest.mark.parametrize(
    "state", ["/var/lib/docker/volumes", "/", "app", "app_opsgate/../app", "/var/lib/docker/x_opsgate/.."]
)
def test_nothing_outside_a_state_folder_can_be_removed(local: LocalAgent, state: str) -> None:
    """R-DB-1."""
    assert local.try_("remove-tree", state, "releases/r1").status in {64, 66}


@pytest.mark.parametrize("link", ["app_opsgate", "app_opsgate/releases", "app_opsgate/releases/r1"])
def test_a_link_in_our_own_folders_is_not_followed(local: LocalAgent, link: str, tmp_path: Path) -> None:
    """R-DB-1: a link cannot turn a release into somebody's volume."""
    (local.folder / link).parent.mkdir(parents=True, exist_ok=True)
    precious = tmp_path / "precious" / "releases" / "r1"
    precious.mkdir(parents=True)
    (precious / "data").write_text("x")
    target = {0: precious.parent.parent, 1: precious.parent, 2: precious}[link.count("/")]
    (local.folder / link).symlink_to(target)
    local.try_("remove-tree", local.state, "releases/r1")
    assert (precious / "data").exists()
