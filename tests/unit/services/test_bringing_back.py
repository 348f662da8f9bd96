"""R-DB-5: where neither the host nor we have the dump any more, a plain off-site copy comes back for a restore or a drill."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.backups import copies, leftovers
from services.backups.models import Backup
from services.errors import Cancelled, StepFailed, StorageAway, StorageError
from services.models import Plan
from services.runs import Skip
from tests.unit.services.test_offsite import ARCHIVE, IDENTITY, Room, room

__all__ = ["room"]


async def lost(room: Room, *, fetched: bool = False, **rules: object) -> Backup:
    """A backup that is off-site, while the host's disk died."""
    room.rules(**rules)
    await room.made(fetched=fetched)
    await room.bring()
    backup = await room.backup()
    room.host.file(backup.host_file).unlink()
    return backup


async def sent(room: Room, backup: Backup, *, only_known: bool = False) -> dict[str, Any] | Skip | None:
    about = {"restoring": {"database": "fitnessapp", "backup": json.loads(backup.model_dump_json())}}
    plan = Plan.model_validate(json.loads(room.run.plan.model_dump_json()) | about)
    room.run.operation = room.run.operation.model_copy(update={"plan": plan})
    room.run.step_name = "send-dump"
    return await copies.send_back(room.data, room.offsite, only_known=only_known).work(room.run)


@pytest.mark.parametrize("only_known", [False, True])
async def test_a_plain_copy_comes_from_its_place_and_goes_to_the_host(
    room: Room, *, only_known: bool
) -> None:
    backup = await lost(room)
    assert await sent(room, backup, only_known=only_known) == {"size": len(ARCHIVE), "from": "nas"}
    assert room.host.file(backup.host_file).read_bytes() == ARCHIVE
    assert room.left() == []
    assert "host" in {one.where for one in (await room.backup()).copies}
    assert room.run.shown is not None
    assert (room.run.shown.total, room.run.shown.unit) == (len(ARCHIVE), "bytes")
    assert await sent(room, backup) is Skip.SKIPPED, "walked again after a crash"


async def test_what_is_near_is_not_brought_from_afar(room: Room) -> None:
    await room.made()
    await room.bring()
    backup = await room.backup()
    room.nas.files.clear()
    assert await sent(room, backup) is Skip.SKIPPED
    room.host.file(backup.host_file).unlink()
    assert await sent(room, backup) == {"size": len(ARCHIVE)}, "our own copy is nearer"


async def test_a_copy_of_ours_that_rotted_is_not_all_that_is_left(room: Room) -> None:
    backup = await lost(room, fetched=True)
    (room.data / backup.local_file).write_bytes(b"x" * len(ARCHIVE))
    assert await sent(room, backup) == {"size": len(ARCHIVE), "from": "nas"}
    assert room.host.file(backup.host_file).read_bytes() == ARCHIVE


async def test_a_damaged_dump_on_the_host_makes_place_for_the_whole_one(room: Room) -> None:
    backup = await lost(room)
    there = room.host.file(backup.host_file)
    there.write_bytes(b"x" * len(ARCHIVE))
    assert await sent(room, backup, only_known=True) is Skip.SKIPPED, "the drill has to find it first"
    result = await sent(room, backup)
    assert isinstance(result, dict)
    assert result["from"] == "nas"
    assert there.read_bytes() == ARCHIVE
    assert room.host.file(result["aside"]).read_bytes() == b"x" * len(ARCHIVE)
    assert await sent(room, backup) is Skip.SKIPPED, "walked again after a crash"


async def test_a_damaged_dump_stays_in_its_place_while_no_whole_one_came(room: Room) -> None:
    backup = await lost(room)
    there = room.host.file(backup.host_file)
    there.write_bytes(b"damaged")
    room.nas.files[next(one.file for one in backup.copies if one.where == "nas")] = b"damaged, too"
    with pytest.raises(StorageError, match="error-storage-differs"):
        await sent(room, backup)
    assert there.read_bytes() == b"damaged"


