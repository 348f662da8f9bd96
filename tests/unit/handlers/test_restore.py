"""/restore in the chat: the list, the choice, the typed name, second thoughts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.keyboards import BACKUPS_PAGE
from bot.views.restore import choose_backup
from services.models import Kind, Origin
from services.phrases import Phrase
from services.taps import Tap
from tests.unit.bot.stage import ANNA, BORIS, ENGLISH, GROUP, Stage, backup, operation, plan, project

ASKED = Tap(
    Phrase(id="typed-ask", args={"project": "fitnessapp", "kind": "restore"}),
    won=True,
    operation=operation(kind=Kind.RESTORE),
)


def buttons(stage: Stage) -> list[tuple[str, str]]:
    markup = stage.session.of("sendMessage")[-1].reply_markup
    return [(one.text, one.callback_data) for row in markup.inline_keyboard for one in row]


async def test_the_proven_backups_are_listed_newest_first(stage: Stage) -> None:
    await stage.store.backups.add(backup(id="db-old", label="9f8e7d6"))
    newer = backup(id="db-new", at=backup().at.replace(hour=8), release="r2")
    await stage.store.backups.add(newer)
    await stage.say("/restore")
    assert [data for _, data in buttons(stage)] == ["r:db-new", "r:db-old"]
    assert "11.8 MB" in buttons(stage)[0][0]
    assert "9f8e7d6" in buttons(stage)[1][0]
    assert stage.operations.calls == []


async def many(stage: Stage, count: int, project_name: str = "fitnessapp") -> None:
    """db-00 is the newest."""
    for number in range(count):
        at = backup().at - timedelta(days=number)
        await stage.store.backups.add(backup(id=f"db-{number:02d}", at=at, project=project_name))


def turned(stage: Stage) -> tuple[str, list[str]]:
    """The text and the data of the buttons that took the place of the list."""
    edited = stage.session.of("editMessageText")[-1]
    return edited.text, [one.callback_data for row in edited.reply_markup.inline_keyboard for one in row]


async def test_every_backup_is_reached_by_turning_pages(stage: Stage) -> None:
    """R-DB-5: also those that retention keeps by week and month."""
    await many(stage, 23)
    await stage.say("/restore")
    assert "1–10 of 23" in stage.texts[0]
    first = [data for _, data in buttons(stage)]
    assert first[-1] == "p:restore:1:fitnessapp"
    await stage.tap("p:restore:1:fitnessapp")
    text, second = turned(stage)
    assert "11–20 of 23" in text
    assert second[-2:] == ["p:restore:0:fitnessapp", "p:restore:2:fitnessapp"]
    await stage.tap("p:restore:2:fitnessapp")
    _, third = turned(stage)
    assert third[-1] == "p:restore:1:fitnessapp"
    offered = [data for data in [*first, *second, *third] if data.startswith("r:")]
    assert offered == [f"r:db-{number:02d}" for number in range(23)]
    assert stage.operations.calls == []


async def test_ten_backups_need_no_pages(stage: Stage) -> None:
    await many(stage, 10)
    await stage.say("/restore")
    assert [data for _, data in buttons(stage)] == [f"r:db-{number:02d}" for number in range(10)]
    assert " of 10" not in stage.texts[0]


async def test_a_page_that_is_gone_shows_the_last_one(stage: Stage) -> None:
    """Retention cleared away what stood there; an old list may be tapped at any time, and twice."""
    await many(stage, 11)
    for _ in range(2):
        await stage.tap("p:restore:7:fitnessapp", received_at=stage.now - 100_000)
        assert turned(stage)[1] == ["r:db-10", "p:restore:0:fitnessapp"]
    assert stage.operations.calls == []


async def test_a_page_of_a_project_that_is_not_configured_any_more_is_answered_kindly(stage: Stage) -> None:
    await many(stage, 11, "shop")
    await stage.tap("p:restore:1:shop")
    assert stage.texts == [ENGLISH("error-no-project", project="shop", known="fitnessapp")]


def test_the_longest_name_of_a_project_fits_a_button(stage: Stage) -> None:
    found = [backup(id=f"db-{number}") for number in range(99_999)]
    name = "p" * 40
    shown = choose_backup(name, found, ENGLISH, backup().at, 9_998)
    assert shown.keyboard is not None
    newer, older = shown.keyboard.inline_keyboard[-1]
    assert (newer.callback_data, older.callback_data) == (f"p:restore:9997:{name}", f"p:restore:9999:{name}")
    assert all(re.fullmatch(BACKUPS_PAGE, one.callback_data or "") for one in (newer, older))


async def test_an_empty_list_says_how_to_make_a_backup(stage: Stage) -> None:
    await stage.say("/restore")
    assert stage.texts == [ENGLISH("restore-no-backups", project="fitnessapp")]
    assert "/backup" in stage.texts[0]


async def test_backups_of_another_project_are_not_offered(stage: Stage) -> None:
    stage.projects = {"fitnessapp": project(), "shop": project("shop")}
    await stage.store.backups.add(backup())
    await stage.say("/restore shop")
    assert "no backup" in stage.texts[0]
    await stage.say("/restore")
    assert buttons(stage) == [("fitnessapp", "p:restore:fitnessapp"), ("shop", "p:restore:shop")]


async def test_a_chosen_project_shows_its_backups_in_place_of_the_question(stage: Stage) -> None:
    await stage.store.backups.add(backup())
    await stage.tap("p:restore:fitnessapp")
    assert len(stage.session.of("editMessageText")[-1].reply_markup.inline_keyboard) == 1
    assert stage.operations.calls == []


async def test_the_menu_leads_there_too(stage: Stage) -> None:
    await stage.tap("m:restore")
    assert "no backup" in stage.texts[0]


async def test_a_chosen_backup_is_proposed_by_its_id(stage: Stage) -> None:
    await stage.store.backups.add(backup())
    await stage.tap("r:db-1")
    origin = Origin(chat_id=ANNA.id, update_id=stage.update_id)
    assert stage.operations.calls == [("propose", Kind.RESTORE, "fitnessapp", ANNA.id, origin, "db-1")]


async def test_an_unknown_backup_is_told_kindly(stage: Stage) -> None:
    await stage.tap("r:db-9")
    assert stage.texts == [ENGLISH("error-no-backup")]
    assert stage.operations.calls == []


@pytest.mark.parametrize(("letter", "kind"), [("b", Kind.UNDO), ("d", Kind.DROP)])
async def test_undo_and_drop_ask_for_a_card_of_their_own(letter: str, kind: Kind, stage: Stage) -> None:
    await stage.tap(f"{letter}:op-1")
    origin = Origin(chat_id=ANNA.id, update_id=stage.update_id)
    assert ("propose", kind, "fitnessapp", ANNA.id, origin, "op-1") in stage.operations.calls
    assert stage.session.of("editMessageText") == []  # the verdict stays


@pytest.mark.parametrize("data", ["r:db-1", "b:op-1", "d:op-1"])
async def test_a_stale_or_foreign_tap_does_nothing(data: str, stage: Stage) -> None:
    await stage.store.backups.add(backup())
    await stage.tap(data, received_at=stage.now - 121)
    await stage.tap(data, user_id=6666)
    assert stage.operations.calls == []


async def test_confirming_a_restore_asks_for_the_name_as_an_answer(stage: Stage) -> None:
    """R-UX-2."""
    await stage.proposed(kind=Kind.RESTORE, plan=plan(kind=Kind.RESTORE, pack=None))
    stage.operations.tap = ASKED
    await stage.tap("g:y:nonce_24_characters_long")
    (sent,) = stage.session.of("sendMessage")
    assert "answer with the name of the project: fitnessapp" in sent.text
    assert (sent.reply_markup.force_reply, sent.reply_markup.input_field_placeholder) == (True, "fitnessapp")


async def test_what_is_typed_then_is_for_the_gate(stage: Stage) -> None:
    stage.operations.awaited = operation(kind=Kind.RESTORE)
    await stage.say("fitnessapp")
    nonce = stage.operations.awaited.nonce
    assert stage.operations.calls == [("confirm_typed", nonce, ANNA.id, ANNA.id, "fitnessapp")]
    assert stage.texts == []


async def test_a_wrong_name_is_told_and_nothing_else_happens(stage: Stage) -> None:
    stage.operations.awaited = operation(kind=Kind.RESTORE)
    stage.operations.tap = Tap(Phrase(id="typed-wrong", args={"project": "fitnessapp"}), won=False)
    await stage.say("fitnesapp")
    assert stage.texts == [ENGLISH("typed-wrong", project="fitnessapp")]


async def test_who_was_not_asked_gets_the_usual_answer(stage: Stage) -> None:
    stage.operations.awaited = operation(kind=Kind.RESTORE)
    await stage.say("fitnessapp", user_id=BORIS.id)
    assert stage.operations.calls == []
    assert stage.texts == [ENGLISH("hint-unknown")]


async def test_other_commands_work_while_the_name_is_asked_for(stage: Stage) -> None:
    stage.operations.awaited = operation(kind=Kind.RESTORE)
    await stage.say("/whoami")
    assert stage.operations.calls == []
    assert str(ANNA.id) in stage.texts[0]


async def test_cancel_calls_off_what_the_name_is_asked_for(stage: Stage) -> None:
    stage.operations.awaited = operation(kind=Kind.RESTORE)
    stage.operations.tap = Tap(Phrase(id="tap-dismissed"), won=True)
    await stage.say("/cancel")
    assert [call[0] for call in stage.operations.calls] == ["dismiss"]
    assert stage.texts == [ENGLISH("tap-dismissed")]


async def test_in_a_group_other_talk_is_none_of_ours(stage: Stage) -> None:
    stage.operations.awaited = operation(kind=Kind.RESTORE)
    stage.operations.awaited_of = (ANNA.id, GROUP)
    await stage.say("what a day", chat_id=GROUP)
    assert stage.operations.calls == []
    assert stage.texts == []
    await stage.say("Fitnessapp", chat_id=GROUP)
    assert stage.operations.calls[0][0] == "confirm_typed"


async def test_in_a_group_a_wrong_answer_to_us_is_told(stage: Stage) -> None:
    stage.operations.awaited = operation(kind=Kind.RESTORE)
    stage.operations.awaited_of = (ANNA.id, GROUP)
    stage.operations.tap = Tap(Phrase(id="typed-wrong", args={"project": "fitnessapp"}), won=False)
    question = {"message_id": 9, "date": int(stage.now), "chat": stage.chat(GROUP), "text": "?"}
    ours = question | {"from": {"id": stage.bot.id, "is_bot": True, "first_name": "Opsgate"}}
    await stage.say("fitnes", chat_id=GROUP, reply_to_message=ours)
    assert stage.texts == [ENGLISH("typed-wrong", project="fitnessapp")]
