"""A database of an earlier Opsgate is brought forward with everything that is in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.models import State, Step, StepState
from services.store import Store
from services.store.database import HERE
from tests.unit.services.stage import ANNA, proposal


async def test_operations_keep_their_steps_and_messages(tmp_path: Path) -> None:
    kept, running = proposal(), proposal(state=State.RUNNING)
    step = Step(name="build", phase="forward", state=StepState.DONE, started_at=datetime.now(UTC))
    with closing(sqlite3.connect(tmp_path / "opsgate.db")) as old, old:
        old.executescript((HERE / "schema.sql").read_text(encoding="utf-8") + "PRAGMA user_version = 1;")
        for one in (kept, running):
            values = (
                one.id,
                one.kind,
                one.project,
                one.state,
                one.nonce,
                ANNA.id,
                1.0,
                2.0,
                one.model_dump_json(),
            )
            old.execute(
                "INSERT INTO operations (id, kind, project, state, nonce, chat_id, created_at, expires_at, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        old.execute(
            "INSERT INTO steps VALUES (?, 'forward', 'build', 0, 'done', ?)",
            (running.id, step.model_dump_json()),
        )
        old.execute(
            "INSERT INTO outbox (chat_id, kind, operation_id, created_at) VALUES (?, 'card', ?, 1)",
            (ANNA.id, kept.id),
        )
    for _ in range(2):  # and once more: the second opening finds nothing to do
        store = await Store.open(tmp_path / "opsgate.db")
        try:
            assert await store.operations.get(kept.id) == kept
            assert [one.id for one in await store.operations.active()] == [running.id]
            assert await store.operations.steps(running.id) == [step]
            assert [row.operation_id for row in await store.outbox.due(3)] == [kept.id]
            with pytest.raises(sqlite3.IntegrityError):  # references are held again
                await store._database.write("DELETE FROM operations")
        finally:
            await store.close()
