"""Releases: unpacked whole and proven, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.remote.local_agent import (
    LocalAgent,
    Member,
    archive_of,
    listing_of,
    member,
    packed,
    snapshot,
    unpacking,
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


def refused(
    local: LocalAgent, listing: bytes, archive: bytes, name: str = "r1", promised: bytes = b""
) -> str:
    """Unpacks, expects a refusal that leaves nothing behind, and gives its reason. `promised`: another archive's size."""
    folder = local.state / "releases" / name
    done = local.try_("unpack", *unpacking(folder, listing, promised or archive), stdin=archive)
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
    folder = local.state / "releases" / "r1"
    assert local.try_("unpack", *unpacking(folder, listing, archive), stdin=archive).status == 65


def test_an_archive_cut_anywhere_leaves_nothing(local: LocalAgent) -> None:
    listing, archive = packed(TREE)
    for part in (0, 1, 30, len(archive) // 2, len(archive) - 9, len(archive) - 1):
        refused(local, listing, archive[:part])
        refused(local, listing, archive[:part], promised=archive)


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
    done = local.try_("unpack", *unpacking(folder, listing + b"x", archive), stdin=archive)
    assert done.status == 1
    assert not folder.exists()


# --- what is there already does not travel -----------------------------------------------------------------------

NEWER = TREE | {"empty": "no more", "it's": ("quoted", 0o755), "new/er": "x"}
DROPPED = "a -> b"


def on_top(base: Mapping[str, Any], tree: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The whole manifest of `tree`, and an archive of what `base` has not."""
    listing = listing_of(tree)
    has = set(listing_of(base).splitlines())
    carried = {line[71:].decode() for line in listing.splitlines() if line not in has}
    archive = packed({path: value for path, value in tree.items() if path in carried}, listing)[1]
    return listing, archive


def test_only_what_changed_travels_and_the_rest_is_shared_with_the_base(local: LocalAgent) -> None:
    base = local.release("r1", TREE)
    newer = {path: value for path, value in NEWER.items() if path != DROPPED}
    listing, archive = on_top(TREE, newer)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert sorted(tar.getnames()) == ["manifest", "tree/empty", "tree/it's", "tree/new/er"]
    before, folder = snapshot(base), local.state / "releases" / "r2"
    local.run("unpack", *unpacking(folder, listing, archive, base=base), stdin=archive)
    local.run("verify", folder / "tree", folder / "manifest")
    assert (folder / "tree" / "it's").stat().st_mode & 0o777 == 0o755
    assert (folder / "tree" / "compose.yaml").samefile(base / "tree" / "compose.yaml")
    assert snapshot(base) == before
    own = [base / "manifest", *(base / "tree" / path for path in (DROPPED, "empty", "it's"))]
    freed = sum(path.stat().st_size for path in own)
    assert int(local.run("remove-tree", local.state, "releases/r1")) == freed
    local.run("verify", folder / "tree", folder / "manifest")
    every = [path for path in folder.rglob("*") if path.is_file()]
    freed = sum(path.stat().st_size for path in every)
    assert int(local.run("remove-tree", local.state, "releases/r2")) == freed
    assert local.run("remove-tree", local.state, "releases/r2") == b"0\n"


def test_nothing_changed_is_a_release_of_its_own_all_the_same(local: LocalAgent) -> None:
    base = local.release("r1", TREE)
    listing, archive = on_top(TREE, TREE)
    folder = local.state / "releases" / "r2"
    local.run("unpack", *unpacking(folder, listing, archive, base=base), stdin=archive)
    local.run("verify", folder / "tree", folder / "manifest")


def test_what_somebody_left_in_the_base_is_not_taken_along(local: LocalAgent) -> None:
    base = local.release("r1", TREE)
    (base / "tree" / "NOTES").write_text("left here")
    (base / "tree" / "more").mkdir()
    (base / "tree" / "more" / "notes").write_text("and here")
    (base / "tree" / ".env.prod").symlink_to("/nowhere")
    listing, archive = on_top(TREE, NEWER)
    folder = local.state / "releases" / "r2"
    local.run("unpack", *unpacking(folder, listing, archive, base=base), stdin=archive)
    local.run("verify", folder / "tree", folder / "manifest")
    assert not (folder / "tree" / "more").exists()
    assert (base / "tree" / "NOTES").exists()


def test_where_the_disk_knows_no_hard_links_the_base_is_copied(local: LocalAgent) -> None:
    base = local.release("r1", TREE)
    listing, archive = on_top(TREE, NEWER)
    folder, real = local.state / "releases" / "r2", shutil.which("cp", path=local.env["PATH"])
    tools = local.folder / "tools"
    tools.mkdir()
    (tools / "cp").write_text(f'#!/bin/sh\n[ "$1" != -al ] || exit 1\nexec {real} "$@"\n')
    (tools / "cp").chmod(0o755)
    env = {"PATH": f"{tools}:{local.env['PATH']}"}
    local.run("unpack", *unpacking(folder, listing, archive, base=base), stdin=archive, env=env)
    local.run("verify", folder / "tree", folder / "manifest")
    assert not (folder / "tree" / "compose.yaml").samefile(base / "tree" / "compose.yaml")


def _edited(base: Path) -> None:
    (base / "tree" / "compose.yaml").write_text("services: {evil}\n")


def _executable(base: Path) -> None:
    (base / "tree" / "compose.yaml").chmod(0o755)


def _gone(base: Path) -> None:
    (base / "tree" / "compose.yaml").unlink()


def _a_link(base: Path) -> None:
    _gone(base)
    (base / "tree" / "compose.yaml").symlink_to("/etc/hostname")


def _without_manifest(base: Path) -> None:
    (base / "manifest").unlink()


@pytest.mark.parametrize("harm", [_edited, _executable, _gone, _a_link, _without_manifest])
def test_a_base_that_is_not_what_it_was_is_never_built_on(
    local: LocalAgent, harm: Callable[[Path], None]
) -> None:
    base = local.release("r1", TREE)
    harm(base)
    listing, archive = on_top(TREE, NEWER)
    folder = local.state / "releases" / "r2"
    done = local.try_("unpack", *unpacking(folder, listing, archive, base=base), stdin=archive)
    assert done.status == 67, done.err
    assert [path.name for path in folder.parent.iterdir()] == ["r1"]
    assert (base / "unusable").exists() == (
        harm is not _without_manifest
    )  # so that the next plan sends everything


def test_an_archive_with_a_link_out_of_the_tree_is_refused_on_top_of_a_base_too(local: LocalAgent) -> None:
    base = local.release("r1", TREE)
    listing = listing_of(NEWER)
    for evil in EVIL.values():
        archive = archive_of([member("manifest", listing), *evil])
        done = local.try_(
            "unpack", *unpacking(local.state / "releases" / "r2", listing, archive, base=base), stdin=archive
        )
        assert done.status == 66, done.err


@pytest.mark.parametrize("base", ["/etc", "../r1", "elsewhere"])
def test_a_base_outside_the_releases_is_refused(local: LocalAgent, base: str) -> None:
    local.release("r1", TREE)
    listing, archive = on_top(TREE, NEWER)
    place = local.state / "releases" / base if "/" not in base else Path(base)
    folder = local.state / "releases" / "r2"
    done = local.try_("unpack", *unpacking(folder, listing, archive, base=place), stdin=archive)
    assert done.status in {64, 66, 67}, done.err
    assert not folder.exists()


# --- a transfer that broke goes on where it stood ----------------------------------------------------------------


def test_a_broken_transfer_goes_on_where_it_stood(local: LocalAgent) -> None:
    listing, archive = packed(TREE)
    folder, half = local.state / "releases" / "r1", len(archive) // 2
    assert int(local.run("arrived", folder)) == 0
    assert local.try_("unpack", *unpacking(folder, listing, archive), stdin=archive[:half]).status == 1
    assert int(local.run("arrived", folder)) == half
    local.run("unpack", *unpacking(folder, listing, archive, offset=half), stdin=archive[half:])
    local.run("verify", folder / "tree", folder / "manifest")
    assert list((local.state / "incoming").iterdir()) == []


def test_a_sender_that_hangs_is_cut_off_and_what_it_brought_is_kept(local: LocalAgent) -> None:
    """After a VPN drop the host's end of the old transfer waits for bytes that never come, with its file locked."""
    listing, archive = packed(TREE)
    folder, half = local.state / "releases" / "r1", len(archive) // 2
    with local.start("unpack", *unpacking(folder, listing, archive), stdin=archive) as hanging:
        assert hanging.stdin is not None
        hanging.stdin.write(archive[:half])
        hanging.stdin.flush()
        incoming = local.state / "incoming" / "r1"
        while not incoming.exists() or incoming.stat().st_size < half:
            time.sleep(0.01)
        assert int(local.run("arrived", folder)) == half
        local.run("unpack", *unpacking(folder, listing, archive, offset=half), stdin=archive[half:])
        hanging.kill()
        hanging.stdin.close()
    local.run("verify", folder / "tree", folder / "manifest")


def test_a_part_that_is_longer_than_its_sender_thinks_is_not_appended_to(local: LocalAgent) -> None:
    listing, archive = packed(TREE)
    folder = local.state / "releases" / "r1"
    local.try_("unpack", *unpacking(folder, listing, archive), stdin=archive[:50])
    done = local.try_("unpack", *unpacking(folder, listing, archive, offset=20), stdin=archive[20:])
    assert done.status == 75
    local.run("unpack", *unpacking(folder, listing, archive, offset=50), stdin=archive[50:])


def test_a_part_that_was_damaged_is_refused_once_and_then_sent_anew(local: LocalAgent) -> None:
    listing, archive = packed(TREE)
    folder = local.state / "releases" / "r1"
    local.try_("unpack", *unpacking(folder, listing, archive), stdin=archive[:50])
    (local.state / "incoming" / "r1").write_bytes(b"x" * 50)
    assert (
        local.try_("unpack", *unpacking(folder, listing, archive, offset=50), stdin=archive[50:]).status == 1
    )
    assert int(local.run("arrived", folder)) == 0
    local.release("r1", TREE)


def test_what_another_release_left_half_sent_goes(local: LocalAgent) -> None:
    listing, archive = packed(TREE)
    local.try_("unpack", *unpacking(local.state / "releases" / "r1", listing, archive), stdin=archive[:50])
    local.release("r2", TREE)
    assert list((local.state / "incoming").iterdir()) == []


# --- drift ----------------------------------------------------------------------------------------------------------


def drift(local: LocalAgent, live: Path, manifest: Path) -> list[str]:
    return local.run("drift", live, manifest).decode().splitlines()


def test_drift_names_what_was_edited_and_what_is_gone(local: LocalAgent) -> None:
    release = local.release("r1", TREE)
    live = local.folder / "live"
    shutil.copytree(release / "tree", live)
    assert drift(local, live, release / "manifest") == ["0"]
    (live / "compose.yaml").write_text("by hand\n")
    (live / "empty").unlink()
    (live / "it's").unlink()
    (live / "it's").symlink_to("/etc/hostname")
    (live / "backend" / "scripts" / "run.sh").chmod(0o644)
    (live / "the server's own").write_text("is no drift")
    mine = hashlib.sha256(b"by hand\n").hexdigest()
    assert drift(local, live, release / "manifest") == [
        f"{hashlib.sha256(b'#!/bin/sh' + chr(10).encode()).hexdigest()} 10 644 backend/scripts/run.sh",
        f"{mine} 8 644 compose.yaml",
        "gone - - empty",
        "odd - - it's",
        "4",
    ]


def test_drift_from_a_manifest_that_is_only_told(local: LocalAgent) -> None:
    """What only the next release has, and somebody made on the server already."""
    local.live.mkdir()
    (local.live / "conf").write_text("handmade")
    listing = listing_of({"conf": "shipped", "not there": "x"})
    found = local.run("drift", local.live, "-", stdin=listing).decode().splitlines()
    assert found == [f"{hashlib.sha256(b'handmade').hexdigest()} 8 644 conf", "gone - - not there", "2"]


def test_what_a_swap_would_replace_unseen(local: LocalAgent) -> None:
    """What stands where the new release has a file, and is neither as that nor as the old release says."""
    old = local.release(
        "old", {"same": "1", "edited": "1", "dropped": "1", "ahead": "1", "gone": "1", "x.sh": "1"}
    )
    new = local.release(
        "new",
        {"same": "2", "edited": "2", "ahead": "2", "gone": "2", "x.sh": "2", "handmade": "2", "new": "2"},
    )
    shutil.copytree(old / "tree", local.live)
    words = ("drift", local.live, new / "manifest", old / "manifest")
    assert local.run(*words) == b"0\n"
    (local.live / "edited").write_text("by hand")
    (local.live / "dropped").write_text("by hand")
    (local.live / "ahead").write_text("2")  # as the new release has it
    (local.live / "gone").unlink()
    (local.live / "x.sh").chmod(0o755)
    (local.live / "handmade").symlink_to("nowhere")
    assert local.run(*words).decode().splitlines() == [
        f"{hashlib.sha256(b'by hand').hexdigest()} 7 644 edited",
        "odd - - handmade",
        f"{hashlib.sha256(b'1').hexdigest()} 1 755 x.sh",
        "3",
    ]


def test_of_many_new_files_only_those_that_stand_there_already_are_told(local: LocalAgent) -> None:
    """Else a release with more new files than are named would look like drift."""
    local.live.mkdir()
    (local.live / "f229").write_text("handmade")
    listing = listing_of({f"f{number}": "x" for number in range(230)})
    found = local.run("drift", local.live, "-", "-", stdin=listing).decode().splitlines()
    assert found == [f"{hashlib.sha256(b'handmade').hexdigest()} 8 644 f229", "1"]


def test_only_the_first_of_very_many_are_named(local: LocalAgent) -> None:
    release = local.release("r1", {f"f{number}": "x" for number in range(230)})
    local.live.mkdir()
    found = drift(local, local.live, release / "manifest")
    assert (len(found), found[-1]) == (201, "230")


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
