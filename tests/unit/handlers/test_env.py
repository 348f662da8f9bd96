"""/env in the chat: what is shown, what is asked for, and that a typed value is gone from the chat before all else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import DeleteMessage, SendMessage
from aiogram.types import ForceReply, Update

from services.env_edits.intake import Sealing
from services.env_edits.reading import EnvKey, Listing
from services.env_edits.wishes import Wishes
from services.models import Kind
from tests.unit.bot.stage import ANNA, GROUP, Stage, project

SECRET = "hunter2 it's"


class Proposals:
    async def listing(self, _project: object) -> Listing:
        keys = (
            EnvKey("DB_PASSWORD"),
            EnvKey("EMPTY", empty=True),
            EnvKey("EXPO_PUBLIC_A", public=True, count=2),
        )
        return Listing(
            "/srv/fitnessapp/.env.prod", keys, datetime(2026, 11, 23, 8, tzinfo=UTC), previous=True
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "env"


@pytest.fixture
def say(stage: Stage, folder: Path) -> Callable[..., Any]:
    """A message on the whole way in: hidden before it would be stored, then handled."""
    wishes = Wishes(folder)
    sealing = Sealing(wishes, lambda: {ANNA.id}, stage.clock)
    stage.env = SimpleNamespace(sealing=sealing, wishes=wishes, proposals=Proposals())

    async def send(text: str, chat_id: int | None = None, **changes: Any) -> None:
        stage.update_id += 1
        raw = {"update_id": stage.update_id, "message": stage.message(text, chat_id=chat_id, **changes)}
        stored = sealing.seal(raw)
        assert SECRET not in repr(stored)
        update = Update.model_validate(stored, context={"bot": stage.bot})
        await stage.dispatcher.feed_update(stage.bot, update, received_at=stage.now)
        sealing.forget(stage.update_id)

    return send


def deleted(stage: Stage) -> list[int]:
    return [one.message_id for one in stage.session.requests if isinstance(one, DeleteMessage)]


def proposed(stage: Stage) -> list[tuple[Any, ...]]:
    return [call for call in stage.operations.calls if call[0] == "propose"]


async def test_the_keys_are_listed_without_values(stage: Stage, say: Callable[..., Any]) -> None:
    await say("/env")
    text = stage.texts[-1]
    assert "DB_PASSWORD •••" in text
    assert "EMPTY (empty)" in text
    assert "EXPO_PUBLIC_A •••, public: built into the app, given 2 times" in text
    assert "/env fitnessapp undo" in text
    assert deleted(stage) == []


async def test_a_value_is_asked_for_and_its_message_removed_before_it_is_planned(
    stage: Stage, say: Callable[..., Any], folder: Path
) -> None:
    await say("/env set NOTE")
    asked = [one for one in stage.session.requests if isinstance(one, SendMessage)][-1]
    assert isinstance(asked.reply_markup, ForceReply)
    assert deleted(stage) == []
    await say(SECRET)
    assert deleted(stage) == [7]
    [call] = proposed(stage)
    assert call[1:3] == (Kind.ENV, "fitnessapp")
    assert SECRET not in repr(call)
    assert SECRET not in "".join(stage.texts)
    assert "I removed your message with the value of NOTE" in "".join(stage.texts)


@pytest.mark.parametrize("text", [f"/env set NOTE={SECRET}", f"/env fitnessapp set NOTE {SECRET}"])
async def test_a_value_typed_straight_away_is_removed_too(
    stage: Stage, say: Callable[..., Any], text: str
) -> None:
    await say(text)
    assert deleted(stage) == [7]
    assert len(proposed(stage)) == 1


@pytest.mark.parametrize("text", [f"/env NOTE={SECRET}", f"/env set 1X={SECRET}", f"/env nonsense {SECRET}"])
async def test_what_is_not_understood_may_hold_a_value_and_is_removed(
    stage: Stage, say: Callable[..., Any], text: str
) -> None:
    await say(text)
    assert deleted(stage) == [7]
    assert proposed(stage) == []
    assert SECRET not in "".join(stage.texts)


async def test_in_a_group_nothing_is_asked_for_and_what_was_typed_is_removed(
    stage: Stage, say: Callable[..., Any]
) -> None:
    await say("/env set NOTE", GROUP)
    assert "not typed in a group" in stage.texts[-1]
    await say(f"/env set NOTE={SECRET}", GROUP)
    assert deleted(stage) == [7]
    assert "not typed in a group" in stage.texts[-1]
    assert proposed(stage) == []


async def test_an_old_message_is_not_carried_out_but_removed_all_the_same(
    stage: Stage, say: Callable[..., Any]
) -> None:
    await say(f"/env set NOTE={SECRET}", date=int(stage.now) - 121)
    assert deleted(stage) == [7]
    assert proposed(stage) == []


async def test_undo_and_unset_hold_no_value_and_stay(stage: Stage, say: Callable[..., Any]) -> None:
    await say("/env undo")
    await say("/env unset NOTE", GROUP)
    assert deleted(stage) == []
    assert [call[1] for call in proposed(stage)] == [Kind.ENV, Kind.ENV]


async def test_with_several_projects_one_must_be_named(stage: Stage, say: Callable[..., Any]) -> None:
    stage.projects["second"] = project("second")
    await say(f"/env set NOTE={SECRET}")
    assert deleted(stage) == [7]
    assert "Which project?" in stage.texts[-1]
    await say("/env second unset NOTE")
    assert proposed(stage)[-1][2] == "second"


async def test_a_plan_that_cannot_be_made_leaves_nothing_behind(
    stage: Stage, say: Callable[..., Any], folder: Path
) -> None:
    stage.operations.error = RuntimeError("no plan")
    with pytest.raises(RuntimeError):
        await say(f"/env set NOTE={SECRET}")
    assert [one.stem for one in folder.iterdir() if one.stem.startswith("wish")] == []


async def test_when_telegram_does_not_let_it_be_removed_the_person_is_told_to_replace_it(
    stage: Stage, say: Callable[..., Any]
) -> None:
    method = DeleteMessage(chat_id=ANNA.id, message_id=7)
    stage.session.script["deleteMessage"] = [
        TelegramBadRequest(method=method, message="Bad Request: message can't be deleted")
    ]
    await say(f"/env set NOTE={SECRET}")
    assert "Telegram did not let me remove your message" in "".join(stage.texts)
    assert "replace the value of NOTE" in "".join(stage.texts)
    assert len(proposed(stage)) == 1
