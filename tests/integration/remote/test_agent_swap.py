"""The live tree: swap by rename, and the way back, killed at every step."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.remote.deployment import FOREIGN, Site, calls, killed_at, make_mortal, moments
from tests.integration.remote.local_agent import LocalAgent, snapshot


def test_a_swap_brings_the_new_release_and_touches_nothing_else(local: LocalAgent) -> None:
    """R-RB-1: and the safety copy holds what was there."""
    site = Site(local)
    before = site.files()
    untouched = {path: (site.live / path).stat().st_ino for path in ["same", *FOREIGN]}
    folders = {path: (site.live / path).stat().st_ino for path in [".", "backend", "uploads"]}
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    assert site.files() == site.wanted()
    assert {path: (site.live / path).stat().st_ino for path in untouched} == untouched
    assert {path: (site.live / path).stat().st_ino for path in folders} == folders
    kept = {path: what for path, what in snapshot(site.backup / "files").items() if what != "directory"}
    assert kept == {path: what for path, what in before.items() if path not in FOREIGN}
    assert (site.live / "brand/new").stat().st_mode & 0o777 == 0o755


def test_unswap_brings_back_exactly_what_was_there(local: LocalAgent) -> None:
    """R-RB-3."""
    site = Site(local)
    before = snapshot(site.live)
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    (site.live / "uploads" / "meanwhile").write_text("kept")
    before["uploads/meanwhile"] = f"644 {b'kept'!r}"
    local.run(*site.unswap_words())
    assert snapshot(site.live) == before
    local.run(*site.unswap_words())
    assert snapshot(site.live) == before


def test_a_swap_that_was_taken_back_is_not_done_again_under_the_same_record(local: LocalAgent) -> None:
    site = Site(local)
    for words in (site.copy_words(), site.swap_words(), site.unswap_words()):
        local.run(*words)
    assert local.try_(*site.swap_words()).status == 65


def test_unswap_without_a_swap_does_nothing(local: LocalAgent) -> None:
    site = Site(local)
    before = snapshot(site.live)
    local.run(*site.unswap_words())
    assert snapshot(site.live) == before


def test_a_folder_that_got_foreign_files_meanwhile_stays_when_the_swap_is_taken_back(
    local: LocalAgent,
) -> None:
    site = Site(local)
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    (site.live / "brand/new/theirs").write_text("x")
    local.run(*site.unswap_words())
    assert (site.live / "brand/new/theirs").read_text() == "x"
    assert not (site.live / "brand/new/folder").exists()


def test_a_first_deploy_makes_the_folder_and_can_be_taken_back(local: LocalAgent) -> None:
    site = Site(local, old=None)
    shutil.rmtree(site.live)
    local.run(*site.copy_words())
    assert site.live.stat().st_mode & 0o777 == 0o755
    assert snapshot(site.backup / "files") == {}
    assert site.backup.stat().st_mode & 0o777 == 0o700
    local.run(*site.swap_words())
    assert (site.live / "brand/new/second").read_text() == "added"
    local.run(*site.unswap_words())
    assert snapshot(site.live) == {}


def test_a_stack_that_was_deployed_by_hand_is_copied_whole(local: LocalAgent) -> None:
    site = Site(local, old=None)
    for path, content in {"compose.yaml": "by hand", "unknown/file": "x"}.items():
        (site.live / path).parent.mkdir(exist_ok=True)
        (site.live / path).write_text(content)
    (site.live / "link").symlink_to("/etc")
    before = snapshot(site.live)
    local.run(*site.copy_words())
    assert snapshot(site.backup / "files") == before
    local.run(*site.swap_words())
    assert (site.live / "compose.yaml").read_text() == "new"
    assert (site.live / "unknown/file").exists()
    local.run(*site.unswap_words())
    assert snapshot(site.live) == before


@pytest.mark.skipif(os.getuid() != 0, reason="only root can play another user's data and read them not")
def test_data_of_another_user_are_left_out_by_name(local: LocalAgent, tmp_path: Path) -> None:
    site = Site(local, old=None)
    data = site.live / "pgdata"
    data.mkdir()
    (data / "base").write_text("x")
    data.chmod(0o700)
    for path in [tmp_path, *tmp_path.rglob("*")]:
        if data not in [path, *path.parents] and not path.is_symlink():
            os.chown(path, 65534, 65534)
    for parent in tmp_path.parents:
        if parent != Path("/") and parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    argv = [*local.argv, str(local.script), *map(str, site.copy_words())]
    done = subprocess.run(argv, env=local.env, user=65534, group=65534, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"pgdata" in done.stderr
    assert (site.backup / "files" / ".env.prod").exists()
    assert not (site.backup / "files" / "pgdata" / "base").exists()


DETOURS = {
    "a folder that is a link": ("backend", "link"),
    "a file that is a link": ("compose.yaml", "link"),
    "a folder where a file must go": ("run.sh", "folder"),
    "a file where a folder must go": ("brand", "file"),
    "a pipe where a file must go": ("compose.yaml", "pipe"),
}


@pytest.mark.parametrize("what", DETOURS)
@pytest.mark.parametrize("verb", ["safety-copy", "swap"])
def test_a_detour_in_the_live_tree_is_refused_before_anything_changes(
    local: LocalAgent, what: str, verb: str, tmp_path: Path
) -> None:
    site = Site(local)
    name, kind = DETOURS[what]
    place = site.live / name
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "app.py").write_text("not ours")
    match kind:
        case "link":
            place.symlink_to(elsewhere if name == "backend" else elsewhere / "app.py")
        case "folder":
            place.mkdir()
        case "file":
            place.write_text("x")
        case "pipe":
            os.mkfifo(place)
    if kind == "pipe":
        before: object = sorted(path.name for path in site.live.iterdir())
    else:
        before = snapshot(site.live)
    done = local.try_(*(site.copy_words() if verb == "safety-copy" else site.swap_words()))
    assert done.status == 66
    assert str(place) in done.err
    after = sorted(path.name for path in site.live.iterdir()) if kind == "pipe" else snapshot(site.live)
    assert after == before
    assert (elsewhere / "app.py").read_text() == "not ours"
    assert not site.undo.exists()


def test_another_swap_under_the_same_record_is_refused(local: LocalAgent) -> None:
    site = Site(local)
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    other = local.release("other", {"compose.yaml": "third"})
    done = local.try_("swap", site.live, other / "tree", other / "manifest", "-", site.undo)
    assert done.status == 65


def test_a_damaged_release_tree_changes_nothing(local: LocalAgent) -> None:
    site = Site(local)
    before = snapshot(site.live)
    (site.new / "tree" / "backend" / "added.py").write_text("not what the manifest says")
    assert local.try_(*site.swap_words()).status == 1
    after = {path: what for path, what in snapshot(site.live).items() if not path.startswith("brand")}
    assert after == before


def test_a_missing_safety_copy_stops_the_way_back(local: LocalAgent) -> None:
    site = Site(local)
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    (site.backup / "files" / "compose.yaml").unlink()
    after_swap = snapshot(site.live)
    assert local.try_(*site.unswap_words()).status == 1
    assert snapshot(site.live) == after_swap


# --- killed at every step -----------------------------------------------------------------------------------------


@pytest.fixture
def mortal(local: LocalAgent) -> Site:
    site = Site(local)
    make_mortal(local)
    return site


def restart(site: Site, before: Path) -> None:
    """The state before the swap again."""
    shutil.rmtree(site.live)
    shutil.copytree(before, site.live, symlinks=True)
    shutil.rmtree(site.undo.parent, ignore_errors=True)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", ["before", "half"])
@pytest.mark.parametrize("then", ["swap", "unswap"])
def test_a_swap_killed_at_any_step_can_be_finished_and_taken_back(mortal: Site, how: str, then: str) -> None:
    """R-RB-3."""
    site, local = mortal, mortal.local
    local.run(*site.copy_words())
    before = local.folder / "before"
    shutil.copytree(site.live, before, symlinks=True)
    (local.folder / "count").write_text("0\n")
    local.run(*site.swap_words())
    steps = calls(local)
    assert steps > 15
    for number in moments(local, steps, how):
        restart(site, before)
        killed_at(local, number, how, site.swap_words())
        if then == "swap":
            local.run(*site.swap_words())
            assert site.files() == site.wanted(), number
        else:
            local.run(*site.unswap_words())
            assert snapshot(site.live) == snapshot(before), number


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", ["before", "half"])
def test_the_way_back_killed_at_any_step_can_be_finished(mortal: Site, how: str) -> None:
    """R-RB-3."""
    site, local = mortal, mortal.local
    local.run(*site.copy_words())
    before = local.folder / "before"
    shutil.copytree(site.live, before, symlinks=True)
    local.run(*site.swap_words())
    (local.folder / "count").write_text("0\n")
    local.run(*site.unswap_words())
    for number in moments(local, calls(local), how):
        restart(site, before)
        local.run(*site.swap_words())
        killed_at(local, number, how, site.unswap_words())
        local.run(*site.unswap_words())
        assert snapshot(site.live) == snapshot(before), number


def test_three_thousand_files_take_seconds(local: LocalAgent) -> None:
    old = {f"d{number % 200}/f{number}": f"old {number}" for number in range(3000)}
    new = {f"d{number % 200}/f{number}": f"new {number}" for number in range(3000)}
    site = Site(local, old, new)
    began = time.monotonic()
    local.run(*site.copy_words())
    copied = time.monotonic()
    local.run(*site.swap_words())
    swapped = time.monotonic()
    print(f"{local.shell}: safety copy {copied - began:.2f} s, swap {swapped - copied:.2f} s")
    assert swapped - began < 20
    assert (site.live / "d7/f7").read_text() == "new 7"
