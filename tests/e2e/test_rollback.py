"""/rollback on real parts: files and the very images come back, without a build; and what can go wrong on the way."""

from __future__ import annotations

import subprocess

import pytest

from bot.sandbox.played import SimMessage
from bot.sandbox.practice.ports import free_port
from tests.e2e.stack.server import COMPOSE_FILE
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

Images = dict[str, str]


def images(here: World) -> Images:
    """By service, the image that runs."""
    return {one.service: one.image_id for one in here.server.containers()}


async def choice(here: World) -> SimMessage:
    """What /rollback offers."""
    sent = await here.sim.say(here.anna, "/rollback")
    return await here.sim.wait_for(here.anna, "Which release", after=sent, timeout=60)


async def card_of(here: World, label: str) -> SimMessage:
    """The plan card of the release whose button begins with the label."""
    offered = await choice(here)
    button = next(one for one in offered.labels if one.startswith(label))
    since = await here.sim.mark()
    await here.sim.tap(here.anna, offered, button)
    return await here.sim.wait_for(here.anna, "Nothing is built", since=since, timeout=60)


async def tap_confirm(here: World, card: SimMessage) -> int:
    """Returns the mark from before."""
    assert card.labels, card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm rollback")
    return since


async def confirmed(here: World, label: str) -> int:
    return await tap_confirm(here, await card_of(here, label))


async def rolled_back(here: World, label: str) -> SimMessage:
    """All the way; its verdict."""
    return await here.verdict(await confirmed(here, label))


async def deployed(here: World, version: str) -> tuple[str, Images]:
    """Deploys a release: its label, and its images."""
    commit = here.project.release_commit(version)
    verdict = await here.deploy()
    assert "succeeded" in verdict.text, verdict.text
    assert here.server.served_version() == version
    return commit[:7], images(here)


def record(here: World) -> str:
    """The release that the host says is deployed."""
    return (here.server.path.with_name("fitnessapp_opsgate") / "current").read_text()


def steps_of(here: World, operation: int = -1) -> list[str]:
    return list(here.operations()[operation]["plan"]["steps"])  # type: ignore[index]  # JSON: the plan is an object


RELEASES: dict[str, tuple[str, Images]] = {}
"""By version: label and images, as its deploy left them."""


async def test_before_a_second_release_there_is_nothing_to_go_back_to_and_the_bot_says_why(
    here: World,
) -> None:
    RELEASES.clear()
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    RELEASES["r1"] = await deployed(here, "r1")
    sent = await here.sim.say(here.anna, "/rollback")
    said = await here.sim.wait_for(here.anna, "no earlier release", after=sent, timeout=30)
    assert "/deploy" in said.text
    assert said.labels == []


async def test_a_rollback_brings_files_and_the_very_images_back_without_a_build(here: World) -> None:
    """R-RB-2, R-DB-3, R-RB-1: proven backup and safety copy first; nothing is built."""
    here.server.write_env(OLD_PORT=str(here.server.http_port))
    compose = here.project.path / COMPOSE_FILE
    compose.write_text(compose.read_text().replace("${HTTP_PORT}", "${OLD_PORT}"))
    RELEASES["r2"] = await deployed(here, "r2")
    compose.write_text(compose.read_text().replace("${OLD_PORT}", "${HTTP_PORT}"))
    here.server.psql("CREATE TABLE IF NOT EXISTS diary (note text); INSERT INTO diary VALUES ('kept')")
    RELEASES["r3"] = await deployed(here, "r3")
    dumps = len(list((here.server.backup_path / "database").glob("*.dump")))
    there = all_images(here)

    label, wanted = RELEASES["r1"]
    card = await card_of(here, label)
    assert "2 commits go away" in card.text
    assert "FitnessApp r3" in card.text
    assert wanted["backend"].removeprefix("sha256:")[:12] in card.text
    assert "Risk: medium" in card.text
    assert here.server.served_version() == "r3"  # nothing happens before the tap
    since = await tap_confirm(here, card)
    verdict = await here.verdict(since)

    assert "rollback succeeded" in verdict.text, verdict.text
    assert here.server.served_version() == "r1"
    assert images(here) == wanted
    assert not [one for one in all_images(here) - there if is_of_this_stack(here, one)]
    assert "build" not in steps_of(here)
    assert (here.server.path / "VERSION.txt").read_text() == "r1\n"
    assert (here.server.backup_path / "files" / "VERSION.txt").read_text() == "r3\n"
    assert len(list((here.server.backup_path / "database").glob("*.dump"))) == dumps + 1
    assert here.server.psql("SELECT note FROM diary") == "kept"
    assert here.server.is_healthy()
    assert here.lock_is_free()


def is_of_this_stack(here: World, image: str) -> bool:
    """Other worlds build on the same engine meanwhile."""
    label = '{{index .Config.Labels "com.docker.compose.project"}}'
    command = [here.server.docker, "image", "inspect", "--format", label, "--", image]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return found.stdout.strip() == here.server.compose_project


