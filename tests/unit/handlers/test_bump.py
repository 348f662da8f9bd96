"""R-FE-1: the button that raises the version. R-UX-2: it deploys nothing, and counts as any other tap does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.outcomes import QueryTooOld
from services.errors import SourceError
from services.models import Bump, Plan, Way
from services.phrases import Phrase
from services.taps import Tap
from tests.unit.bot.stage import ANNA, BORIS, ENGLISH, STRANGER, Stage, finding, plan

NONCE = "nonce_24_characters_long"
BUMP = f"w:{NONCE}"


def blocked() -> Plan:
    found = finding("version-not-bumped", "blocker", deployed="1.0.2", version="1.0.2", next="1.0.3")
    return plan(
        findings=(found,),
        bump=Bump(deployed="1.0.2", version="1.0.2", to="1.0.3", way=Way.PUSH, branch="main"),
    )


async def test_the_tap_is_answered_and_handed_on_and_the_new_card_says_the_rest(stage: Stage) -> None:
    await stage.proposed(plan=blocked())
    await stage.tap(BUMP)
    assert stage.operations.calls == [("propose_instead", NONCE, ANNA.id, ANNA.id, stage.bumped)]
    assert stage.toasts == [None]
    assert stage.texts == []


async def test_a_second_tap_learns_who_was_first_from_its_answer(stage: Stage) -> None:
    await stage.proposed(plan=blocked())
    await stage.store.operations.dismiss(NONCE, BORIS, ANNA.id, datetime.fromtimestamp(stage.now, UTC))
    stage.operations.tap = Tap(Phrase(id="tap-handled", args={"who": "Boris"}), won=False)
    await stage.tap(BUMP)
    assert stage.toasts == ["Already handled by Boris."]
    assert stage.texts == []


async def test_losing_after_the_answer_is_told_by_a_message(stage: Stage) -> None:
    await stage.proposed(plan=blocked())
    stage.operations.tap = Tap(Phrase(id="tap-replacing", args={"who": "Boris"}), won=False)
    await stage.tap(BUMP)
    assert stage.texts == ["Boris was first. The new plan is being made."]


async def test_a_refusal_of_the_repository_is_told_with_what_to_do(stage: Stage) -> None:
    await stage.proposed(plan=blocked())
    stage.operations.error = SourceError(
        "error-bump-refused", said="main is protected", commands="git switch main\ngit push origin main"
    )
    await stage.tap(BUMP)
    (text,) = stage.texts
    assert "Nothing was changed and nothing is deployed" in text
    assert "main is protected" in text
    assert text.endswith("git switch main\ngit push origin main")


async def test_an_expired_card_says_so(stage: Stage) -> None:
    await stage.proposed(plan=blocked())
    stage.now += 3600
    stage.operations.tap = Tap(Phrase(id="tap-expired"), won=False)
    await stage.tap(BUMP)
    assert stage.toasts == [ENGLISH("tap-expired")]


async def test_a_strangers_tap_is_met_with_silence(stage: Stage) -> None:
    """Default deny."""
    await stage.proposed(plan=blocked())
    await stage.tap(BUMP, STRANGER)
    assert (stage.operations.calls, stage.session.requests) == ([], [])


async def test_a_tap_too_old_to_be_answered_changes_nothing(stage: Stage) -> None:
    await stage.proposed(plan=blocked())
    stage.session.script["answerCallbackQuery"] = [QueryTooOld("answerCallbackQuery")]
    await stage.tap(BUMP)
    assert stage.operations.calls == []
    assert stage.texts == [ENGLISH("stale-tap")]


async def test_a_tap_that_waited_with_us_for_too_long_changes_nothing(stage: Stage) -> None:
    await stage.proposed(plan=blocked())
    await stage.tap(BUMP, received_at=stage.now - 121)
    assert (stage.operations.calls, stage.toasts) == ([], [ENGLISH("stale-tap")])


@pytest.mark.parametrize("data", ["w:", "w:a b", "w:" + "a" * 61, "w:y:nonce"])
async def test_data_that_no_button_of_ours_carries_does_nothing(data: str, stage: Stage) -> None:
    await stage.tap(data)
    assert stage.operations.calls == []
    assert stage.toasts == [ENGLISH("hint-button")]
