"""Everybody can use the page: any width, colours, language, with the keyboard alone, with a screen reader."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from bot.sandbox.demo import ANNA, BORIS, STRANGER, Demo
from tests.browser.window import DESKTOP, PATIENCE, PHONE, Opener, Window

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("browser-reach"),
]

WIDTHS = (320, 390, 768, 1024, 1280, 1920)
VIEWS = ("list", "chat", "panel")
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3 (AA), for text of ordinary size."""
_NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, textarea, select, [role=switch], [role=dialog], img')]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.getAttribute('aria-label') || element.getAttribute('aria-labelledby') || element.alt ||
    element.labels?.[0]?.textContent || element.textContent.trim()))
  .map((element) => element.outerHTML.slice(0, 120))"""
_LOST_REFERENCES = """() => ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for'].flatMap((name) =>
  [...document.querySelectorAll(`[${name}]`)].flatMap((element) => element.getAttribute(name).split(/\\s+/)
    .filter((id) => !document.getElementById(id)).map((id) => `${name}=${id}`)))"""
_TWICE = """() => Object.entries(Object.groupBy([...document.querySelectorAll('[id]')], (element) => element.id))
  .filter(([, found]) => found.length > 1).map(([id]) => id)"""
_FAINT = """(least) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  const parsed = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { rgb: [r, g, b], a: a / 255 };
  };
  const light = (rgb) => rgb.map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== 'none') return null; // a picture behind: not for arithmetic
      const { rgb, a } = parsed(style.backgroundColor);
      if (a > 0.98) return rgb;
      if (a > 0.02) return null;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('main *, #tour *, #practice')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility({ opacityProperty: true }) || element.closest('[disabled], [aria-disabled], [aria-hidden=true]')) continue;
    const back = ground(element);
    if (!back) continue;
    const [a, b] = [light(parsed(getComputedStyle(element).color).rgb), light(back)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < least) found.push(`${contrast.toFixed(2)} ${element.className} ${element.textContent.trim().slice(0, 40)}`);
  }
  return [...new Set(found)];
}"""


async def filled(opened: Opener, here: Demo, size: tuple[int, int] = DESKTOP, **options: Any) -> Window:
    """A window on a chat with something of everything in it."""
    window = await opened(here.address, size, **options)
    await window.load(lang="en")
    await window.become(ANNA)
    return window


async def view(page: Page, name: str) -> None:
    await page.evaluate("(name) => window.opsgate.view(name)", name)


async def test_it_begins_with_a_plan_card_in_the_chat(here: Demo, opened: Opener) -> None:
    window = await filled(opened, here)
    await window.say("/deploy")
    await expect(window.button("Confirm")).to_be_visible(timeout=PATIENCE)
    await window.say("/status")
    await window.sees("healthy")


@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_is_wider_than_the_window(here: Demo, opened: Opener, width: int) -> None:
    window = await filled(opened, here, (width, 800))
    for name in VIEWS:
        await view(window.page, name)
        assert not await window.scrolls_sideways(), name
        if name != "list":
            await window.shot(name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_ground_in_both_colours(
    here: Demo, opened: Opener, scheme: str
) -> None:
    window = await filled(opened, here, color_scheme=scheme)
    page = window.page
    await page.get_by_test_id("day-disk-full").get_by_role("switch").click()
    await expect(page.get_by_test_id("days-strip")).to_be_visible()
    await window.shot(scheme)
    faint = await page.evaluate(_FAINT, LEAST_CONTRAST)
    await page.get_by_test_id("days-end").click()
    await expect(page.get_by_test_id("days-strip")).to_be_hidden()
    assert faint == []


async def test_the_colours_are_the_systems_until_a_person_chooses_and_then_stay(
    here: Demo, opened: Opener
) -> None:
    window = await filled(opened, here, color_scheme="dark")
    dark = await ground(window)
    await window.page.get_by_test_id("theme").click()
    light = await ground(window)
    assert dark != light
    await window.load()
    assert await ground(window) == light


async def ground(window: Window) -> str:
    return str(
        await window.page.locator("#sidebar").evaluate("element => getComputedStyle(element).backgroundColor")
    )


async def test_the_page_speaks_both_languages_and_remembers_which(here: Demo, opened: Opener) -> None:
    window = await filled(opened, here)
    page = window.page
    await page.evaluate("history.replaceState(null, '', '/')")
    await expect(page.get_by_test_id("tour-deploy")).to_contain_text("A command")
    await page.get_by_test_id("language").click()
    for place in ("tour-deploy", "day-disk-full", "practice-mark"):
        await expect(page.get_by_test_id(place)).to_contain_text(re.compile("[а-яё]"))
    assert await page.evaluate("document.documentElement.lang") == "ru"
    await page.reload()
    await expect(page.get_by_test_id("tour-deploy")).to_contain_text("Команда")


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("name", VIEWS)
async def test_everything_that_can_be_used_has_a_name_and_every_reference_leads_somewhere(
    here: Demo, opened: Opener, name: str, size: tuple[int, int]
) -> None:
    window = await filled(opened, here, size)
    await view(window.page, name)
    assert await window.page.evaluate(_NAMELESS) == []
    assert await window.page.evaluate(_LOST_REFERENCES) == []
    assert await window.page.evaluate(_TWICE) == []


async def test_the_page_has_its_landmarks_and_new_messages_are_announced(here: Demo, opened: Opener) -> None:
    window = await filled(opened, here)
    for role in ("main", "navigation", "complementary", "log"):
        await expect(window.page.get_by_role(role)).to_have_count(1)
    log = window.page.get_by_role("log")
    await expect(log).to_have_attribute("aria-live", "polite")
    await expect(window.page.get_by_test_id("practice-mark")).to_be_visible()


async def test_a_deploy_with_the_keyboard_alone(here: Demo, opened: Opener) -> None:
    """From loading the page to the verdict without a pointer; focus can be seen wherever it is."""
    window = await opened(here.address)
    await window.load(lang="en")
    page = window.page
    await tab_to(page, f"person-{ANNA}")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.type("/deploy")
    await page.keyboard.press("Enter")
    newest = window.messages("bot").last
    await expect(newest.locator('[data-label^="Confirm"]')).to_be_visible(timeout=PATIENCE)
    await page.keyboard.press("Shift+Tab")
    for _ in range(12):
        label = await page.evaluate("document.activeElement.dataset.label ?? ''")
        if label.startswith("Confirm"):
            break
        await page.keyboard.press("Shift+Tab")
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    await window.shot("focus")
    await page.keyboard.press("Enter")
    await window.sees("deploy succeeded", within=2 * PATIENCE)


async def tab_to(page: Page, testid: str) -> None:
    """Presses Tab until the element with this test id has the focus."""
    for _ in range(60):
        if await page.evaluate("document.activeElement.dataset.testid") == testid:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {testid}")


async def test_everybody_of_the_demo_is_there_and_a_stranger_is_not_answered(
    here: Demo, opened: Opener
) -> None:
    window = await filled(opened, here)
    for person in (ANNA, BORIS, STRANGER):
        await expect(window.page.get_by_test_id(f"person-{person}")).to_be_visible()
    await window.page.get_by_test_id(f"person-{STRANGER}").click()
    await window.page.get_by_test_id("start").click()
    await expect(window.messages("me")).to_have_count(1)
    since = await here.api.sim.mark()
    assert await here.api.sim.stays_quiet(STRANGER, since, seconds=2)
    await expect(window.messages("bot")).to_have_count(0)
