"""/env on real parts: values as Compose reads them back, the database's password, ways back, `kill -9`, no trace left."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.world import World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

NASTY = """it's "q" $HOME ${DB_PASSWORD} #1 \\n `x` back\\"""
SECRET = "Zebra5Quartz9Falcon"
"""Letters and digits, and found nowhere else."""


def env_lines(here: World) -> list[str]:
    return here.server.env_file.read_text().splitlines()


def kept_on_host(here: World) -> list[Path]:
    folder = here.server.path.with_name("fitnessapp_opsgate") / "env"
    return sorted(folder.iterdir()) if folder.exists() else []


def traces(here: World, *values: str) -> list[str]:
    """Every file of the bot's folder in which one of the values stands, also inside its database."""
    wanted = [value.encode() for value in values]
    files = [one for one in here.folder.joinpath("data").rglob("*") if one.is_file()]
    files += here.folder.glob("*.log")
    found = [str(one) for one in files if any(value in one.read_bytes() for value in wanted)]
    return found + [f"bot's log: {value}" for value in values if value in here.bot_log()]


async def in_chat(here: World, *values: str) -> list[SimMessage]:
    """Messages of either side that still hold one of the values."""
    found = await here.sim.messages(here.anna)
    return [one for one in found if not one.deleted and any(value in one.text for value in values)]


async def asked(here: World, key: str, value: str) -> SimMessage:
    """The value as the answer to the question; the plan's card."""
    sent = await here.sim.say(here.anna, f"/env set {key}")
    await here.sim.wait_for(here.anna, "Answer with the new value", after=sent, timeout=30)
    sent = await here.sim.say(here.anna, value)
    return await here.sim.wait_for(here.anna, "Edit the env file", after=sent, timeout=60)


async def confirmed(here: World, card: SimMessage) -> SimMessage:
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm edit")
    return await here.verdict(since)


async def told(here: World, text: str, wanted: str) -> SimMessage:
    sent = await here.sim.say(here.anna, text)
    return await here.sim.wait_for(here.anna, wanted, after=sent, timeout=60)


async def test_the_keys_are_shown_and_no_value_is(here: World) -> None:
    compose = here.project.path / "docker/docker-compose.prod.yml"
    url = "      DATABASE_URL: "
    compose.write_text(compose.read_text().replace(url, f"      NOTE: ${{NOTE:-}}\n{url}"))
    here.project.commit("Read NOTE")
    here.server.env_file.write_text(here.server.env_file.read_text() + "# a comment with 12345\nEMPTY=\n")
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    verdict = await here.deploy()
    assert "succeeded" in verdict.text, "".join(
        p.read_text()[-1500:] for p in here.folder.glob("data/logs/**/*up*")
    )
    shown = await told(here, "/env", "Env file of fitnessapp")
    assert "DB_PASSWORD •••" in shown.text
    assert "EMPTY (empty)" in shown.text
    assert "EXPO_PUBLIC_API_URL •••, public" in shown.text
    assert "12345" not in shown.text
    assert here.server.password not in shown.text


async def test_a_nasty_value_arrives_in_the_container_exactly_as_it_was_typed(here: World) -> None:
    """R-FE-2: rebuilt and brought up anew; and the value stays nowhere but in the file."""
    before = {one.service: one.id for one in here.server.containers()}
    lines = env_lines(here)
    card = await asked(here, "NOTE", NASTY)
    assert "New: NOTE" in card.text
    assert "Read by: backend" in card.text, card.text
    assert "written in quotes" in card.text
    verdict = await confirmed(here, card)
    assert "env edit succeeded" in verdict.text, verdict.text
    assert here.server.exec("backend", "printenv", "NOTE") == f"{NASTY}\n"
    assert env_lines(here)[:-1] == lines
    assert here.server.env_file.stat().st_mode & 0o777 == 0o600
    assert here.server.is_healthy()
    assert all(here.server.container(service).id != one for service, one in before.items())
    await here.all_told()
    assert await in_chat(here, NASTY) == []
    assert traces(here, NASTY, NASTY[:12]) == []
    assert [one.name for one in kept_on_host(here)] == [here.operations()[-1]["id"]]
    assert here.lock_is_free()


async def test_a_value_typed_straight_into_the_chat_is_removed_from_it_and_said_so(here: World) -> None:
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, f"/env set API_TOKEN={SECRET}")
    await here.sim.wait_for(here.anna, "I removed your message with the value of API_TOKEN", after=sent)
    card = await here.sim.wait_for(here.anna, "No service reads API_TOKEN", since=since, timeout=60)
    assert await in_chat(here, SECRET) == []
    await here.sim.tap(here.anna, card, "Cancel")
    await here.sim.wait_for(here.anna, "Nothing was changed", since=since)
    await here.all_told()
    assert traces(here, SECRET) == []
    assert not [one for one in env_lines(here) if "API_TOKEN" in one]


