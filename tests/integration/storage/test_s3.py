"""Off-site copies on S3-compatible storage, against OpenStack Swift: a real server, with its own S3 interface."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.backups.keys import credentials
from services.backups.s3 import PART, S3Place
from services.errors import Cancelled, StorageAway, StorageError
from tests.integration.storage.cable import Cable
from tests.integration.storage.object_store import SECRET, ObjectStore

FILE = "demo/db-20260101-000000-aaaa.dump"
MB = 1 << 20


@pytest.fixture(scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with ObjectStore(tmp_path_factory.mktemp("swift") / "state") as server:
        yield server


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


async def uploads(place: S3Place) -> list[str]:
    """What was begun and not finished."""
    page = await place._call("list_multipart_uploads")
    return [one["Key"] for one in page.get("Uploads", ())]


def memory() -> int:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("megabytes", [0, 1, 20])
async def test_a_copy_comes_back_as_it_went(swift: ObjectStore, tmp_path: Path, megabytes: int) -> None:
    """Empty, in one request, and in parts."""
    place, source, told = S3Place(swift.target(prefix="some/where/")), dump(tmp_path, megabytes), list[int]()
    await place.put(source, FILE, told.append, 30)
    stored = await place.list("demo")
    await place.fetch(FILE, tmp_path / "back", nothing, 30)
    await place.remove(FILE)
    assert [(one.file, one.size) for one in stored] == [(FILE, megabytes * MB)]
    assert digest(tmp_path / "back") == digest(source)
    assert told[-1] == megabytes * MB
    assert await place.list("demo") == ()


async def test_to_remove_what_is_gone_is_fine(swift: ObjectStore) -> None:
    await S3Place(swift.target()).remove(FILE)


async def test_only_names_of_our_own_are_written_or_removed(swift: ObjectStore, tmp_path: Path) -> None:
    place = S3Place(swift.target())
    for name in ("../etc/passwd", "demo/other.txt", "demo/db-1.dump/x", "db-1.dump", "demo/db-1.dump\n"):
        with pytest.raises(ValueError, match="not the name"):
            await place.remove(name)
        with pytest.raises(ValueError, match="not the name"):
            await place.put(dump(tmp_path, 0), name, nothing, 5)


async def test_files_of_other_people_are_not_listed(swift: ObjectStore) -> None:
    place = S3Place(swift.target())
    await place._call("put_object", Key="demo/holiday.jpg", Body=b"x")
    assert await place.list("demo") == ()


async def test_a_large_file_takes_no_more_memory_than_a_small_one(swift: ObjectStore, tmp_path: Path) -> None:
    place = S3Place(swift.target())
    await place.put(dump(tmp_path, 2 * PART // MB), FILE, nothing, 30)
    before, most = memory(), list[int]()
    await place.put(dump(tmp_path, 60), FILE, lambda _done: most.append(memory()), 30)
    await place.remove(FILE)
    assert len(most) == 8
    assert max(most) - before < 24 * MB


async def test_the_wrong_secret_is_refused_and_never_named(swift: ObjectStore, tmp_path: Path) -> None:
    place = S3Place(swift.target(secret="something-else-entirely"))
    with pytest.raises(StorageError) as caught:
        await place.put(dump(tmp_path, 1), FILE, nothing, 30)
    assert caught.value.phrase.id == "error-storage-refused"
    assert "something-else-entirely" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("megabytes", [1, 9])
async def test_a_bucket_that_is_not_there_is_named(
    swift: ObjectStore, tmp_path: Path, megabytes: int
) -> None:
    with pytest.raises(StorageError) as caught:
        await S3Place(swift.target("nobodys")).put(dump(tmp_path, megabytes), FILE, nothing, 30)
    assert caught.value.phrase.id == "error-storage-bucket"
    assert caught.value.phrase.args["bucket"] == "nobodys"


async def test_full_storage_says_so_and_keeps_no_half(swift: ObjectStore, tmp_path: Path) -> None:
    place = S3Place(swift.target("small"))
    with pytest.raises(StorageError) as caught:
        await place.put(dump(tmp_path, 30), FILE, nothing, 30)
    assert caught.value.phrase.id == "error-storage-full"
    assert await place.list("demo") == ()
    assert await uploads(place) == []


async def test_a_cut_connection_leaves_nothing_after_the_next_try(swift: ObjectStore, tmp_path: Path) -> None:
    source, place = dump(tmp_path, 30), S3Place(swift.target())
    async with Cable(swift.port, cut_after=20 * MB) as port:
        with pytest.raises(StorageAway) as caught:
            await S3Place(swift.target(port=port)).put(source, FILE, nothing, 60)
    assert caught.value.phrase.id == "error-storage-away"
    assert await place.list("demo") == ()
    assert await uploads(place) == [FILE], "the cut came too early for this to prove anything"
    await place.put(source, FILE, nothing, 60)
    assert await uploads(place) == []
    await place.remove(FILE)


@pytest.mark.parametrize(("megabytes", "at"), [(2, MB), (20, 12 * MB)])
async def test_what_changed_on_its_way_is_refused(
    swift: ObjectStore, tmp_path: Path, megabytes: int, at: int
) -> None:
    """R-DB-4: a copy is the very bytes that were proven. The signature of every part covers what it holds."""
    async with Cable(swift.port, flip_at=at) as port:
        with pytest.raises(StorageError) as caught:
            await S3Place(swift.target(port=port)).put(dump(tmp_path, megabytes), FILE, nothing, 60)
    assert caught.value.phrase.id == "error-storage-differs"
    assert await S3Place(swift.target()).list("demo") == ()


async def test_a_person_who_cancels_leaves_no_half(swift: ObjectStore, tmp_path: Path) -> None:
    place = S3Place(swift.target())

    def stop(done: int) -> None:
        if done > PART:
            raise Cancelled

    with pytest.raises(Cancelled):
        await place.put(dump(tmp_path, 30), FILE, stop, 30)
    assert await place.list("demo") == ()
    assert await uploads(place) == []


async def test_a_silent_storage_is_given_up_in_time(tmp_path: Path) -> None:
    class Deaf(ObjectStore):
        """Never started: only its settings are used."""

    folder = tmp_path / "keys"
    folder.mkdir()
    with pytest.raises(StorageAway):
        await S3Place(Deaf(folder).target(port=1)).put(dump(tmp_path, 1), FILE, nothing, 20)


def test_the_environment_lends_no_keys(
    swift: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is what is configured: other keys of the machine's user are never used."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-somebody-else")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    client = S3Place(swift.target())._client()
    assert client._request_signer._credentials.access_key == "backups:keeper"


# --- the file of keys ---


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "aws_access_key_id"),
        ("[default]\naws_access_key_id = one\n", "aws_secret_access_key"),
        ("[default]\naws_access_key_id = \naws_secret_access_key = two-secret\n", "aws_access_key_id"),
        ("aws_secret_access_key = two-secret\n", "AWS credentials file"),
        ("\x00\x01[", "AWS credentials file"),
    ],
)
def test_a_bad_file_of_keys_is_told_without_its_text(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "keys").write_text(text)
    with pytest.raises(ValueError, match=said) as caught:
        credentials(tmp_path / "keys")
    assert "two-secret" not in str(caught.value)


def test_keys_may_hold_any_character_that_amazon_gives(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("[default]\naws_access_key_id=AKIA\naws_secret_access_key=a%b/c+d==\n")
    key, secret = credentials(tmp_path / "keys")
    assert (key, secret.get_secret_value()) == ("AKIA", "a%b/c+d==")
