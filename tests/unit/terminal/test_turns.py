"""Several processes on one data directory: whose turn it is, and what a terminal takes up and leaves alone."""

from __future__ import annotations

import asyncio
import os
import signal

from bot.instance import AnotherInstance, only_instance
from bot.terminal import DETACHED, FAILED, NOT_CONFIRMED
from services.models import TERMINAL, Operation, Origin, Plan, State
from services.projects import Project
from tests.unit.services.stage import ANNA, Stage, proposal
from tests.unit.terminal.stage import ADA, ENGLISH, STEPS, Desk, now


async def confirmed(desk: Desk) -> Operation:
    """What a terminal that is gone left behind."""
    store = desk.stage.store.operations
    operation = await store.propose(proposal(by=ADA, origin=Origin(chat_id=TERMINAL)))
    assert await store.confirm(operation.nonce, ADA, TERMINAL, 0, now())
    return operation


async def waiting(stage: Stage) -> Operation:
    """Queued in a chat; what it waits for has ended, and no bot is there to begin it."""
    first = await stage.queued()
    offered = await stage.store.operations.propose(proposal())
    assert await stage.store.waiting.wait(offered.nonce, ANNA, ANNA.id, 1, now(), None)
    await stage.store.operations.finish(first.id, State.SUCCEEDED, now(), [])
    return offered


async def test_a_terminal_takes_up_only_what_was_asked_for_at_it(desk: Desk) -> None:
    """It is gone in a minute, and would cut off what it had begun for others."""
    store = desk.stage.store.operations
    other = await desk.stage.queued(project="other")
    offered = await waiting(desk.stage)
    assert await desk.run() == 0
    found = [await store.get(one.id) for one in (other, offered)]
    assert [one.state for one in found if one] == [State.RUNNING, State.WAITING]
    assert desk.stage.did == [*STEPS], "its own, once"


async def test_while_a_person_sits_at_the_question_a_bot_may_start(desk: Desk) -> None:
    """Also after what was left unfinished has been carried out here: nobody knows how long they think."""
    older = await confirmed(desk)
    looks: list[bool] = []

    async def look() -> None:
        found = await desk.stage.store.operations.get(older.id)
        assert found is not None
        try:
            with only_instance(desk.folder):
                looks.append(found.state is State.SUCCEEDED and not desk.tasks._tasks)
        except AnotherInstance:
            looks.append(False)

    desk.answers = ["no"]
    assert await desk.run(meanwhile=look) == NOT_CONFIRMED
    assert looks == [True]


async def test_the_turn_is_free_too_while_the_plan_is_asked_for_again(desk: Desk) -> None:
    looks: list[bool] = []

    async def look() -> None:
        try:
            with only_instance(desk.folder):
                looks.append(True)
        except AnotherInstance:
            looks.append(False)

    desk.digests, desk.answers = ["a", "b"], ["yes", "yes"]
    assert await desk.run(meanwhile=look) == 0
    assert looks == [True, True]


async def test_the_turn_is_not_given_back_while_something_of_ours_is_still_at_work(desk: Desk) -> None:
    """The verdict stands in the store a moment before the run has tidied up."""
    older = await confirmed(desk)
    at_work: list[bool] = []

    async def tidies_up() -> None:
        while ENGLISH("terminal-here") not in desk.said:
            await asyncio.sleep(0.01)
        await desk.stage.store.operations.finish(older.id, State.SUCCEEDED, now(), [])
        await asyncio.sleep(0.3)

    async def look() -> None:
        at_work.append(desk.tasks.running(f"operation:{older.id}"))

    desk.tasks.start(f"operation:{older.id}", tidies_up())
    desk.answers = ["no"]
    assert await desk.run(meanwhile=look) == NOT_CONFIRMED
    assert at_work == [False]


async def test_plans_that_are_overtaken_again_and_again_end_with_a_word_and_leave_no_offers(
    desk: Desk,
) -> None:
    desk.digests, desk.answers = list("abcdefgh"), ["yes"] * 9
    assert await desk.run() == FAILED
    assert desk.said[-1] == ENGLISH("terminal-overtaken", count=3)
    assert desk.stage.did == []
    rows = await desk.stage.store._database.all("SELECT state FROM operations")
    assert [row["state"] for row in rows] == ["dismissed"] * 3
    assert (await desk.last()).reason is not None
    assert await desk.outgoing() == []


async def test_who_leaves_what_was_unfinished_is_asked_nothing(stage: Stage) -> None:
    """A second Ctrl-C leaves the command, not only the older operation."""

    class Stuck(Desk):
        async def again(self, _project: Project, _plan: Plan) -> Plan:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.2)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
            raise AssertionError

    desk = Stuck(stage)
    older = await confirmed(desk)
    assert await desk.run() == DETACHED
    found = await stage.store.operations.get(older.id)
    assert found is not None
    assert found.state is State.QUEUED, "for the bot, or the next command"
    assert desk.said[-1] == ENGLISH("terminal-detached", operation=older.id)
