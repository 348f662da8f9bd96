"""A backend that is rolled: the second instance up and proven before the first ends, whatever happens in between."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import signal
from contextlib import suppress

import pytest

from bot.sandbox.practice.sample.project import HEALTH_FAILURE
from tests.e2e.probe import probed
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
]

_numbers = itertools.count(1)


def ids(here: World, service: str) -> set[str]:
    return {one.id for one in here.server.containers() if one.service == service}


def release(here: World) -> str:
    name = f"roll{next(_numbers)}"
    here.project.write_release(name, bump=False)
    return name


async def test_a_first_deploy_has_nothing_to_roll(here: World) -> None:
    here.project.write_release(f"of this world alone {secrets.token_hex(4)}", bump=False)
    here.project.commit(
        "no other world's build is taken from the cache: it would be another image of the same files"
    )
    here.write_settings(
        strategy='{ backend = "rolling", db = "rolling" }', rolling_grace="2", rolling_drain="5"
    )
    await here.start_bot()
    await here.sim.start(here.anna)
    card = await here.card()
    assert "rolling" not in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text


async def test_no_request_fails_while_the_backend_is_rolled_and_nothing_else_is_touched(here: World) -> None:
    """A probe every 10 ms through the frontend sees only good answers; the card says what will be done, and why not."""
    with (here.project.path / "backend/app.py").open("a") as file:
        file.write("# changed\n")
    here.project.commit("a change of the backend")
    db, frontend, backend = ids(here, "db"), ids(here, "frontend"), ids(here, "backend")
    card = await here.card()
    assert "backend: a second instance first" in card.text
    assert "db is recreated: rolling was asked for, but it is the database" in card.text
    async with probed(here.server.http_port, "/api/version", "/api/plans", "/") as seen:
        since = await here.sim.mark()
        await here.sim.tap(here.anna, card, "Confirm")
        verdict = await here.verdict(since)
        await asyncio.sleep(1.5)
    assert "succeeded" in verdict.text
    assert seen.failed == {}
    assert seen.total > 100
    assert ids(here, "backend").isdisjoint(backend)
    assert (ids(here, "db"), ids(here, "frontend")) == (db, frontend)
    assert here.server.is_healthy()


async def test_compose_agrees_with_what_rolling_left(here: World) -> None:
    """A deploy of nothing new finds nothing to do: Compose sees the very configuration that it would bring up."""
    before = {one.service: (one.id, one.started_at) for one in here.server.containers()}
    here.project.path.joinpath("docs/NOTES.md").write_text("another note\n")
    here.project.commit("a note")
    async with probed(here.server.http_port, "/api/version", "/") as seen:
        verdict = await here.deploy()
    assert "succeeded" in verdict.text
    assert seen.failed == {}
    assert {one.service: (one.id, one.started_at) for one in here.server.containers()} == before


async def test_a_new_instance_that_never_gets_healthy_goes_and_the_old_one_serves_on(here: World) -> None:
    """R-RB-3: rolled back with the reason; the old container is the very same, never restarted."""
    before = {one.service: (one.id, one.started_at) for one in here.server.containers()}
    here.project.break_health()
    here.project.commit("a backend that refuses")
    async with probed(here.server.http_port, "/", "/api/plans") as seen:
        verdict = await here.deploy()
    here.project.fix()
    assert "rolled back" in verdict.text.splitlines()[0]
    assert HEALTH_FAILURE in verdict.text
    assert {one.service: (one.id, one.started_at) for one in here.server.containers()} == before
    assert seen.failed == {}
    assert here.server.is_healthy()


async def test_a_changed_env_value_recreates_what_is_not_rolled(here: World) -> None:
    """R-FE-2: a changed value needs more than a restart; nothing is spared then."""
    before = {one.service: one.id for one in here.server.containers()}
    here.server.write_env(EXPO_PUBLIC_API_URL="/api?rolled")
    here.project.path.joinpath("docs/NOTES.md").write_text("and another note\n")
    here.project.commit("another note")
    assert "succeeded" in (await here.deploy()).text
    after = {one.service: one.id for one in here.server.containers()}
    assert all(after[service] != before[service] for service in before)
    assert here.server.is_healthy()


async def test_the_old_instance_keeps_its_values_when_a_new_one_fails_with_changed_ones(here: World) -> None:
    """R-RB-3, R-FE-2: Compose finds the old one changed by then, and yet nobody recreates it with what made the new one fail."""
    compose = here.project.path / "docker/docker-compose.prod.yml"
    marker = "      DATABASE_URL:"
    compose.write_text(compose.read_text().replace(marker, "      MODE: ${MODE:-plain}\n" + marker))
    here.project.commit("a setting")
    assert "succeeded" in (await here.deploy()).text
    before = here.server.container("backend")
    here.server.write_env(EXPO_PUBLIC_API_URL="/api?rolled", MODE="bad")
    here.project.break_health()
    here.project.commit("a backend that refuses, with a changed setting")
    verdict = await here.deploy()
    here.project.fix()
    here.server.write_env(EXPO_PUBLIC_API_URL="/api?rolled")
    assert "rolled back" in verdict.text.splitlines()[0]
    after = here.server.container("backend")
    assert (after.id, after.started_at) == (before.id, before.started_at)
    assert here.server.is_healthy()


@pytest.mark.matrix
@pytest.mark.parametrize("moment", ["working", "beside", "gone", "done"])
async def test_a_bot_killed_in_the_middle_of_rolling_ends_well(here: World, moment: str) -> None:
    """Killed right after the second instance was asked for, while both run, after the old one went, and at the end."""
    with (here.project.path / "backend/app.py").open("a") as file:
        file.write(f"# killed at {moment}\n")
    name = release(here)
    here.project.write_release(name)
    here.project.commit(f"release {name}")
    await here.stop_bot(signal.SIGKILL)
    kill_at = {"working": "forward:up:working", "done": "forward:up:done"}.get(moment, "")
    await here.start_bot(kill_at=kill_at)
    before = ids(here, "backend")
    since = await here.confirmed()
    if kill_at:
        assert await here.wait_for_bot() == -signal.SIGKILL
    else:
        await _until(here, before, beside=moment == "beside")
        await here.stop_bot(signal.SIGKILL)
    await here.start_bot()
    verdict = await here.verdict(since)
    assert "succeeded" in verdict.text.splitlines()[0]
    assert here.server.served_version() == name
    assert here.server.is_healthy()
    assert ids(here, "backend").isdisjoint(before)


async def _until(here: World, before: set[str], *, beside: bool) -> None:
    """Both instances are there, or the old one went; within a minute."""
    for _ in range(1200):
        now = set[str]()
        with suppress(RuntimeError):  # one went between being listed and being looked at
            now = ids(here, "backend")
        if (beside and now > before) or (not beside and now and now.isdisjoint(before)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came so far")


async def test_a_kill_while_a_new_instance_fails_still_leaves_the_old_one_alone(here: World) -> None:
    """Killed on the way back, while both are there: the restarted bot clears away what is new."""
    before = {one.service: (one.id, one.started_at) for one in here.server.containers()}
    here.project.break_health()
    here.project.commit("a backend that refuses again")
    await here.stop_bot(signal.SIGKILL)
    await here.start_bot(kill_at="rollback:up-previous:begun")
    since = await here.confirmed()
    assert await here.wait_for_bot() == -signal.SIGKILL
    await here.start_bot()
    verdict = await here.verdict(since)
    here.project.fix()
    assert "rolled back" in verdict.text.splitlines()[0]
    assert {one.service: (one.id, one.started_at) for one in here.server.containers()} == before
    assert here.server.is_healthy()


async def test_a_service_that_the_release_does_not_have_blocks(here: World) -> None:
    await here.stop_bot()
    here.write_settings(strategy='{ api = "rolling" }')
    await here.start_bot()
    sent = await here.sim.say(here.anna, "/deploy")
    card = await here.sim.wait_for(
        here.anna, "[strategy] names what the release does not have: api", after=sent
    )
    assert not any(label.startswith("Confirm") for label in card.labels)
