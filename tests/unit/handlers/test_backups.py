"""/backups in the chat: the list, what retention would drop, the way to a restore."""

from __future__ import annotations

from datetime import timedelta

from services.backups.models import Copy, Drilled
from services.errors import Unreachable
from services.models import Kind
from services.projects import BackupRules, Keep
from tests.unit.bot.stage import ENGLISH, NOW, Stage, backup, operation, project

RULE = BackupRules(
    schedule="0 3 * * *", time_zone="UTC", keep=Keep(last=1, daily=0, weekly=0, monthly=0, yearly=0)
)


def buttons(stage: Stage, method: str = "sendMessage") -> list[tuple[str, str]]:
    markup = stage.session.of(method)[-1].reply_markup
    return [(one.text, one.callback_data) for row in markup.inline_keyboard for one in row]


async def test_an_empty_list_says_how_backups_come_about(stage: Stage) -> None:
    await stage.say("/backups")
    assert stage.texts == [ENGLISH("backups-none", project="fitnessapp")]
    assert "/backup" in stage.texts[0]


async def test_each_backup_tells_where_it_lies_how_it_came_about_and_what_its_drill_said(
    stage: Stage,
) -> None:
    """R-DB-4 and R-DB-5: what is listed is what can be trusted, and how far."""
    places = tuple(
        Copy(where=where, file="x", size=12_345_678, sha256="0" * 64, at=NOW, encrypted=where == "nas")
        for where in ("host", "local", "nas")
    )
    good = Drilled(operation="op-d", at=NOW, good=True, seconds=3)
    scheduled = backup(id="db-2", at=NOW, copies=places, scheduled=True, drilled=good, label="9f8e7d6")
    await stage.store.backups.add(scheduled)
    deploy = operation(kind=Kind.DEPLOY)
    await stage.store.operations.propose(deploy)
    await stage.store.backups.add(backup(id="db-1", at=NOW - timedelta(days=1), operation=deploy.id))
    await stage.store.backups.add(backup(id="db-0", at=NOW - timedelta(days=2), imported=True))
    await stage.say("/backups")
    first, second, third = (line for line in stage.texts[0].splitlines() if line.startswith("• "))
    for said in ("9f8e7d6", "scheduled", "✓ drilled", "on the server, here, nas 🔐", "11.8 MB"):
        assert said in first
    assert "before a change: deploy" in second
    assert "not drilled" in second
    assert "imported" in third
    assert "nas: 1, 11.8 MB" in stage.texts[0]
    assert buttons(stage) == [
        ("What retention would drop", "a:r:fitnessapp"),
        ("Restore one of them", "p:restore:fitnessapp"),
    ]


async def test_very_many_backups_fit_into_one_message(stage: Stage) -> None:
    for number in range(300):
        at = NOW - timedelta(hours=number)
        await stage.store.backups.add(backup(id=f"db-{number}", at=at, label="x" * 60))
    await stage.say("/backups")
    assert "and 280 older ones" in stage.texts[0]
    assert len(stage.texts[0]) <= 4096
    assert stage.texts[0].count("• ") == 20
    await stage.tap("a:r:fitnessapp")
    shown = stage.session.of("editMessageText")[-1]
    assert len(shown.text) <= 4096
    assert len(shown.entities) <= 100


async def test_the_next_scheduled_backup_is_told(stage: Stage) -> None:
    stage.projects = {"fitnessapp": project().model_copy(update={"backups": RULE})}
    await stage.say("/backups")
    assert "Next scheduled backup: " in stage.texts[0]
    assert "03:00 UTC" in stage.texts[0]


async def test_what_retention_would_drop_is_shown_with_the_reasons_for_the_rest(stage: Stage) -> None:
    stage.projects = {"fitnessapp": project().model_copy(update={"backups": RULE})}
    for days in range(3):
        await stage.store.backups.add(backup(id=f"db-{days}", at=NOW - timedelta(days=days)))
    await stage.store.backups.add(backup(id="db-9", at=NOW - timedelta(days=9), imported=True))
    await stage.tap("a:r:fitnessapp")
    shown = stage.session.of("editMessageText")[-1]
    assert "on the server: 2 would go, which frees 23.5 MB" in shown.text
    assert [line[0] for line in shown.text.splitlines() if line[:1] in {"✗", "✓"}] == ["✗", "✗", "✓", "✓"]
    assert "among the last, the newest good one" in shown.text
    assert "made by hand" in shown.text
    assert buttons(stage, "editMessageText") == [("Back to the backups", "a:l:fitnessapp")]
    assert stage.operations.calls == []


async def test_where_everything_stays_that_is_said(stage: Stage) -> None:
    await stage.store.backups.add(backup())
    await stage.tap("a:r:fitnessapp")
    assert "nothing would go" in stage.session.of("editMessageText")[-1].text


async def test_a_host_that_does_not_answer_is_told(stage: Stage) -> None:
    """The kept releases are known there only, so nothing is claimed without it."""
    stage.host_error = Unreachable(host="home")
    await stage.tap("a:r:fitnessapp")
    assert ENGLISH("error-unreachable", host="home") in stage.texts


async def test_with_several_projects_one_is_chosen_first(stage: Stage) -> None:
    stage.projects = {"fitnessapp": project(), "shop": project("shop")}
    await stage.store.backups.add(backup(project="shop"))
    await stage.say("/backups")
    assert buttons(stage) == [("fitnessapp", "a:l:fitnessapp"), ("shop", "a:l:shop")]
    await stage.tap("a:l:shop")
    assert "Backups of shop" in stage.session.of("editMessageText")[-1].text
    await stage.say("/backups fitnessapp")
    assert stage.texts[-1] == ENGLISH("backups-none", project="fitnessapp")


async def test_a_button_of_a_project_that_was_taken_out_is_told_kindly(stage: Stage) -> None:
    await stage.tap("a:r:gone")
    assert "gone" in stage.texts[-1]
