"""The panel of bad days: what is in force is seen, ends, and reaches the practice server."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bot.sandbox.demo import ANNA
from bot.sandbox.process import LocalBotApi
from tests.browser.window import PHONE, Opener, Window

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(60),
    pytest.mark.xdist_group("browser-days"),
]


async def panel(opened: Opener, telegram: LocalBotApi, **query: str) -> Window:
    window = await opened(telegram.control)
    await window.load(**{"lang": "en"} | query)
    return window


async def test_every_day_of_the_server_has_a_row_with_words_in_both_languages(
    opened: Opener, telegram: LocalBotApi
) -> None:
    names = [day["name"] for day in await telegram.sim.days()]
    assert len(names) >= 15
    shown = []
    for language in ("en", "ru"):
        window = await panel(opened, telegram, lang=language)
        titles = [window.page.get_by_test_id(f"day-{name}").locator(".day-title") for name in names]
        shown.append([await title.inner_text() for title in titles])
        whats = window.page.locator(".day-what")
        assert all(await whats.all_inner_texts())
    assert not set(names) & {*shown[0], *shown[1]}
    assert not set(shown[0]) & set(shown[1])


async def test_a_lasting_day_is_a_switch_that_a_strip_tells_of_until_all_are_ended(
    opened: Opener, telegram: LocalBotApi
) -> None:
    window = await panel(opened, telegram)
    page = window.page
    strip, switch = (
        page.get_by_test_id("days-strip"),
        page.get_by_test_id("day-disk-full").get_by_role("switch"),
    )
    await expect(strip).to_be_hidden()
    await expect(switch).to_have_attribute("aria-checked", "false")
    await switch.press("Space")
    await expect(switch).to_have_attribute("aria-checked", "true")
    await expect(strip).to_contain_text("Disk full")
    assert await active(telegram) == ["disk-full"]
    await page.get_by_test_id("day-host-unreachable").get_by_role("switch").click()
    await expect(strip).to_contain_text("Server unreachable")
    await window.shot("strip")
    await page.get_by_test_id("days-end").click()
    await expect(strip).to_be_hidden()
    await expect(switch).to_have_attribute("aria-checked", "false")
    assert await active(telegram) == []


async def active(telegram: LocalBotApi) -> list[str]:
    return [day["name"] for day in await telegram.sim.days() if day["active"]]


async def test_a_day_begun_elsewhere_is_seen_and_its_numbers_are_those_in_force(
    opened: Opener, telegram: LocalBotApi
) -> None:
    window = await panel(opened, telegram)
    await telegram.sim.bad_day("flood-wait", seconds=60)
    row = window.page.get_by_test_id("day-flood-wait")
    await expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    await expect(row.get_by_role("spinbutton")).to_be_disabled()
    await telegram.sim.good_day("flood-wait")
    await expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "false")


async def test_a_number_that_was_typed_goes_with_the_day(opened: Opener, telegram: LocalBotApi) -> None:
    window = await panel(opened, telegram)
    row = window.page.get_by_test_id("day-slow-network")
    await row.get_by_label("delay, ms").fill("350")
    await row.get_by_role("switch").click()
    await expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    options = next(day["options"] for day in await telegram.sim.days() if day["name"] == "slow-network")
    assert options["latency_ms"] == 350
    await row.get_by_role("switch").click()
    await expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "false")


async def test_a_day_that_happens_once_says_that_it_happened(opened: Opener, telegram: LocalBotApi) -> None:
    window = await panel(opened, telegram)
    await window.page.get_by_test_id("day-new-release").get_by_role("button").press("Enter")
    await expect(window.page.get_by_test_id("days-said")).to_contain_text("A good new release")
    await expect(window.page.get_by_test_id("days-strip")).to_be_hidden()


async def test_a_cut_of_the_next_upload_waits_for_it_and_can_be_called_off(
    opened: Opener, telegram: LocalBotApi
) -> None:
    window = await panel(opened, telegram)
    button = window.page.get_by_test_id("day-ssh-drops-mid-upload").get_by_role("button")
    await button.click()
    await expect(button).to_contain_text("Waiting")
    await button.click()
    await expect(button).to_contain_text("Do it")
    assert await active(telegram) == []


async def test_on_a_phone_the_panel_is_a_view_of_its_own_without_sideways_scrolling(
    opened: Opener, telegram: LocalBotApi
) -> None:
    window = await opened(telegram.control, PHONE)
    await window.load(lang="ru")
    await window.become(ANNA)
    await window.show_panel()
    await window.shot("panel")
    last = window.page.get_by_test_id("day-flood-wait")
    await last.scroll_into_view_if_needed()
    await expect(last).to_be_in_viewport()
    await last.get_by_role("switch").click()
    await window.page.get_by_test_id("panel-back").click()
    await expect(window.page.get_by_test_id("days-strip")).to_be_in_viewport()
    await window.shot("chat")
    await window.page.get_by_test_id("days-end").click()
    await expect(window.page.get_by_test_id("days-strip")).to_be_hidden()
    assert not await window.scrolls_sideways()
