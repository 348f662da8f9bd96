"""Between two releases a file becomes a folder, and a folder a file: there and back, and nothing foreign is ever removed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.integration.remote.deployment import Site, Tree, Words, calls, killed_at, make_mortal, moments
from tests.integration.remote.local_agent import LocalAgent, listing_of, snapshot

ONE: Tree = {
    "same": "same",
    "conf": "a file",
    "tools": ("#!/bin/sh\n", 0o755),
    "data/a.txt": "a",
    "data/deep er/b.txt": "b",
    "gone/x": "x",
    "gone/deeper/y": "y",
    "left/x": "x",
    "swap/me/here": "1",
}
OTHER: Tree = {
    "same": "same, and changed",
    "conf/a.txt": "in a folder",
    "conf/b/c": "deeper",
    "tools/run.sh": ("#!/bin/sh\n", 0o755),
    "data": "now a file",
    "left/y": "y",
    "swap/me": "2",
}


def shape(folder: Path) -> dict[str, str]:
    """With the modes of folders."""
    return {
        name: f"{(folder / name).stat().st_mode:o}" if what == "directory" else what
        for name, what in snapshot(folder).items()
    }


def deployed(local: LocalAgent, old: Tree, new: Tree) -> Site:
    site = Site(local, old, new)
    for folder in ("data", "gone", "conf"):
        if (site.live / folder).is_dir():
            (site.live / folder).chmod(0o2775)
    return site


BOTH_WAYS = pytest.mark.parametrize(("old", "new"), [(ONE, OTHER), (OTHER, ONE)], ids=["there", "back"])


@BOTH_WAYS
def test_a_path_turns_and_turns_back(local: LocalAgent, old: Tree, new: Tree) -> None:
    """R-RB-3: what stood in the way was the release before, and it is all there again when the swap is taken back."""
    site = deployed(local, old, new)
    before = shape(site.live)
    local.run(*site.copy_words())
    kept = {path: what for path, what in snapshot(site.backup / "files").items() if what != "directory"}
    assert kept == {path: what for path, what in site.files().items() if path in old}
    local.run(*site.swap_words())
    assert site.files() == site.wanted(new)
    local.run(*site.unswap_words())
    assert shape(site.live) == before


@BOTH_WAYS
def test_the_folders_of_a_release_go_with_its_last_file(local: LocalAgent, old: Tree, new: Tree) -> None:
    """Else a later release could have no file in their place."""
    site = deployed(local, old, new)
    (site.live / "left" / "empty").mkdir(parents=True)
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    wanted = {str(parent) for path in site.wanted(new) for parent in Path(path).parents} - {"."}
    folders = {path for path, what in snapshot(site.live).items() if what == "directory"}
    assert folders == wanted | {"left/empty"}


def test_a_release_without_a_folder_makes_room_for_a_file_of_a_later_one(local: LocalAgent) -> None:
    site = Site(local, {"conf/a.txt": "a", "x": "x"}, {"x": "x"})
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    assert not (site.live / "conf").exists()
    later = local.release("later", {"x": "x", "conf": "a file"})
    words = (later / "manifest", site.new / "manifest")
    local.run("safety-copy", site.live, site.backup, *words)
    local.run("swap", site.live, later / "tree", *words, local.state / "undo" / "op-2")
    assert (site.live / "conf").read_text() == "a file"


# --- what is not of the release before ----------------------------------------------------------------------------


def foreign_file(site: Site) -> str:
    (site.live / "data" / "theirs").write_text("x")
    return "data/theirs"


def foreign_folder(site: Site) -> str:
    (site.live / "data" / "deep er" / "empty").mkdir()
    return "data/deep er/empty"


def foreign_link(site: Site) -> str:
    (site.live / "data" / "link").symlink_to("/etc")
    return "data/link"


def foreign_name(site: Site) -> str:
    (site.live / "data" / "a.txt\nzz").write_text("x")
    return "data"


def edited_in_the_folder(site: Site) -> str:
    (site.live / "data" / "a.txt").write_text("edited")
    return "data/a.txt"


def edited_file(site: Site) -> str:
    (site.live / "conf").write_text("edited")
    return "conf"


def a_link_in_place_of_the_folder(site: Site) -> str:
    (site.live / "data").rename(site.local.folder / "elsewhere")
    (site.live / "data").symlink_to(site.local.folder / "elsewhere")
    return "data"


def a_link_above_a_folder_of_the_release(site: Site) -> str:
    shutil.rmtree(site.live / "gone")
    (site.local.folder / "elsewhere" / "deeper").mkdir(parents=True)
    (site.live / "gone").symlink_to(site.local.folder / "elsewhere")
    return "gone"


FOREIGN_THINGS = [
    foreign_file,
    foreign_folder,
    foreign_link,
    foreign_name,
    edited_in_the_folder,
    edited_file,
    a_link_in_place_of_the_folder,
    a_link_above_a_folder_of_the_release,
]


def blocking(site: Site, *keep: str, tree: Tree = OTHER) -> list[str]:
    """What the agent says would stop the swap."""
    words = (site.live, site.old_manifest, *keep)
    return site.local.run("blocking", *words, stdin=listing_of(tree)).decode().splitlines()


@pytest.mark.parametrize("put", FOREIGN_THINGS)
def test_what_is_foreign_in_the_way_is_told_and_refused_and_stays(local: LocalAgent, put: object) -> None:
    """R-UX-1: the plan knows what the safety copy and the swap would refuse."""
    assert callable(put)
    site = Site(local, ONE, OTHER)
    assert blocking(site) == ["0"]
    path = put(site)
    assert blocking(site) == [path, "1"]
    before = snapshot(local.folder)
    for words in (site.copy_words(), site.swap_words()):
        assert local.try_(*words).status == 66
    after = {name: what for name, what in snapshot(local.folder).items() if name in before}
    assert after == before
    assert not site.undo.exists()


def test_the_server_s_own_file_does_not_make_way(local: LocalAgent) -> None:
    """A file that is never removed (the env file) stays where the new release has a folder."""
    site = Site(local, {".env": "A=1"}, {".env/a": "x"})
    assert blocking(site, ".env", tree={".env/a": "x"}) == [".env", "1"]
    for words in (site.copy_words(), site.swap_words()):
        assert local.try_(*words, ".env").status == 66
    assert (site.live / ".env").read_text() == "A=1"


def test_without_the_old_manifest_nothing_makes_way(local: LocalAgent) -> None:
    site = Site(local, ONE, OTHER)
    (site.old / "manifest").unlink() if site.old else None
    assert blocking(site) == ["conf", "data", "swap/me", "tools", "4"]
    assert local.try_(*site.copy_words()).status == 66


def test_where_nothing_is_deployed_nothing_blocks(local: LocalAgent) -> None:
    assert local.run("blocking", local.live, "-", stdin=listing_of(ONE)) == b"0\n"


def test_only_the_first_of_very_many_are_named(local: LocalAgent) -> None:
    tree: Tree = {f"f{number}": "x" for number in range(230)}
    for path in tree:
        (local.live / path).mkdir(parents=True)
    found = local.run("blocking", local.live, "-", stdin=listing_of(tree)).splitlines()
    assert (len(found), found[-1]) == (201, b"230")


def test_what_may_not_be_read_blocks(local: LocalAgent) -> None:
    site = Site(local, ONE, OTHER)
    if os.getuid() == 0:  # who may read everything is made like anybody else
        setpriv = shutil.which("setpriv")
        assert setpriv
        local.argv = [setpriv, "--bounding-set=-dac_override,-dac_read_search", *local.argv]
    (site.live / "same").chmod(0)
    # busybox asks who one is, not the kernel: it takes root for able to read whatever there is
    sees_it = os.getuid() != 0 or local.shell != "busybox"
    assert blocking(site) == (["same", "1"] if sees_it else ["0"])


def test_what_came_between_the_copy_and_the_swap_stays(local: LocalAgent) -> None:
    """Also when the swap had been begun: nothing leaves before all that is in its way may."""
    site = Site(local, ONE, OTHER)
    local.run(*site.copy_words())
    make_mortal(local)
    number = 0
    while not site.undo.exists():
        number += 1
        killed_at(local, number, "before", site.swap_words())
    foreign_file(site)
    before = snapshot(site.live)
    done = local.try_(*site.swap_words())
    assert done.status == 66
    assert "data/theirs" in done.err
    assert snapshot(site.live) == before
    (site.live / "data" / "theirs").unlink()
    local.run(*site.swap_words())
    assert site.files() == site.wanted(OTHER)


def test_what_came_after_the_swap_stays_when_it_is_taken_back(local: LocalAgent) -> None:
    site = Site(local, ONE, OTHER)
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    (site.live / "conf" / "theirs").write_text("x")
    before = snapshot(site.live)
    done = local.try_(*site.unswap_words())
    assert done.status == 66
    assert "conf/theirs" in done.err
    assert snapshot(site.live) == before
    (site.live / "conf" / "theirs").unlink()
    local.run(*site.unswap_words())
    assert (site.live / "conf").read_text() == "a file"


def test_a_damaged_release_tree_moves_nothing_out_of_the_way(local: LocalAgent) -> None:
    site = Site(local, ONE, OTHER)
    (site.new / "tree" / "conf" / "a.txt").write_text("not what the manifest says")
    before = snapshot(site.live)
    assert local.try_(*site.swap_words()).status == 1
    assert snapshot(site.live) == before


def test_a_swap_that_an_older_version_began_is_taken_back(local: LocalAgent) -> None:
    """Its record names no folders."""
    site = Site(local)
    before = snapshot(site.live)
    local.run(*site.copy_words())
    local.run(*site.swap_words())
    (site.undo / "emptied").unlink()
    local.run(*site.unswap_words())
    assert snapshot(site.live) == before


# --- killed at every step -----------------------------------------------------------------------------------------

SHORT: Tree = {"same": "1", "conf": "a file", "data/deep er/b.txt": "b", "gone/x": "x"}
SHORT_TURNED: Tree = {"same": "2", "conf/b/c": "deeper", "data": "now a file"}


@pytest.fixture
def mortal(local: LocalAgent) -> Site:
    """Copied already; `before` beside it is what was live."""
    site = deployed(local, SHORT, SHORT_TURNED)
    shutil.copytree(site.live, local.folder / "before")
    local.run(*site.copy_words())
    make_mortal(local)
    return site


def restart(site: Site) -> None:
    shutil.rmtree(site.live)
    shutil.copytree(site.local.folder / "before", site.live)
    shutil.rmtree(site.undo.parent, ignore_errors=True)


def steps(site: Site, words: Words) -> int:
    (site.local.folder / "count").write_text("0\n")
    site.local.run(*words)
    return calls(site.local)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["before", "half"])
@pytest.mark.parametrize("then", ["swap", "unswap"])
def test_a_swap_killed_at_any_step_can_be_finished_and_taken_back(mortal: Site, how: str, then: str) -> None:
    """R-RB-3."""
    site, local = mortal, mortal.local
    was, number_of_steps = shape(site.live), steps(site, mortal.swap_words())
    whole = shape(site.live)
    for number in moments(local, number_of_steps, how):
        restart(site)
        killed_at(local, number, how, site.swap_words())
        local.run(*(site.swap_words() if then == "swap" else site.unswap_words()))
        assert shape(site.live) == (whole if then == "swap" else was), number


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["before", "half"])
def test_the_way_back_killed_at_any_step_can_be_finished(mortal: Site, how: str) -> None:
    """R-RB-3."""
    site, local = mortal, mortal.local
    was = shape(site.live)
    local.run(*site.swap_words())
    for number in moments(local, steps(site, site.unswap_words()), how):
        restart(site)
        local.run(*site.swap_words())
        killed_at(local, number, how, site.unswap_words())
        local.run(*site.unswap_words())
        assert shape(site.live) == was, number
