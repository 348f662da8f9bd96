"""A database of an earlier Opsgate is brought forward with everything that is in it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.models import State, Step, StepState
from services.store import Store
from services.store.database import HERE, MIGRATIONS, _statements
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


def seized(path: Path, done: int) -> sqlite3.Connection:
    """Another process that is bringing a database from schema `done` to the newest, and has not committed yet."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    for script in MIGRATIONS[:done]:
        other.executescript((HERE / script).read_text(encoding="utf-8"))
    other.execute(f"PRAGMA user_version = {done}")
    other.execute("BEGIN IMMEDIATE")
    for script in MIGRATIONS[done:]:
        for statement in _statements((HERE / script).read_text(encoding="utf-8")):
            other.execute(statement)
    other.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    return other


@pytest.mark.parametrize("done", [0, 1], ids=["the first opening of all", "an earlier Opsgate's"])
async def test_of_two_processes_that_open_it_at_once_one_brings_it_forward(done: int, tmp_path: Path) -> None:
    """`make run` and a command in a terminal, right after an update."""
    with closing(seized(tmp_path / "opsgate.db", done)) as other:
        async with asyncio.TaskGroup() as group:
            opening = group.create_task(Store.open(tmp_path / "opsgate.db"))
            await asyncio.sleep(0.3)
            assert not opening.done()
            other.execute("COMMIT")
    store = opening.result()
    operation = await store.operations.propose(proposal())
    assert await store.operations.get(operation.id) == operation
    await store.close()


@pytest.mark.parametrize("time", range(5))
async def test_many_that_open_a_new_one_at_once_all_get_it(tmp_path: Path, time: int) -> None:
    file = tmp_path / f"{time}.db"
    opened = await asyncio.gather(*(Store.open(file) for _ in range(12)), return_exceptions=True)
    for store in opened:
        if isinstance(store, Store):
            assert await store.operations.recent(1) == []
            await store.close()
    assert all(isinstance(one, Store) for one in opened), opened


async def test_what_is_no_database_is_told_and_leaves_no_thread_behind(tmp_path: Path) -> None:
    """A thread that stays would keep the process alive for ever."""
    (tmp_path / "opsgate.db").write_bytes(b"not a database" * 1000)
    before = set(threading.enumerate())
    with pytest.raises(sqlite3.DatabaseError):
        await Store.open(tmp_path / "opsgate.db")
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


async def test_a_database_whose_rows_hang_in_the_air_is_left_as_it_was(tmp_path: Path) -> None:
    """All or nothing: else the next opening would take it for sound."""
    file = tmp_path / "opsgate.db"
    with closing(sqlite3.connect(file)) as old, old:
        old.executescript((HERE / "schema.sql").read_text(encoding="utf-8") + "PRAGMA user_version = 1;")
        old.execute("INSERT INTO steps VALUES ('op-gone', 'forward', 'build', 0, 'done', '{}')")
    for _ in range(2):
        with pytest.raises(sqlite3.IntegrityError, match="does not have"):
            await (await Store.open(file)).close()
    with closing(sqlite3.connect(file)) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        assert old.execute("SELECT 1 FROM sqlite_schema WHERE name = 'freezes'").fetchone() is None
