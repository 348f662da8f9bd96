"""Jobs on a disk that runs full: a small file system of its own, so that "full" is real."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from services.commands.command import Command
from services.remote.jobs import JobSpec
from tests.integration.remote.conftest import skip
from tests.integration.remote.local_agent import LocalAgent

NOISY = "yes 0123456789abcde | head -c 4000000"


@pytest.fixture
def cramped(local: LocalAgent) -> Iterator[LocalAgent]:
    """The agent with 256 KiB for all that it keeps."""
    local.state.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", str(local.state)]
    if subprocess.run(small, capture_output=True, check=False).returncode != 0:
        skip("only root may mount a small file system")
    yield local
    subprocess.run(["umount", "--lazy", str(local.state)], check=True)


def job(local: LocalAgent, script: str) -> JobSpec:
    return JobSpec(id="job", command=Command(("sh", "-c", script)), state_dir=PurePosixPath(local.state))


def test_a_log_that_fills_the_disk_neither_stops_its_command_nor_hides_how_it_ended(
    cramped: LocalAgent, tmp_path: Path
) -> None:
    cramped.begin(job(cramped, f"{NOISY} || exit 9; touch {tmp_path}/reached; {NOISY} || exit 9; exit 3"))
    state, status, log = cramped.finished("job")
    assert (state, status) == ("exited", "3")
    assert (tmp_path / "reached").exists()
    assert log.startswith(b"0123456789abcde\n")


def test_a_command_that_fills_the_disk_itself_is_told_by_its_own_status(cramped: LocalAgent) -> None:
    cramped.begin(job(cramped, f"cat /dev/zero >{cramped.state}/rubbish; exit 7"))
    assert cramped.finished("job")[:2] == ("exited", "7")
    assert (cramped.state / "rubbish").stat().st_size > 100_000


def test_nothing_of_the_reserve_stays_where_there_was_room(local: LocalAgent) -> None:
    local.begin(job(local, "exit 5"))
    assert local.finished("job")[:2] == ("exited", "5")
    assert (local.state / "jobs" / "job" / "rc").read_text() == "5\n"
    assert not (local.state / "jobs" / "job" / "room").exists()
