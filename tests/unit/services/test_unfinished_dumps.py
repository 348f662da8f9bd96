"""R-DB-3, R-DB-4: a dump that did not become a backup leaves nothing on the host, whatever cut it off, and no job that runs on."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest

from services import deploys
from services.backups import steps
from services.commands import dumps
from services.commands.command import Command
from services.env_edits import steps as env_edits
from services.errors import OpsgateError, Unreachable
from services.migrations import steps as migrations
from services.models import Kind, Operation, Plan, State
from services.projects import Project
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec, JobStatus
from services.restores import steps as restores
from services.rollbacks import steps as rollbacks
from services.runs import Procedure, Run, Skip, StepDef
from tests.unit.services.backup_host import BackupHost
from tests.unit.services.server import DATABASE
from tests.unit.services.stage import PROJECT, Crash, ScriptedLock, Stage
from tests.unit.services.test_backups import ID, backed_up, host, operation, run

__all__ = ["host", "run"]

JOB = f"{ID.replace('db', 'op')}-f-backup-dump"


class LosingHost(BackupHost):
    """Its dump never ends by itself. `losing` is called when the job is asked about; `away`: seconds without an answer."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, b"PGDMP an archive")
        self.lock = ScriptedLock()
        self.losing: Callable[[], None] = lambda: None
        self.dies_at = ""
        self.cancelled: list[str] = []
        self.stopped = 0
        self._back_at = 0.0

    def away(self, seconds: float) -> None:
        self._back_at = time.monotonic() + seconds

    def _reached(self) -> None:
        if time.monotonic() < self._back_at:
            raise Unreachable(host="home")

    async def _begin(self, spec: JobSpec) -> JobStatus:
        self._reached()
        if spec.id not in self._statuses:
            self.file(spec.command.argv[2]).write_bytes(b"PGDMP a half")
            self._statuses[spec.id] = JobStatus("running", None, 0)
        return self._statuses[spec.id]

    async def _poll(self, _state_dir: object, job: str, _offset: int, _wait: int = 0) -> Any:
        self.losing()
        self._reached()
        return self._statuses[job], b""

    async def _end(self, *words: Any) -> None:
        self._reached()
        self.cancelled.append(words[1])

    async def run(self, command: Command, **words: Any) -> Completed:
        self._reached()
        if self.dies_at in command.argv and self.dies_at:
            self.dies_at = ""
            raise Crash
        self.stopped += "pg_terminate_backend" in command.argv[-1]
        return await super().run(command, **words)


@pytest.fixture
def losing(tmp_path: Path) -> LosingHost:
    return LosingHost(tmp_path / "host")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    path = PurePosixPath(tmp_path / "host/fitnessapp")
    return PROJECT.model_copy(update={"database": DATABASE, "path": path})


def begun(stage: Stage, project: Project, host: LosingHost, of: Operation) -> Run:
    return stage.runner().prepare(of, project, cast("RemoteHost", host))


async def queued(stage: Stage) -> Operation:
    about = operation()
    return await stage.queued(id=about.id, kind=about.kind, plan=about.plan)


async def ended(stage: Stage, run: Run) -> Operation:
    lock = stage.step("lock")
    await stage.runner().run(run, steps.procedure(lock, stage.folder / "data/backups"))
    found = await stage.store.operations.get(run.operation.id)
    assert found is not None
    return found


async def test_a_wish_to_stop_while_the_line_is_down_ends_the_dump_when_it_is_up_again(
    stage: Stage, project: Project, losing: LosingHost
) -> None:
    """Else the job would go on and keep the project locked, and its half file would stay for ever."""
    going = begun(stage, project, losing, await queued(stage))

    def lost() -> None:
        losing.away(0.1)
        going.cancelled.set()

    losing.losing = lost
    verdict = await ended(stage, going)
    assert (verdict.state, verdict.rollback_reason) == (State.FAILED, None)
    assert verdict.reason is not None
    assert verdict.reason.id == "error-cancelled"
    assert (losing.cancelled, losing.stopped, losing.left()) == ([JOB], 1, [])


async def test_an_outage_that_lasts_too_long_ends_the_dump_when_the_host_is_back(
    stage: Stage, project: Project, losing: LosingHost
) -> None:
    going = begun(stage, project, losing, await queued(stage))
    losing.losing = lambda: losing.away(0.3) if not going.lost_since else None
    verdict = await ended(stage, going)
    assert verdict.reason is not None
    assert (verdict.state, verdict.reason.id) == (State.FAILED, "error-unreachable")
    assert (losing.cancelled, losing.stopped, losing.left()) == ([JOB], 1, [])


