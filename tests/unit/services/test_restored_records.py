"""R-DB-5, R-DB-6: the records of migrations say what is so in the live database, also when a restore or its undo turns back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest

from services.commands import state_files
from services.commands.command import Command
from services.errors import CommandFailed, StepFailed, Unreachable
from services.migrations import restored
from services.migrations.models import Ran, ScriptState
from services.models import Kind, Operation, State
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from services.restores import steps
from services.runs import Procedure, Run
from tests.unit.services.server import DATABASE, ScriptedServer
from tests.unit.services.stage import PROJECT, Crash, ScriptedLock, Stage
from tests.unit.services.test_restores import BACKUP, BEFORE, LIVE, RESTORED, THEN, operation

PROJECT_HERE = PROJECT.model_copy(update={"database": DATABASE, "healthy_for": 0.01})
EARLIER, LATER = BACKUP.at - timedelta(days=1), BACKUP.at + timedelta(days=1)
KEPT = "fitnessapp_before_aaaa"
OTHER = "op-20261122-091500-aaaa"
"""The restore that the undo takes back."""
FOLDER = state_files.migrations(PROJECT.state_dir).argv


def ran(name: str, became: ScriptState = ScriptState.DONE, at: datetime = LATER, **values: Any) -> Ran:
    return Ran(script=name, sha256="0" * 64, state=became, operation="op-x", by="Anna", at=at, **values)


BEFORE_RESTORE = (
    ran("migrate_1.py", at=EARLIER),
    ran("migrate_2.py"),
    ran("migrate_3.py", ScriptState.SKIPPED),
    ran("migrate_4.py", ScriptState.FAILED),
)
BEFORE_UNDO = (
    ran("migrate_1.py", at=EARLIER),
    ran("migrate_2.py", ScriptState.RETURNED, returned_by=OTHER),
    ran("migrate_3.py", ScriptState.UNSURE, returned_by=OTHER),
    ran("migrate_4.py", ScriptState.RETURNED, returned_by="op-another"),
)


class RecordsServer(ScriptedServer):
    """With the files that records are. `writing` is called before each is written."""

    def __init__(self, databases: dict[str, dict[str, int]], *records: Ran) -> None:
        super().__init__(BACKUP, databases, dict(THEN))
        self.lock = ScriptedLock()
        self.records = {one.script: one for one in records}
        self.writing: Callable[[Ran], None] = lambda _ran: None

    async def run(self, command: Command, **words: Any) -> Completed:
        if command.argv != FOLDER:
            return await super().run(command, **words)
        said = "".join(f"{one.model_dump_json()}\n" for one in self.records.values())
        return Completed(0, said.encode(), b"", truncated=False)

    async def verb(self, verb: str, file: PurePosixPath, *, stdin: bytes) -> bytes:
        assert (verb, file.parent) == ("write", PROJECT.state_dir / "migrations")
        record = Ran.model_validate(json.loads(stdin))
        self.writing(record)
        self.records[record.script] = record
        return b""

    @property
    def states(self) -> list[ScriptState]:
        return [one.state for _, one in sorted(self.records.items())]


Case = tuple[Kind, tuple[Ran, ...], dict[str, dict[str, int]]]
CASES: list[Case] = [
    (Kind.RESTORE, BEFORE_RESTORE, {"fitnessapp": LIVE, RESTORED: THEN}),
    (Kind.UNDO, BEFORE_UNDO, {"fitnessapp": THEN, KEPT: LIVE}),
]
AFTER = {
    Kind.RESTORE: [ScriptState.DONE, ScriptState.RETURNED, ScriptState.RETURNED, ScriptState.FAILED],
    Kind.UNDO: [ScriptState.DONE, ScriptState.DONE, ScriptState.DONE, ScriptState.RETURNED],
}
both = pytest.mark.parametrize("case", CASES, ids=[case[0].value for case in CASES])


class Play:
    """A restore or an undo from its swap on, by the very procedures that run."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self.kind, self.before, databases = case
        self.stage = stage
        self.host = RecordsServer({name: dict(rows) for name, rows in databases.items()}, *self.before)
        self.live = dict(databases["fitnessapp"])

    def _procedure(self) -> Procedure:
        lock = self.stage.step("lock")
        if self.kind is Kind.UNDO:
            return steps.undo_procedure(lock)
        whole = steps.restore_procedure(lock, Path())
        swap = [step.name for step in whole.forward(operation().plan)].index("swap-database")
        return Procedure(forward=lambda plan: whole.forward(plan)[swap:], rollback=whole.rollback)

    async def queued(self) -> Operation:
        about = {"backup": None, "incoming": KEPT, "of": OTHER} if self.kind is Kind.UNDO else {}
        made = await self.stage.store.operations.propose(operation(self.kind, **about))
        await self.stage.store._database.write("UPDATE operations SET state = 'running'")
        return made

    def begun(self, of: Operation) -> Run:
        return self.stage.runner().prepare(of, PROJECT_HERE, cast("RemoteHost", self.host))

    async def ended(self, run: Run) -> Operation:
        await self.stage.runner().run(run, self._procedure())
        found = await self.stage.store.operations.get(run.operation.id)
        assert found is not None
        return found

    async def results(self) -> list[dict[str, Any]]:
        return [step.result for step in await self.stage.store.operations.steps(operation().id)]

    async def is_as_before(self) -> bool:
        mirrored = {one.script: one for one in await self.stage.store.migrations.of("fitnessapp")}
        assert all(self.host.records[name] == one for name, one in mirrored.items())
        assert self.host.databases["fitnessapp"] == self.live
        return tuple(one for _, one in sorted(self.host.records.items())) == self.before


