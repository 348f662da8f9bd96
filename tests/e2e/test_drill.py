"""/drill on real parts: a backup restored aside and compared; damage, tampering, `kill -9` and cut lines on the way."""

from __future__ import annotations

import itertools
import signal
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.played import SimMessage
from services.drills.plans import DRILL_STEPS
from tests.e2e.catalogue import newest, tamper
from tests.e2e.matrix import arm, strike
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

JOB_STEPS = frozenset({"load", "compare"})
_notes = itertools.count()


def note(here: World) -> None:
    here.server.psql(f"INSERT INTO diary VALUES ('note {next(_notes)}')")  # noqa: S608 - our own words


def diary(here: World) -> list[str]:
    return here.server.psql("SELECT note FROM diary ORDER BY note").splitlines()


def scratch(here: World) -> list[str]:
    names = here.server.psql("SELECT datname FROM pg_database", database="postgres").splitlines()
    return [name for name in names if "_drill_" in name]


async def backup(here: World) -> Path:
    """A fresh backup, and its file on the host."""
    assert "succeeded" in (await here.verdict(await here.confirmed("/backup"))).text
    dumps = (here.server.backup_path / "database").glob("*.dump")
    return max(dumps, key=lambda file: file.stat().st_mtime)


async def drill(here: World) -> SimMessage:
    return await here.verdict(await here.confirmed("/drill"))


async def restore_card(here: World) -> SimMessage:
    """The plan of a restore of the newest backup."""
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/restore")
    choice = await here.sim.wait_for(here.anna, "Which backup", after=sent, timeout=60)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, choice, choice.labels[0])
    return await here.sim.wait_for(here.anna, "Restore the database", since=since, timeout=60)


# --- the story -----------------------------------------------------------------------------------


async def test_without_any_backup_drill_says_how_to_make_one(here: World) -> None:
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    sent = await here.sim.say(here.anna, "/drill")
    answer = await here.sim.wait_for(here.anna, "no backup", after=sent, timeout=60)
    assert "/backup" in answer.text
    assert answer.labels == []


async def test_a_good_drill_restores_compares_and_leaves_nothing_behind(here: World) -> None:
    """R-DB-3: equal rows and sums; the live database is as it was."""
    assert "succeeded" in (await here.deploy()).text
    here.server.psql("CREATE TABLE diary (note text)")
    note(here)
    await backup(here)
    note(here)  # what the live database holds meanwhile is of no interest to a drill
    before = diary(here)

    card = await here.card("/drill")
    assert "not drilled" in card.text
    assert "Risk: low" in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    verdict = await here.verdict(since)

    assert "drill succeeded" in verdict.text, verdict.text
    assert "nothing differs" in verdict.text
    record = newest(here)
    assert record["drilled"]["good"] is True
    assert record["drilled"]["tables"] == len(record["sums"])
    assert record["drilled"]["rows"] == sum(record["rows"].values())
    assert diary(here) == before
    assert scratch(here) == []
    assert here.lock_is_free()


async def test_status_and_restore_tell_of_the_drill(here: World) -> None:
    sent = await here.sim.say(here.anna, "/status")
    shown = await here.sim.wait_for(here.anna, "Last backup", after=sent, timeout=60)
    assert "✓ drilled" in shown.text
    card = await restore_card(here)
    assert "✓ drilled" in card.text
    assert "Drill this backup first" not in card.labels


@pytest.mark.parametrize("what", ["rows", "sums"])
async def test_a_difference_is_found_pushed_and_blocks_a_restore_until_a_good_drill(
    here: World, what: str
) -> None:
    """The record says other things than what comes out of the archive. R-DB-3."""
    good = newest(here)

    def change(record: dict[str, Any]) -> None:
        record[what]["public.diary"] = record[what]["public.diary"] + 1 if what == "rows" else "0" * 64

    tamper(here, change)
    verdict = await here.verdict(since := await here.confirmed("/drill"))
    assert "drill failed" in verdict.text
    assert "public.diary" in verdict.text
    assert "not touched" in verdict.text
    assert "drill failed" in (await here.verdict(since, here.boris)).text
    assert newest(here)["drilled"]["good"] is False
    assert scratch(here) == []
    blocked = await restore_card(here)
    assert "did not come through its last drill" in blocked.text
    assert blocked.labels == ["Drill this backup first"]

    tamper(here, lambda record: record.update({what: good[what]}))
    since = await here.sim.mark()
    await here.sim.tap(here.anna, blocked, "Drill this backup first")
    card = await here.sim.wait_for(here.anna, button="Confirm drill", since=since, timeout=60)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm drill")
    assert "drill succeeded" in (await here.verdict(since)).text
    assert "Confirm restore" in (await restore_card(here)).labels


