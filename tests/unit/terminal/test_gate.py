"""The gate at a terminal: nothing runs that nobody confirmed, and the exit status tells the truth."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from bot.instance import only_instance
from bot.terminal import DETACHED, FAILED, NOT_CONFIRMED
from bot.views.terminal import plan_digest
from services.errors import Busy, StepFailed
from services.models import TERMINAL, Kind, Origin, State
from services.tasks import Tasks
from tests.unit.services.stage import ANNA, BORIS, Crash, proposal
from tests.unit.terminal.stage import ADA, ENGLISH, STEPS, Desk, now


async def test_a_typed_yes_runs_the_plan_here_where_no_bot_is(desk: Desk) -> None:
    assert await desk.run() == 0
    operation = await desk.last()
    assert operation.state is State.SUCCEEDED
    assert (operation.by, operation.confirmed_by, operation.origin) == (ADA, ADA, Origin(chat_id=TERMINAL))
    assert desk.stage.did == [*STEPS]
    assert "Deploy fitnessapp" in desk.text
    assert "fitnessapp: deploy succeeded" in desk.said[-1]
    assert "✓ Build" in desk.said


async def test_every_admin_is_told_the_end_and_no_chat_gets_a_card(desk: Desk) -> None:
    """R-UX-4: also a success, since nobody in Telegram saw it coming."""
    await desk.run()
    assert await desk.outgoing() == [(ANNA.id, "verdict"), (BORIS.id, "verdict")]


@pytest.mark.parametrize("answer", ["", "no\n", "y\n", "yes please\n", "\x1b[A\n"])
async def test_anything_but_yes_changes_nothing(answer: str, desk: Desk) -> None:
    """R-UX-2."""
    desk.answers = [answer]
    assert await desk.run() == NOT_CONFIRMED
    assert desk.stage.did == []
    assert (await desk.last()).state is State.DISMISSED
    assert desk.said[-1] == ENGLISH("terminal-declined")
    assert await desk.outgoing() == []


async def test_where_nobody_can_be_asked_the_plan_is_shown_and_nothing_runs(desk: Desk) -> None:
    """R-UX-2: a script needs two steps, and the second names what the first has shown."""
    desk.types = False
    assert await desk.run() == NOT_CONFIRMED
    assert desk.stage.did == []
    found = re.search(r"opsgate deploy fitnessapp --confirm ([0-9a-f]{16})$", desk.said[-1])
    assert found is not None
    assert await desk.run(digest=found[1]) == 0
    assert desk.stage.did == [*STEPS]


@pytest.mark.parametrize("digest", ["", "0" * 16, "yes"])
async def test_another_plan_than_the_confirmed_one_does_not_run(digest: str, desk: Desk) -> None:
    """Also where somebody sits: what was named was meant."""
    assert await desk.run(digest=digest) == NOT_CONFIRMED
    assert desk.stage.did == []
    assert "--confirm" in desk.said[-1]


async def test_a_digest_no_longer_counts_when_the_facts_changed(desk: Desk) -> None:
    desk.types, desk.digests = False, ["before"]
    await desk.run()
    digest = desk.said[-1].split()[-1]
    desk.digests = ["after"]
    assert await desk.run(digest=digest) == NOT_CONFIRMED
    assert desk.stage.did == []


async def test_a_blocked_plan_asks_nothing(desk: Desk) -> None:
    desk.blocked, desk.answers = True, []
    assert await desk.run() == FAILED
    assert desk.stage.did == []
    assert ENGLISH("card-blocked") in desk.text


async def test_a_backup_is_not_asked_for_twice(desk: Desk) -> None:
    desk.types = False
    assert await desk.run(Kind.BACKUP) == 0


@pytest.mark.parametrize("kind", [Kind.DRILL, Kind.MIGRATE])
async def test_a_drill_and_a_migration_pass_the_same_gate(kind: Kind, desk: Desk) -> None:
    """R-UX-2."""
    desk.answers = ["no", "yes"]
    assert await desk.run(kind, ref="db-7") == NOT_CONFIRMED
    assert desk.stage.did == []
    assert await desk.run(kind, ref="db-7") == 0
    operation = await desk.last()
    assert (operation.kind, operation.ref, operation.state) == (kind, "db-7", State.SUCCEEDED)
    desk.types = False
    assert await desk.run(kind, ref="db-7") == NOT_CONFIRMED
    found = re.search(rf"opsgate {kind} fitnessapp db-7 --confirm ([0-9a-f]{{16}})$", desk.said[-1])
    assert found is not None
    assert await desk.run(kind, digest=found[1], ref="db-7") == 0


# --- where a yes is not enough -------------------------------------------------------------------


async def test_a_restore_wants_the_name_of_the_project_after_the_yes(desk: Desk) -> None:
    """R-UX-2, R-DB-5."""
    desk.answers = ["yes", "fitnessapp\n"]
    assert await desk.run(Kind.RESTORE, ref="db-7") == 0
    assert desk.answers == []
    assert (await desk.last()).state is State.SUCCEEDED
    assert desk.stage.did == [*STEPS]


@pytest.mark.parametrize("name", ["yes", "", "fitness", "db-7"])
async def test_another_word_than_the_name_restores_nothing(name: str, desk: Desk) -> None:
    """R-UX-2."""
    desk.answers = ["yes", name]
    assert await desk.run(Kind.RESTORE, ref="db-7") == NOT_CONFIRMED
    assert desk.stage.did == []
    assert (await desk.last()).state is State.DISMISSED


async def test_without_somebody_who_types_there_is_no_restore_whatever_is_confirmed(desk: Desk) -> None:
    """R-UX-2: neither a yes nor a digest on the command line suffices."""
    desk.types = False
    assert await desk.run(Kind.RESTORE, ref="db-7") == NOT_CONFIRMED
    assert desk.said[-1] == ENGLISH("terminal-nobody-types")
    assert "--confirm" not in desk.text
    digest = plan_digest((await desk.last()).plan)
    assert await desk.run(Kind.RESTORE, digest=digest, ref="db-7") == NOT_CONFIRMED
    assert desk.stage.did == []
    assert (await desk.last()).state is State.DISMISSED


@pytest.mark.parametrize(
    ("fails", "state"), [("build", State.FAILED), ("up", State.ROLLED_BACK)], ids=["untouched", "touched"]
)
async def test_what_did_not_succeed_is_never_status_0(fails: str, state: State, desk: Desk) -> None:
    desk.stage.behaviour[fails] = [StepFailed("error-build-failed", status=1)]
    assert await desk.run() == FAILED
    assert (await desk.last()).state is state
    assert re.search("failed|rolled back", desk.said[-1])
    assert [chat for chat, kind in await desk.outgoing() if kind == "verdict"] == [ANNA.id, BORIS.id]


async def test_facts_that_changed_at_the_last_moment_show_the_new_plan(desk: Desk) -> None:
    desk.digests, desk.answers = ["a", "b"], ["yes", "no"]
    assert await desk.run() == NOT_CONFIRMED
    assert desk.text.count("Deploy fitnessapp") >= 2
    assert ENGLISH("error-superseded") in desk.said
    assert desk.stage.did == []


# --- two processes -------------------------------------------------------------------------------


async def test_while_a_bot_runs_the_bot_carries_it_out(desk: Desk) -> None:
    bots = Tasks()
    bot = desk.operations(bots, starts=True)

    async def listen() -> None:
        while True:
            await asyncio.sleep(0.02)
            await bot.recover()

    bots.start("terminals", listen())
    with only_instance(desk.folder):
        assert await desk.run() == 0
    assert ENGLISH("terminal-bot") in desk.said
    assert desk.stage.did == [*STEPS]
    await bots.close()


async def test_when_the_bot_dies_the_terminal_takes_its_turn(desk: Desk) -> None:
    with only_instance(desk.folder):
        operation = await desk.stage.store.operations.propose(
            proposal(by=ADA, origin=Origin(chat_id=TERMINAL))
        )
        await desk.stage.store.operations.confirm(operation.nonce, ADA, TERMINAL, 0, now())
        with pytest.raises(Busy):
            await desk.run()
    desk.answers = ["no"]
    assert await desk.run() == NOT_CONFIRMED
    ended = await desk.stage.store.operations.get(operation.id)
    assert ended is not None
    assert ended.state is State.SUCCEEDED, "what was left unfinished came first"


async def test_a_cancel_of_another_process_reaches_the_run(desk: Desk) -> None:
    bots, runs = Tasks(), desk.operations()
    operation = await desk.stage.queued(by=ADA)
    desk.stage.behaviour["build"] = [None]
    await desk.stage.store.operations.request_cancel(operation.id, ADA)
    await runs.recover()
    async with asyncio.timeout(5):
        while (found := await desk.stage.store.operations.get(operation.id)) and not found.state.is_verdict:
            await asyncio.sleep(0.01)
    assert found is not None
    assert found.state is State.FAILED
    assert found.cancelled_by == ADA
    await bots.close()
    await desk.tasks.close()


async def test_ctrl_c_asks_to_stop_and_a_second_one_leaves(desk: Desk, tmp_path: Path) -> None:
    """Under another process that does not answer: the terminal may leave, the operation stays."""

    async def interrupt() -> None:
        asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGINT)
        asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), signal.SIGINT)

    with only_instance(desk.folder):
        assert await desk.run(meanwhile=interrupt) == DETACHED
    operation = await desk.last()
    assert operation.state is State.QUEUED
    assert operation.cancelled_by == ADA
    assert desk.said[-3:-1] == [ENGLISH("tap-cancelling"), ENGLISH("terminal-again")]


# --- who may -------------------------------------------------------------------------------------


async def test_nobody_in_a_chat_can_pass_for_the_terminal(desk: Desk) -> None:
    """A forged sender 0 in a real chat, or an admin's chat confirmed by 0, starts nothing."""
    operations = desk.stage.store.operations
    offered = await operations.propose(proposal())
    confirmed = await operations.confirm(offered.nonce, ADA, ANNA.id, 1, now())
    assert confirmed is not None
    await desk.operations().recover()
    async with asyncio.timeout(5):
        while (found := await operations.get(offered.id)) and found.state is State.QUEUED:
            await asyncio.sleep(0.01)
    assert found is not None
    assert found.state is State.FAILED
    assert found.reason is not None
    assert found.reason.id == "error-not-admin"
    assert desk.stage.did == []
    await desk.tasks.close()


async def test_a_terminal_s_plan_cannot_be_confirmed_from_a_chat(desk: Desk) -> None:
    operations = desk.stage.store.operations
    offered = await operations.propose(proposal(by=ADA, origin=Origin(chat_id=TERMINAL)))
    assert await operations.confirm(offered.nonce, ANNA, ANNA.id, 0, now()) is None
    assert await operations.dismiss(offered.nonce, ANNA, ANNA.id, now()) is None


async def test_a_run_that_breaks_off_is_taken_up_again_where_it_was(desk: Desk) -> None:
    desk.stage.behaviour["up"] = [Crash()]
    assert await desk.run() == 0
    assert desk.stage.did == ["lock", "build", "swap", "up", "up", "health"]
