"""The gate: a tap counts when a listed human gave it, now, on a message that they can see, for a live proposal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.outcomes import NotTaken, QueryTooOld
from services.phrases import Phrase
from services.taps import Tap
from tests.unit.bot.stage import ANNA, BORIS, ENGLISH, GROUP, Stage, finding, plan

YES = "g:y:nonce_24_characters_long"
NO = "g:n:nonce_24_characters_long"


async def test_a_tap_is_answered_before_it_counts(stage: Stage) -> None:
    """R-UX-2: what changes the server waits for a confirmation."""
    await stage.proposed()
    await stage.tap(YES)
    assert stage.operations.calls == [("confirm", "nonce_24_characters_long", ANNA.id, ANNA.id, 42)]
    assert stage.toasts == [None]
    assert stage.texts == []  # the card and the progress message show it


async def test_no_is_no(stage: Stage) -> None:
    await stage.proposed()
    await stage.tap(NO)
    assert stage.operations.calls[0][0] == "dismiss"


async def test_a_tap_too_old_to_be_answered_starts_nothing_and_is_told(stage: Stage) -> None:
    await stage.proposed()
    stage.session.script["answerCallbackQuery"] = [QueryTooOld("answerCallbackQuery")]
    await stage.tap(YES)
    assert stage.operations.calls == []
    assert stage.texts == [ENGLISH("stale-tap")]


@pytest.mark.parametrize("data", [YES, NO, "x:op-1", "p:deploy:fitnessapp", "m:deploy"])
async def test_a_tap_that_waited_with_us_for_too_long_does_nothing(data: str, stage: Stage) -> None:
    await stage.proposed()
    await stage.tap(data, received_at=stage.now - 121)
    assert stage.operations.calls == []
    assert stage.toasts == [ENGLISH("stale-tap")]


async def test_an_outage_of_telegram_does_not_undo_a_tap(stage: Stage) -> None:
    await stage.proposed()
    stage.session.script["answerCallbackQuery"] = [NotTaken("answerCallbackQuery")] * 9
    await stage.tap(YES)
    assert stage.operations.calls[0][0] == "confirm"


async def test_a_forged_nonce_learns_only_that_it_is_not_valid(stage: Stage) -> None:
    await stage.proposed()
    stage.operations.tap = Tap(Phrase(id="tap-unknown"), won=False)
    await stage.tap("g:y:forged")
    assert stage.toasts == [ENGLISH("tap-unknown")]
    assert stage.texts == []


async def test_a_second_tap_learns_who_was_first_from_its_answer(stage: Stage) -> None:
    await stage.proposed()
    await stage.store.operations.dismiss("nonce_24_characters_long", BORIS, ANNA.id, _at(stage))
    stage.operations.tap = Tap(Phrase(id="tap-handled", args={"who": "Boris"}), won=False)
    await stage.tap(YES)
    assert stage.toasts == ["Already handled by Boris."]
    assert stage.texts == []


async def test_losing_after_the_answer_is_told_by_a_message(stage: Stage) -> None:
    await stage.proposed()
    stage.operations.tap = Tap(Phrase(id="tap-handled", args={"who": "Boris"}), won=False)
    await stage.tap(YES)
    assert stage.toasts == [None]
    assert stage.texts == ["Already handled by Boris."]


async def test_a_blocked_plan_says_so_in_the_answer(stage: Stage) -> None:
    await stage.proposed(plan=plan(findings=(finding("docker-missing", "blocker"),)))
    stage.operations.tap = Tap(Phrase(id="tap-blocked"), won=False)
    await stage.tap(YES)
    assert stage.toasts == [ENGLISH("tap-blocked")]


async def test_the_tap_is_handed_on_with_the_chat_and_message_it_came_from(stage: Stage) -> None:
    """The service binds it: another admin's tap on a copy in another chat does not count."""
    await stage.proposed()
    await stage.tap(YES, BORIS.id, GROUP)
    assert stage.operations.calls == [("confirm", "nonce_24_characters_long", BORIS.id, GROUP, 42)]


@pytest.mark.parametrize("data", [YES, "x:op-1", "m:deploy"])
async def test_a_tap_on_an_inaccessible_message_does_nothing_and_is_told(data: str, stage: Stage) -> None:
    await stage.proposed()
    await stage.tap(data, message={"message_id": 42, "date": 0, "chat": stage.chat(ANNA.id)})
    assert stage.operations.calls == []
    assert stage.toasts == [ENGLISH("stale-message")]


@pytest.mark.parametrize(
    "data",
    ["g:y", "g:y:", "g:q:abc", "x:", "p:deploy:../etc", "p:drop:fitnessapp", "o:" + "a" * 61, "", "🙂"],
)
async def test_data_that_no_button_of_ours_carries_does_nothing(data: str, stage: Stage) -> None:
    await stage.tap(data)
    assert stage.operations.calls == []
    assert stage.toasts == [ENGLISH("hint-button")]


async def test_stop_is_carried_out_and_its_answer_says_so(stage: Stage) -> None:
    await stage.tap("x:op-1")
    assert stage.operations.calls == [("cancel", "op-1", ANNA.id)]
    assert stage.toasts == [ENGLISH("tap-cancelling")]


def _at(stage: Stage) -> datetime:
    return datetime.fromtimestamp(stage.now, UTC)
