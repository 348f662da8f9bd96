"""/rollback in the chat: the list, the choice, the matching backup."""

from __future__ import annotations

import pytest

from services.errors import Unreachable
from services.models import Kind, Origin
from tests.unit.bot.stage import ANNA, ENGLISH, Stage, backup, project, release

OLD = "v:20261122-080000-aaaaaaaa"


def buttons(stage: Stage) -> list[tuple[str, str]]:
    markup = stage.session.of("sendMessage")[-1].reply_markup
    return [(one.text, one.callback_data) for row in markup.inline_keyboard for one in row]


async def test_the_kept_releases_are_listed(stage: Stage) -> None:
    stage.releases = [release(), release(id="20261121-080000-cccccccc", label="1234567")]
    await stage.say("/rollback")
    assert [data for _, data in buttons(stage)] == [OLD, "v:20261121-080000-cccccccc"]
    assert buttons(stage)[0][0].startswith("9f8e7d6 · ")
    assert stage.operations.calls == []


async def test_without_any_the_reason_is_said(stage: Stage) -> None:
    await stage.say("/rollback")
    assert stage.texts == [ENGLISH("rollback-none", project="fitnessapp")]


async def test_a_host_that_does_not_answer_is_said(stage: Stage) -> None:
    stage.host_error = Unreachable(host="home")
    await stage.say("/rollback")
    assert stage.texts == [ENGLISH("error-unreachable", host="home")]


async def test_with_several_projects_it_asks_which_and_answers_in_place(stage: Stage) -> None:
    stage.projects = {"fitnessapp": project(), "shop": project("shop")}
    stage.releases = [release()]
    await stage.say("/rollback")
    assert buttons(stage) == [("fitnessapp", "p:rollback:fitnessapp"), ("shop", "p:rollback:shop")]
    await stage.tap("p:rollback:fitnessapp")
    edited = stage.session.of("editMessageText")[-1].reply_markup.inline_keyboard
    assert [one.callback_data for row in edited for one in row] == [OLD]
    await stage.say("/rollback nothing")
    assert "There is no project" in stage.texts[-1]


async def test_the_menu_leads_there_too(stage: Stage) -> None:
    await stage.tap("m:rollback")
    assert stage.texts == [ENGLISH("rollback-none", project="fitnessapp")]


async def test_a_chosen_release_is_proposed_by_its_id(stage: Stage) -> None:
    await stage.store.releases.add(release())
    await stage.tap(OLD)
    origin = Origin(chat_id=ANNA.id, update_id=stage.update_id)
    ref = OLD.removeprefix("v:")
    assert stage.operations.calls == [("propose", Kind.ROLLBACK, "fitnessapp", ANNA.id, origin, ref)]


async def test_an_unknown_release_is_told_kindly(stage: Stage) -> None:
    await stage.tap(OLD)
    assert stage.texts == [ENGLISH("error-no-release")]
    assert stage.operations.calls == []


async def test_the_matching_backup_gets_a_card_of_its_own_and_the_verdict_stays(stage: Stage) -> None:
    await stage.store.backups.add(backup())
    await stage.tap("k:db-1")
    origin = Origin(chat_id=ANNA.id, update_id=stage.update_id)
    assert stage.operations.calls == [("propose", Kind.RESTORE, "fitnessapp", ANNA.id, origin, "db-1")]
    assert stage.session.of("editMessageText") == []


async def test_a_matching_backup_that_nobody_knows_any_more_is_told_kindly(stage: Stage) -> None:
    await stage.tap("k:db-1")
    assert stage.texts == [ENGLISH("error-no-backup")]


@pytest.mark.parametrize("data", [OLD, "k:db-1"])
async def test_a_stale_or_foreign_tap_does_nothing(data: str, stage: Stage) -> None:
    await stage.store.releases.add(release())
    await stage.store.backups.add(backup())
    await stage.tap(data, received_at=stage.now - 121)
    await stage.tap(data, user_id=6666)
    assert stage.operations.calls == []
