"""The plan card's Details button: the whole plan as a document, to listed humans only."""

from __future__ import annotations

from typing import cast

from aiogram.types import BufferedInputFile

from bot.views.card import whole
from tests.unit.bot.stage import ANNA, ENGLISH, STRANGER, Stage, operation


async def test_details_of_a_plan_come_as_one_text_document(stage: Stage) -> None:
    """R-UX-1."""
    await stage.tap("i:op-1")
    (sent,) = stage.session.of("sendDocument")
    document = cast("BufferedInputFile", sent.document)
    assert sent.chat_id == ANNA.id
    assert document.filename == "op-1-plan.txt"
    assert document.data.decode() == whole(operation(id="op-1"), ENGLISH, "home")
    assert stage.toasts == [None]


async def test_a_stranger_gets_no_plan(stage: Stage) -> None:
    """Default deny: not even an answer to the tap."""
    await stage.tap("i:op-1", STRANGER)
    assert stage.session.requests == []
    assert stage.operations.calls == []


async def test_a_project_that_is_gone_from_the_settings_still_has_its_plan(stage: Stage) -> None:
    stage.projects.clear()
    await stage.tap("i:op-1")
    assert len(stage.session.of("sendDocument")) == 1
