"""/pack in the chat, and the commands behind "Show manual steps"."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from bot.documents import MOST_BYTES
from services.errors import SourceError
from services.projects import Database
from tests.unit.bot.stage import ENGLISH, GROUP, NOW, STRANGER, Stage, project

OPERATION = "h:op-20261123-091500-k3f9"


async def test_the_zip_comes_as_a_document_with_its_checksum(stage: Stage) -> None:
    await stage.say("/pack v2")
    (sent,) = stage.session.of("sendDocument")
    assert sent.document.filename == "fitnessapp-deploy.zip"
    assert sent.caption.startswith("v2: 3 files, ")
    assert "ab" * 32 in sent.caption
    assert not Path(sent.document.path).exists(), "nothing of the source stays behind"


async def test_what_telegram_does_not_take_is_said_with_the_command_that_writes_it(stage: Stage) -> None:
    stage.zip_size = MOST_BYTES + 1
    await stage.say("/pack fitnessapp v2")
    assert stage.session.of("sendDocument") == []
    assert "opsgate pack fitnessapp v2" in stage.texts[-1]


async def test_source_code_is_not_for_a_group(stage: Stage) -> None:
    await stage.say("/pack", chat_id=GROUP)
    assert stage.texts == [ENGLISH("error-pack-private")]
    assert stage.session.of("sendDocument") == []


async def test_a_stranger_gets_silence(stage: Stage) -> None:
    await stage.say("/pack", user_id=STRANGER)
    await stage.tap(OPERATION, user_id=STRANGER)
    assert stage.session.requests == []


async def test_a_source_that_cannot_be_packed_is_said(stage: Stage) -> None:
    stage.host_error = SourceError("error-source-missing", path="/nowhere")
    await stage.say("/pack")
    assert stage.texts == [ENGLISH("error-source-missing", path="/nowhere")]


async def test_with_several_projects_the_name_is_needed(stage: Stage) -> None:
    stage.projects = {"fitnessapp": project(), "shop": project("shop")}
    await stage.say("/pack")
    assert stage.texts == [ENGLISH("error-name-a-project", known="fitnessapp, shop")]


async def test_the_manual_steps_are_those_of_the_project(stage: Stage) -> None:
    database = Database(name="fitnessapp", user="fitnessapp_user")
    stage.projects = {"fitnessapp": project().model_copy(update={"database": database})}
    await stage.tap(OPERATION)
    (sent,) = stage.session.of("sendDocument")
    said = sent.document.data.decode()
    assert "scp -P 22 deploy.zip me@192.168.28.90:deploy.zip" in said
    assert "pg_dump" in said
    assert "createdb" in said


async def test_manual_steps_without_a_database_are_one_message(stage: Stage) -> None:
    stage.projects = {"fitnessapp": project()}
    await stage.tap(OPERATION)
    (said,) = stage.texts
    assert "scp -P 22 deploy.zip me@192.168.28.90:deploy.zip" in said
    assert "pg_dump" not in said


async def test_manual_steps_that_do_not_fit_come_as_a_document(stage: Stage) -> None:
    path = PurePosixPath("/srv/" + "x" * 600)
    stage.projects = {"fitnessapp": project().model_copy(update={"path": path})}
    await stage.tap(OPERATION)
    (sent,) = stage.session.of("sendDocument")
    assert sent.document.filename == "fitnessapp-by-hand.txt"


@pytest.mark.parametrize("data", ["h:", "h:../../etc", "h:" + "x" * 70])
async def test_a_forged_button_shows_nothing(data: str, stage: Stage) -> None:
    await stage.tap(data, received_at=NOW.timestamp())
    assert not any("scp" in text for text in stage.texts)
