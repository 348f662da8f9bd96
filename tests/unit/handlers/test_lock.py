"""/lock and /unlock, and the taps that queue."""

from __future__ import annotations

import pytest

from services.phrases import Phrase
from services.taps import Tap
from tests.unit.bot.stage import ANNA, BORIS, ENGLISH, GROUP, Stage, project

NONCE = "nonce_24_characters_long"


async def reason(stage: Stage, name: str = "fitnessapp") -> str | None:
    freeze = await stage.store.freezes.of(name)
    return freeze.reason if freeze else None


@pytest.mark.parametrize(
    "text", ["/lock the data is being corrected", "/lock fitnessapp the data is being corrected"]
)
async def test_with_one_project_its_name_may_be_left_out(stage: Stage, text: str) -> None:
    await stage.say(text)
    assert await reason(stage) == "the data is being corrected"
    assert "fitnessapp is locked: the data is being corrected" in stage.texts[0]


@pytest.mark.parametrize("text", ["/lock", "/lock fitnessapp", "/lock   "])
async def test_without_a_reason_it_asks_for_one_with_an_example(stage: Stage, text: str) -> None:
    await stage.say(text)
    assert await reason(stage) is None
    assert "/lock fitnessapp the data is being corrected by hand" in stage.texts[0]


async def test_more_than_a_line_is_refused(stage: Stage) -> None:
    await stage.say("/lock first\nsecond")
    assert await reason(stage) is None
    assert "one line" in stage.texts[0]


async def test_with_several_projects_one_must_be_named(stage: Stage) -> None:
    stage.projects["second"] = project("second")
    await stage.say("/lock an audit")
    assert "Which project?" in stage.texts[0]
    await stage.say("/lock second an audit")
    assert (await reason(stage), await reason(stage, "second")) == (None, "an audit")
    await stage.say("/unlock")  # only one is locked: it is meant
    assert await reason(stage, "second") is None
    await stage.say("/unlock")
    assert stage.texts[-1] == ENGLISH("error-nothing-locked")


async def test_a_second_lock_is_answered_with_the_first(stage: Stage) -> None:
    await stage.say("/lock an audit", BORIS.id)
    await stage.say("/lock mine")
    assert "locked already" in stage.texts[1]
    assert await reason(stage) == "an audit"


async def test_unlocking_tells_every_admin_and_a_group_besides(stage: Stage) -> None:
    await stage.say("/lock an audit")
    await stage.say("/unlock", BORIS.id, GROUP)
    assert stage.texts[-1] == ENGLISH("unlock-done", project="fitnessapp")
    due = await stage.store.outbox.due(stage.now + 10**9)
    assert {(row.chat_id, row.phrase.id) for row in due if row.phrase} == {
        (ANNA.id, "notice-unlocked"),
        (BORIS.id, "notice-unlocked"),
    }


async def test_what_is_not_locked_needs_no_unlocking(stage: Stage) -> None:
    await stage.say("/unlock fitnessapp")
    assert stage.texts == [ENGLISH("unlock-none", project="fitnessapp")]


async def test_an_old_wish_to_lock_or_unlock_is_not_carried_out(stage: Stage) -> None:
    await stage.say("/lock an audit", date=int(stage.now) - 121)
    assert await reason(stage) is None
    assert "did nothing" in stage.texts[0]


async def test_a_stranger_neither_locks_nor_hears_anything(stage: Stage) -> None:
    await stage.say("/lock an audit", 6666)
    assert await reason(stage) is None
    assert stage.session.requests == []


@pytest.mark.parametrize(
    ("data", "asked"),
    [(f"g:w:{NONCE}", (NONCE, None)), (f"g:r:{NONCE}:k3f9", (NONCE, "k3f9"))],
    ids=["queue", "replace"],
)
async def test_a_tap_on_queue_is_answered_before_it_counts(
    stage: Stage, data: str, asked: tuple[str, str | None]
) -> None:
    await stage.proposed()
    await stage.tap(data)
    nonce, replaces = asked
    assert stage.operations.calls == [("queue", nonce, ANNA.id, ANNA.id, 42, replaces)]
    assert stage.toasts == [None]
    assert stage.texts == []  # the card shows it


async def test_a_refusal_to_queue_is_told(stage: Stage) -> None:
    await stage.proposed()
    refusal = Phrase(
        id="error-waiting-already", args={"who": "Boris", "kind": "deploy", "project": "fitnessapp"}
    )
    stage.operations.tap = Tap(refusal, won=False)
    await stage.tap(f"g:w:{NONCE}")
    assert "Boris queued a deploy" in stage.texts[0]


@pytest.mark.parametrize(
    "data", ["g:r:", f"g:r:{NONCE}", f"g:r:{NONCE}:", f"g:r:{NONCE}:k3f9:x", f"g:w:{NONCE}:k3f9"]
)
async def test_data_that_no_button_carries_queues_nothing(stage: Stage, data: str) -> None:
    await stage.proposed()
    await stage.tap(data)
    assert stage.operations.calls == []
    assert stage.toasts == [ENGLISH("hint-button")]
