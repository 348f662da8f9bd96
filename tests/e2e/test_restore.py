"""/restore on real parts: a real PostgreSQL, an application that writes, damage, second thoughts, `kill -9`."""

from __future__ import annotations

import itertools
import re
from contextlib import suppress
from pathlib import Path

import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.world import World

on_a_real_server = pytest.mark.parametrize(
    "here",
    [pytest.param("real", marks=[pytest.mark.engine, pytest.mark.sshd])],
    indirect=True,
    scope="module",
)
"""What the practice server does not have: an application of one's own, odd names, another way to fail."""
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

_notes = itertools.count()


# --- what an admin does --------------------------------------------------------------------------


async def newest(here: World, reason: str) -> tuple[SimMessage, str]:
    """Sends /restore and taps the newest backup, whose `reason` (a part of its label) is checked."""
    sent = await here.sim.say(here.anna, "/restore")
    choice = await here.sim.wait_for(here.anna, "Which backup", after=sent, timeout=90)
    assert reason in choice.labels[0]
    return choice, choice.labels[0]


async def card_of(here: World, choice: SimMessage, label: str) -> SimMessage:
    since = await here.sim.mark()
    await here.sim.tap(here.anna, choice, label)
    return await here.sim.wait_for(here.anna, "Restore the database", since=since, timeout=60)


async def typed(here: World, card: SimMessage, button: str, text: str = "fitnessapp") -> int:
    """Taps the button, is asked for the name and types it. Returns the mark from before."""
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, button)
    await here.sim.wait_for(here.anna, "answer with the name", since=since)
    await here.sim.say(here.anna, text)
    return since


async def restore(here: World) -> SimMessage:
    """The newest backup, all the way; its verdict."""
    choice, label = await newest(here, "")
    card = await card_of(here, choice, label)
    return await here.verdict(await typed(here, card, "Confirm restore"))


async def undo(here: World, verdict: SimMessage) -> SimMessage:
    since = await here.sim.mark()
    await here.sim.tap(here.anna, verdict, "Undo")
    card = await here.sim.wait_for(here.anna, button="Confirm undo", since=since, timeout=60)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm undo")
    return await here.verdict(since)


async def backup(here: World) -> Path:
    """A fresh backup, and its file on the host."""
    assert "succeeded" in (await here.verdict(await here.confirmed("/backup"))).text
    dumps = (here.server.backup_path / "database").glob("*.dump")
    return max(dumps, key=lambda file: file.stat().st_mtime)


async def patiently(here: World, step: str, state: str = "done") -> None:
    """Waits for a step that comes after two rounds of the health gate."""
    for _ in range(4):
        with suppress(AssertionError):
            return await here.step(step, state)
    return await here.step(step, state)


def note(here: World) -> str:
    """A row that was not there before."""
    text = f"note {next(_notes)}"
    here.server.psql(f"INSERT INTO diary VALUES ('{text}')")  # noqa: S608 - our own words
    return text


def diary(here: World) -> list[str]:
    return here.server.psql("SELECT note FROM diary ORDER BY note").splitlines()


def databases(here: World) -> list[str]:
    """The databases beside the live one, by the part of their names that says why they are there."""
    names = here.server.psql("SELECT datname FROM pg_database", database="postgres").splitlines()
    return sorted(found[1] for name in names if (found := re.fullmatch(r"fitnessapp_(\w+)_\w{4}", name)))


_FREEZE = """
import os, pathlib, signal
for process in pathlib.Path("/proc").glob("[0-9]*"):
    if b"app.py" in (process / "cmdline").read_bytes() and process.name not in {"1", str(os.getpid())}:
        os.kill(int(process.name), signal.SIGSTOP)
"""


# --- the story -----------------------------------------------------------------------------------


async def test_without_any_backup_restore_says_how_to_make_one(here: World) -> None:
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    sent = await here.sim.say(here.anna, "/restore")
    answer = await here.sim.wait_for(here.anna, "no backup", after=sent, timeout=60)
    assert "/backup" in answer.text
    assert answer.labels == []


async def test_a_restore_brings_the_backup_back_and_undo_brings_what_was_written_since(here: World) -> None:
    """R-DB-5: safety copy, new database, check, swap by rename; the old one is kept. R-DB-3."""
    assert "succeeded" in (await here.deploy()).text
    here.server.psql("CREATE TABLE diary (note text)")
    old = note(here)
    await backup(here)
    new = note(here)

    choice, label = await newest(here, "ago")
    card = await card_of(here, choice, label)
    assert "diary: 2 → 1" in card.text
    assert "Risk: high" in card.text
    verdict = await here.verdict(await typed(here, card, "Confirm restore"))

    assert "restore succeeded" in verdict.text
    assert diary(here) == [old]
    assert databases(here) == ["before"]
    assert len(list((here.server.backup_path / "database").glob("*.dump"))) == 2  # the safety copy too
    assert here.server.is_healthy()
    assert here.lock_is_free()

    undone = await undo(here, verdict)
    assert "undo succeeded" in undone.text
    assert diary(here) == [old, new]
    assert databases(here) == ["undone"]
    assert here.server.is_healthy()