async def test_a_bad_password_is_blocked_with_the_reason(here: World) -> None:
    """R-DB-2."""
    lines = env_lines(here)
    card = await asked(here, "DB_PASSWORD", "p@ss/word#1")
    assert "letters and digits only" in card.text
    assert not [label for label in card.labels if "Confirm" in label]
    assert env_lines(here) == lines
    assert traces(here, "p@ss/word#1") == []


async def test_a_new_database_password_opens_the_database_and_the_old_one_no_longer_does(here: World) -> None:
    """The role's password changes with the file, in the right order; the application is healthy with it."""
    stored = "SELECT rolpassword FROM pg_authid WHERE rolname = 'fitnessapp_user'"
    before = here.server.psql(stored)
    card = await asked(here, "DB_PASSWORD", SECRET)
    assert "Risk: high" in card.text
    assert "fitnessapp_user" in card.text
    verdict = await confirmed(here, card)
    assert "env edit succeeded" in verdict.text, verdict.text
    assert f"DB_PASSWORD={SECRET}" in env_lines(here)
    assert here.server.psql(stored) != before
    assert here.server.is_healthy()
    assert SECRET not in here.server.logs("db")
    await here.all_told()
    assert traces(here, SECRET) == []
    assert await in_chat(here, SECRET) == []


async def test_undo_brings_the_previous_file_and_password_back(here: World) -> None:
    card = await told(here, "/env undo", "Edit the env file")
    assert "Changed: DB_PASSWORD" in card.text
    verdict = await confirmed(here, card)
    assert "env edit succeeded" in verdict.text, verdict.text
    assert f"DB_PASSWORD={here.server.password}" in env_lines(here)
    assert here.server.is_healthy()


async def test_what_does_not_become_healthy_takes_itself_back_with_the_very_images(here: World) -> None:
    """R-RB-3 for an edit: file, password and images are what they were."""
    content = here.server.env_file.read_bytes()
    images = {one.service: one.image_id for one in here.server.containers()}
    broken = here.server.env_file.with_name("docker") / "docker-compose.prod.yml"
    good = broken.read_text()
    # the present password is all that this backend would know
    stays = f"fitnessapp_user:{here.server.password}@db"
    broken.write_text(good.replace("fitnessapp_user:${DB_PASSWORD}@db", stays))
    verdict = await confirmed(here, await asked(here, "DB_PASSWORD", SECRET))
    broken.write_text(good)
    assert "env edit rolled back" in verdict.text, verdict.text
    assert here.server.env_file.read_bytes() == content
    assert {one.service: one.image_id for one in here.server.containers()} == images
    assert here.server.is_healthy()
    assert SECRET not in verdict.text
    assert here.lock_is_free()
    assert not [one for one in kept_on_host(here) if one.name.startswith(here.operations()[-1]["id"])]


async def test_a_file_that_was_edited_meanwhile_makes_the_plan_anew(here: World) -> None:
    card = await asked(here, "NOTE", "second")
    here.server.env_file.write_text(here.server.env_file.read_text() + "BY_HAND=1\n")
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm edit")
    fresh = await here.sim.wait_for(here.anna, button="Confirm edit", since=since, timeout=60)
    verdict = await confirmed(here, fresh)
    assert "env edit succeeded" in verdict.text, verdict.text
    assert "BY_HAND=1" in env_lines(here)
    assert "NOTE=second" in env_lines(here)


async def test_in_a_group_no_value_is_asked_for(here: World) -> None:
    group = await here.sim.group("Team", [here.anna, here.boris])
    sent = await here.sim.say(here.anna, "/env set NOTE", chat=group)
    said = await here.sim.wait_for(group, "Values are not typed in a group", after=sent)
    assert "private chat" in said.text


KILLS = [
    ("build", "working"),
    ("swap-env", "done"),
    ("role-password", "done"),
    ("up", "working"),
    ("health", "begun"),
]


@pytest.mark.matrix
@pytest.mark.parametrize(("step", "moment"), KILLS, ids=["-".join(case) for case in KILLS])
async def test_a_killed_bot_finishes_its_edit_and_says_so_once(here: World, step: str, moment: str) -> None:
    password = f"{SECRET}{step.replace('-', '')}"
    await here.arm(f"forward:{step}:{moment}")
    card = await asked(here, "DB_PASSWORD", password)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm edit")
    assert await here.wait_for_bot() == -signal.SIGKILL
    await here.revive()
    verdict = await here.verdict(since)
    assert re.search("env edit succeeded", verdict.text), verdict.text
    assert f"DB_PASSWORD={password}" in env_lines(here)
    assert here.server.is_healthy()
    assert here.lock_is_free()
    assert len(await here.told(since)) == 1
    assert traces(here, password) == []
