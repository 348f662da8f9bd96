"""A second operation while one runs, and locked projects: what is refused, what waits, and what starts by itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.site import site
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]


async def queue_card(here: World, command: str = "/deploy", button: str = "Queue after") -> SimMessage:
    """The plan card of a command while something runs."""
    sent = await here.sim.say(here.anna, command)
    title = "Back up fitnessapp" if command == "/backup" else "Deploy fitnessapp"
    return await here.sim.wait_for(here.anna, title, button=button, after=sent, timeout=60)


async def tap(here: World, card: SimMessage, button: str) -> int:
    """Returns the mark from before."""
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, button)
    return since


@pytest.fixture(scope="module")
def healthy(here: World) -> Iterator[Event]:
    """While it is not set no release gets healthy: a deploy runs for as long as a test wants."""
    with site() as (address, up):
        here.write_settings(health=f'[{{ url = "{address}" }}]', health_timeout="150")
        up.set()
        yield up


async def running_deploy(here: World, healthy: Event, version: str) -> int:
    """A deploy of a new release that runs until `healthy` is set; the mark from before."""
    healthy.clear()
    here.project.release_commit(version)
    since = await here.confirmed()
    await here.step("health")
    return since


def states(here: World) -> list[str]:
    return [one["state"] for one in here.operations()]


def reason(here: World, operation: int = -1) -> object:
    found: Any = here.operations()[operation]
    return found["reason"] and found["reason"]["id"]


async def test_a_locked_project_refuses_changes_and_says_who_why_and_since_when(
    here: World, healthy: Event
) -> None:
    """R-UX-2: nothing is even planned; a backup is still possible."""
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    here.project.release_commit("r1")
    assert "succeeded" in (await here.deploy()).text
    card = await here.card()

    since = await here.sim.mark()
    sent = await here.sim.say(here.boris, "/lock")
    await here.sim.wait_for(here.boris, "Say why", after=sent)
    sent = await here.sim.say(here.boris, "/lock the auditors are here")
    await here.sim.wait_for(here.boris, "is locked: the auditors are here", after=sent)
    before = len(here.operations())
    for refused in ("/deploy", "/lock another reason"):
        since = await here.sim.mark()
        sent = await here.sim.say(here.anna, refused)
        said = await here.sim.wait_for(here.anna, "by Boris", after=sent)
        assert "the auditors are here" in said.text
        assert "ago" in said.text
        assert "/unlock" in said.text
    assert len(here.operations()) == before
    since = await tap(here, card, "Confirm")
    await here.sim.wait_for(here.anna, "the auditors are here", since=since)
    assert states(here)[-1] == "proposed"
    await tap(here, card, "Cancel")

    assert "succeeded" in (await here.deploy("/backup")).text
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/status")
    await here.sim.wait_for(here.anna, "Locked by Boris", after=sent, timeout=60)


async def test_a_lock_outlives_a_restart_and_every_admin_hears_that_another_opened_it(here: World) -> None:
    await here.stop_bot()
    await here.start_bot()
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/deploy")
    await here.sim.wait_for(here.anna, "the auditors are here", after=sent, timeout=30)
    since = await here.sim.mark()
    await here.sim.say(here.anna, "/unlock")
    for admin in (here.anna, here.boris):
        said = await here.sim.wait_for(admin, "Anna unlocked fitnessapp", since=since)
        assert "locked by Boris: the auditors are here" in said.text


async def test_a_second_deploy_waits_and_runs_by_itself_after_the_first(here: World, healthy: Event) -> None:
    since = await running_deploy(here, healthy, "r2")
    here.project.release_commit("r3")
    card = await queue_card(here)
    assert "Running now: deploy" in card.text
    await tap(here, card, "Queue after")
    await here.sim.wait_for(here.anna, "Queued by Anna", button="Cancel", since=since)
    healthy.set()
    first = await here.verdict(since)
    assert "succeeded" in first.text, first.text
    second = await here.verdict(since, after=first)
    assert "succeeded" in second.text, second.text
    assert here.server.served_version() == "r3"
    assert states(here)[-2:] == ["succeeded", "succeeded"]
    assert here.lock_is_free()


async def test_one_waits_at_a_time_and_can_be_replaced_and_called_off(here: World, healthy: Event) -> None:
    since = await running_deploy(here, healthy, "r4")
    here.project.release_commit("r5")
    await tap(here, await queue_card(here), "Queue after")
    backup = await queue_card(here, "/backup", "Replace the queued one")
    assert "Queued after it: deploy" in backup.text
    await tap(here, backup, "Replace the queued one")
    await here.sim.wait_for(here.anna, "replaced the queued deploy", since=since)
    waiting = await here.sim.wait_for(here.anna, "Queued by Anna", button="Cancel", since=since)
    await tap(here, waiting, "Cancel")
    await here.sim.wait_for(here.anna, "Cancelled by Anna", since=since)
    healthy.set()
    assert "deploy succeeded" in (await here.verdict(since)).text
    assert states(here)[-3:] == ["succeeded", "dismissed", "dismissed"]
    assert here.server.served_version() == "r4"


async def test_what_waits_still_waits_after_a_restart_and_starts_in_its_turn(
    here: World, healthy: Event
) -> None:
    since = await running_deploy(here, healthy, "r8")
    here.project.release_commit("r9")
    await tap(here, await queue_card(here), "Queue after")
    await here.sim.wait_for(here.anna, "Queued by Anna", since=since)
    assert await here.stop_bot(signal.SIGKILL) == -signal.SIGKILL
    assert states(here)[-2:] == ["running", "waiting"]
    await here.start_bot()
    healthy.set()
    first = await here.verdict(since)
    assert "succeeded" in first.text, first.text
    assert "succeeded" in (await here.verdict(since, after=first)).text, reason(here)
    assert states(here)[-2:] == ["succeeded", "succeeded"], reason(here)
    assert here.server.served_version() == "r9"


async def test_when_the_first_is_stopped_the_second_asks_again(here: World) -> None:
    """R-UX-2: it was confirmed in the belief that the first one ends well."""
    here.project.write_release("r10")
    here.project.slow_build(150)  # it is stopped long before
    here.project.commit("release r10")
    since = await here.confirmed()
    await here.step("build")
    here.project.fix()
    here.project.release_commit("r11")
    await tap(here, await queue_card(here), "Queue after")
    await here.sim.wait_for(here.anna, "Queued by Anna", since=since)
    sent = await here.sim.say(here.anna, "/cancel")
    choice = await here.sim.wait_for(here.anna, "Which one should stop", after=sent)
    assert len(choice.labels) == 2
    await tap(here, choice, choice.labels[0])
    assert "failed" in (await here.verdict(since)).text
    again = await here.sim.wait_for(here.anna, button="Confirm", after=choice, timeout=60)
    assert states(here)[-2:] == ["dismissed", "proposed"]
    assert reason(here, -2) == "queue-before-failed"
    assert here.server.served_version() == "r9"
    await tap(here, again, "Cancel")


async def test_a_lock_keeps_what_waits_from_starting_and_leaves_what_runs_alone(
    here: World, healthy: Event
) -> None:
    since = await running_deploy(here, healthy, "r12")
    here.project.release_commit("r13")
    await tap(here, await queue_card(here), "Queue after")
    await here.sim.wait_for(here.anna, "Queued by Anna", since=since)
    sent = await here.sim.say(here.boris, "/lock fitnessapp enough for today")
    said = await here.sim.wait_for(here.boris, "enough for today", after=sent)
    assert "is running goes on" in said.text
    assert "is queued does not start" in said.text
    healthy.set()
    assert "succeeded" in (await here.verdict(since)).text
    card = await here.sim.wait_for(here.anna, "locked by Boris", since=since, timeout=60)
    assert "enough for today" in card.text
    assert states(here)[-2:] == ["succeeded", "dismissed"]
    assert here.server.served_version() == "r12"
    await here.sim.say(here.anna, "/unlock fitnessapp")
    await here.sim.wait_for(here.boris, "Anna unlocked", since=since)
