"""R-DB-1: a kill leaves no backup in the clear; what somebody is at work on stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.backups import leftovers

PLAIN = ("db-1.importing", "db-1.unpacking", "db-1.0a.leaving", "db-1.0a.leaving-age")
HALF = ("db-1.plain", "db-1.dump.part", "db-1.dump.age.part", "db-1.json.part")
KEPT = ("db-1.dump", "db-1.dump.age", "db-1.json", "note.txt")
HOLDING = """
import sys, time
from pathlib import Path
from services.backups import leftovers
with leftovers.at_work(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = tmp_path / "backups" / "shop"
    project.mkdir(parents=True)
    for name in (*PLAIN, *HALF, *KEPT):
        (project / name).write_bytes(b"rows")
    return tmp_path / "backups"


def lying(folder: Path) -> set[str]:
    return {one.name for one in (folder / "shop").iterdir()}


def test_what_nobody_is_at_work_on_goes_and_copies_stay(folder: Path) -> None:
    leftovers.sweep(folder)
    assert lying(folder) == {*HALF, *KEPT}


def test_half_a_copy_of_a_step_goes_only_when_no_transfer_can_still_write_it(folder: Path) -> None:
    (folder / "shop" / HALF[1]).write_bytes(b"new")
    long_ago = time.time() - leftovers.FORGOTTEN - 60
    os.utime(folder / "shop" / HALF[0], (long_ago, long_ago))
    os.utime(folder / "shop" / KEPT[0], (long_ago, long_ago))
    leftovers.sweep(folder)
    assert lying(folder) == {*HALF[1:], *KEPT}


def test_nothing_goes_while_somebody_here_is_at_work(folder: Path) -> None:
    with leftovers.at_work(folder), leftovers.at_work(folder):
        leftovers.sweep(folder)
        assert lying(folder) == {*PLAIN, *HALF, *KEPT}


def test_another_process_keeps_its_files_until_it_is_killed(folder: Path) -> None:
    """A terminal that imports is another process than the bot, which sweeps."""
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(folder)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        leftovers.sweep(folder)
        assert lying(folder) == {*PLAIN, *HALF, *KEPT}
        holder.send_signal(signal.SIGKILL)
    leftovers.sweep(folder)
    assert lying(folder) == {*HALF, *KEPT}


def test_a_link_goes_and_what_it_leads_to_stays(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"other")
    (folder / "shop" / "db-2.importing").symlink_to(elsewhere)
    leftovers.sweep(folder)
    assert elsewhere.read_bytes() == b"other"
    assert "db-2.importing" not in lying(folder)


def test_before_the_first_backup_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    leftovers.sweep(tmp_path / "backups")
    assert list(tmp_path.iterdir()) == []