async def test_resumed_only_to_turn_back_it_ends_the_dump_of_its_dead_twin(
    stage: Stage, project: Project, losing: LosingHost
) -> None:
    """An admin was removed while the bot was down: the step itself is not walked again."""

    def dies() -> None:
        raise Crash

    losing.losing = dies
    of = await queued(stage)
    with pytest.raises(BaseExceptionGroup):
        await ended(stage, begun(stage, project, losing, of))
    assert losing.left() != []
    again = begun(stage, project, losing, of)
    again.refused = OpsgateError("error-not-admin")
    assert (await ended(stage, again)).state is State.FAILED
    assert (losing.cancelled, losing.stopped, losing.left()) == ([JOB], 1, [])


@pytest.mark.parametrize("dies_at", ["rm", "docker"])
async def test_killed_while_it_clears_up_it_goes_on_with_that(
    stage: Stage, project: Project, losing: LosingHost, dies_at: str
) -> None:
    of = await queued(stage)
    going = begun(stage, project, losing, of)

    def lost() -> None:
        losing.away(0.05)
        losing.dies_at = dies_at
        going.cancelled.set()

    losing.losing = lost
    with pytest.raises(BaseExceptionGroup):
        await ended(stage, going)
    of = await stage.store.operations.change(of.id, cancelled_by=of.by)
    assert (await ended(stage, begun(stage, project, losing, of))).state is State.FAILED
    assert (losing.cancelled, losing.stopped, losing.left()) == ([JOB, JOB], 1, [])


async def test_a_manifest_that_finds_no_room_takes_the_whole_dump_with_it(run: Run, host: BackupHost) -> None:
    """It has its final name by then, and no record: retention would never see it."""
    host.full = True
    with pytest.raises(OpsgateError):
        await backed_up(run)
    assert [file.name for file in host.left()] == [f"{ID}.dump"]
    run.phase, run.step_name = "rollback", "end-dump"
    assert await steps.end_dump(run) == {}
    assert await steps.end_dump(run) == {}
    assert host.left() == []


async def test_what_became_a_backup_stays(run: Run, host: BackupHost) -> None:
    """Killed between the catalogue and the journal, and stopped then."""
    await backed_up(run)
    run.phase, run.step_name = "rollback", "end-dump"
    assert await steps.end_dump(run) is Skip.SKIPPED
    assert [file.name for file in host.left()] == [f"{ID}.dump", f"{ID}.json"]


async def test_without_a_running_database_the_files_go_all_the_same(
    run: Run, host: BackupHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.full = True
    with pytest.raises(OpsgateError):
        await backed_up(run)

    async def none(_project: str) -> list[dict[str, Any]]:
        return []

    monkeypatch.setattr(host, "containers", none)
    assert await steps.end_dump(run) == {}
    assert host.left() == []


# --- every kind that backs up --------------------------------------------------------------------

LOCK = StepDef("lock", steps.start_database)
PROCEDURES: dict[Kind, Procedure] = {
    Kind.BACKUP: steps.procedure(LOCK, Path("data")),
    Kind.DEPLOY: deploys.procedure(LOCK, Path("packs")),
    Kind.ROLLBACK: rollbacks.procedure(LOCK),
    Kind.RESTORE: restores.restore_procedure(LOCK, Path("data")),
    Kind.MIGRATE: migrations.procedure(LOCK),
    Kind.ENV: env_edits.procedure(LOCK, cast("env_edits.Room", None)),
}


@pytest.mark.parametrize("kind", PROCEDURES)
def test_the_way_back_ends_the_dump_where_that_was_cut_off_and_only_there(kind: Kind) -> None:
    """What was begun after it had a whole one: nothing is asked of the host then that delays the way back."""
    procedure, plan = PROCEDURES[kind], Plan(kind=kind, project="x", steps=())
    names = [step.name for step in procedure.forward(plan)]
    cut = names.index("backup") + 1

    def back(of: Plan, last: int) -> list[str]:
        return [step.name for step in procedure.rollback(of, frozenset(names[:last]))]

    assert back(plan, cut) == ["end-dump", "unlock"]
    assert "end-dump" not in back(plan, cut - 1) + back(plan, cut + 1) + back(plan, len(names))
    assert back(plan.model_copy(update={"backup": False}), cut) == ["unlock"]


def test_only_old_files_with_our_names_are_found_on_a_host(tmp_path: Path) -> None:
    folder = tmp_path / "database"
    folder.mkdir()
    old = [f"{ID}.dump", f"{ID}.dump.part", f"{ID}.dump.damaged-x", "by-hand.dump", "x.dump.part"]
    for name in old:
        (folder / name).touch()
        os.utime(folder / name, (time.time() - 86_500,) * 2)
    (folder / "db-20261124-091500-k3f9.dump").touch()
    argv = dumps.forgotten(PurePosixPath(folder)).argv
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = {PurePosixPath(line): dumps.made_by(PurePosixPath(line)) for line in said.splitlines()}
    ours = {file.name for file, made_by in found.items() if made_by == ID.replace("db", "op")}
    assert ours == {f"{ID}.dump", f"{ID}.dump.part"}
    assert set(found.values()) == {ID.replace("db", "op"), None}
    with pytest.raises(ValueError, match="not a database"):
        dumps.forgotten(PurePosixPath("/srv"))
