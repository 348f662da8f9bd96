"""The chat page shows what a bot sends as Telegram does, and what people do reaches the bot."""

from __future__ import annotations

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bot.sandbox.demo import ANNA, BORIS
from bot.sandbox.process import LocalBotApi
from tests.browser.played_bot import PlayedBot
from tests.browser.window import PHONE, Opener, Window

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(60),
    pytest.mark.xdist_group("browser-chat"),
]

NOT_MARKUP = '<img src="x" onerror="alert(1)"> & <b>not bold</b>'


@pytest_asyncio.fixture(loop_scope="session")
async def window(opened: Opener, telegram: LocalBotApi) -> Window:
    """Anna's window on her chat with the bot."""
    made = await opened(telegram.control, permissions=["clipboard-read", "clipboard-write"])
    await made.load(lang="en")
    await made.become(ANNA)
    return made


def entity(text: str, part: str, kind: str, **more: object) -> dict[str, object]:
    """An entity over a part of a text. Offsets count UTF-16 units."""
    before = text[: text.index(part)].encode("utf-16-le")
    return {"type": kind, "offset": len(before) // 2, "length": len(part.encode("utf-16-le")) // 2, **more}


async def test_entities_are_elements_and_text_is_only_text(window: Window, bot: PlayedBot) -> None:
    text = f"😀 bold italic code link\nprint(1)\n{NOT_MARKUP}"
    entities = [
        entity(text, "bold", "bold"),
        entity(text, "italic", "italic"),
        entity(text, "code", "code"),
        entity(text, "link", "text_link", url="https://example.org/"),
        entity(text, "print(1)", "pre", language="python"),
    ]
    await bot.say(ANNA, text, entities=entities)
    message = await window.sees("not bold")
    for tag, words in {"strong": "bold", "em": "italic", "a": "link", "pre": "print(1)"}.items():
        await expect(message.locator(tag)).to_have_text(words)
    await expect(message).to_contain_text(NOT_MARKUP)
    await expect(message.locator("img, b")).to_have_count(0)
    assert await message.locator("a").get_attribute("href") == "https://example.org/"


async def test_a_spoiler_hides_its_text_until_it_is_pressed(window: Window, bot: PlayedBot) -> None:
    text = "The answer is forty-two"
    await bot.say(ANNA, text, entities=[entity(text, "forty-two", "spoiler")])
    spoiler = (await window.sees("The answer is")).locator(".spoiler")
    await expect(spoiler).to_have_attribute("role", "button")
    await spoiler.press("Enter")
    await expect(spoiler).to_have_class(re.compile("revealed"))


async def test_a_long_quote_is_folded_and_opens_and_stays_open_when_the_message_is_edited(
    window: Window, bot: PlayedBot
) -> None:
    log = "\n".join(f"line {number} of a log" for number in range(20))
    quote = [entity(log, log, "expandable_blockquote")]
    sent = await bot.say(ANNA, log, entities=quote)
    toggle = (await window.sees("line 0 of a log")).locator(".quote-toggle")
    await expect(toggle).to_have_attribute("aria-expanded", "false")
    await toggle.click()
    await expect(toggle).to_have_attribute("aria-expanded", "true")
    changed = log.replace("line 0", "line zero")
    await bot.edit(ANNA, sent, changed, entities=[entity(changed, changed, "expandable_blockquote")])
    toggle = (await window.sees("line zero of a log")).locator(".quote-toggle")
    await expect(toggle).to_have_attribute("aria-expanded", "true")


async def test_a_moment_is_shown_in_the_readers_own_time(
    opened: Opener, telegram: LocalBotApi, bot: PlayedBot
) -> None:
    window = await opened(telegram.control, timezone_id="Asia/Tokyo")
    await window.load(lang="en")
    await window.become(ANNA)
    text = "until 10:30 UTC"
    moment = entity(text, "10:30 UTC", "date_time", unix_time=1_760_005_800, date_time_format="t")
    await bot.say(ANNA, text, entities=[moment])
    await expect((await window.sees("until")).locator("time[datetime]").first).to_contain_text("19:30")


async def test_buttons_have_their_colours_and_a_tap_is_answered_by_a_toast(
    window: Window, bot: PlayedBot
) -> None:
    keys = [
        {"text": "Go on", "callback_data": "go", "style": "success"},
        {"text": "Destroy", "callback_data": "no", "style": "danger"},
        {"text": "Read", "callback_data": "read", "style": "primary"},
    ]
    await bot.say(ANNA, "What now?", reply_markup={"inline_keyboard": [keys[:2], keys[2:]]})
    await expect(window.button("Destroy")).to_have_attribute("data-style", "danger")
    colours = {await colour_of(window, key["text"]) for key in keys}
    assert len(colours) == 3
    await window.tap("Go on")
    await expect(window.button("Go on")).to_have_attribute("aria-busy", "true")
    tap = await bot.hears("callback_query")
    assert (tap["data"], tap["from"]["id"]) == ("go", ANNA)
    await bot("answerCallbackQuery", callback_query_id=tap["id"], text="Here we go")
    await expect(window.page.get_by_test_id("toast")).to_have_text("Here we go")
    await expect(window.button("Go on")).not_to_have_attribute("aria-busy", "true")


async def colour_of(window: Window, label: str) -> str:
    return str(
        await window.button(label).evaluate(
            "key => getComputedStyle(key).backgroundColor + getComputedStyle(key).color"
        )
    )


async def test_an_alert_waits_until_it_is_closed(window: Window, bot: PlayedBot) -> None:
    await bot.say(
        ANNA, "Ask me", reply_markup={"inline_keyboard": [[{"text": "Why?", "callback_data": "why"}]]}
    )
    await window.tap("Why?")
    tap = await bot.hears("callback_query")
    await bot("answerCallbackQuery", callback_query_id=tap["id"], text="Because.", show_alert=True)
    alert = window.page.get_by_test_id("alert")
    await expect(alert).to_contain_text("Because.")
    await expect(alert).to_have_attribute("role", "alertdialog")
    await window.page.keyboard.press("Enter")
    await expect(alert).to_have_count(0)
    await expect(window.button("Why?")).to_be_focused()


async def test_a_copy_button_copies_and_a_disabled_one_does_nothing(window: Window, bot: PlayedBot) -> None:
    keys = [[{"text": "Copy id", "copy_text": {"text": "c322c08"}}], [{"text": "Used", "disabled": {}}]]
    await bot.say(ANNA, "An operation", reply_markup={"inline_keyboard": keys})
    await window.tap("Copy id")
    await expect(window.page.get_by_test_id("toast")).to_be_visible()
    assert await window.page.evaluate("navigator.clipboard.readText()") == "c322c08"
    await expect(window.button("Used")).to_be_disabled()


async def test_an_edit_changes_the_message_in_place(window: Window, bot: PlayedBot) -> None:
    sent = await bot.say(
        ANNA, "Step one", reply_markup={"inline_keyboard": [[{"text": "Stop it", "callback_data": "x"}]]}
    )
    await window.sees("Step one")
    before = await window.messages().count()
    await bot.edit(ANNA, sent, "Step two")
    message = await window.sees("Step two")
    assert await window.messages().count() == before
    await expect(message.get_by_test_id("button")).to_have_count(0)


async def test_a_document_is_downloaded_with_its_name_and_contents(window: Window, bot: PlayedBot) -> None:
    content = "строка журнала\n".encode() * 50
    await bot.send_document(ANNA, "deploy.log", content)
    async with window.page.expect_download() as waiting:
        await window.page.get_by_test_id("document").last.click()
    download = await waiting.value
    assert download.suggested_filename == "deploy.log"
    assert (await download.path()).read_bytes() == content


async def test_a_rich_message_shows_its_table(window: Window, bot: PlayedBot) -> None:
    head = [
        {"text": name, "is_header": True, "align": "left", "valign": "top"} for name in ("service", "state")
    ]
    cells = [{"text": name, "align": "left", "valign": "top"} for name in ("backend", "healthy")]
    await bot(
        "sendRichMessage", chat_id=ANNA, rich_message={"blocks": [{"type": "table", "cells": [head, cells]}]}
    )
    table = window.messages("bot").last.get_by_role("table")
    await expect(table.get_by_role("columnheader")).to_have_text(["service", "state"])
    await expect(table.get_by_role("cell")).to_have_text(["backend", "healthy"])


async def test_what_is_written_reaches_the_bot_and_a_command_can_be_chosen_from_the_menu(
    window: Window, bot: PlayedBot
) -> None:
    await bot(
        "setMyCommands",
        commands=[
            {"command": "status", "description": "what runs"},
            {"command": "stop", "description": "stop it"},
        ],
    )
    await window.page.get_by_test_id("composer").press_sequentially("/st")
    await expect(window.page.get_by_test_id("command-status")).to_be_visible()
    await window.page.keyboard.press("ArrowDown")
    await window.page.keyboard.press("Enter")
    await expect(window.messages("me").last).to_contain_text("/stop")
    assert (await bot.hears("message"))["text"] == "/stop"


async def test_the_menu_shows_commands_that_come_later_and_stays_open_when_a_message_comes(
    window: Window, bot: PlayedBot
) -> None:
    """A bot that has just started sets its commands while somebody types the first one."""
    await bot("deleteMyCommands")
    await expect(window.page.get_by_test_id("commands-button")).to_be_hidden()
    await window.page.get_by_test_id("composer").press_sequentially("/st")
    await bot("setMyCommands", commands=[{"command": "status", "description": "what runs"}])
    await expect(window.page.get_by_test_id("command-status")).to_be_visible()
    await window.page.get_by_test_id("composer").fill("")
    await expect(window.page.get_by_test_id("command-status")).to_have_count(0)
    await window.page.get_by_test_id("commands-button").click()
    await bot.say(ANNA, "A message beside it")
    await window.sees("A message beside it")
    await expect(window.page.get_by_test_id("command-status")).to_be_visible()
    await bot("setMyCommands", commands=[{"command": "deploy", "description": "a new release"}])
    await expect(window.page.get_by_test_id("command-deploy")).to_be_visible()
    await expect(window.page.get_by_test_id("command-status")).to_have_count(0)


async def test_people_are_switched_and_each_sees_their_own_chat_and_what_they_have_not_read(
    window: Window, bot: PlayedBot
) -> None:
    await bot.say(BORIS, "For Boris only")
    unread = window.page.get_by_test_id(f"person-unread-{BORIS}")
    await expect(unread).to_be_visible()
    await expect(window.messages().filter(has_text="For Boris only")).to_have_count(0)
    await window.page.get_by_test_id(f"person-{BORIS}").click()
    await window.sees("For Boris only")
    await expect(unread).to_have_count(0)
    await expect(window.page.get_by_test_id(f"person-{BORIS}")).to_have_attribute("aria-pressed", "true")


async def test_a_message_in_a_chat_that_is_not_open_is_pushed_and_leads_there(
    window: Window, bot: PlayedBot
) -> None:
    await bot.say(BORIS, "A deploy failed")
    push = window.page.get_by_test_id("push")
    await expect(push).to_contain_text("A deploy failed")
    await push.get_by_role("button").first.click()
    await window.sees("A deploy failed")
    await expect(window.page.get_by_test_id(f"person-{BORIS}")).to_have_attribute("aria-pressed", "true")


async def test_the_browser_notifies_about_it_only_after_a_person_asked_for_it(
    opened: Opener, telegram: LocalBotApi, bot: PlayedBot
) -> None:
    window = await opened(telegram.control, permissions=["notifications"])
    await window.page.add_init_script(_NOTE_NOTIFICATIONS)
    await window.load(lang="en")
    await window.become(ANNA)
    await bot.say(BORIS, "One")
    await expect(window.page.get_by_test_id("push")).to_contain_text("One")
    assert await window.page.evaluate("window.noted") == []
    await window.page.get_by_test_id("bell").click()
    await bot.say(BORIS, "Two")
    await expect(window.page.get_by_test_id("push")).to_contain_text("Two")
    assert await window.page.evaluate("window.noted") == ["Two"]


_NOTE_NOTIFICATIONS = """
window.noted = [];
window.Notification = class extends EventTarget {
  static permission = "default";
  static async requestPermission() { return (Notification.permission = "granted"); }
  constructor(title, { body }) { super(); window.noted.push(body); }
  close() {}
};
"""


async def test_on_a_phone_the_list_the_chat_and_the_panel_are_three_views(
    opened: Opener, telegram: LocalBotApi
) -> None:
    window = await opened(telegram.control, PHONE)
    await window.load(lang="en")
    page = window.page
    await page.get_by_test_id(f"person-{ANNA}").click()
    await page.get_by_test_id(f"chat-{ANNA}").click()
    await expect(page.get_by_test_id("composer")).to_be_visible()
    await expect(page.get_by_test_id("people")).to_be_hidden()
    await page.get_by_test_id("to-panel").click()
    await expect(page.get_by_test_id("tour-deploy")).to_be_visible()
    await expect(page.get_by_test_id("composer")).to_be_hidden()
    await page.get_by_test_id("panel-back").click()
    await page.get_by_test_id("back").click()
    await expect(page.get_by_test_id("people")).to_be_visible()
