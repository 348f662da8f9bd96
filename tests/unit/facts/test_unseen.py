"""What cannot be looked at is not taken for missing, and what was known of a stack is not forgotten."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from services.envfile import EnvFile
from services.errors import HostError
from services.facts.models import Release
from services.facts.read import read_facts
from tests.unit.facts.test_read import COMPOSE, PATH, PROJECT, STATE, FakeHost, Said, deployed


@pytest.mark.parametrize("says", ["Permission denied", "Input/output error", "stale file handle"])
async def test_what_the_host_could_not_look_at_is_not_taken_for_missing(says: str) -> None:
    """R-DB-3: a live stack that cannot be seen must not look like an empty server."""
    host = deployed()
    del host.files[COMPOSE]
    host.says = says
    with pytest.raises(HostError) as raised:
        await read_facts(host, PROJECT, b"key")
    assert raised.value.phrase.id == "error-file-unreadable"


async def test_a_host_that_ends_the_look_without_a_word_is_an_error() -> None:
    class Silent(FakeHost):
        def _stat(self, paths: list[PurePosixPath]) -> Said:
            return Said(254)

    with pytest.raises(HostError):
        await read_facts(Silent(), PROJECT, b"key")


async def test_a_stack_without_containers_keeps_the_name_of_its_release() -> None:
    """R-DB-1: a second name would mean a second stack, with new, empty volumes."""
    host = deployed()
    host.inspected = []
    record = Release(id="20260101-000000-aaaaaaaa", project="fitnessapp", compose_project="fitness")
    file = STATE / "releases/20260101-000000-aaaaaaaa/release.json"
    host.files[file] = ("600", record.model_dump_json().encode())
    facts = await read_facts(host, PROJECT, b"key")
    assert facts.compose_project == "fitness"
    assert set(host.asked_for) == {"fitness"}


async def test_secrets_of_an_env_file_that_nobody_configured_are_learned_too() -> None:
    """Compose finds a .env beside its file by itself."""
    plain = PROJECT.model_copy(update={"env_file": None})
    host = deployed()
    host.files[PATH / "docker/.env"] = ("600", b"API_KEY=from-beside\n")
    host.files[PATH / ".env"] = ("0", b"")  # not for us: no reason to stop
    learned: list[EnvFile] = []
    facts = await read_facts(host, plain, b"key", learn=learned.append)
    assert [one["API_KEY"].get_secret_value() for one in learned] == ["from-beside"]
    assert facts.env is None


async def test_the_newest_dump_tells_how_large_the_next_one_may_be() -> None:
    host = deployed()
    folder = PurePosixPath("/home/me/fitnessapp_backup/database")
    host.files[folder / "db-20260101-000000-aaaa.dump"] = ("600", b"12345")
    host.files[folder / "db-20260102-000000-aaaa.dump"] = ("600", b"123")
    assert (await read_facts(host, PROJECT, b"key")).last_dump == 3
