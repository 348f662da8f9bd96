"""The index of what was hashed: what nobody touched is not read again, and whatever was touched is, however well hidden."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.remote.local_agent import LocalAgent, listing_of, packed, unpacking

TREE: dict[str, str | tuple[str, int]] = {
    "compose.yaml": "services",
    "bin/run": ("#!/bin/sh", 0o755),
    "a b/c'd.txt": "odd",
    "web/index.html": "<p>one</p>",
}
FILE = "web/index.html"
AT_ONCE = {"OPSGATE_INDEX_CALM": "-5"}
"""For tests about something else: a file may be believed as soon as it was hashed."""
SPY = """#!/bin/sh
if [ "$1" = -c ] && [ $# = 1 ]; then
    cat >"$0.in"
    cat "$0.in" >>"$0.read"
    exec {real} -c <"$0.in"
fi
exec {real} "$@"
"""


def wrapped(local: LocalAgent, name: str, text: str) -> Path:
    """A program in the place of one of the host's; `{real}` in its text is that one."""
    folder = local.folder / "wrapped"
    folder.mkdir(exist_ok=True)
    real = shutil.which(name, path=local.env["PATH"].removeprefix(f"{folder}:"))
    assert real is not None
    (folder / name).write_text(text.replace("{real}", real))
    (folder / name).chmod(0o755)
    if not local.env["PATH"].startswith(f"{folder}:"):
        local.env["PATH"] = f"{folder}:{local.env['PATH']}"
    return folder / name


class Spy:
    """Which files are hashed against a manifest."""

    def __init__(self, local: LocalAgent) -> None:
        self._read = wrapped(local, "sha256sum", SPY).with_name("sha256sum.read")

    def hashed(self) -> set[str]:
        """Since the last question."""
        lines = self._read.read_text().splitlines() if self._read.exists() else []
        self._read.unlink(missing_ok=True)
        return {line[68:] for line in lines}


def intact(local: LocalAgent, release: Path) -> int:
    promised = hashlib.sha256((release / "manifest").read_bytes()).hexdigest()
    return local.try_("intact", release / "tree", release / "manifest", promised, env=AT_ONCE).status


def drifted(local: LocalAgent, release: Path) -> str:
    """What drifted in the live tree, as the agent says it; its last line counts."""
    return local.run("drift", local.live, release / "manifest", env=AT_ONCE).decode()


def deployed(local: LocalAgent) -> Path:
    """A release, and the same files live."""
    release = local.release("r1", TREE)
    shutil.copytree(release / "tree", local.live)
    return release


def test_what_nobody_touched_is_not_read_again(local: LocalAgent) -> None:
    release, spy = deployed(local), Spy(local)
    for look in (lambda: intact(local, release), lambda: drifted(local, release)):
        look()
        assert spy.hashed() == {*TREE}
        look()
        assert spy.hashed() == set()
    (local.live / FILE).touch()
    assert drifted(local, release) == "0\n"
    assert spy.hashed() == {FILE}
    assert drifted(local, release) == "0\n"
    assert spy.hashed() == set()


def _edited(file: Path) -> None:
    """The same size, and the time of its change put back."""
    was = file.stat()
    file.write_text(file.read_text().swapcase())
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))


def _replaced(file: Path) -> None:
    """Another inode with the size and the time of the old one."""
    was, other = file.stat(), file.with_name("other")
    other.write_text(file.read_text().swapcase())
    other.chmod(was.st_mode & 0o777)
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    other.replace(file)


def _linked(file: Path) -> None:
    """A symbolic link to another file."""
    elsewhere = file.parents[2] / "elsewhere"
    elsewhere.write_text(file.read_text().swapcase())
    file.unlink()
    file.symlink_to(elsewhere)


def _moved_in(file: Path) -> None:
    """A rename changes no time of a file's content: another one with the size and the time stands there now."""
    prepared = file.parents[2] / "prepared"
    prepared.write_text(file.read_text().swapcase())
    was = file.stat()
    os.utime(prepared, ns=(was.st_atime_ns, was.st_mtime_ns))
    prepared.replace(file)


@pytest.mark.parametrize(
    "attack",
    [
        _edited,
        _replaced,
        _linked,
        _moved_in,
        lambda file: file.unlink(),
        lambda file: file.chmod(0o755),
        lambda file: file.parent.rename(file.parents[1] / "gone"),
    ],
    ids=["edited", "replaced", "linked", "moved in", "removed", "made a program", "folder gone"],
)
@pytest.mark.parametrize("where", ["release", "live"])
def test_what_was_touched_is_found_however_it_was_hidden(
    where: str, attack: Callable[[Path], None], local: LocalAgent
) -> None:
    release = deployed(local)
    assert intact(local, release) == 0
    assert drifted(local, release) == "0\n"
    attack((release / "tree" if where == "release" else local.live) / FILE)
    assert (intact(local, release) == 0) == (where == "live")
    assert drifted(local, release).splitlines()[-1] == ("1" if where == "live" else "0")
    assert (intact(local, release) == 0) == (where == "live")  # and is not believed the next time


