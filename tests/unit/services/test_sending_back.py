"""R-DB-3, R-DB-5: our own copy goes back to the host, also in the place of one that rotted there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from services.backups import copies
from services.backups.models import Backup, Drilled, is_good, is_good_in
from services.commands import dumps
from services.errors import StepFailed
from services.models import Plan
from services.phrases import Phrase
from services.runs import Run, Skip
from tests.unit.services.backup_host import BackupHost
from tests.unit.services.test_backups import ID, backed_up, fetched, host, only_here, run

__all__ = ["host", "run"]


async def restored_from(run: Run, backup: Backup, tmp_path: Path) -> dict[str, Any] | Skip | None:
    about = json.loads(run.plan.model_dump_json()) | {
        "restoring": {"database": "fitnessapp", "backup": json.loads(backup.model_dump_json())}
    }
    run.operation = run.operation.model_copy(update={"plan": Plan.model_validate(about)})
    run.step_name = "send-dump"
    return await copies.send_back(tmp_path / "data").work(run)


async def test_a_backup_that_is_only_here_goes_back_to_the_host_for_a_restore(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    """R-DB-5."""
    only_here(run)
    await backed_up(run)
    found = await fetched(run, tmp_path)
    assert await restored_from(run, found, tmp_path) == {"size": found.size}
    assert host.file(found.host_file).read_bytes() == host.dumped
    assert {one.where for one in (await run.store.backups.newest("fitnessapp"))[0].copies} == {
        "host",
        "local",
    }


async def test_a_dump_that_is_on_the_host_is_not_sent(run: Run, host: BackupHost, tmp_path: Path) -> None:
    await backed_up(run)
    assert await restored_from(run, await fetched(run, tmp_path), tmp_path) is Skip.SKIPPED


async def test_our_copy_is_not_sent_when_it_changed(run: Run, host: BackupHost, tmp_path: Path) -> None:
    only_here(run)
    await backed_up(run)
    found = await fetched(run, tmp_path)
    (tmp_path / "data" / found.local_file).write_bytes(b"x" * found.size)
    with pytest.raises(StepFailed, match="error-copy-changed"):
        await restored_from(run, found, tmp_path)
    assert host.left() == []


ROTTED = b"PGDMP an arch1ve"
SET_ASIDE = ".dump.damaged-20261123-091500-k3f9"


async def rotted(run: Run, host: BackupHost, tmp_path: Path) -> Backup:
    """A backup that is whole here, and of whose copy on the host one byte has changed since."""
    await backed_up(run)
    found = await fetched(run, tmp_path)
    host.file(found.host_file).write_bytes(ROTTED)
    return found


async def test_a_damaged_copy_on_the_host_stays_beside_ours_which_takes_its_place(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    """R-DB-5: the damaged one is neither overwritten nor removed."""
    found = await rotted(run, host, tmp_path)
    aside = found.host_file.with_name(f"{found.id}{SET_ASIDE}")
    assert await restored_from(run, found, tmp_path) == {"size": found.size, "aside": str(aside)}
    assert host.file(found.host_file).read_bytes() == host.dumped
    assert host.file(aside).read_bytes() == ROTTED
    assert await restored_from(run, found, tmp_path) is Skip.SKIPPED, "walked again after a crash"


async def test_a_damaged_copy_of_ours_takes_no_damaged_one_s_place(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    found = await rotted(run, host, tmp_path)
    (tmp_path / "data" / found.local_file).write_bytes(b"x" * found.size)
    assert await restored_from(run, found, tmp_path) is Skip.SKIPPED
    assert host.file(found.host_file).read_bytes() == ROTTED


async def test_a_name_that_is_taken_is_not_taken_away(run: Run, host: BackupHost, tmp_path: Path) -> None:
    found = await rotted(run, host, tmp_path)
    host.file(found.host_file.with_name(f"{found.id}{SET_ASIDE}")).write_bytes(b"an earlier one")
    with pytest.raises(AssertionError, match="there already"):
        await restored_from(run, found, tmp_path)
    assert host.file(found.host_file).read_bytes() == ROTTED


async def test_a_drill_reports_a_damaged_copy_first_and_mends_it_the_next_time(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    found = await rotted(run, host, tmp_path)
    about = {"restoring": {"database": "fitnessapp", "backup": json.loads(found.model_dump_json())}}
    plan = Plan.model_validate(json.loads(run.plan.model_dump_json()) | about)
    run.operation, run.step_name = run.operation.model_copy(update={"plan": plan}), "send-dump"
    step = copies.send_back(tmp_path / "data", only_known=True)
    assert await step.work(run) is Skip.SKIPPED
    assert host.file(found.host_file).read_bytes() == ROTTED
    reason = Phrase(id="error-dump-changed")
    bad = Drilled(operation="op-2", at=datetime.now(UTC), good=False, seconds=1, reason=reason)
    await run.store.backups.drilled(found.id, bad)
    assert not is_good_in(await known(run), "host")
    assert isinstance(await step.work(run), dict)
    assert host.file(found.host_file).read_bytes() == host.dumped
    assert is_good_in(await known(run), "host"), "the drill said nothing of what lies there now"


async def test_what_people_mended_themselves_is_believed_by_its_hash(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    await backed_up(run)
    found = await fetched(run, tmp_path)
    reason = Phrase(id="error-dump-changed")
    bad = Drilled(operation="op-2", at=datetime.now(UTC), good=False, seconds=1, reason=reason)
    await run.store.backups.drilled(found.id, bad)
    assert await restored_from(run, found, tmp_path) is Skip.SKIPPED
    assert is_good(await known(run))


async def known(run: Run) -> Backup:
    found = await run.store.backups.get(ID)
    assert found is not None
    return found


def test_only_a_dump_gets_a_name_of_damage() -> None:
    dump = PurePosixPath("/b/database/x.dump")
    assert dumps.set_aside(dump, "20261123-k3f9").argv[-1] == "/b/database/x.dump.damaged-20261123-k3f9"
    with pytest.raises(ValueError, match="operation"):
        dumps.set_aside(dump, "../x")
    with pytest.raises(ValueError, match="not a dump"):
        dumps.set_aside(PurePosixPath("/b/database/x.json"), "a")
