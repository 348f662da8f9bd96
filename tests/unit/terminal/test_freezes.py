"""lock and unlock at a terminal: the same lock as in the chat."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace
from typing import cast

import pytest

from bot.app import Core
from bot.terminal import FAILED, freezes
from bot.texts import Catalogues
from services.errors import BadInput, Frozen
from services.freezes import Freezes
from tests.unit.services.stage import ANNA, BORIS, PROJECT
from tests.unit.terminal.stage import ADA, ENGLISH, Desk

TERMINAL_TEXTS = Catalogues(strict=True, commands="opsgate ")["en"]


async def opsgate(desk: Desk, command: str, *words: str, projects: tuple[str, ...] = ("fitnessapp",)) -> int:
    """The exit status."""
    core = SimpleNamespace(
        store=desk.stage.store,
        settings=SimpleNamespace(projects=dict.fromkeys(projects, PROJECT)),
        admins=SimpleNamespace(ids=frozenset({ANNA.id, BORIS.id})),
    )
    arguments = Namespace(command=command, words=list(words))
    return await freezes.run(cast("Core", core), arguments, TERMINAL_TEXTS, desk.said.append, by=ADA)


async def test_a_lock_of_a_terminal_is_the_lock_of_the_chat_with_owner_and_reason(desk: Desk) -> None:
    assert await opsgate(desk, "lock", "fitnessapp", "an", "audit") == 0
    lock = await desk.stage.store.freezes.of("fitnessapp")
    assert lock is not None
    assert (lock.by, lock.reason) == (ADA, "an audit")
    assert "Until opsgate unlock fitnessapp I refuse" in desk.text
    with pytest.raises(Frozen):
        await desk.run()
    assert desk.stage.did == []


async def test_who_locked_in_the_chat_may_be_freed_at_a_terminal_and_every_admin_is_told(desk: Desk) -> None:
    """Telegram may be down: the outbox has it until then."""
    await Freezes(desk.stage.store, (), lambda: None).lock("fitnessapp", "an audit", BORIS)
    assert await opsgate(desk, "unlock", "fitnessapp") == 0
    assert desk.said == [ENGLISH("unlock-done", project="fitnessapp")]
    due = await desk.stage.store.outbox.due(10**12)
    told = {(row.chat_id, row.phrase.args["who"], row.phrase.args["owner"]) for row in due if row.phrase}
    assert told == {(ANNA.id, ADA.name, "Boris"), (BORIS.id, ADA.name, "Boris")}
    assert await desk.run() == 0


async def test_what_changed_nothing_is_never_status_0(desk: Desk) -> None:
    """A lock that is held stays its owner's, and says since when; what is not locked cannot be unlocked."""
    await Freezes(desk.stage.store, (), lambda: None).lock("fitnessapp", "an audit", BORIS)
    assert await opsgate(desk, "lock", "fitnessapp", "mine") == FAILED
    assert "by Boris (0 s ago): an audit" in desk.said[-1]
    assert "opsgate unlock fitnessapp opens it" in desk.said[-1]
    assert await opsgate(desk, "unlock") == 0
    assert await opsgate(desk, "unlock", "fitnessapp") == FAILED
    assert desk.said[-1] == ENGLISH("unlock-none", project="fitnessapp")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lock", "fitnessapp"), "opsgate lock fitnessapp the data"),
        (("lock", "fitnessap", "an audit"), "opsgate lock fitnessapp the data"),
        (("unlock", "other"), "I know: fitnessapp, shop"),
        (("unlock",), "No project is locked"),
    ],
)
async def test_words_that_do_not_suffice_are_answered_with_the_command_of_the_terminal(
    desk: Desk, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        await opsgate(desk, *words, projects=("fitnessapp", "shop"))
    assert said in TERMINAL_TEXTS.phrase(refusal.value.phrase)
    assert await desk.stage.store.freezes.of("fitnessapp") is None
