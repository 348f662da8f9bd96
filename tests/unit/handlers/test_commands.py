"""Commands: parsed, handed to one service, rendered."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiogram.types import BufferedInputFile

from services.errors import Unreachable
from services.models import Kind, Origin, State
from services.status import ProjectStatus
from tests.unit.bot.stage import ANNA, ENGLISH, GROUP, Stage, backup, operation, project


async def test_start_shows_what_it_can_do_and_sets_the_menu_of_that_chat(stage: Stage) -> None:
    await stage.say("/start")
    assert "fitnessapp" in stage.texts[0]
    keyboard = stage.session.of("sendMessage")[0].reply_markup.inline_keyboard
    assert {"m:status", "m:deploy", "m:backup", "m:ops"} <= {b.callback_data for row in keyboard for b in row}
    menus = stage.session.of("setMyCommands")
    assert [(menu.scope.chat_id, menu.language_code) for menu in menus] == [(ANNA.id, None), (ANNA.id, "ru")]


async def test_help_names_every_command(stage: Stage) -> None:
    await stage.say("/help")
    for name in ("/status", "/deploy", "/backup", "/ops", "/cancel", "/whoami"):
        assert name in stage.texts[0]


async def test_whoami_tells_the_id(stage: Stage) -> None:
    await stage.say("/whoami")
    assert str(ANNA.id) in stage.texts[0]


async def test_an_unknown_text_gets_a_hint_in_private_and_silence_in_a_group(stage: Stage) -> None:
    await stage.say("/frobnicate")
    await stage.say("/frobnicate", chat_id=GROUP)
    assert stage.texts == [ENGLISH("hint-unknown")]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("/deploy", ("fitnessapp", None)),
        ("/deploy fitnessapp", ("fitnessapp", None)),
        ("/deploy main", ("fitnessapp", "main")),
        ("/deploy fitnessapp v1.2", ("fitnessapp", "v1.2")),
        ("/DEPLOY fitnessapp", ("fitnessapp", None)),
    ],
)
async def test_deploy_reads_project_and_ref(text: str, asked: tuple[str, str | None], stage: Stage) -> None:
    await stage.say(text)
    origin = Origin(chat_id=ANNA.id, message_id=7, update_id=stage.update_id)
    assert stage.operations.calls == [("propose", Kind.DEPLOY, asked[0], ANNA.id, origin, asked[1])]
    assert stage.session.of("sendChatAction")[0].action == "typing"
    assert stage.texts == []  # the card comes through the outbox


async def test_a_backup_takes_no_ref(stage: Stage) -> None:
    await stage.say("/backup fitnessapp main")
    await stage.say("/backup main")
    assert stage.operations.calls == []
    assert stage.texts[1] == ENGLISH("error-no-project", project="main", known="fitnessapp")


async def test_several_projects_are_offered_as_buttons(stage: Stage) -> None:
    stage.projects["shop"] = project("shop")
    await stage.say("/deploy")
    keyboard = stage.session.of("sendMessage")[0].reply_markup.inline_keyboard
    assert [row[0].callback_data for row in keyboard] == ["p:deploy:fitnessapp", "p:deploy:shop"]
    await stage.tap("p:deploy:shop")
    assert stage.operations.calls[0][:4] == ("propose", Kind.DEPLOY, "shop", ANNA.id)


async def test_an_unknown_project_is_answered_with_the_known_ones(stage: Stage) -> None:
    stage.projects["shop"] = project("shop")
    await stage.say("/deploy nosuch")
    assert stage.texts == [ENGLISH("error-no-project", project="nosuch", known="fitnessapp, shop")]
    assert stage.operations.calls == []


async def test_a_refusal_of_the_service_is_told_in_its_own_words(stage: Stage) -> None:
    stage.operations.error = Unreachable(host="home")
    await stage.say("/deploy")
    assert stage.texts == [ENGLISH("error-unreachable", host="home")]
    assert "VPN" in stage.texts[0]


async def test_a_defect_is_told_kindly_and_goes_on_to_the_log(stage: Stage) -> None:
    stage.operations.error = RuntimeError("password=hunter2")
    with pytest.raises(RuntimeError):
        await stage.say("/deploy")
    assert stage.texts == [ENGLISH("error-internal")]


@pytest.mark.parametrize("text", ["/deploy", "/backup", "/cancel"])
async def test_a_command_older_than_two_minutes_is_refused_and_says_so(text: str, stage: Stage) -> None:
    stage.operations.listed = [operation(state=State.RUNNING)]
    await stage.say(text, date=int(stage.now) - 121)
    assert stage.operations.calls == []
    assert stage.texts == [ENGLISH("stale-command", age=121)]


async def test_a_command_just_under_two_minutes_old_is_carried_out(stage: Stage) -> None:
    await stage.say("/deploy", date=int(stage.now) - 119)
    assert len(stage.operations.calls) == 1


async def test_an_old_question_is_still_answered(stage: Stage) -> None:
    await stage.say("/whoami", date=int(stage.now) - 3600)
    assert str(ANNA.id) in stage.texts[0]


async def test_status_shows_every_project_also_one_that_does_not_answer(stage: Stage) -> None:
    error = Unreachable(host="home").phrase
    stage.status.answer = [ProjectStatus("fitnessapp", "home", None, error, None, None)]
    await stage.say("/status")
    assert stage.status.asked == [["fitnessapp"]]
    assert "VPN" in stage.texts[0]
    await stage.tap("s:")
    assert "VPN" in stage.session.of("editMessageText")[0].text


async def test_status_names_admins_that_cannot_be_reached(stage: Stage) -> None:
    await stage.admins.lost(1002)
    await stage.say("/status")
    assert "1002" in stage.texts[0]


async def test_ops_lists_operations_with_a_button_each_and_the_backups(stage: Stage) -> None:
    stage.operations.listed = [
        operation(state=State.RUNNING),
        operation(id="op-old-2", state=State.SUCCEEDED),
    ]
    await stage.store.backups.add(backup())
    await stage.say("/ops")
    keyboard = stage.session.of("sendMessage")[0].reply_markup.inline_keyboard
    assert [row[0].callback_data for row in keyboard] == ["o:op-20261123-091500-k3f9", "o:op-old-2"]
    assert "11.8 MB" in stage.texts[0]


async def test_the_details_of_an_operation_come_as_a_message(stage: Stage) -> None:
    await stage.tap("o:op-1")
    assert "op-1" in stage.texts[0]
    await stage.tap("u:op-1")
    assert "op-1" in stage.session.of("editMessageText")[0].text


async def test_a_log_comes_as_a_document(stage: Stage, tmp_path: Path) -> None:
    stage.operations.log = tmp_path / "operation.log"
    stage.operations.log.write_text("line\n")
    await stage.tap("l:op-1")
    document = stage.session.of("sendDocument")[0].document
    assert isinstance(document, BufferedInputFile)
    assert document.filename == "op-1.log"


async def test_a_long_log_comes_packed(stage: Stage, tmp_path: Path) -> None:
    stage.operations.log = tmp_path / "operation.log"
    stage.operations.log.write_text("line\n" * 300_000)
    await stage.tap("l:op-1")
    document = stage.session.of("sendDocument")[0].document
    assert isinstance(document, BufferedInputFile)
    assert document.filename == "op-1.log.gz"
    assert len(document.data) < 100_000


async def test_no_log_yet_is_said(stage: Stage) -> None:
    await stage.tap("l:op-1")
    assert stage.texts == [ENGLISH("no-log")]


async def test_cancel_stops_the_one_running_operation_without_a_question(stage: Stage) -> None:
    stage.operations.listed = [operation(state=State.RUNNING)]
    await stage.say("/cancel")
    assert stage.operations.calls == [("cancel", "op-20261123-091500-k3f9", ANNA.id)]
    assert stage.texts == [ENGLISH("tap-cancelling")]


async def test_cancel_asks_which_of_several(stage: Stage) -> None:
    stage.operations.listed = [
        operation(id="op-a", state=State.RUNNING),
        operation(id="op-b", state=State.RUNNING),
    ]
    await stage.say("/cancel")
    keyboard = stage.session.of("sendMessage")[0].reply_markup.inline_keyboard
    assert [row[0].callback_data for row in keyboard] == ["x:op-a", "x:op-b"]
    assert stage.operations.calls == []


async def test_cancel_with_nothing_running_says_so(stage: Stage) -> None:
    await stage.say("/cancel")
    assert stage.texts == [ENGLISH("nothing-to-cancel")]


async def test_the_menu_buttons_do_what_the_commands_do(stage: Stage) -> None:
    await stage.tap("m:deploy")
    await stage.tap("m:backup")
    assert [call[1] for call in stage.operations.calls] == [Kind.DEPLOY, Kind.BACKUP]
    await stage.tap("m:status")
    await stage.tap("m:ops")
    assert len(stage.texts) == 2


async def test_a_chosen_language_changes_texts_and_menu(stage: Stage) -> None:
    await stage.tap("t:ru")
    assert "Проекты" in stage.session.of("editMessageText")[0].text
    assert {menu.commands[0].description for menu in stage.session.of("setMyCommands")} == {
        "что работает и насколько хорошо"
    }


async def test_an_answer_that_cannot_be_delivered_is_no_failure_of_the_update(stage: Stage) -> None:
    from bot.outcomes import ChatClosed

    stage.session.script["sendMessage"] = [ChatClosed("sendMessage")]
    await stage.say("/help")
