"""The safety copy: whole at every moment, never shared with live files, and cheap where little changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import pytest

from tests.integration.remote.deployment import (
    FOREIGN,
    NEW,
    OLD,
    Site,
    calls,
    killed_at,
    make_mortal,
    moments,
)
from tests.integration.remote.local_agent import LocalAgent, snapshot

Change = Callable[[Site], None]


@pytest.fixture
def copied(local: LocalAgent) -> Site:
    """A deployment with its first safety copy."""
    site = Site(local)
    local.run(*site.copy_words())
    return site


def files(site: Site) -> Path:
    return site.backup / "files"


def inodes(folder: Path) -> dict[str, int]:
    """Every regular file below a folder, and the number of its inode."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.stat().st_ino for path in found}


def deployed(site: Site) -> dict[str, str]:
    """What a safety copy of the live tree must hold: the files of the two releases, and nobody else's."""
    return {path: what for path, what in site.files().items() if path not in FOREIGN and what[:4] != "link"}


def assert_exact(site: Site) -> None:
    """R-RB-1: the copy holds what is deployed, shares nothing with it, and nothing else is left beside it."""
    held = {path: what for path, what in snapshot(files(site)).items() if what != "directory"}
    assert held == deployed(site)
    assert not set(inodes(files(site)).values()) & set(inodes(site.live).values())
    assert {path.name for path in site.backup.iterdir()} == {"files"}
    for path in held:
        live, kept = (site.live / path).stat(), (files(site) / path).stat()
        assert (kept.st_uid, kept.st_gid, int(kept.st_mtime)) == (
            live.st_uid,
            live.st_gid,
            int(live.st_mtime),
        )
        assert kept.st_nlink == 1


def rewrite(path: Path, content: str) -> None:
    """Other content, and yet the size and the time of before."""
    was = path.stat()
    assert len(content.encode()) == was.st_size
    path.write_text(content)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def test_a_safety_copy_is_no_hard_link(copied: Site) -> None:
    """R-RB-1: an in-place write to a live file must not reach its copy."""
    assert (files(copied) / "same").stat().st_ino != (copied.live / "same").stat().st_ino
    (copied.live / "same").write_text("written in place")
    assert (files(copied) / "same").read_text() == "same"


def test_only_what_changed_is_copied_anew(copied: Site) -> None:
    before = inodes(files(copied))
    (copied.live / "compose.yaml").write_text("edited")
    done = copied.local.try_(*copied.copy_words())
    assert done.status == 0, done.err
    assert f"{len(before)} deployed files in {files(copied)}, 1 of them copied anew" in done.err
    after = inodes(files(copied))
    assert {path for path in before if before[path] != after[path]} == {"compose.yaml"}
    assert_exact(copied)


def test_what_the_way_back_put_live_is_no_file_of_the_copy(copied: Site) -> None:
    """R-RB-3: and the next copy shares all of it with the one before, for it is the same again."""
    local, before = copied.local, inodes(files(copied))
    local.run(*copied.swap_words())
    local.run(*copied.unswap_words())
    assert not set(before.values()) & set(inodes(copied.live).values())
    local.run(*copied.copy_words())
    assert inodes(files(copied)) == before
    assert_exact(copied)


def test_a_copy_after_a_swap_shares_what_the_releases_have_in_common(local: LocalAgent) -> None:
    common = {f"common/{number}": "x" for number in range(20)}
    site = Site(local, {**common, **OLD}, {**common, **NEW})
    local.run(*site.copy_words())
    before = inodes(files(site))
    local.run(*site.swap_words())
    local.run(*site.copy_words())
    after = inodes(files(site))
    assert {path for path in after if before.get(path) == after[path]} == {*common, "same"}
    assert_exact(site)


def opened(site: Site, stack: ExitStack) -> list[TextIO]:
    """The files of the copy before, which can be read to the end although they leave meanwhile."""
    return [stack.enter_context((files(site) / path).open()) for path in sorted(inodes(files(site)))]


def contents(held: list[TextIO]) -> list[tuple[int, str]]:
    """Mode and text of each, from its beginning."""
    return [(os.fstat(file.fileno()).st_mode, os.pread(file.fileno(), 1000, 0).decode()) for file in held]


def edit_three(site: Site) -> None:
    for path in ("compose.yaml", "backend/app.py", "run.sh"):
        (site.live / path).write_text("edited")
        (site.live / path).chmod(0o600)


