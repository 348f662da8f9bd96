"""R-FE-1 in one tap: a plan that the app's version blocks, the bump, the new plan, its confirmation, the new version."""

from __future__ import annotations

import subprocess

import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

TREE = '{{ path = "{path}" }}'


def git(here: World, *words: str) -> str:
    argv = ["git", "-C", str(here.project.path), *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


async def blocked(here: World, *, button: str | None) -> SimMessage:
    """The card of a deploy whose app has the version that is deployed."""
    sent = await here.sim.say(here.anna, "/deploy")
    card = await here.sim.wait_for(here.anna, "mobile/app.json", after=sent, timeout=60)
    assert [label for label in card.labels if label.startswith(("Bump", "Confirm"))] == (
        [button] if button else []
    )
    return card


async def test_a_first_release_serves(here: World) -> None:
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    assert "succeeded" in (await here.deploy()).text


async def test_one_tap_bumps_and_the_new_plan_wants_its_own_confirmation(here: World) -> None:
    """R-FE-1, R-UX-2: blocked, bumped by a pushed commit, planned anew, confirmed, deployed."""
    here.project.forget_bump()
    head = here.project.commit("tell where to meet")
    card = await blocked(here, button="Bump 1.0.2 → 1.0.3")
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Bump")
    fresh = await here.sim.wait_for(here.anna, button="Confirm", after=card, timeout=60)
    assert "Frontend 1.0.2 → 1.0.3" in fresh.text
    assert "Bump the app to 1.0.3" in fresh.text
    assert git(here, "log", "-n1", "--format=%an <%ae>|%s|%P") == (
        f"Opsgate <opsgate@localhost>|Bump the app to 1.0.3|{head}"
    )
    assert git(here, "diff", "--numstat", head, "HEAD").split() == ["1", "1", "mobile/app.json"]
    assert await here.verdicts(since) == []
    assert "Meeting point" not in (here.server.get("/") or "")

    since = await here.sim.mark()
    await here.sim.tap(here.anna, fresh, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text
    assert "Meeting point" in (here.server.get("/") or "")
    assert '"version": "1.0.3"' in (here.server.path / "mobile/app.json").read_text()


async def test_the_old_card_is_over_and_says_so(here: World) -> None:
    await here.sim.wait_for(here.anna, "A new plan took the place of this one", timeout=30)
    replaced = [one for one in here.operations() if one["state"] == "dismissed"]
    assert len(replaced) == 1
    assert await here.sim.messages(here.anna, by_bot=True)
    assert not any(
        label.startswith("Bump")
        for message in await here.sim.messages(here.anna, by_bot=True)
        for label in message.labels
    )


async def test_a_repository_that_refuses_is_told_with_the_commands_and_nothing_is_deployed(
    here: World,
) -> None:
    """A protected branch."""
    here.project.forget_bump()
    head = here.project.commit("meet elsewhere")
    hook = here.project.path / ".git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho main is protected\nexit 1\n")
    hook.chmod(0o755)
    card = await blocked(here, button="Bump 1.0.3 → 1.0.4")
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Bump")
    told = await here.sim.wait_for(here.anna, "main is protected", since=since, timeout=60)
    assert "git push origin main" in told.text
    assert git(here, "rev-parse", "HEAD") == head
    assert await here.verdicts(since) == []

    hook.unlink()  # the same card still stands: another tap goes through
    await here.sim.tap(here.anna, card, "Bump")
    await here.sim.wait_for(here.anna, button="Confirm", after=card, timeout=60)
    assert here.project.app_version == "1.0.4"


async def test_a_tag_has_no_button(here: World) -> None:
    git(here, "tag", "v-old", "HEAD~1")
    sent = await here.sim.say(here.anna, "/deploy v-old")
    card = await here.sim.wait_for(here.anna, "v-old is not a branch", after=sent, timeout=60)
    assert not any(label.startswith(("Bump", "Confirm")) for label in card.labels)


async def test_in_a_local_folder_the_file_is_edited_and_deployed(here: World) -> None:
    """R-FE-1: the one value of the one file, nothing committed."""
    assert "succeeded" in (await here.deploy()).text
    await here.stop_bot()
    here.write_settings(source=TREE.format(path=here.project.path))
    await here.start_bot()
    here.project.forget_bump()
    head = git(here, "rev-parse", "HEAD")
    file = here.project.path / "mobile/app.json"
    before = file.read_text()
    card = await blocked(here, button="Bump 1.0.4 → 1.0.5")
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Bump")
    fresh = await here.sim.wait_for(here.anna, button="Confirm", after=card, timeout=60)
    assert "Frontend 1.0.4 → 1.0.5" in fresh.text
    assert "not committed" in fresh.text
    assert file.read_text() == before.replace("1.0.4", "1.0.5")
    assert git(here, "rev-parse", "HEAD") == head
    since = await here.sim.mark()
    await here.sim.tap(here.anna, fresh, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text
    assert '"version": "1.0.5"' in (here.server.path / "mobile/app.json").read_text()
