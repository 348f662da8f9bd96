"""The process as a whole: one error of a part must neither stop the others for good nor end as success."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bot.app import App, _keep_house, _listen_to_terminals, _poll_until
from bot.intake import FatalIntake
from services.tasks import Tasks


@pytest.mark.parametrize("error", [FatalIntake("no use"), sqlite3.OperationalError("disk I/O error"), None])
async def test_an_intake_that_ends_by_an_error_ends_the_process_with_status_1(
    error: Exception | None,
) -> None:
    """Whoever watches over the process starts it again only then."""
    tasks = Tasks()
    stop = asyncio.Event()

    async def run() -> None:
        if error is not None:
            raise error

    app = cast("App", SimpleNamespace(intake=SimpleNamespace(run=run), tasks=tasks))
    assert await _poll_until(app, stop) == (0 if error is None else 1)
    await tasks.close()


async def test_housekeeping_goes_on_after_an_error(tmp_path: Path) -> None:
    """What a kill left in the clear is gone then, too."""
    left = tmp_path / "backups" / "shop" / "db-1.importing"
    left.parent.mkdir(parents=True)
    left.touch()
    rounds: list[str] = []
    done = asyncio.Event()

    async def expire() -> None:
        rounds.append("expire")
        if len(rounds) == 1:
            raise sqlite3.OperationalError("database is locked")

    def prune(_keep: int) -> None:
        rounds.append("prune")
        if not left.exists():
            loop.call_soon_threadsafe(done.set)

    loop = asyncio.get_running_loop()
    parts = SimpleNamespace(
        operations=SimpleNamespace(expire=expire),
        logs=SimpleNamespace(prune=prune),
        backups=tmp_path / "backups",
    )
    tasks = Tasks()
    tasks.start("housekeeping", _keep_house(cast("App", parts), every=0.01))
    async with asyncio.timeout(5):
        await done.wait()
    await tasks.close()
    assert rounds[:3] == ["expire", "expire", "prune"]


async def test_terminals_are_heard_again_after_an_error() -> None:
    rounds: list[int] = []
    done = asyncio.Event()

    async def recover() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise sqlite3.OperationalError("database is locked")
        done.set()

    tasks = Tasks()
    parts = SimpleNamespace(operations=SimpleNamespace(recover=recover))
    tasks.start("terminals", _listen_to_terminals(cast("App", parts), every=0.01))
    async with asyncio.timeout(5):
        await done.wait()
    await tasks.close()
    assert rounds[:2] == [0, 1]