def all_images(here: World) -> set[str]:
    listed = subprocess.run(
        [here.server.docker, "image", "ls", "--quiet", "--no-trunc"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {*listed.split()}


async def test_the_matching_backup_is_offered_below_the_verdict_and_gets_a_card_of_its_own(
    here: World,
) -> None:
    verdict = [m for m in await here.sim.messages(here.anna, by_bot=True) if "rollback succeeded" in m.text][
        -1
    ]
    since = await here.sim.mark()
    await here.sim.tap(here.anna, verdict, "Restore the matching backup")
    card = await here.sim.wait_for(here.anna, "Restore the database", since=since, timeout=60)
    assert RELEASES["r1"][0] in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Cancel")


async def test_the_release_that_serves_is_not_offered_and_cannot_be_forged(here: World) -> None:
    offered = await choice(here)
    assert [label.split(" · ")[0] for label in offered.labels] == [RELEASES["r3"][0], RELEASES["r2"][0]]
    since = await here.sim.mark()
    await here.sim.tap(here.anna, offered, data=f"v:{record(here)}", forged=True)
    await here.sim.wait_for(here.anna, "is the one that serves", since=since, timeout=30)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, await choice(here), data="v:20200101-000000-none", forged=True)
    await here.sim.wait_for(here.anna, "do not know this release", since=since)


async def test_a_rollback_can_be_rolled_back(here: World) -> None:
    label, wanted = RELEASES["r3"]
    card = await card_of(here, label)
    assert "2 commits come back" in card.text
    since = await tap_confirm(here, card)
    assert "rollback succeeded" in (await here.verdict(since)).text
    assert here.server.served_version() == "r3"
    assert images(here) == wanted


async def test_what_docker_prunes_are_never_images_of_kept_releases(here: World) -> None:
    """R-RB-2: an admin tidies up on the host, and every kept release can still come back."""
    tags = {
        f"opsgate-keep:{here.server.compose_project}.{release}.backend" for release in kept_releases(here)
    }
    assert len(tags) == 3
    assert tags <= {*names_of_images(here)}


def kept_releases(here: World) -> list[str]:
    folder = here.server.path.with_name("fitnessapp_opsgate") / "releases"
    return sorted(one.parent.name for one in folder.glob("*/release.json"))


def names_of_images(here: World) -> list[str]:
    listing = [here.server.docker, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    return subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()


async def test_an_earlier_release_that_does_not_get_healthy_any_more_rolls_itself_back(here: World) -> None:
    """R-RB-3: what ran serves again, and every admin learns why."""
    label, wanted = RELEASES["r2"][0], images(here)
    dumps = len(list((here.server.backup_path / "database").glob("*.dump")))
    await here.stop_bot()
    here.write_settings(health_timeout="15")
    await here.start_bot()
    here.server.write_env(OLD_PORT=str(free_port()))  # since r2 the site moved to another setting
    boris_since = await here.sim.mark()
    verdict = await rolled_back(here, label)
    assert "the rollback itself was rolled back" in verdict.text
    assert "does not answer" in verdict.text
    assert here.server.served_version() == "r3"
    assert images(here) == wanted
    assert record(here) == kept_releases(here)[-1]
    assert (here.server.path / "VERSION.txt").read_text() == "r3\n"
    assert len(list((here.server.backup_path / "database").glob("*.dump"))) == dumps + 1
    assert "rolled back" in (await here.verdict(boris_since, here.boris)).text.splitlines()[0]
    assert here.lock_is_free()


async def test_an_image_that_is_gone_from_the_host_blocks(here: World) -> None:
    """R-UX-1: said before anything starts, with what to do instead."""
    image = RELEASES["r2"][1]["backend"]
    remove = [here.server.docker, "image", "rm", "--force", image]
    subprocess.run(remove, check=True, capture_output=True)
    card = await card_of(here, RELEASES["r2"][0])
    assert "no longer on the host: backend" in card.text
    assert card.labels == []


async def test_only_so_many_releases_are_kept_and_their_images_go_with_them(here: World) -> None:
    """The running one and the one before stay whatever their age; what was freed is said."""
    await here.stop_bot()
    here.write_settings(keep_releases="2")
    await here.start_bot()
    served, served_before = record(here), here.server.served_version()
    RELEASES["r4"] = await deployed(here, "r4")
    verdict = (await here.sim.messages(here.anna, by_bot=True))[-1]
    assert kept_releases(here) == sorted([served, record(here)])
    assert "Freed: 2 old releases" in verdict.text
    tags = {
        name
        for name in names_of_images(here)
        if name.startswith(f"opsgate-keep:{here.server.compose_project}.2")
    }
    assert {tag.split(".")[1] for tag in tags} == {served, record(here)}
    (left,) = {"r1", "r3"} - {served_before}
    assert RELEASES[left][1]["backend"] not in all_images(here)
    assert here.server.is_healthy()
