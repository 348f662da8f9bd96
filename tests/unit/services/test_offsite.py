"""Off-site copies: what is brought, what is caught up, and that trouble there is told without calling a backup bad."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pyrage
import pytest

from services.backups import copies, manifest
from services.backups.models import Backup, Copy, Drilled
from services.backups.offsite import Offsite
from services.backups.places import Stored, file_name, is_copy, manifest_of
from services.backups.steps import back_up, procedure
from services.errors import Cancelled, StepFailed, StorageAway, StorageError
from services.models import Kind, Plan
from services.phrases import Phrase
from services.plans import BACKUP_STEPS
from services.projects import BackupRules, SftpTarget
from services.remote.hosts import Hosts
from services.runs import Run, Skip, StepDef
from services.steps import UNLOCK
from services.store import Store
from tests.unit.services.backup_host import BackupHost
from tests.unit.services.stage import proposal
from tests.unit.services.test_restores import running

ID = "db-20261123-091500-k3f9"
ARCHIVE = b"PGDMP an archive"
IDENTITY = pyrage.x25519.Identity.generate()


class Shelf:
    """A place in memory, with trouble on demand: each of `troubles` is raised once, then it works."""

    def __init__(self, *troubles: Exception) -> None:
        self.files: dict[str, bytes] = {}
        self.troubles = list(troubles)

    @property
    def dumps(self) -> dict[str, bytes]:
        """Without the manifests."""
        return {name: data for name, data in self.files.items() if is_copy(name)}

    async def put(self, source: Path, file: str, progress: Callable[[int], None], within: float) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        progress(1)
        self.files[file] = source.read_bytes()

    async def fetch(self, file: str, target: Path, progress: Callable[[int], None], within: float) -> None:
        target.write_bytes(self.files[file])

    async def list(self, project: str) -> tuple[Stored, ...]:
        return tuple(Stored(name, len(data), datetime.now(UTC)) for name, data in self.files.items())

    async def remove(self, file: str) -> None:
        self.files.pop(file, None)


class Room:
    """A run whose backup was made and, unless told otherwise, fetched; with two places that go by nas and cloud."""

    def __init__(self, run: Run, host: BackupHost, data: Path) -> None:
        self.run, self.host, self.data = run, host, data
        self.nas, self.cloud = Shelf(), Shelf()
        hosts = Hosts({}, data / "run")
        hosts._hosts = {run.project.host: host}  # type: ignore[dict-item]  # the host of these tests
        self.offsite = Offsite(hosts, data, again_after=(0, 0))
        self.rules(encrypt_to=())

    def rules(self, **changes: object) -> None:
        """Places are made from the settings; here they are shelves."""
        target = SftpTarget(sftp="nas", path=PurePosixPath("/volume"))
        rules = BackupRules.model_validate({"offsite": {"nas": target, "cloud": target}, **changes})
        self.run.project = self.run.project.model_copy(update={"backups": rules})
        name = self.run.project.name
        self.offsite._made = {(name, "nas"): self.nas, (name, "cloud"): self.cloud}

    async def made(self, *, fetched: bool = True) -> Backup:
        self.run.step_name = "backup"
        result = await back_up(self.run)
        assert isinstance(result, dict)
        self.run.results["backup"] = result
        if fetched:
            self.run.step_name = "fetch"
            await copies.fetch_to(self.data / "backups").work(self.run)
        return await self.backup()

    async def bring(self) -> object:
        self.run.step_name = "offsite"
        return await self.offsite.step().work(self.run)

    async def backup(self) -> Backup:
        found = await self.run.store.backups.get(ID)
        assert found is not None
        return found

    def left(self) -> list[str]:
        folder = self.data / "backups" / self.run.project.name
        return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def room(store: Store, tmp_path: Path) -> Room:
    host = BackupHost(tmp_path / "host", ARCHIVE)
    about = Plan(kind=Kind.BACKUP, project="fitnessapp", steps=BACKUP_STEPS)
    made = running(proposal(id=ID.replace("db-", "op-"), kind=Kind.BACKUP, plan=about), host, store, tmp_path)
    made.project = made.project.model_copy(update={"path": PurePosixPath(tmp_path / "host/fitnessapp")})
    return Room(made, host, tmp_path / "data")


def older(room: Room, days: int, **changes: object) -> Backup:
    """A backup from before, which lies here only."""
    name = f"db-2026110{days}-000000-aaaa"
    folder = room.data / "backups" / room.run.project.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.dump").write_bytes(name.encode())
    sha256, size = hashlib.sha256(name.encode()).hexdigest(), len(name)
    at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=days)
    file = f"backups/{room.run.project.name}/{name}.dump"
    one = Backup(
        id=name,
        project=room.run.project.name,
        operation="",
        at=at,
        size=size,
        sha256=sha256,
        host_file=PurePosixPath("/gone"),
        local_file=file,
        copies=(Copy(where="local", file=file, size=size, sha256=sha256, at=at),),
    )
    return one.model_copy(update=changes)


async def test_a_backup_goes_to_every_place_and_its_record_says_so(room: Room) -> None:
    await room.made()
    await room.bring()
    name = file_name("fitnessapp", ID, encrypted=False)
    assert room.nas.dumps == room.cloud.dumps == {name: ARCHIVE}
    found = {one.where: one for one in (await room.backup()).copies}
    assert set(found) == {"host", "local", "nas", "cloud"}
    assert (found["nas"].file, found["nas"].size, found["nas"].encrypted) == (name, len(ARCHIVE), False)
    assert found["nas"].sha256 == hashlib.sha256(ARCHIVE).hexdigest()


async def test_the_manifest_lies_beside_a_copy(room: Room) -> None:
    """R-DB-4: for when both the host and this machine are gone."""
    await room.made()
    await room.bring()
    (name,) = room.nas.dumps
    told = manifest.parse(room.nas.files[manifest_of(name)])
    assert told.rows == (await room.backup()).rows
    assert "nas" in {one.where for one in told.copies}
    assert not [one for one in room.left() if "leaving" in one]


async def test_the_manifest_is_encrypted_where_the_copy_is(room: Room) -> None:
    """It names tables."""
    room.rules(encrypt_to=(str(IDENTITY.to_public()),))
    await room.made()
    await room.bring()
    (name,) = room.nas.dumps
    beside = manifest_of(name)
    assert sorted(room.nas.files) == sorted([name, beside])
    assert beside.endswith(".json.age")
    assert manifest.parse(pyrage.decrypt(room.nas.files[beside], [IDENTITY])).id == ID
    assert not [one for one in room.left() if "leaving" in one]


async def test_a_copy_whose_manifest_did_not_arrive_is_brought_again(room: Room) -> None:
    await room.made()
    put = room.nas.put

    async def dumps_only(source: Path, file: str, progress: Callable[[int], None], within: float) -> None:
        if not is_copy(file):
            raise StorageError("error-storage-full", place="nas:/volume")
        await put(source, file, progress, within)

    room.nas.put = dumps_only  # type: ignore[method-assign]  # a place that fills up in between
    with pytest.raises(StepFailed, match="error-offsite"):
        await room.bring()
    assert "nas" not in {one.where for one in (await room.backup()).copies}
    room.nas.put = put  # type: ignore[method-assign]
    await room.bring()
    assert len(room.nas.files) == 2


async def test_without_places_there_is_nothing_to_do(room: Room) -> None:
    room.rules(offsite={})
    await room.made()
    assert await room.bring() is Skip.SKIPPED


async def test_the_host_lends_its_dump_where_none_is_kept_here(room: Room) -> None:
    await room.made(fetched=False)
    await room.bring()
    assert list(room.nas.dumps.values()) == [ARCHIVE]
    assert room.left() == []


@pytest.mark.parametrize("fetched", [True, False])
async def test_what_leaves_is_encrypted_and_nothing_plain_stays_here(room: Room, *, fetched: bool) -> None:
    room.rules(encrypt_to=(str(IDENTITY.to_public()),))
    backup = await room.made(fetched=fetched)
    await room.bring()
    ((name, sealed),) = room.nas.dumps.items()
    assert name.endswith(".dump.age")
    assert ARCHIVE not in sealed
    assert pyrage.decrypt(sealed, [IDENTITY]) == ARCHIVE
    assert all(one.encrypted for one in (await room.backup()).copies if one.where != "host")
    for file in (room.data / "backups").rglob("*"):
        assert file.is_dir() or ARCHIVE not in file.read_bytes()
    assert copies.is_sealed(backup) is fetched
    noted = {one.where: one.recipients for one in (await room.backup()).copies}
    assert noted.pop("host") == ()
    assert set(noted.values()) == {(str(IDENTITY.to_public()),)}


async def test_a_copy_that_leaves_as_it_lies_here_notes_the_keys_of_then(room: Room) -> None:
    """The settings name other ones by now: these do not open it."""
    room.rules(encrypt_to=(str(IDENTITY.to_public()),))
    await room.made()
    room.rules(encrypt_to=(str(pyrage.x25519.Identity.generate().to_public()),))
    await room.bring()
    ((_, sealed),) = room.nas.dumps.items()
    assert pyrage.decrypt(sealed, [IDENTITY]) == ARCHIVE
    assert {one.recipients for one in (await room.backup()).copies if one.where != "host"} == {
        (str(IDENTITY.to_public()),)
    }


async def test_an_encrypted_copy_is_of_no_use_for_a_restore(room: Room) -> None:
    """R-DB-5: Opsgate never holds the private key."""
    room.rules(encrypt_to=(str(IDENTITY.to_public()),))
    assert await copies.here(room.data, await room.made()) is None


async def test_a_copy_of_ours_that_rotted_is_not_what_leaves(room: Room) -> None:
    backup = await room.made()
    (room.data / backup.local_file).write_bytes(b"PGDMP an archivE")
    await room.bring()
    assert list(room.nas.dumps.values()) == [ARCHIVE]


async def test_one_place_in_trouble_does_not_keep_the_others_from_theirs(room: Room) -> None:
    """The backup stays proven and listed; the failure names the place and the reason."""
    room.nas.troubles = [StorageError("error-storage-full", place="nas:/volume")]
    await room.made()
    with pytest.raises(StepFailed) as caught:
        await room.bring()
    phrase = caught.value.phrase
    assert (phrase.id, phrase.args["places"]) == ("error-offsite", "nas")
    assert phrase.why is not None
    assert phrase.why.id == "error-storage-full"
    assert list(room.cloud.dumps.values()) == [ARCHIVE]
    assert {one.where for one in (await room.backup()).copies} == {"host", "local", "cloud"}


async def test_a_place_that_is_away_is_tried_again(room: Room) -> None:
    room.nas.troubles = [StorageAway(), StorageAway()]
    await room.made()
    await room.bring()
    assert list(room.nas.dumps.values()) == [ARCHIVE]


async def test_patience_ends(room: Room) -> None:
    room.nas.troubles = [StorageAway(), StorageAway(), StorageAway()]
    await room.made()
    with pytest.raises(StepFailed):
        await room.bring()


async def test_who_cancels_is_heard(room: Room) -> None:
    await room.made()
    room.run.cancelled.set()
    with pytest.raises(Cancelled):
        await room.bring()


async def test_what_failed_before_is_caught_up_and_nothing_older(room: Room) -> None:
    """Since the last copy that arrived; one that a drill found bad is not worth a place."""
    bad = Drilled(operation="op-1", at=datetime.now(UTC), good=False, seconds=1)
    arrived = Copy(where="nas", file="x", size=1, sha256="", at=datetime.now(UTC))
    second = older(room, 2)
    second = second.model_copy(update={"copies": (*second.copies, arrived)})
    for one in (older(room, 1), second, older(room, 3, drilled=bad), older(room, 4)):
        await room.run.store.backups.add(one)
    await room.made()
    await room.bring()
    assert [name.split("/")[1][:11] for name in room.nas.dumps] == ["db-20261104", "db-20261123"]


async def test_what_rotted_on_the_host_alone_still_goes_from_our_whole_copy(room: Room) -> None:
    """It is the very day on which another copy is wanted."""
    reason = Phrase(id="error-dump-changed")
    rotted = Drilled(operation="op-1", at=datetime.now(UTC), good=False, seconds=1, reason=reason)
    whole, gone = older(room, 4, drilled=rotted), older(room, 3, drilled=rotted)
    for one in (whole, gone):
        await room.run.store.backups.add(one)
    (room.data / gone.local_file).unlink()
    await room.made()
    await room.bring()
    assert [name.split("/")[1][:11] for name in room.nas.dumps] == ["db-20261104", "db-20261123"]


async def test_an_older_one_that_cannot_be_read_any_more_keeps_no_newer_one_here(room: Room) -> None:
    """It is told once; night after night without an off-site copy would be worse than one that is missing."""
    await room.run.store.backups.add(rotted := older(room, 1))
    (room.data / rotted.local_file).write_bytes(b"rotted")
    await room.made()
    room.host.missing = {rotted.host_file}
    with pytest.raises(StepFailed, match="error-offsite"):
        await room.bring()
    assert [*room.nas.dumps] == [*room.cloud.dumps] == [file_name("fitnessapp", ID, encrypted=False)]
    assert await room.bring() == {"brought": {"nas": 0, "cloud": 0}}


async def test_brought_twice_is_brought_once(room: Room) -> None:
    """A run that goes on after a crash finds what is there."""
    await room.made()
    await room.bring()
    room.nas.files.clear()
    await room.bring()
    assert room.nas.files == {}


async def test_a_copy_comes_back_only_whole(room: Room) -> None:
    await room.made()
    await room.bring()
    copy = next(one for one in (await room.backup()).copies if one.where == "nas")
    await room.offsite.fetch(room.run.project, copy, room.data / "back", lambda _done: None, 10)
    assert (room.data / "back").read_bytes() == ARCHIVE
    room.nas.files[copy.file] = b"something else"
    with pytest.raises(StorageError) as caught:
        await room.offsite.fetch(room.run.project, copy, room.data / "back", lambda _done: None, 10)
    assert caught.value.phrase.id == "error-storage-differs"
    assert not (room.data / "back").exists()


def test_old_backups_go_even_when_a_place_fails(room: Room) -> None:
    lock = StepDef("lock", UNLOCK.work)
    made = procedure(lock, room.data / "backups", room.offsite)
    plan = Plan(kind=Kind.BACKUP, project="fitnessapp", steps=BACKUP_STEPS)
    assert [one.name for one in made.forward(plan)][-3:] == ["offsite", "prune", "unlock"]
    assert [one.name for one in made.rollback(plan, frozenset({"offsite"}))] == ["prune", "unlock"]
    assert [one.name for one in made.rollback(plan, frozenset({"backup"}))] == ["end-dump", "unlock"]
