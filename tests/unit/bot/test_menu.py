"""Only admins have a command menu; nobody's trouble keeps the others from theirs."""

from __future__ import annotations

import pytest

from bot import menu
from bot.outcomes import ChatClosed, NotTaken
from bot.views.talk import COMMANDS
from tests.unit.bot.stage import ANNA, BORIS, CATALOGUES, ENGLISH, RUSSIAN, Stage


async def test_each_admin_has_the_menu_in_both_languages_and_everybody_else_none(stage: Stage) -> None:
    await menu.publish(stage.bot, stage.admins, CATALOGUES)
    assert {request.scope.type for request in stage.session.of("deleteMyCommands")} == {"default"}
    menus = stage.session.of("setMyCommands")
    assert [(m.scope.chat_id, m.language_code) for m in menus] == [
        (ANNA.id, None),
        (ANNA.id, "ru"),
        (BORIS.id, None),
        (BORIS.id, "ru"),
    ]
    assert [command.command for command in menus[0].commands] == list(COMMANDS)
    assert menus[0].commands[0].description == ENGLISH("help-status")
    assert menus[1].commands[0].description == RUSSIAN("help-status")


async def test_a_chosen_language_is_the_menus_language_for_every_client(stage: Stage) -> None:
    await stage.admins.seen(ANNA, "en", private=True)
    await stage.admins.choose_language(ANNA.id, "ru")
    await menu.publish(stage.bot, stage.admins, CATALOGUES)
    mine = [m for m in stage.session.of("setMyCommands") if m.scope.chat_id == ANNA.id]
    assert {m.commands[0].description for m in mine} == {RUSSIAN("help-status")}


async def test_an_admin_who_never_pressed_start_is_noted_and_the_next_one_still_gets_a_menu(
    stage: Stage,
) -> None:
    stage.session.script["setMyCommands"] = [ChatClosed("setMyCommands")]
    await menu.publish(stage.bot, stage.admins, CATALOGUES)
    assert [admin.user_id for admin in await stage.admins.unreachable()] == [ANNA.id]
    assert {m.scope.chat_id for m in stage.session.of("setMyCommands")[1:]} == {BORIS.id}


async def test_an_outage_is_waited_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("bot.menu.asyncio.sleep", sleep)
    stage.session.script["deleteMyCommands"] = [NotTaken("deleteMyCommands")] * 8
    await menu.publish(stage.bot, stage.admins, CATALOGUES)
    assert slept
    assert len(stage.session.of("setMyCommands")) == 4


def test_telegram_takes_the_names_and_descriptions() -> None:
    for texts in (ENGLISH, RUSSIAN):
        for command in menu.commands(texts):
            assert command.command.islower()
            assert 1 <= len(command.description) <= 256
