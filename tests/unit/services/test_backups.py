from __future__ import annotations

from pathlib import Path

import pytest

from services.backups import steps as backups
from services.errors import Cancelled
from services.remote.jobs import JobStatus
from services.store import Store
from tests.unit.services.server import ScriptedServer
from tests.unit.services.test_restores import BACKUP, operation, running


@pytest.mark.parametrize(
    "ended", [JobStatus("interrupted", None, 0), JobStatus("exited", 1, 0), JobStatus("running", None, 0)]
)
async def test_rows_that_cannot_be_counted_do_not_spoil_a_proven_dump(
    ended: JobStatus, store: Store, tmp_path: Path
) -> None:
    """R-DB-4: a dump is good without its counts, when the count fails, is cut off or takes too long."""
    server = ScriptedServer(BACKUP, {"fitnessapp": {}}, archive={})
    run = running(operation(), server, store, tmp_path)
    run.step_name = "backup"
    run.project = run.project.model_copy(update={"backup_timeout": 0.2})
    server._statuses[run.job_id("rows")] = ended
    assert await backups._rows_if_countable(run, BACKUP.host_file) is None


async def test_a_count_that_a_person_cancels_ends_the_operation(store: Store, tmp_path: Path) -> None:
    server = ScriptedServer(BACKUP, {"fitnessapp": {}}, archive={})
    run = running(operation(), server, store, tmp_path)
    run.step_name = "backup"
    server._statuses[run.job_id("rows")] = JobStatus("running", None, 0)
    run.cancelled.set()
    with pytest.raises(Cancelled):
        await backups._rows_if_countable(run, BACKUP.host_file)
