"""The buttons of a plan that would replace files edited on the server."""

from __future__ import annotations

from typing import cast

import pytest
from aiogram.types import BufferedInputFile

from bot import keyboards
from bot.logging import redactor
from services.drift import Drift, Drifted
from services.models import Kind, Plan
from services.phrases import Phrase
from services.taps import Tap
from tests.unit.bot.stage import ANNA, ENGLISH, STRANGER, Stage, operation, plan

NONCE = "nonce_24_characters_long"
KEEP, LOOK = f"e:{NONCE}", "f:op-1"


EDITED = Drifted(path="backend/app.py", sha256="1" * 64, size=3)
LINK = Drifted(path="backend/link", odd=True)


def drifting(kind: Kind = Kind.DEPLOY, one: Drifted = EDITED) -> Plan:
    return plan(kind=kind, drift=Drift(files=(one,), total=1))


@pytest.mark.parametrize(
    ("kind", "one", "can_keep"),
    [(Kind.DEPLOY, EDITED, True), (Kind.ROLLBACK, EDITED, False), (Kind.DEPLOY, LINK, False)],
)
def test_only_a_deploy_can_keep_what_was_edited_and_can_be_read(
    kind: Kind, one: Drifted, *, can_keep: bool
) -> None:
    """A rollback brings back what was: there the difference can be looked at."""
    shown = keyboards.gate(operation(kind=kind, plan=drifting(kind, one)), ENGLISH)
    assert shown is not None
    texts = [one.text for row in shown.inline_keyboard for one in row]
    assert ("Difference" in texts, "Keep the server's files" in texts) == (True, can_keep)


async def test_the_difference_comes_as_a_document_without_known_secrets(stage: Stage) -> None:
    redactor.add("correct horse battery")
    stage.drift = ["--- released/a", "+++ server/a", "+password: correct horse battery"]
    await stage.tap(LOOK)
    (sent,) = stage.session.of("sendDocument")
    document = cast("BufferedInputFile", sent.document)
    assert document.filename == "op-1.diff"
    assert document.data.startswith(b"--- released/a\n+++ server/a\n")
    assert b"horse" not in document.data


async def test_where_nothing_differs_any_more_it_says_so(stage: Stage) -> None:
    await stage.tap(LOOK)
    assert stage.texts == [ENGLISH("drift-none")]


async def test_source_code_is_not_shown_in_a_group(stage: Stage) -> None:
    stage.drift = ["--- released/a"]
    await stage.tap(LOOK, chat_id=-100)
    assert stage.session.of("sendDocument") == []
    assert stage.texts == [ENGLISH("error-difference-private")]


async def test_keep_is_answered_and_handed_on_and_the_new_card_says_the_rest(stage: Stage) -> None:
    await stage.proposed(plan=drifting())
    await stage.tap(KEEP)
    assert stage.operations.calls == [("propose_instead", NONCE, ANNA.id, ANNA.id, stage.bumped)]
    assert (stage.toasts, stage.texts) == ([None], [])


async def test_keep_on_an_expired_card_says_so(stage: Stage) -> None:
    await stage.proposed(plan=drifting())
    stage.now += 3600
    stage.operations.tap = Tap(Phrase(id="tap-expired"), won=False)
    await stage.tap(KEEP)
    assert stage.toasts == [ENGLISH("tap-expired")]


@pytest.mark.parametrize("data", [KEEP, LOOK])
async def test_a_stranger_is_met_with_silence(stage: Stage, data: str) -> None:
    """Default deny."""
    await stage.proposed(plan=drifting())
    await stage.tap(data, STRANGER)
    assert (stage.operations.calls, stage.session.requests) == ([], [])
