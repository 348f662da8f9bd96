"""The live SQLite file and those beside it: loaded, swapped, cut off after every change, and gone on with."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from services.sqlite_tool import verbs
from services.sqlite_tool.contents import BUSY, MISSING, MISUSED, Refused
from services.sqlite_tool.files import Beside, drop, load, swap, unswap

NEW, OLD, BACK = (f"app.db.opsgate_{role}_k3f9" for role in ("restore", "before", "undone"))
DRILL = "app.db.opsgate_drill_k3f9"


class Killed(Exception):
    """The process ends here."""


def make(path: Path, *notes: str, mode: str = "DELETE") -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("CREATE TABLE notes (body)")
        database.executemany("INSERT INTO notes VALUES (?)", [(one,) for one in notes])
        database.commit()


def notes(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [one for (one,) in database.execute("SELECT body FROM notes")]


@pytest.fixture(params=["DELETE", "WAL"])
def beside(request: pytest.FixtureRequest, tmp_path: Path) -> Beside:
    make(tmp_path / "app.db", "new", mode=request.param)
    make(tmp_path / NEW, "old", mode=request.param)
    return Beside(str(tmp_path / "app.db"))


def path(beside: Beside, name: str = "app.db") -> Path:
    return Path(beside.folder) / name


def leave_a_log(target: Path, note: str) -> None:
    """As a crash leaves a database: what was written last stands in its log only."""
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("INSERT INTO notes VALUES (?)", (note,))
        copies = {one: one.read_bytes() for one in target.parent.glob(f"{target.name}*")}
    for one, content in copies.items():
        if not one.name.endswith("-shm"):
            one.write_bytes(content)


# --- swaps ---------------------------------------------------------------------------------------


def test_a_swap_keeps_the_old_file_and_can_be_asked_for_again(beside: Beside) -> None:
    """R-DB-5."""
    swap(beside, NEW, OLD)
    assert (notes(path(beside)), notes(path(beside, OLD))) == (["old"], ["new"])
    assert beside.names() == ["app.db", OLD]
    swap(beside, NEW, OLD)
    assert beside.names() == ["app.db", OLD]


def test_what_stood_in_a_log_goes_with_its_own_file(beside: Beside) -> None:
    leave_a_log(path(beside), "new too")
    swap(beside, NEW, OLD)
    assert notes(path(beside)) == ["old"]
    assert notes(path(beside, OLD)) == ["new", "new too"]


@pytest.mark.parametrize("moment", range(6))
@pytest.mark.parametrize("broken", [False, True])
def test_a_swap_that_is_cut_off_after_any_change_goes_on_to_the_same_end(
    beside: Beside, moment: int, broken: bool
) -> None:
    """Names alone tell how far it came; there is no moment without a live file. `broken`: a log that cannot be read in."""
    if broken:
        path(beside).write_bytes(b"damaged" * 2000)
        path(beside, "app.db-wal").write_bytes(b"log of the old one")
    changes = itertools.count()

    def killed(_what: str) -> None:
        assert path(beside).exists()
        if next(changes) == moment:
            raise Killed

    with contextlib.suppress(Killed):
        swap(beside, NEW, OLD, killed)
    seen = beside.names()
    assert seen in (["app.db", NEW], ["app.db", OLD])  # never both, never neither
    swap(beside, NEW, OLD)
    assert beside.names() == ["app.db", OLD]
    assert notes(path(beside)) == ["old"]
    if broken:
        assert path(beside, OLD).read_bytes().startswith(b"damaged")
        assert path(beside, f"{OLD}-wal").read_bytes() == b"log of the old one"
    else:
        assert notes(path(beside, OLD)) == ["new"]


@pytest.mark.parametrize("moment", range(3))
def test_a_damaged_file_that_comes_back_brings_its_own_log(tmp_path: Path, moment: int) -> None:
    """An undo of a restore whose live file could not be read: byte for byte as it was, wherever it was cut off."""
    beside = Beside(str(tmp_path / "app.db"))
    make(tmp_path / "app.db", "restored")
    (tmp_path / OLD).write_bytes(b"damaged" * 2000)
    (tmp_path / f"{OLD}-wal").write_bytes(b"its log")
    changes = itertools.count()

    def killed(_what: str) -> None:
        if next(changes) == moment:
            raise Killed

    with contextlib.suppress(Killed):
        swap(beside, OLD, BACK, killed)
    if beside.names() != ["app.db", BACK]:
        swap(beside, OLD, BACK)
    assert beside.names() == ["app.db", BACK]
    assert (tmp_path / "app.db").read_bytes().startswith(b"damaged")
    assert (tmp_path / "app.db-wal").read_bytes() == b"its log"
    assert notes(tmp_path / BACK) == ["restored"]


@pytest.mark.parametrize("moment", range(3))
def test_a_swap_that_never_came_to_its_rename_leaves_nothing(beside: Beside, moment: int) -> None:
    """The way back of a restore: the live file has its log again, and one name."""
    path(beside).write_bytes(b"damaged" * 2000)
    for side in ("-wal", "-journal"):
        path(beside, f"app.db{side}").write_bytes(side.encode())
    changes = itertools.count()

    def killed(_what: str) -> None:
        if next(changes) == moment:
            raise Killed

    with pytest.raises(Killed):
        swap(beside, NEW, OLD, killed)
    unswap(beside, OLD)
    unswap(beside, OLD)
    drop(beside, NEW)
    left = sorted(one.name for one in path(beside).parent.iterdir())
    assert left == ["app.db", "app.db-journal", "app.db-wal"]
    assert path(beside, "app.db-wal").read_bytes() == b"-wal"
    assert path(beside).stat().st_nlink == 1


def test_what_is_done_is_not_undone_by_clearing_up(beside: Beside) -> None:
    swap(beside, NEW, OLD)
    unswap(beside, OLD)
    assert beside.names() == ["app.db", OLD]


def test_a_database_that_somebody_has_open_is_not_swapped(tmp_path: Path) -> None:
    """A connection that was not seen would go on writing into the file that was put aside."""
    make(tmp_path / "app.db", "new", mode="WAL")
    make(tmp_path / NEW, "old", mode="WAL")
    beside = Beside(str(tmp_path / "app.db"))
    with contextlib.closing(sqlite3.connect(tmp_path / "app.db")) as other:
        other.execute("SELECT * FROM notes").fetchall()
        with pytest.raises(Refused) as refusal:
            swap(beside, NEW, OLD)
    assert refusal.value.status == BUSY
    assert beside.names() == ["app.db", NEW]
    swap(beside, NEW, OLD)
    assert notes(tmp_path / "app.db") == ["old"]


def test_a_swap_of_what_is_not_there_or_onto_what_is_there_changes_nothing(beside: Beside) -> None:
    with pytest.raises(Refused) as refusal:
        swap(beside, BACK, OLD)
    assert refusal.value.status == MISSING
    make(path(beside, OLD), "somebody else's")
    with pytest.raises(Refused) as refusal:
        swap(beside, NEW, OLD)
    assert refusal.value.status == MISUSED
    assert notes(path(beside)) == ["new"]
    assert notes(path(beside, OLD)) == ["somebody else's"]


def test_a_link_in_place_of_a_file_is_not_swapped(beside: Beside) -> None:
    path(beside, NEW).unlink()
    path(beside, NEW).symlink_to("/etc/passwd")
    with pytest.raises(Refused, match="no plain file"):
        swap(beside, NEW, OLD)


# --- loads and drops -----------------------------------------------------------------------------


def dumped(beside: Beside) -> bytes:
    out = io.BytesIO()
    verbs.dump(beside.live, out)
    return out.getvalue()


def test_a_loaded_file_has_the_live_ones_owner_and_mode(beside: Beside) -> None:
    path(beside).chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path(beside), 1234, 4321)
    load(beside, DRILL, io.BytesIO(dumped(beside)))
    made, like = path(beside, DRILL).stat(), path(beside).stat()
    assert stat.S_IMODE(made.st_mode) == 0o640
    assert (made.st_uid, made.st_gid) == (like.st_uid, like.st_gid)
    assert notes(path(beside, DRILL)) == ["new"]


def test_what_cannot_be_loaded_leaves_nothing(beside: Beside) -> None:
    whole = dumped(beside)
    drop(beside, NEW)
    for bad in (b"", whole[:-20], b"hello"):
        with pytest.raises(Refused):
            load(beside, NEW, io.BytesIO(bad))
        assert beside.names() == ["app.db"]
    load(beside, NEW, io.BytesIO(whole))
    load(beside, NEW, io.BytesIO(whole))  # half made by an earlier try, it is made anew
    assert beside.names() == ["app.db", NEW]


def test_a_load_never_goes_into_the_live_file_nor_into_what_is_kept(beside: Beside) -> None:
    """R-DB-1."""
    for name in ("app.db", OLD, BACK, "../app.db", "app.db-wal"):
        with pytest.raises(Refused):
            load(beside, name, io.BytesIO(dumped(beside)))
    assert notes(path(beside)) == ["new"]


def test_a_drop_takes_the_file_with_its_log_and_only_ours(beside: Beside) -> None:
    other = path(beside, "app.db.backup")
    other.write_bytes(b"a person's")
    path(beside, f"{NEW}-wal").write_bytes(b"")
    drop(beside, NEW)
    drop(beside, NEW)
    assert beside.names() == ["app.db"]
    assert other.exists()
    for name in ("app.db", "app.db.backup", "app.db-wal"):
        with pytest.raises(Refused):
            drop(beside, name)
