"""The file of keys is read at each use: keys that were exchanged need no restart, and reach no log."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import SecretStr

from services.backups.offsite import Offsite
from services.backups.s3 import S3Place
from services.errors import StorageError
from services.projects import BackupRules, S3Target
from services.redaction import Redactor
from services.remote.hosts import Hosts
from tests.unit.services.stage import PROJECT

EMPTY = b"<?xml version='1.0'?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


class Bucket(BaseHTTPRequestHandler):
    """An empty one, which notes whose key each request was signed with."""

    signed: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.signed.extend(re.findall(r"Credential=(\w+)/", self.headers["Authorization"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(EMPTY)

    def log_message(self, *_words: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def port() -> Iterator[int]:
    Bucket.signed.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def write(file: Path, key: str, secret: str, mode: int = 0o600) -> None:
    file.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    file.chmod(mode)


def target(port: int, file: Path) -> S3Target:
    return S3Target(s3=f"http://127.0.0.1:{port}", bucket="backups", credentials=file)


async def test_exchanged_keys_work_at_once_and_as_long_as_they_stay_the_same_nothing_is_made_anew(
    port: int, file: Path
) -> None:
    write(file, "KEYONE", "secret-one")
    told: list[str | SecretStr] = []
    place = S3Place(target(port, file), told.append)
    await place.list("demo")
    await place.list("demo")
    assert len(told) == 2, "the two keys, once"
    write(file, "KEYTWO", "secret-two")  # as long as the first: the file's size says nothing
    await place.list("demo")
    assert Bucket.signed == ["KEYONE", "KEYONE", "KEYTWO"]
    place._made.close()


@pytest.mark.parametrize("spoiled", ["gone", "half written", "readable by others"])
async def test_a_file_that_is_bad_by_now_is_named_and_the_old_keys_are_not_used(
    port: int, file: Path, spoiled: str
) -> None:
    """Default deny: what was taken away counts as taken away."""
    write(file, "KEYONE", "secret-one")
    place = S3Place(target(port, file))
    await place.list("demo")
    if spoiled == "gone":
        file.unlink()
    elif spoiled == "half written":
        file.write_text("[default]\naws_access_key_id = KEYTWO\n")
    else:
        write(file, "KEYTWO", "secret-two", 0o644)
    with pytest.raises(StorageError) as bad:
        await place.list("demo")
    assert bad.value.phrase.id == "error-storage-keys"
    assert str(file) in bad.value.detail
    assert not re.search("secret-(one|two)", bad.value.detail)
    assert Bucket.signed == ["KEYONE"]
    place._made.close()


async def test_a_new_key_is_a_secret_before_it_is_used(port: int, file: Path) -> None:
    write(file, "KEYONE", "secret-one")
    redactor = Redactor()
    rules = BackupRules(offsite={"cloud": target(port, file)})
    project = PROJECT.model_copy(update={"backups": rules})
    offsite = Offsite(Hosts({}, file.parent), file.parent, learn=redactor.add)
    await offsite.stored(project, "cloud")
    write(file, "KEYTWO", "secret-two")
    await offsite.stored(project, "cloud")
    assert redactor("said: secret-one, secret-two") == "said: ***, ***"
    place = offsite.places(project)["cloud"]
    assert isinstance(place, S3Place)
    place._made.close()