def test_an_edit_in_the_same_second_is_found_where_the_host_knows_only_whole_seconds(
    local: LocalAgent,
) -> None:
    """Git's rule: what changed just before it was hashed is not believed."""
    release = deployed(local)
    wrapped(local, "stat", "#!/bin/sh\n{real} \"$@\" | sed 's/\\.[0-9]\\{9\\}/.000000000/g'\n")
    words = ("drift", local.live, release / "manifest")
    for _ in range(3):
        assert local.run(*words) == b"0\n"
        assert (release / "index.live").read_text().count("\n") == 1  # only the line about the clock
    _edited(local.live / FILE)
    assert local.run(*words).endswith(b"\n1\n")


@pytest.mark.parametrize("seconds", [3600, 4, -3600])
def test_a_clock_that_was_set_takes_all_belief_away(seconds: int, local: LocalAgent) -> None:
    """It could run through the moment of a file's last change for a second time."""
    release, spy = deployed(local), Spy(local)
    offset = local.folder / "offset"
    offset.write_text("0")
    wrapped(local, "date", f'#!/bin/sh\necho $(($({{real}} +%s) + $(cat "{offset}")))\n')
    drifted(local, release)
    spy.hashed()
    offset.write_text(str(seconds))
    drifted(local, release)
    assert spy.hashed() == {*TREE}
    drifted(local, release)  # set back, the files changed in its future: that is no time to believe in
    assert spy.hashed() == (set() if seconds > 0 else {*TREE})


@pytest.mark.parametrize("doubt", ["boot", "day", "garbled", "link", "other content"])
def test_an_index_that_may_be_wrong_is_none(doubt: str, local: LocalAgent) -> None:
    release, spy = deployed(local), Spy(local)
    drifted(local, release)
    spy.hashed()
    index = release / "index.live"
    lines = index.read_text().splitlines(keepends=True)
    boot, offset, since = lines[0].split()
    match doubt:
        case "boot":
            lines[0] = f"{boot[::-1]} {offset} {since}\n"
        case "day":
            lines[0] = f"{boot} {offset} {int(since) - 86401}\n"
        case "garbled":
            lines[0] = "\n"
        case "other content":  # it was another release's
            lines = [lines[0], *(f"{'0' * 64}{line[64:]}" for line in lines[1:])]
        case _:
            index.rename(release / "elsewhere")
            index.symlink_to(release / "elsewhere")
    if doubt != "link":
        index.write_text("".join(lines))
    assert drifted(local, release) == "0\n"
    assert spy.hashed() == {*TREE}


def test_belief_is_not_handed_on_for_longer_than_a_day(local: LocalAgent) -> None:
    """A disk may rot, and no time changes: what was believed again and again is read once a day."""
    release = deployed(local)
    drifted(local, release)
    index = release / "index.live"
    boot, offset, since = index.read_text().splitlines()[0].split()
    index.write_text(index.read_text().replace(since, str(int(since) - 80000), 1))
    (local.live / FILE).touch()
    drifted(local, release)
    assert index.read_text().splitlines()[0] == f"{boot} {offset} {int(since) - 80000}"


def newer(local: LocalAgent, base: Path, name: str = "r2") -> tuple[int, Path]:
    """A release of which one file travels, and the others come from the base. The exit status, and where it is."""
    tree = TREE | {"bin/run": ("#!/bin/sh -e", 0o755)}
    _, archive = packed({"bin/run": tree["bin/run"]}, listing_of(tree))
    release = local.state / "releases" / name
    words = unpacking(release, listing_of(tree), archive, base=base)
    return local.try_("unpack", *words, stdin=archive, env=AT_ONCE).status, release


def test_an_upload_hashes_what_arrived_and_what_it_cannot_believe(local: LocalAgent) -> None:
    base, spy = deployed(local), Spy(local)
    assert newer(local, base)[0] == 0
    assert spy.hashed() == {*TREE}
    assert intact(local, base) == 0
    spy.hashed()
    status, release = newer(local, base, "r3")
    assert status == 0
    assert spy.hashed() == {"bin/run"}
    assert not list(release.glob("*index*"))
    assert intact(local, release) == 0
    assert spy.hashed() == {*TREE}  # linking touched them: they are read once more, and then believed


@pytest.mark.parametrize("attack", [_edited, _replaced, _linked, _moved_in])
def test_a_base_that_was_touched_after_it_was_hashed_is_none(
    attack: Callable[[Path], None], local: LocalAgent
) -> None:
    base = deployed(local)
    assert intact(local, base) == 0
    attack(base / "tree" / FILE)
    assert newer(local, base)[0] == 67
    assert (base / "unusable").exists()


def test_a_swap_hashes_what_it_brings_and_leaves_an_index_for_the_next_look(local: LocalAgent) -> None:
    base, spy = deployed(local), Spy(local)
    _, release = newer(local, base)
    assert drifted(local, base) == "0\n"
    spy.hashed()
    swap = (local.live, release / "tree", release / "manifest", base / "manifest", local.state / "undo/op-1")
    local.run("swap", *swap, env=AT_ONCE)
    assert FILE not in spy.hashed()
    assert drifted(local, release) == "0\n"
    assert spy.hashed() == set()
    _edited(local.live / "bin/run")
    _edited(local.live / FILE)
    assert drifted(local, release).endswith("\n2\n")
