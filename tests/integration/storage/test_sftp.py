"""Off-site copies over SFTP, against OpenSSH's own server."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path, PurePosixPath

import pytest

from services.backups.places import SftpPlace
from services.errors import Cancelled, StorageAway, StorageError
from services.projects import Host, SftpTarget
from services.remote.host import RemoteHost
from tests.e2e.sshd import Sshd, why_no_sshd

FILE = "demo/db-20260101-000000-aaaa.dump"
MB = 1 << 20


def skip(reason: str) -> None:
    """In CI nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(f"in CI nothing is skipped, but: {reason}")
    pytest.skip(reason)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    if reason := why_no_sshd():
        skip(reason)
    with Sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
async def remote(sshd: Sshd, tmp_path: Path) -> AsyncIterator[RemoteHost]:
    host = RemoteHost(Host(name="nas", connect_timeout=3, **sshd.told()), tmp_path / "run")
    yield host
    await host.close()


@pytest.fixture
def folder(sshd: Sshd) -> Path:
    return sshd.home / "volume" / "backups"


@pytest.fixture
def place(remote: RemoteHost, folder: Path) -> SftpPlace:
    return SftpPlace(remote.files, SftpTarget(sftp="nas", path=PurePosixPath(folder)))


def dump(folder: Path, megabytes: int) -> Path:
    file = folder / "some.dump"
    with file.open("wb") as written:
        for _ in range(megabytes):
            written.write(os.urandom(MB))
    return file


def nothing(_done: int) -> None:
    """Progress that nobody looks at."""


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in (folder / "demo").iterdir())


@pytest.mark.parametrize("megabytes", [0, 1, 12])
async def test_a_copy_comes_back_as_it_went(
    place: SftpPlace, folder: Path, tmp_path: Path, megabytes: int
) -> None:
    source, told = dump(tmp_path, megabytes), list[int]()
    await place.put(source, FILE, told.append, 30)
    stored = await place.list("demo")
    await place.fetch(FILE, tmp_path / "back", nothing, 30)
    assert [(one.file, one.size) for one in stored] == [(FILE, megabytes * MB)]
    assert digest(tmp_path / "back") == digest(source) == digest(folder / FILE)
    assert not megabytes or told[-1] == megabytes * MB
    await place.remove(FILE)
    await place.remove(FILE)
    assert await place.list("demo") == ()


async def test_only_its_owner_can_read_a_copy(place: SftpPlace, folder: Path, tmp_path: Path) -> None:
    await place.put(dump(tmp_path, 1), FILE, nothing, 30)
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "demo").stat().st_mode) == 0o700


async def test_a_copy_replaces_an_older_one_of_its_name(
    place: SftpPlace, folder: Path, tmp_path: Path
) -> None:
    (folder / "demo").mkdir(parents=True)
    (folder / FILE).write_bytes(b"older")
    source = dump(tmp_path, 1)
    await place.put(source, FILE, nothing, 30)
    assert digest(folder / FILE) == digest(source)


async def test_where_nothing_lies_nothing_is_listed(place: SftpPlace) -> None:
    assert await place.list("demo") == ()


async def test_halves_and_files_of_other_people_are_not_listed(place: SftpPlace, folder: Path) -> None:
    (folder / "demo").mkdir(parents=True)
    for name in ("db-1.dump.part", "holiday.jpg", "db-2.dump", "db-2.json"):
        (folder / "demo" / name).write_bytes(b"x")
    assert [one.file for one in await place.list("demo")] == ["demo/db-2.dump"]


async def test_what_an_interrupted_upload_left_goes_with_the_next_one(
    place: SftpPlace, folder: Path, tmp_path: Path
) -> None:
    (folder / "demo").mkdir(parents=True)
    (folder / "demo" / "db-1.dump.part").write_bytes(b"half")
    (folder / "demo" / "holiday.jpg").write_bytes(b"theirs")
    await place.put(dump(tmp_path, 1), FILE, nothing, 30)
    assert names(folder) == [FILE.rpartition("/")[2], "holiday.jpg"]


async def test_a_person_who_cancels_leaves_no_half(place: SftpPlace, folder: Path, tmp_path: Path) -> None:
    def stop(done: int) -> None:
        if done > MB:
            raise Cancelled

    with pytest.raises(Cancelled):
        await place.put(dump(tmp_path, 12), FILE, stop, 30)
    assert names(folder) == []


async def test_a_cut_leaves_nothing_that_counts(
    place: SftpPlace, sshd: Sshd, folder: Path, tmp_path: Path
) -> None:
    source = dump(tmp_path, 30)

    def cut(done: int) -> None:
        if MB < done < 20 * MB:
            sshd.cut()

    with pytest.raises(StorageAway) as caught:
        await place.put(source, FILE, cut, 30)
    assert caught.value.phrase.id == "error-storage-away"
    assert await place.list("demo") == ()
    await place.put(source, FILE, nothing, 30)
    assert names(folder) == [FILE.rpartition("/")[2]]


async def test_a_changed_host_key_stops_it(
    place: SftpPlace, sshd: Sshd, folder: Path, tmp_path: Path
) -> None:
    """The pinned key counts for hosts of copies too."""
    sshd.change_host_key()
    with pytest.raises(StorageError) as caught:
        await place.put(dump(tmp_path, 1), FILE, nothing, 30)
    assert caught.value.phrase.id == "error-storage-host-key"
    assert not folder.exists()


async def test_a_host_that_is_away_is_named(place: SftpPlace, sshd: Sshd, tmp_path: Path) -> None:
    sshd.stop()
    with pytest.raises(StorageAway) as caught:
        await place.put(dump(tmp_path, 1), FILE, nothing, 30)
    assert str(caught.value.phrase.args["place"]).startswith("nas:/")


async def test_a_full_disk_says_so_and_keeps_no_half(place: SftpPlace, folder: Path, tmp_path: Path) -> None:
    """A small file system, as a full NAS."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        skip("only root can make a small file system")
    try:
        with pytest.raises(StorageError) as caught:
            await place.put(dump(tmp_path, 6), FILE, nothing, 30)
        assert caught.value.phrase.id == "error-storage-full"
        assert names(folder) == []
    finally:
        subprocess.run(["umount", folder], check=True)


async def test_a_disk_that_fills_on_the_way_says_so(place: SftpPlace, folder: Path, tmp_path: Path) -> None:
    """Room enough at the beginning, taken by somebody else meanwhile."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        skip("only root can make a small file system")

    def fill(_done: int) -> None:
        if not (folder / "theirs").exists():
            (folder / "theirs").write_bytes(b"x" * (9 * MB))

    try:
        with pytest.raises(StorageError) as caught:
            await place.put(dump(tmp_path, 12), FILE, fill, 30)
        assert caught.value.phrase.id == "error-storage-full"
        assert names(folder) == []
    finally:
        subprocess.run(["umount", folder], check=True)


async def test_a_folder_that_may_not_be_written_says_so(remote: RemoteHost, tmp_path: Path) -> None:
    place = SftpPlace(remote.files, SftpTarget(sftp="nas", path=PurePosixPath("/proc/nothing")))
    with pytest.raises(StorageError) as caught:
        await place.put(dump(tmp_path, 1), FILE, nothing, 30)
    assert caught.value.phrase.id in {"error-storage-denied", "error-storage-missing"}