@both
async def test_when_it_succeeds_the_records_fit_the_database_that_came(stage: Stage, case: Case) -> None:
    play = Play(stage, case)
    assert (await play.ended(play.begun(await play.queued()))).state is State.SUCCEEDED
    assert play.host.states == AFTER[play.kind]
    assert play.host.databases["fitnessapp"] != play.live


@both
@pytest.mark.parametrize("script", ["migrate_2.py", "migrate_3.py"])
async def test_a_wish_to_stop_while_records_are_written_brings_all_of_them_back(
    stage: Stage, case: Case, script: str
) -> None:
    """Else a migration would run a second time by itself: its record would say that the live database has not seen it."""
    play = Play(stage, case)
    run = play.begun(await play.queued())

    def stop(record: Ran) -> None:
        if record.script == script:
            run.cancelled.set()

    play.host.writing = stop
    assert (await play.ended(run)).state is State.ROLLED_BACK
    assert await play.is_as_before()


@both
@pytest.mark.parametrize("script", ["migrate_2.py", "migrate_3.py"])
async def test_a_host_that_is_lost_between_two_records_and_a_wish_to_stop_bring_all_of_them_back(
    stage: Stage, case: Case, script: str
) -> None:
    play = Play(stage, case)
    run = play.begun(await play.queued())

    def lost(record: Ran) -> None:
        if record.script == script and not run.cancelled.is_set():
            run.cancelled.set()
            raise Unreachable(host="home")

    play.host.writing = lost
    assert (await play.ended(run)).state is State.ROLLED_BACK
    assert await play.is_as_before()


@both
@pytest.mark.parametrize("script", ["migrate_2.py", "migrate_3.py"])
async def test_killed_between_two_records_it_goes_on_with_the_very_same_ones(
    stage: Stage, case: Case, script: str
) -> None:
    play = Play(stage, case)
    of = await play.queued()

    def dies(record: Ran) -> None:
        if record.script == script:
            play.host.writing = lambda _record: None
            raise Crash

    play.host.writing = dies
    with pytest.raises(BaseExceptionGroup):
        await play.ended(play.begun(of))
    assert (await play.ended(play.begun(of))).state is State.SUCCEEDED
    assert play.host.states == AFTER[play.kind]
    assert [sorted(one["script"] for one in result[restored.BEFORE]) for result in await play.results() if restored.BEFORE in result] == [["migrate_2.py", "migrate_3.py"]]  # fmt: skip


@both
async def test_killed_again_on_its_way_back_after_the_swap_it_still_brings_the_records_back(
    stage: Stage, case: Case
) -> None:
    """The names say then that there is nothing left to swap."""
    play = Play(stage, case)
    of = await play.queued()
    run, written = play.begun(of), 0

    def dies(_record: Ran) -> None:
        nonlocal written
        written += 1
        run.cancelled.set()
        if written == 4:  # two on the way forward, one on the way back
            raise Crash

    play.host.writing = dies
    with pytest.raises(BaseExceptionGroup):
        await play.ended(run)
    fresh = await stage.store.operations.get(of.id)
    assert fresh is not None
    assert fresh.phase == "rollback"
    assert (await play.ended(play.begun(fresh))).state is State.ROLLED_BACK
    assert await play.is_as_before()


@both
async def test_records_that_find_no_room_are_no_reason_to_turn_back_but_the_journal_says_so(
    stage: Stage, case: Case
) -> None:
    play = Play(stage, case)

    def full(_record: Ran) -> None:
        raise CommandFailed("opsgate-agent write", 1, "No space left on device")

    play.host.writing = full
    assert (await play.ended(play.begun(await play.queued()))).state is State.SUCCEEDED
    assert [step for step in await play.results() if step.get(restored.UNWRITTEN)] != []


async def test_a_restore_that_turned_back_before_its_records_writes_none(stage: Stage) -> None:
    play = Play(stage, CASES[0])
    run = play.begun(await play.queued())
    play.host.before_swap = run.cancelled.set

    def never(_record: Ran) -> None:
        raise StepFailed("error-internal")

    play.host.writing = never
    assert (await play.ended(run)).state is State.ROLLED_BACK
    assert await play.is_as_before()
    assert BEFORE not in play.host.databases
