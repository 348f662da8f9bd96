"""/drill in the chat: the newest backup of a project, or the one on the card of a restore."""

from __future__ import annotations

from services.errors import BadInput
from services.models import Kind, Origin
from tests.unit.bot.stage import ANNA, ENGLISH, Stage, backup, project


async def test_drill_proposes_the_newest_backup(stage: Stage) -> None:
    await stage.say("/drill")
    ((what, kind, name, person, _, ref),) = stage.operations.calls
    assert (what, kind, name, person, ref) == ("propose", Kind.DRILL, "fitnessapp", ANNA.id, None)


async def test_with_several_projects_it_asks_which(stage: Stage) -> None:
    stage.projects = {"fitnessapp": project(), "shop": project("shop")}
    await stage.say("/drill")
    assert stage.texts == [ENGLISH("choose-project", kind="drill")]
    await stage.tap("p:drill:shop")
    assert stage.operations.calls[0][:3] == ("propose", Kind.DRILL, "shop")


async def test_the_button_of_a_restores_card_drills_that_backup(stage: Stage) -> None:
    await stage.store.backups.add(backup())
    await stage.tap("q:db-1")
    origin = Origin(chat_id=ANNA.id, update_id=stage.update_id)
    assert stage.operations.calls == [("propose", Kind.DRILL, "fitnessapp", ANNA.id, origin, "db-1")]


async def test_a_button_with_a_backup_that_nobody_knows_is_told_kindly(stage: Stage) -> None:
    await stage.tap("q:db-9")
    assert stage.texts == [ENGLISH("error-no-backup")]
    assert stage.operations.calls == []


async def test_without_any_backup_it_says_how_to_make_one(stage: Stage) -> None:
    stage.operations.error = BadInput("error-drill-no-backup", project="fitnessapp")
    await stage.say("/drill")
    assert stage.texts == [ENGLISH("error-drill-no-backup", project="fitnessapp")]
    assert "/backup" in stage.texts[0]
