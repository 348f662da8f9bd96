"""Every story of the tour, from its first step to its end, on a phone and on a desktop; and that it told the truth."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from bot.sandbox.demo import ANNA, BORIS, Demo
from bot.sandbox.played import SimMessage
from tests.browser.window import PATIENCE, PHONE, SIZES, Opener, Window

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser-tour"),
]

sizes = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


async def begun(
    opened: Opener, here: Demo, story: str, size: tuple[int, int], language: str = "en"
) -> Window:
    """A window in which a story was chosen."""
    window = await opened(here.address, size)
    await window.load(lang=language)
    await window.show_panel()
    await window.page.get_by_test_id(f"tour-{story}").click()
    return window


async def next_step(window: Window, after: str = "") -> str:
    """Waits for the step with a button that comes after another one; "" at the end of the story."""
    page = window.page
    fresh = page.locator(f'[data-testid="tour-next"]:not([data-step="{after}"]):not([aria-disabled])')
    await expect(fresh.or_(page.get_by_test_id("tour-done"))).to_be_visible(timeout=3 * PATIENCE)
    return await fresh.get_attribute("data-step") or "" if await fresh.count() else ""


async def played(window: Window) -> list[str]:
    """Presses "Do it for me" to the end; the steps that had the button."""
    steps: list[str] = []
    while step := await next_step(window, steps[-1] if steps else ""):
        await window.shot(step)
        steps.append(step)
        await window.page.get_by_test_id("tour-next").click()
    await expect(window.page.get_by_test_id("tour-done").get_by_role("listitem")).to_have_count(2)
    assert not await window.scrolls_sideways()
    await window.shot("end")
    return steps


async def said(here: Demo, chat: int, since: int) -> list[SimMessage]:
    """What the bot said or changed in a chat after a mark."""
    return await here.api.sim.messages(chat, by_bot=True, since=since)


def verdicts(messages: list[SimMessage]) -> list[str]:
    """The first lines of those that tell an end."""
    return [message.text.splitlines()[0] for message in messages if {"Log", "Журнал"} & {*message.labels}]


@sizes
async def test_deploy_ends_with_a_release_that_serves(
    here: Demo, opened: Opener, size: tuple[int, int]
) -> None:
    since = await here.api.sim.mark()
    window = await begun(opened, here, "deploy", size)
    assert await played(window) == ["ask", "confirm"]
    assert verdicts(await said(here, ANNA, since)) == ["✅ fitnessapp: deploy succeeded"]
    await window.sees("is serving")


@sizes
async def test_a_release_that_breaks_is_rolled_back_and_the_other_admin_is_told_in_his_language(
    here: Demo, opened: Opener, size: tuple[int, int]
) -> None:
    since = await here.api.sim.mark()
    window = await begun(opened, here, "breaks", size)
    assert await played(window) == ["break", "ask", "confirm", "other"]
    assert verdicts(await said(here, ANNA, since)) == ["↩️ fitnessapp: deploy rolled back"]
    pushed = await said(here, BORIS, since)
    assert verdicts(pushed) == ["↩️ fitnessapp, деплой: откат выполнен"]
    assert "refusing traffic" in pushed[-1].text
    await window.sees("откат выполнен")


@sizes
async def test_a_lost_connection_is_told_and_the_deploy_goes_on_by_itself(
    here: Demo, opened: Opener, size: tuple[int, int]
) -> None:
    since = await here.api.sim.mark()
    window = await begun(opened, here, "line", size)
    assert await played(window) == ["ask", "cut"]
    messages = await said(here, ANNA, since)
    looks = [look.get("text", "") for message in messages for look in message.history]  # a log has none
    assert any("connection lost, trying again" in look for look in looks)
    assert verdicts(messages) == ["✅ fitnessapp: deploy succeeded"]
    assert not [day for day in await here.api.sim.days() if day["active"]]


@sizes
async def test_a_backup_is_restored_after_its_name_was_typed_and_can_be_undone(
    here: Demo, opened: Opener, size: tuple[int, int]
) -> None:
    since = await here.api.sim.mark()
    window = await begun(opened, here, "restore", size)
    assert await played(window) == ["backup", "list", "choose", "confirm", "type"]
    told = verdicts(await said(here, ANNA, since))
    assert told == ["✅ fitnessapp: backup succeeded", "✅ fitnessapp: restore succeeded"]
    await expect(window.button("Undo").last).to_be_visible()


@sizes
async def test_a_strangers_tap_does_nothing_and_another_admins_tap_counts(
    here: Demo, opened: Opener, size: tuple[int, int]
) -> None:
    since = await here.api.sim.mark()
    window = await begun(opened, here, "tap", size)
    assert await next_step(window) == "stranger"
    await window.page.get_by_test_id("tour-next").click()
    assert await next_step(window, "stranger") == "ask"
    assert await said(here, here.group.id, since) == []
    assert await played(window) == ["ask", "mallory", "confirm"]
    assert verdicts(await said(here, here.group.id, since)) == ["✅ fitnessapp: deploy succeeded"]
    await window.sees("Confirmed by Борис")


async def test_a_story_goes_on_by_what_a_person_does_in_the_russian_chat(here: Demo, opened: Opener) -> None:
    """Nobody must use the button. The story is about the admin with whom the bot speaks the page's language."""
    window = await begun(opened, here, "deploy", PHONE, "ru")
    assert await next_step(window) == "ask"
    await window.shot("ask")
    await window.say("/deploy")
    assert await next_step(window, "ask") == "confirm"
    await window.shot("confirm")
    await window.tap("Подтвердить")
    assert await next_step(window, "confirm") == ""
    await expect(window.page.get_by_test_id("tour-done")).to_contain_text(re.compile("[а-яё]"))
    await window.sees("деплой: выполнено")
    await window.shot("end")


async def test_a_story_can_be_left_and_begun_again(here: Demo, opened: Opener) -> None:
    window = await begun(opened, here, "deploy", PHONE)
    assert await next_step(window) == "ask"
    await window.page.get_by_test_id("tour-leave").click()
    story = window.page.get_by_test_id("tour-deploy")
    await expect(story).to_be_focused()
    await story.press("Enter")
    assert await next_step(window) == "ask"
