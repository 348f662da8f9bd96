"""R-DB-6: /migrate, the button of a deploy's verdict, and the buttons that decide about scripts only a person knows."""

from __future__ import annotations

import pytest

from services.errors import BadInput
from services.migrations.models import Migrating, Script, Standing
from services.models import Kind, Plan
from tests.unit.bot.stage import ANNA, STRANGER, Stage, operation, plan

NONCE = "nonce_24_characters_long"
FAILED = Script(path="scripts/migrate_1.py", sha256="0" * 64, standing=Standing.FAILED)


def undecided() -> Plan:
    about = Migrating(service="backend", apart=(FAILED,))
    return plan(kind=Kind.MIGRATE, pack=None, migrating=about)


async def test_the_command_and_the_button_of_a_verdict_ask_for_a_card(stage: Stage) -> None:
    await stage.say("/migrate fitnessapp")
    await stage.tap("y:fitnessapp")
    asked = [call for call in stage.operations.calls if call[0] == "propose"]
    assert [call[1:3] for call in asked] == [(Kind.MIGRATE, "fitnessapp")] * 2


@pytest.mark.parametrize(
    ("letters", "choice"), [("rf", "run-failed"), ("nu", "note-unknown"), ("nc", "note-changed")]
)
async def test_a_choice_is_a_new_plan_in_the_place_of_the_card(
    stage: Stage, letters: str, choice: str
) -> None:
    """R-DB-6, R-UX-2: nothing runs and nothing is noted by the tap itself."""
    await stage.proposed(kind=Kind.MIGRATE, plan=undecided())
    await stage.tap(f"j:{letters}:{NONCE}")
    ((called, nonce, person, chat, make),) = stage.operations.calls
    assert (called, nonce, person, chat) == ("propose_instead", NONCE, ANNA.id, ANNA.id)
    await make(operation(kind=Kind.MIGRATE, plan=undecided()))
    assert stage.choices == [choice]


async def test_a_forged_choice_on_another_kind_of_card_is_refused(stage: Stage) -> None:
    await stage.proposed()
    await stage.tap(f"j:rf:{NONCE}")
    make = stage.operations.calls[0][-1]
    with pytest.raises(BadInput):
        await make(operation())
    assert stage.choices == []


@pytest.mark.parametrize("data", ["j:xx:nonce", "j:rf:", "j:rf:a b", "y:", "y:UPPER", "y:a/b"])
async def test_what_no_button_of_ours_holds_reaches_nothing(stage: Stage, data: str) -> None:
    await stage.tap(data)
    assert stage.operations.calls == []


async def test_a_stranger_is_not_answered(stage: Stage) -> None:
    await stage.proposed(kind=Kind.MIGRATE, plan=undecided())
    await stage.tap(f"j:rf:{NONCE}", STRANGER)
    await stage.tap("y:fitnessapp", STRANGER)
    assert stage.operations.calls == []
    assert stage.toasts == []
