"""`kill -9` of the bot and a cut connection at each step of restore, undo and drop: made from the step lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.played import SimMessage
from services.models import Kind, Plan
from services.restores.plans import DROP_STEPS, RESTORE_STEPS, UNDO_STEPS
from services.restores.steps import restore_procedure
from services.steps import UNLOCK
from tests.e2e.matrix import arm, each, strike
from tests.e2e.site import site
from tests.e2e.test_restore import backup, card_of, databases, diary, newest, note, patiently, restore, typed
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.matrix,
]

JOB_STEPS = frozenset({"backup", "load"})
_begun = frozenset(RESTORE_STEPS) - {"unlock"}
_back = restore_procedure(UNLOCK, Path()).rollback(
    Plan(kind=Kind.RESTORE, project="x", steps=RESTORE_STEPS), _begun
)
BACK_STEPS = [step.name for step in _back]
Case = tuple[str, str, str]
"""What happens, at which step, at which moment of it."""


def cases(steps: Sequence[str]) -> Iterator[Case]:
    """Killed: each step's work is done and not journaled; of a job also its middle. Cut: before a step, or in its job."""
    yield "kill", steps[0], "begun"
    for step in steps:
        if step in JOB_STEPS:
            yield "kill", step, "working"
        yield "kill", step, "done"
        yield "cut", step, "working" if step in JOB_STEPS else "begun"


@dataclass
class Past:
    """What the newest backup holds, and what can still be undone or dropped, with the rows that come back then."""

    backed_up: list[str]
    undoable: list[tuple[SimMessage, list[str]]] = field(default_factory=list)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def past(here: World) -> Past:
    await here.revive()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    assert "succeeded" in (await here.deploy()).text
    here.server.psql("CREATE TABLE diary (note text)")
    note(here)
    await backup(here)
    return Past(diary(here))


async def _troubled_bot(here: World, case: Case, phase: str = "forward") -> None:
    await arm(here, (case[0], phase, *case[1:]))


async def _one_verdict(here: World, since: int, expected: str) -> SimMessage:
    verdict = await here.verdict(since)
    assert expected in verdict.text.splitlines()[0], verdict.text
    assert here.server.is_healthy()
    assert here.lock_is_free()
    assert "restore" not in databases(here), "a half-made database was left"
    assert len(await here.told(since)) == 1
    return verdict


async def _begin_restore(here: World) -> int:
    """The newest backup: the fixture's, later the safety copy of the restore before this one."""
    choice, label = await newest(here, "")
    return await typed(here, await card_of(here, choice, label), "Confirm restore")


@each(list(cases(RESTORE_STEPS)))
async def test_a_restore_that_is_killed_or_cut_off_ends_with_the_backup_whole_and_what_was_there_kept(
    here: World, past: Past, case: Case
) -> None:
    """R-DB-5: the live database is the old one or the new one wholly; nothing half-made stays; one verdict."""
    note(here)
    before, kept = diary(here), databases(here).count("before")
    await _troubled_bot(here, case)
    since = await _begin_restore(here)
    await strike(here, case[0])
    verdict = await _one_verdict(here, since, "restore succeeded")
    assert diary(here) == past.backed_up
    assert databases(here).count("before") == kept + 1
    past.backed_up = before
    past.undoable.append((verdict, before))


async def _a_restore(here: World, past: Past) -> tuple[SimMessage, list[str]]:
    """One that was not undone yet."""
    if not past.undoable:
        note(here)
        before = diary(here)
        past.undoable.append((await restore(here), before))
        past.backed_up = before
    return past.undoable.pop()


@each(list(cases(UNDO_STEPS)))
async def test_an_undo_that_is_killed_or_cut_off_ends_with_what_was_replaced_and_keeps_what_was_live(
    here: World, past: Past, case: Case
) -> None:
    restored, wanted = await _a_restore(here, past)
    kept = databases(here).count("undone")
    await _troubled_bot(here, case)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, restored, "Undo")
    card = await here.sim.wait_for(here.anna, button="Confirm undo", since=since, timeout=60)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm undo")
    await strike(here, case[0])
    await _one_verdict(here, since, "undo succeeded")
    assert diary(here) == wanted
    assert databases(here).count("undone") == kept + 1


@each(list(cases(DROP_STEPS)))
async def test_a_drop_that_is_killed_or_cut_off_drops_what_its_card_showed_and_nothing_else(
    here: World, past: Past, case: Case
) -> None:
    restored, _ = await _a_restore(here, past)
    live, kept = diary(here), databases(here)
    await _troubled_bot(here, case)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, restored, "Drop the old database")
    card = await here.sim.wait_for(here.anna, button="Confirm drop", since=since, timeout=60)
    since = await typed(here, card, "Confirm drop")
    await strike(here, case[0])
    await _one_verdict(here, since, "drop succeeded")
    assert diary(here) == live
    assert len(databases(here)) == len(kept) - 1


BACK = [("kill", step, "done") for step in BACK_STEPS]


@each(BACK)
async def test_the_way_back_of_a_restore_that_is_killed_brings_back_what_was_live(
    here: World, past: Past, case: Case
) -> None:
    """A site that does not answer after the swap, and a bot that dies while it takes the swap back."""
    assert past.backed_up
    note(here)
    live, undone = diary(here), databases(here).count("undone")
    with site() as (address, up):
        here.write_settings(health=f'[{{ url = "{address}" }}]', health_timeout="5")
        await here.stop_bot()
        await _troubled_bot(here, case, "rollback")
        since = await _begin_restore(here)
        await patiently(here, "health", "failed")
        up.set()
        await strike(here, case[0])
        await _one_verdict(here, since, "rolled back")
    past.backed_up = live
    assert diary(here) == live
    assert databases(here).count("undone") == undone + 1  # what was written meanwhile is kept, too
