"""Backups by themselves: caught up after a start, silent when all is well, told when not, once each; old ones go."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.backups.models import Backup
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

_due: dict[Path, datetime] = {}
"""When the schedule of a world was due, by its folder."""
ENDS = {"succeeded", "failed", "rolled_back", "needs_human"}


def schedule_settings(here: World, **more: str) -> None:
    """A schedule that was due some minutes ago, and is due again tomorrow. Only the newest backup is to stay."""
    due = _due[here.folder] = datetime.now(UTC) - timedelta(minutes=3)
    keep = "{ last = 1, daily = 0, weekly = 0, monthly = 0 }"
    rules = {"schedule": f'"{due.minute} {due.hour} * * *"', "time_zone": '"UTC"', "keep": keep} | more
    here.write_settings(backups=f"{{ {', '.join(f'{key} = {value}' for key, value in rules.items())} }}")


def forget_the_last(here: World) -> None:
    """As if the bot had been down at the due time, however long ago that is by now. The bot must not run."""
    handled = _due[here.folder] - timedelta(minutes=5)
    with closing(sqlite3.connect(here.folder / "data" / "opsgate.db")) as database, database:
        changed = database.execute(
            "UPDATE schedules SET due_at = ?, body = json_set(body, '$.handled', ?) WHERE job = 'backup'",
            (handled.timestamp(), handled.isoformat()),
        )
    assert changed.rowcount == 1


async def ended(here: World, count: int) -> list[dict[str, Any]]:
    """The operations once there are so many and the newest has ended."""
    for _ in range(1200):
        found: list[dict[str, Any]] = [*here.operations()]
        if len(found) >= count and found[count - 1]["state"] in ENDS:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError([(one["kind"], one["state"]) for one in here.operations()])


def backups(here: World) -> list[Backup]:
    """The catalogue, newest first."""
    with closing(sqlite3.connect(f"file:{here.folder}/data/opsgate.db?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT body FROM backups ORDER BY at DESC").fetchall()
    return [Backup.model_validate_json(row[0]) for row in rows]


def dumps(folder: Path) -> set[str]:
    return {file.stem for file in folder.rglob("*.dump")}


def on_host(here: World) -> set[str]:
    return dumps(here.server.path.with_name("fitnessapp_backup") / "database")


def catalogue_and_places_agree(here: World) -> bool:
    lies = {
        where: {one.id for one in backups(here) if any(copy.where == where for copy in one.copies)}
        for where in ("host", "local")
    }
    return lies == {"host": on_host(here), "local": dumps(here.folder / "data" / "backups")}


async def test_a_schedule_is_shown_and_begins_nothing_before_it_is_due(here: World) -> None:
    schedule_settings(here)
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    here.project.release_commit("r1")
    assert "succeeded" in (await here.deploy()).text
    here.project.release_commit("r2")
    assert "succeeded" in (await here.deploy()).text
    sent = await here.sim.say(here.anna, "/status")
    await here.sim.wait_for(here.anna, "Next scheduled backup", after=sent, timeout=60)
    assert [one["kind"] for one in here.operations()] == ["deploy", "deploy"]


async def test_what_was_missed_is_caught_up_at_the_start_proven_copied_drilled_and_silent(
    here: World,
) -> None:
    """R-DB-3, R-DB-4: without a tap, with all that a backup by hand has."""
    await here.stop_bot()
    forget_the_last(here)
    since = await here.sim.mark()
    await here.start_bot()
    found = await ended(here, 4)
    assert [(one["kind"], one["state"]) for one in found[2:]] == [
        ("backup", "succeeded"),
        ("drill", "succeeded"),
    ]
    assert all(one["by"]["name"] == "schedule" and one["origin"]["chat_id"] == -1 for one in found[2:])
    newest = backups(here)[0]
    assert newest.scheduled
    assert newest.drilled is not None
    assert newest.drilled.good
    assert {copy.where for copy in newest.copies} == {"host", "local"}
    assert here.lock_is_free()
    for admin in (here.anna, here.boris):
        assert await here.sim.messages(admin, by_bot=True, since=since) == []


async def test_killed_in_the_middle_it_is_carried_on_and_not_begun_again(here: World) -> None:
    await here.stop_bot()
    forget_the_last(here)
    await here.start_bot(kill_at="forward:backup:working")
    assert await here.wait_for_bot() == -signal.SIGKILL
    await here.start_bot()
    found = await ended(here, 6)
    assert [(one["kind"], one["state"]) for one in found[4:]] == [
        ("backup", "succeeded"),
        ("drill", "succeeded"),
    ]
    assert here.lock_is_free()


async def test_old_ones_went_here_and_on_the_host_and_the_rest_says_why(here: World) -> None:
    """When the newest was made the one before it was the newest that a drill had proved; now it may go."""
    found = [*here.operations()]
    made = [
        found[number]["id"].replace("op-", "db-") for number in (4, 2, 1)
    ]  # scheduled twice, and by the deploy
    assert [one.id for one in backups(here)] == made
    assert catalogue_and_places_agree(here)
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/backups")
    card = await here.sim.wait_for(here.anna, "Backups of fitnessapp", after=sent)
    assert "scheduled" in card.text
    assert "✓ drilled" in card.text
    assert "before a change: deploy" in card.text
    await here.sim.tap(here.anna, card, "What retention would drop")
    told = await here.sim.wait_for(here.anna, "1 would go", since=since, timeout=60)
    assert "the newest that a drill proved" in told.text
    assert "a kept release refers to it" in told.text or "made before the last change" in told.text


async def test_a_backup_that_cannot_begin_is_told_to_every_admin_once_and_made_when_it_can(
    here: World,
) -> None:
    await here.stop_bot()
    forget_the_last(here)
    here.sshd.change_host_key()
    since = await here.sim.mark()
    await here.start_bot()
    for admin in (here.anna, here.boris):
        await here.sim.wait_for(admin, "scheduled backup that was due", since=since, timeout=60)
    await asyncio.sleep(2)
    told = await here.sim.messages(here.boris, by_bot=True, since=since)
    assert len([one for one in told if "cannot begin" in one.text]) == 1
    assert len(here.operations()) == 6
    await here.stop_bot()
    here.sshd.pin()
    await here.start_bot()
    await here.sim.wait_for(here.boris, "begins now", since=since, timeout=60)
    found = await ended(here, 7)
    made = [found[number]["id"].replace("op-", "db-") for number in (6, 4, 1)]
    assert [one.id for one in backups(here)] == made
    assert catalogue_and_places_agree(here)
