"""A failure brings its whole log along, where it was asked for; the verdict never waits for that (R-UX-4)."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from bot.notifier import MOST_ATTACHED
from bot.sandbox.played import SimMessage
from services.models import Origin, State
from tests.integration.bot.chat import Chat
from tests.integration.bot.test_intake import until
from tests.integration.bot.test_notifier import drained
from tests.unit.bot.stage import ANNA, BORIS


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "operation.log"
    file.write_text("=== build\nnpm ERR! missing script\n", encoding="utf-8")
    return file


async def documents(chat: Chat, user_id: int) -> list[SimMessage]:
    return [one for one in await chat.sim.messages(user_id, by_bot=True) if one.file_id]


async def test_a_failure_brings_the_whole_log_to_who_asked_and_to_nobody_else(chat: Chat, log: Path) -> None:
    """R-UX-4: everybody learns of it; everybody else has the Log button."""
    chat.deliver(log_of=lambda _: log)
    stored = await chat.running()
    await chat.finished(stored)
    verdict = await chat.sim.wait_for(ANNA.id, "deploy failed", button="Log")
    document = await chat.sim.wait_for(ANNA.id, document=True)
    assert (await chat.sim.file(document)).decode() == log.read_text(encoding="utf-8")
    assert document.message_id > verdict.message_id
    await chat.sim.wait_for(BORIS.id, "deploy failed", button="Log")
    await until(lambda: drained(chat))
    assert await documents(chat, BORIS.id) == []
    assert len(await documents(chat, ANNA.id)) == 1


async def test_in_a_group_the_log_takes_an_admin_s_tap(chat: Chat, log: Path) -> None:
    """R-UX-4: the verdict is told there; what the commands printed is for admins, and a group has others in it."""
    group = await chat.sim.group("ops", [ANNA.id, BORIS.id])
    chat.deliver(log_of=lambda _: log)
    await chat.finished(await chat.running(origin=Origin(chat_id=group.id, message_id=1, update_id=2)))
    await chat.sim.wait_for(group.id, "deploy failed", button="Log")
    await chat.notice(1, group.id)
    await chat.sim.wait_for(group.id, "n1")  # sent after all that came before
    assert await documents(chat, group.id) == []


@pytest.mark.parametrize(
    ("state", "fields"),
    [(State.SUCCEEDED, {}), (State.FAILED, {"cancelled_by": ANNA})],
    ids=["a success", "one that somebody stopped"],
)
async def test_what_needs_no_explanation_comes_without_a_log(
    state: State, fields: dict[str, Any], chat: Chat, log: Path
) -> None:
    """R-UX-3."""
    chat.deliver(log_of=lambda _: log)
    await chat.finished(await chat.running(), state, **fields)
    await chat.sim.wait_for(ANNA.id, button="Log")
    await until(lambda: drained(chat))
    await chat.notice(1)
    await chat.sim.wait_for(ANNA.id, "n1")  # sent after all that came before
    assert await documents(chat, ANNA.id) == []


@pytest.mark.parametrize("kind", ["502", "drop"])
async def test_a_log_that_cannot_be_sent_keeps_nothing_waiting(kind: str, chat: Chat, log: Path) -> None:
    """R-UX-4: the verdict arrived once, and what follows it arrives."""
    await chat.sim.outage(kind, methods=["sendDocument"])
    chat.deliver(log_of=lambda _: log)
    await chat.finished(await chat.running())
    await chat.notice(1)
    await chat.sim.wait_for(ANNA.id, "n1", timeout=15)
    told = [one for one in await chat.sim.messages(ANNA.id, by_bot=True) if "deploy failed" in one.text]
    assert len(told) == 1
    assert await documents(chat, ANNA.id) == []


async def test_a_long_log_comes_packed_and_an_endless_one_takes_a_tap(chat: Chat, log: Path) -> None:
    log.write_bytes(b"line\n" * (2 * 1024 * 1024 // 5))
    chat.deliver(log_of=lambda _: log)
    first = await chat.running()
    await chat.finished(first)
    document = await chat.sim.wait_for(ANNA.id, document=True)
    assert gzip.decompress(await chat.sim.file(document)) == log.read_bytes()
    log.write_bytes(b"x" * (MOST_ATTACHED + 1))
    await chat.finished(await chat.running())
    await until(lambda: drained(chat))
    await chat.notice(1)
    await chat.sim.wait_for(ANNA.id, "n1")
    assert len(await documents(chat, ANNA.id)) == 1


async def test_a_log_that_is_gone_is_no_trouble(chat: Chat, tmp_path: Path) -> None:
    chat.deliver(log_of=lambda _: tmp_path / "gone.log")
    await chat.finished(await chat.running())
    await chat.notice(1)
    await chat.sim.wait_for(ANNA.id, "n1")