def test_the_copy_before_is_not_written_into(copied: Site) -> None:
    """R-RB-1: whoever reads it meanwhile reads what it held."""
    before = inodes(files(copied))
    with ExitStack() as stack:
        was = contents(held := opened(copied, stack))
        edit_three(copied)
        copied.local.run(*copied.copy_words())
        assert contents(held) == was
    assert inodes(files(copied))["same"] == before["same"]
    assert_exact(copied)


def edit_unseen(site: Site) -> None:
    rewrite(site.live / "same", "SAME")


def damage(site: Site) -> None:
    rewrite(files(site) / "same", "SAME")


def change_mode(site: Site) -> None:
    (site.live / "same").chmod(0o640)


def change_time(site: Site) -> None:
    os.utime(site.live / "same", (1, 1))


def share_with_live(site: Site) -> None:
    (site.live / "same").unlink()
    (site.live / "same").hardlink_to(files(site) / "same")


def share_elsewhere(site: Site) -> None:
    (site.local.folder / "elsewhere").hardlink_to(files(site) / "same")


def lose(site: Site) -> None:
    (files(site) / "same").unlink()


DOUBTS = {
    "a live file that was changed within its size and time": edit_unseen,
    "a copy that was damaged within its size and time": damage,
    "another mode": change_mode,
    "another time": change_time,
    "a copy that somebody linked into the live tree": share_with_live,
    "a copy that has a second name": share_elsewhere,
    "a copy that is gone": lose,
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_what_is_in_doubt_is_copied_anew(copied: Site, doubt: str) -> None:
    before = inodes(files(copied))
    DOUBTS[doubt](copied)
    others = {path: number for path, number in before.items() if path != "same"}
    kept = (
        (files(copied) / "same").open() if (files(copied) / "same").exists() else None
    )  # holds the inode's number
    copied.local.run(*copied.copy_words())
    after = inodes(files(copied))
    if kept is not None:
        kept.close()
        assert after["same"] != before["same"]
    assert {path: number for path, number in after.items() if path != "same"} == others
    assert_exact(copied)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_another_owner_is_copied_anew(copied: Site) -> None:
    os.chown(copied.live / "same", 65534, 65534)
    before = inodes(files(copied))
    copied.local.run(*copied.copy_words())
    assert inodes(files(copied))["same"] != before["same"]
    assert_exact(copied)


def put_link(site: Site) -> None:
    (files(site) / "link").symlink_to(site.live)


def put_link_for_folder(site: Site) -> None:
    shutil.rmtree(files(site) / "backend")
    (files(site) / "backend").symlink_to(site.live / "backend")


def put_pipe(site: Site) -> None:
    os.mkfifo(files(site) / "pipe")


def put_two_lines(site: Site) -> None:
    (files(site) / "same\nrun.sh").write_text("x")


def put_read_only_folder(site: Site) -> None:
    (files(site) / "theirs").mkdir()
    (files(site) / "theirs/file").write_text("x")
    (files(site) / "theirs").chmod(0o500)


def put_many(site: Site) -> None:
    for number in range(len(OLD) + 1):
        (files(site) / f"more {number}").write_text("x")


ODD = {
    "a link": put_link,
    "a link to a live folder": put_link_for_folder,
    "a pipe": put_pipe,
    "a name of two lines": put_two_lines,
    "a read-only folder": put_read_only_folder,
    "more that leaves than stays": put_many,
}


@pytest.mark.parametrize("what", ODD)
def test_with_a_copy_that_is_not_as_ours_are_nothing_is_shared(copied: Site, what: str) -> None:
    before = set(inodes(files(copied)).values())
    with ExitStack() as stack:
        opened(copied, stack)  # so that no inode's number is given anew
        ODD[what](copied)
        copied.local.run(*copied.copy_words())
        assert not set(inodes(files(copied)).values()) & before
    assert_exact(copied)


def test_what_left_since_is_not_in_the_next_copy_nor_its_folders(copied: Site) -> None:
    before = inodes(files(copied))
    shutil.rmtree(copied.live / "backend" / "old only")
    (files(copied) / "empty").mkdir(mode=0o755)
    (files(copied) / "strange name\t*").write_text("x")
    copied.local.run(*copied.copy_words())
    assert not (files(copied) / "backend" / "old only").exists()
    assert not (files(copied) / "empty").exists()
    assert inodes(files(copied))["same"] == before["same"]
    assert_exact(copied)


def test_a_file_that_became_a_folder_and_a_folder_that_became_a_file(local: LocalAgent) -> None:
    common = {f"file {number}": "x" for number in range(9)}
    site = Site(local, old={**common, "a": "file", "b/c/d": "folder"}, new=common)
    local.run(*site.copy_words())
    before = inodes(files(site))
    (site.live / "a").unlink()
    shutil.rmtree(site.live / "b")
    later = Site.__new__(Site)
    later.__dict__.update(site.__dict__)
    later.old = local.release("later", {**common, "a/x": "folder", "b": "file"})
    later.new = later.old
    for path in ("a/x", "b"):
        (site.live / path).parent.mkdir(exist_ok=True)
        (site.live / path).write_text("now")
    local.run(*later.copy_words())
    assert (files(site) / "a/x").read_text() == (files(site) / "b").read_text() == "now"
    assert inodes(files(site))["file 3"] == before["file 3"]


FAILING = """#!/usr/bin/dash
case "$1" in -al*) "$TOOL" "$@"; rm "$3/same"; echo 'cp: no links here' >&2; exit 1 ;; esac
exec "$TOOL" "$@"
"""


def test_where_links_cannot_be_made_everything_is_copied(copied: Site) -> None:
    local = copied.local
    before = inodes(files(copied))
    folder = local.folder / "failing"
    folder.mkdir()
    real = f"{shutil.which('busybox')} cp" if local.shell == "busybox" else str(shutil.which("cp"))
    (folder / "cp").write_text(FAILING.replace('"$TOOL"', real))
    (folder / "cp").chmod(0o755)
    with ExitStack() as stack:
        was = contents(held := opened(copied, stack))
        edit_three(copied)
        local.run(*copied.copy_words(), env={"PATH": f"{folder}:{local.env['PATH']}"})
        assert contents(held) == was
    assert not set(inodes(files(copied)).values()) & set(before.values())
    assert_exact(copied)


def test_a_second_safety_copy_replaces_the_first_one_whole(copied: Site) -> None:
    (copied.live / "backend/gone.py").unlink()
    files(copied).chmod(0o500)
    copied.local.run(*copied.copy_words())
    assert not (files(copied) / "backend/gone.py").exists()
    assert files(copied).stat().st_mode & 0o777 == 0o700
    assert_exact(copied)


def test_a_copy_killed_between_its_renames_is_mended(copied: Site) -> None:
    files(copied).rename(copied.backup / "files.old")
    shutil.copytree(copied.backup / "files.old", copied.backup / "files.part", copy_function=os.link)
    copied.local.run(*copied.copy_words())
    assert (files(copied) / "compose.yaml").read_text() == "old"
    assert_exact(copied)


def test_the_copy_after_one_of_a_stack_deployed_by_hand_is_exact(local: LocalAgent) -> None:
    """The first copy held everything, links and other people's files too; the next one what is deployed."""
    site = Site(local, old=None)
    shutil.copytree(site.new / "tree", site.live, dirs_exist_ok=True)
    (site.live / "link").symlink_to("/etc")
    local.run(*site.copy_words())
    assert (files(site) / "link").is_symlink()
    site.old = site.new
    local.run(*site.copy_words())
    assert_exact(site)


# --- killed at every step -----------------------------------------------------------------------------------------


def change(site: Site) -> None:
    """So that a copy shares, leaves out, loses a folder, and copies anew."""
    (site.live / "compose.yaml").write_text("second")
    (site.live / "run.sh").write_text("also second")
    (site.live / "backend/gone.py").unlink()
    shutil.rmtree(site.live / "backend/old only")


def restart(site: Site, first: Path) -> None:
    """The copy of before again, none of its files shared."""
    shutil.rmtree(site.backup)
    shutil.copytree(first, site.backup)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", ["before", "half"])
def test_a_safety_copy_killed_at_any_step_leaves_a_whole_one(copied: Site, how: str) -> None:
    """R-RB-1."""
    site, local = copied, copied.local
    make_mortal(local)
    change(site)
    saved = local.folder / "saved"
    shutil.copytree(site.backup, saved)
    first, same = snapshot(saved / "files"), inodes(files(site))["same"]
    (local.folder / "count").write_text("0\n")
    local.run(*site.copy_words())
    steps, second, live = calls(local), snapshot(files(site)), snapshot(site.live)
    assert steps > 12
    assert first != second
    assert inodes(files(site))["same"] == same
    for number in moments(local, steps, how):
        restart(site, saved)
        killed_at(local, number, how, site.copy_words())
        name = "files" if files(site).exists() else "files.old"
        assert snapshot(site.backup / name) in (first, second), number
        assert not set(inodes(site.backup).values()) & set(inodes(site.live).values()), number
        local.run(*site.copy_words())
        assert snapshot(files(site)) == second, number
        assert snapshot(site.live) == live, number
        assert_exact(site)