async def test_a_dump_that_was_damaged_after_its_proof_is_refused_and_pushed(here: World) -> None:
    dump = await backup(here)
    whole = dump.read_bytes()
    damaged = bytearray(whole)
    damaged[len(damaged) // 2] ^= 1
    dump.write_bytes(damaged)
    since = await here.confirmed("/drill")
    for user in (here.anna, here.boris):
        verdict = await here.verdict(since, user)
        assert "drill failed" in verdict.text
        assert "not the one that was proven" in verdict.text
    assert newest(here)["drilled"]["good"] is False
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/status")
    assert "✗ drill failed" in (await here.sim.wait_for(here.anna, "Last backup", after=sent)).text
    dump.write_bytes(whole)
    assert "drill succeeded" in (await drill(here)).text


async def test_a_dump_that_rotted_on_the_host_is_replaced_by_our_copy_once_that_was_told(here: World) -> None:
    """R-DB-3, R-DB-5: the damaged one stays beside it, and the backup can be restored again."""
    dump = await backup(here)
    whole = dump.read_bytes()
    rotted = whole[:-1] + bytes([whole[-1] ^ 1])
    dump.write_bytes(rotted)
    assert "drill failed" in (await here.verdict(await here.confirmed("/drill"))).text
    card = await restore_card(here)
    assert "my own copy is sent back" in card.text
    assert "Confirm restore" in card.labels
    assert "drill succeeded" in (await drill(here)).text
    assert dump.read_bytes() == whole
    (aside,) = dump.parent.glob(f"{dump.name}.damaged-*")
    assert aside.read_bytes() == rotted
    assert newest(here)["drilled"]["good"] is True


async def test_a_cancelled_drill_says_nothing_about_the_backup(here: World) -> None:
    """The drill stands still until the bot has heard of it: a small one would be over too soon."""
    await backup(here)
    held = here.folder / "held-for-cancel"
    await here.arm("forward:load:begun", hold=held, hears=True)
    since = await here.confirmed("/drill")
    await here.holds(held)
    sent = await here.sim.say(here.anna, "/cancel")
    await here.sim.wait_for(here.anna, "Stopping", after=sent)
    held.with_suffix(".go").touch()
    verdict = await here.verdict(since)
    assert "drill failed" in verdict.text
    assert "Stopped by" in verdict.text
    assert newest(here)["drilled"] is None
    assert scratch(here) == []
    assert here.lock_is_free()


# --- the line is cut, the bot is killed: at every step ---------------------------------------------


@pytest.mark.matrix
@pytest.mark.parametrize("step", DRILL_STEPS[1:-1])
async def test_a_line_that_is_cut_is_waited_for(here: World, step: str) -> None:
    """The bot stands still while its line is cut, so that each step really meets it."""
    before = diary(here)
    await arm(here, ("cut", "forward", step, "working" if step in JOB_STEPS else "begun"))
    since = await here.confirmed("/drill")
    await strike(here, "cut", refuse_for=0.5)

    verdict = await here.verdict(since)
    assert "drill succeeded" in verdict.text, verdict.text
    assert newest(here)["drilled"]["good"] is True
    assert diary(here) == before
    assert scratch(here) == []
    assert here.lock_is_free()


def moments(step: str) -> tuple[str, ...]:
    """As for a deploy: done but not journaled, for every step; for those with jobs also their middle."""
    if step == DRILL_STEPS[0]:
        return ("begun", "done")
    return ("working", "done") if step in JOB_STEPS else ("done",)


KILLS = [("forward", step, moment) for step in DRILL_STEPS for moment in moments(step)]
BACK = [("rollback", step, "done") for step in ("record-drill", "drop-scratch", "unlock")]


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("phase", "step", "moment"), KILLS + BACK, ids=["-".join(case) for case in KILLS + BACK]
)
async def test_a_killed_bot_finds_out_what_became_of_its_drill_and_says_so_once(
    here: World, phase: str, step: str, moment: str
) -> None:
    before = diary(here)
    good = newest(here)["rows"]
    if phase == "rollback":
        tamper(here, lambda record: record["rows"].update({"public.diary": 10**6}))
    await here.arm(f"{phase}:{step}:{moment}")
    since = await here.confirmed("/drill")
    assert await here.wait_for_bot() == -signal.SIGKILL

    await here.revive()
    verdict = await here.verdict(since)
    expected = "drill succeeded" if phase == "forward" else "drill failed"
    assert expected in verdict.text, verdict.text
    assert newest(here)["drilled"]["good"] is (phase == "forward")
    assert diary(here) == before
    assert scratch(here) == []
    assert here.lock_is_free()
    assert len(await here.told(since)) == 1
    if phase == "rollback":
        tamper(here, lambda record: record.update(rows=good, drilled=None))
