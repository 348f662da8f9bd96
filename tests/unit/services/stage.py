"""A small stage for operations: a real store in a folder, a scripted host, steps that record what they do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

from services.errors import OpsgateError
from services.models import Kind, Operation, Origin, Person, Plan, State
from services.operation_log import OperationLogs
from services.projects import Project, TreeSource
from services.remote.host import RemoteHost
from services.runner import Patience, Runner
from services.runs import Procedure, Run, StepDef
from services.store import Store

ANNA = Person(id=1001, name="Anna")
BORIS = Person(id=1002, name="Boris")
PROJECT = Project(
    name="fitnessapp",
    host="home",
    path=PurePosixPath("/srv/fitnessapp"),
    source=TreeSource(path=Path("/nowhere")),
)
IMPATIENT = Patience(untouched=0.2, touched=0.4, tell_after=0.1, first_delay=0.01, longest_delay=0.02)


def proposal(**changes: Any) -> Operation:
    now = datetime.now(UTC)
    number = time.monotonic_ns()
    values: dict[str, Any] = {
        "id": f"op-{number}",
        "kind": Kind.DEPLOY,
        "project": "fitnessapp",
        "state": State.PROPOSED,
        "plan": Plan(kind=Kind.DEPLOY, project="fitnessapp", steps=("lock",)),
        "nonce": f"nonce-{number}",
        "by": ANNA,
        "origin": Origin(chat_id=ANNA.id, message_id=7, update_id=number % 10**9),
        "created_at": now,
        "expires_at": now + timedelta(minutes=15),
    }
    return Operation(**values | changes)


@dataclass
class ScriptedLock:
    """The host's lock as the runner sees it."""

    error: OpsgateError | None = None
    epoch: int = 0
    released: list[int] = field(default_factory=list)
    unheard: list[OpsgateError] = field(default_factory=list)
    """Raised by the next claims although they were granted: the answer was lost."""
    renewing: list[Exception | None] = field(default_factory=list)

    async def claim(self, _state_dir: object, _operation: str, _owner: str, _lease: int) -> int:
        if self.error:
            raise self.error
        self.epoch += 1
        if self.unheard:
            raise self.unheard.pop()
        return self.epoch

    async def renew(self, _state_dir: object, _epoch: int, _lease: int) -> None:
        """Raises what is scripted for this call; the last of it stays in force."""
        if self.renewing and (error := self.renewing[0] if len(self.renewing) == 1 else self.renewing.pop(0)):
            raise error

    async def release(self, _state_dir: object, epoch: int) -> None:
        self.released.append(epoch)


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Stage:
    store: Store
    folder: Path
    lock: ScriptedLock = field(default_factory=ScriptedLock)
    did: list[str] = field(default_factory=list)
    behaviour: dict[str, list[BaseException | None]] = field(default_factory=dict)

    def step(self, name: str) -> StepDef:
        """A step that records its name, then raises what is scripted for this call of it (None: goes well)."""

        async def work(run: Run) -> dict[str, Any]:
            self.did.append(name)
            script = self.behaviour.get(name, [])
            if script and (error := script.pop(0)) is not None:
                raise error
            run.check_cancelled()
            return {"step": name}

        return StepDef(name, work)

    def procedure(self, *forward: str) -> Procedure:
        names = forward or ("lock", "build", "swap", "up", "health")
        return Procedure(
            forward=lambda _plan: tuple(self.step(name) for name in names),
            rollback=lambda _plan, begun: tuple(
                self.step(f"undo-{name}") for name in reversed(names) if name in begun and name != "lock"
            ),
        )

    def runner(self) -> Runner:
        logs = OperationLogs(self.folder / "logs", lambda text: text)

        async def learn(_remote: object, _project: object) -> None: ...

        chats = [ANNA.id, BORIS.id]
        return Runner(self.store, logs, "owner", lambda: chats, lambda: None, learn, IMPATIENT)

    def remote(self) -> RemoteHost:
        return cast("RemoteHost", SimpleNamespace(lock=self.lock, jobs=None))

    async def queued(self, **changes: Any) -> Operation:
        operation = await self.store.operations.propose(proposal(**changes))
        confirmed = await self.store.operations.confirm(
            operation.nonce, ANNA, operation.origin.chat_id, 1, datetime.now(UTC)
        )
        assert confirmed is not None
        return await self.store.operations.change(confirmed.id, state=State.RUNNING)

    async def run(self, operation: Operation, procedure: Procedure | None = None) -> Operation:
        fresh = await self.store.operations.get(operation.id)
        assert fresh is not None
        runner = self.runner()
        await runner.run(runner.prepare(fresh, PROJECT, self.remote()), procedure or self.procedure())
        ended = await self.store.operations.get(operation.id)
        assert ended is not None
        return ended

    async def verdicts(self, operation: Operation) -> list[int]:
        """Chats that got a verdict of the operation, once per row."""
        rows = await self.store._database.all(
            "SELECT chat_id FROM outbox WHERE operation_id = ? AND kind = 'verdict' ORDER BY id",
            (operation.id,),
        )
        return [row["chat_id"] for row in rows]