async def test_a_place_cannot_fill_the_disk_here(room: Room) -> None:
    """R-SEC: what is longer than its record is not read to its end, which may never come."""
    taken = list[int]()

    def endless(target: Path, progress: Callable[[int], None]) -> None:
        with target.open("wb") as written:
            for number in range(1, 1000):
                written.write(b"x" * len(ARCHIVE))
                taken.append(number)
                progress(number * len(ARCHIVE))

    backup = await lost(room)
    fetching(room, endless)
    with pytest.raises(StorageError, match="error-storage-differs"):
        await sent(room, backup)
    assert taken == [1, 2]
    assert room.left() == []


async def test_a_disk_that_is_too_small_is_seen_before_anything_comes(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = await lost(room)
    usage = shutil.disk_usage("/")._replace(free=len(ARCHIVE) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    fetching(room, lambda _target, _progress: pytest.fail("it was asked for"))
    with pytest.raises(StepFailed, match="error-bring-disk"):
        await sent(room, backup)


async def test_what_is_not_what_was_proven_is_not_sent(room: Room) -> None:
    backup = await lost(room)
    name = next(one.file for one in backup.copies if one.where == "nas")
    room.nas.files[name] = b"x" * len(ARCHIVE)
    with pytest.raises(StorageError, match="error-storage-differs"):
        await sent(room, backup)
    assert not room.host.file(backup.host_file).exists()
    assert room.left() == []


async def test_an_encrypted_copy_is_left_where_it_is(room: Room) -> None:
    backup = await lost(room, encrypt_to=(str(IDENTITY.to_public()),))
    assert await sent(room, backup) is Skip.SKIPPED


async def test_a_place_that_is_not_configured_any_more_is_not_asked(room: Room) -> None:
    backup = await lost(room)
    room.rules(offsite={})
    assert await sent(room, backup) is Skip.SKIPPED


Fetch = Callable[[Path, Callable[[int], None]], None]


def fetching(room: Room, does: Fetch) -> None:
    async def fetch(_file: str, target: Path, progress: Callable[[int], None], _within: float) -> None:
        does(target, progress)

    room.nas.fetch = fetch  # type: ignore[assignment,method-assign]  # a place in trouble


async def test_a_full_disk_here_is_told_and_nothing_is_left(room: Room) -> None:
    def full(target: Path, _progress: Callable[[int], None]) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    backup = await lost(room)
    fetching(room, full)
    with pytest.raises(StepFailed, match="error-bring-disk"):
        await sent(room, backup)
    assert room.left() == []


async def test_a_place_that_is_away_for_a_moment_is_asked_again(room: Room) -> None:
    backup, tries = await lost(room), list[int]()

    def away_once(target: Path, _progress: Callable[[int], None]) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise StorageAway(place="nas")
        target.write_bytes(ARCHIVE)

    fetching(room, away_once)
    assert await sent(room, backup) == {"size": len(ARCHIVE), "from": "nas"}


async def test_who_cancels_is_heard_while_it_comes(room: Room) -> None:
    backup = await lost(room)

    def slow(target: Path, progress: Callable[[int], None]) -> None:
        target.write_bytes(b"half")
        room.run.cancelled.set()
        progress(4)

    fetching(room, slow)
    with pytest.raises(Cancelled):
        await sent(room, backup)
    assert room.left() == []


def test_what_a_kill_left_of_one_is_swept_away(tmp_path: Path) -> None:
    half = tmp_path / "backups" / "fitnessapp" / "db-1.0a1b2c3d.bringing"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    with leftovers.at_work(tmp_path / "backups"):
        leftovers.sweep(tmp_path / "backups")
        assert half.exists(), "somebody is at work"
    leftovers.sweep(tmp_path / "backups")
    assert not half.exists()