async def test_what_was_undone_cannot_be_undone_again(here: World) -> None:
    verdicts = [m for m in await here.sim.messages(here.anna, by_bot=True) if "restore succeeded" in m.text]
    since = await here.sim.mark()
    await here.sim.tap(here.anna, verdicts[-1], "Undo")
    card = await here.sim.wait_for(here.anna, "nothing to undo", since=since)
    assert card.labels == []


async def test_the_kept_database_is_dropped_only_after_the_name_was_typed(here: World) -> None:
    undone = [m for m in await here.sim.messages(here.anna, by_bot=True) if "undo succeeded" in m.text][-1]
    since = await here.sim.mark()
    await here.sim.tap(here.anna, undone, "Drop the old database")
    card = await here.sim.wait_for(here.anna, button="Confirm drop", since=since, timeout=60)
    since = await typed(here, card, "Confirm drop")
    assert "drop succeeded" in (await here.verdict(since)).text
    assert databases(here) == []
    assert len(diary(here)) == 2


async def test_a_wrong_name_does_nothing_and_the_right_one_still_counts(here: World) -> None:
    """R-UX-2."""
    choice, label = await newest(here, "ago")
    card = await card_of(here, choice, label)
    since = await typed(here, card, "Confirm restore", "fitnesapp")
    await here.sim.wait_for(here.anna, "not the name", since=since)
    assert here.operations()[-1]["state"] == "proposed"
    await here.sim.say(here.anna, "Fitnessapp ")
    assert "restore succeeded" in (await here.verdict(since)).text
    assert "undo succeeded" in (await undo(here, (await here.verdicts(since))[-1])).text


async def test_cancel_and_another_admin_while_the_name_is_asked_for(here: World) -> None:
    choice, label = await newest(here, "ago")
    card = await card_of(here, choice, label)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm restore")
    await here.sim.wait_for(here.anna, "answer with the name", since=since)
    await here.sim.say(here.boris, "fitnessapp")
    await here.sim.say(here.anna, "/cancel")
    await here.sim.wait_for(here.anna, "Nothing was changed", since=since)
    assert here.operations()[-1]["state"] == "dismissed"


async def test_a_backup_that_nobody_knows_is_told_kindly(here: World) -> None:
    choice, _ = await newest(here, "ago")
    since = await here.sim.mark()
    await here.sim.tap(here.anna, choice, data="r:db-20200101-000000-none", forged=True)
    await here.sim.wait_for(here.anna, "do not know this backup", since=since)


def confirmable(card: SimMessage) -> bool:
    return any("Confirm" in label for label in card.labels)


def flip(dump: Path) -> None:
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)


async def test_a_dump_with_one_flipped_byte_is_refused_before_anything_is_touched(here: World) -> None:
    """R-DB-3: whatever was good when the card was shown, and whichever copy it is."""
    dump = await backup(here)
    ours = here.folder / "data" / "backups" / "fitnessapp" / dump.name
    card = await card_of(here, *await newest(here, "ago"))
    flip(dump)
    flip(ours)

    since = await typed(here, card, "Confirm restore")
    verdict = await here.verdict(since)
    assert "restore failed" in verdict.text
    assert "not the one that was proven" in verdict.text
    assert "was not changed" in verdict.text
    assert databases(here) == ["undone"]

    blocked = await card_of(here, *await newest(here, "ago"))
    assert "not the one that was proven" in blocked.text
    assert not confirmable(blocked)
    dump.unlink()
    blocked = await card_of(here, *await newest(here, "ago"))
    assert not confirmable(blocked)
    ours.unlink()
    blocked = await card_of(here, *await newest(here, "ago"))
    assert "neither on the host nor here" in blocked.text
    assert not confirmable(blocked)


@on_a_real_server
async def test_a_service_that_does_not_come_back_by_itself_is_restarted_and_said_so(here: World) -> None:
    await backup(here)
    card = await card_of(here, *await newest(here, "ago"))
    since = await typed(here, card, "Confirm restore")
    await here.step("compare", "done")
    here.server.exec("backend", "python3", "-c", _FREEZE)
    verdict = await here.verdict(since)
    assert "restore succeeded" in verdict.text, verdict.text
    assert "Restarted" in verdict.text
    assert here.server.is_healthy()


@on_a_real_server
async def test_health_that_does_not_come_back_brings_the_old_database_back(here: World) -> None:
    started = here.server.container("frontend").started_at
    before = diary(here)
    await backup(here)
    card = await card_of(here, *await newest(here, "ago"))
    since = await typed(here, card, "Confirm restore")
    await here.step("compare", "done")
    here.server.exec("frontend", "mv", "/var/www/html/index.html", "/tmp/")
    await here.step("swap-database", "done")
    new = note(here)  # written into the restored database, before its health is known to be bad
    await patiently(here, "swap-database-back")
    here.server.exec("frontend", "mv", "/tmp/index.html", "/var/www/html/")
    verdict = await here.verdict(since)
    assert "restore rolled back" in verdict.text
    assert here.server.container("frontend").started_at > started  # restarted once, before that
    assert diary(here) == before
    assert "undone" in databases(here)  # what was written meanwhile is not thrown away
    assert new not in before
    assert here.server.is_healthy()
    assert here.lock_is_free()
