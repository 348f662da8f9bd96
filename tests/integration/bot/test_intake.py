"""Updates are stored before they are acknowledged, handled in order per chat, and no trouble stops the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.types import Update
from structlog.testing import capture_logs

from bot.intake import FatalIntake, Intake, Rhythm
from bot.outcomes import FloodWait
from services.store import Store
from tests.integration.bot.chat import QUICK, Chat
from tests.unit.bot.stage import ANNA, BORIS, ENGLISH, STRANGER


async def until(check: Callable[[], Awaitable[Any] | Any], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if await found if isinstance(found, Awaitable) else found:
            return
        assert time.monotonic() < deadline, "it did not come to that in time"
        await asyncio.sleep(0.02)


def listening(handle: Callable[[Update], Awaitable[None]]) -> Dispatcher:
    """A dispatcher without rules of its own."""
    dispatcher = Dispatcher(disable_fsm=True)

    async def outer(_handler: Any, event: Any, _data: dict[str, Any]) -> None:
        await handle(event)

    dispatcher.update.outer_middleware(outer)
    return dispatcher


async def test_a_command_is_answered(chat: Chat) -> None:
    chat.receive()
    await chat.sim.say(ANNA.id, "/whoami")
    assert str(ANNA.id) in (await chat.sim.wait_for(ANNA.id, str(ANNA.id))).text


async def test_what_a_stranger_says_gets_no_answer_and_is_acknowledged(chat: Chat) -> None:
    await chat.sim.user(STRANGER, "Mallory", start=True)
    chat.receive()
    said = await chat.sim.say(STRANGER, "/deploy")
    assert await chat.sim.confirmed(said)
    assert await chat.sim.messages(STRANGER, by_bot=True) == []


async def test_an_update_is_stored_before_it_is_acknowledged(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash at any point loses no command: what cannot be stored stays with Telegram."""
    put, broken = chat.store.inbox.put, [OSError("disk full")]

    async def failing(*args: Any) -> int:
        if broken:
            raise broken.pop()
        return await put(*args)

    monkeypatch.setattr(chat.store.inbox, "put", failing)
    again = asyncio.Event()
    monkeypatch.setattr(Intake, "_sleep", lambda *_: again.wait())
    said = await chat.sim.say(ANNA.id, "/whoami")
    chat.receive()
    await until(lambda: not broken)
    assert not await chat.sim.confirmed(said, timeout=0.2)
    again.set()
    assert await chat.sim.confirmed(said)
    assert str(ANNA.id) in (await chat.sim.wait_for(ANNA.id, str(ANNA.id))).text


async def test_a_command_cut_off_by_a_crash_is_handled_after_the_restart(chat: Chat) -> None:
    begun = asyncio.Event()

    async def hang(_update: Update) -> None:
        begun.set()
        await asyncio.sleep(60)

    first = chat.receive(dispatcher=listening(hang))
    await chat.sim.say(ANNA.id, "/whoami")
    await asyncio.wait_for(begun.wait(), 15)
    await first.stop(0)
    handled: list[int] = []

    async def note(update: Update) -> None:
        handled.append(update.update_id)

    before = len(handled)
    chat.receive(dispatcher=listening(note))
    await until(lambda: len(handled) > before)


async def test_an_update_that_keeps_killing_the_process_is_set_aside(store: Store, chat: Chat) -> None:
    await store.inbox.put([{"update_id": 5, "message": {"chat": {"id": ANNA.id}}}], time.time())
    for _ in range(3):
        assert await store.inbox.begin(5)  # three starts that ended in a crash
    chat.receive()
    await until(lambda: _is(chat, 5, "poison"))


async def test_one_update_that_cannot_be_decoded_blocks_nobody(chat: Chat) -> None:
    number = await chat.sim.inject({"message": {"message_id": "no", "secret": "hunter2"}})
    with capture_logs() as logs:
        chat.receive()
        await chat.sim.say(ANNA.id, "/whoami")
        await chat.sim.wait_for(ANNA.id, str(ANNA.id))
        await until(lambda: _is(chat, number, "poison"))
    assert "hunter2" not in str(logs)
    assert number in {entry.get("update_id") for entry in logs}


async def _is(chat: Chat, number: int, state: str) -> bool:
    return (await chat.inbox()).get(number) == state


async def test_an_update_of_an_unknown_kind_is_passed_over(chat: Chat) -> None:
    number = await chat.sim.inject({"quantum_message": {"x": 1}})
    chat.receive()
    await until(lambda: _is(chat, number, "done"))


async def test_the_same_update_delivered_twice_is_handled_once(chat: Chat) -> None:
    chat.receive()
    said = await chat.sim.say(ANNA.id, "/deploy")
    await until(lambda: len(chat.operations.calls) == 1)
    await chat.sim.confirmed(said)
    await chat.sim.replay(said)
    await chat.sim.say(ANNA.id, "/whoami")
    await chat.sim.wait_for(ANNA.id, str(ANNA.id))
    assert len(chat.operations.calls) == 1


async def test_a_defect_in_a_handler_is_told_kindly_logged_and_marked(chat: Chat) -> None:
    chat.operations.error = RuntimeError("boom")
    chat.receive()
    with capture_logs() as logs:
        said = await chat.sim.say(ANNA.id, "/deploy")
        await chat.sim.wait_for(ANNA.id, ENGLISH("error-internal"))
        assert said.update_id is not None
        number = said.update_id
        await until(lambda: _is(chat, number, "failed"))
    assert "a handler failed" in {entry["event"] for entry in logs}


async def test_updates_of_one_chat_are_handled_in_order_and_chats_side_by_side(chat: Chat) -> None:
    log: list[str] = []
    first_may_end = asyncio.Event()

    async def handle(update: Update) -> None:
        message = update.message
        if message is None or not message.text or message.text == "/start":
            return
        if message.text == "a1":
            await first_may_end.wait()
        log.append(message.text)

    chat.receive(dispatcher=listening(handle))
    for text, who in (("a1", ANNA), ("a2", ANNA), ("b1", BORIS)):
        await chat.sim.say(who.id, text)
    await until(lambda: log == ["b1"])
    first_may_end.set()
    await until(lambda: log == ["b1", "a1", "a2"])


async def test_a_tap_does_not_wait_behind_a_slow_command_of_the_same_chat(chat: Chat) -> None:
    seen: list[str] = []

    async def handle(update: Update) -> None:
        if update.callback_query is not None:
            seen.append("tap")
        elif update.message is not None and update.message.text == "/status":
            await asyncio.sleep(30)

    chat.deliver()
    await chat.proposed()
    card = await chat.sim.wait_for(ANNA.id, button="Confirm")
    chat.receive(dispatcher=listening(handle))
    await chat.sim.say(ANNA.id, "/status")
    await chat.sim.tap(ANNA.id, card, "Cancel")
    await until(lambda: seen == ["tap"])


async def test_a_wrong_token_ends_the_intake_for_good(chat: Chat) -> None:
    async with chat.sim.outage("unauthorized"):
        intake = chat.receive()
        await until(lambda: intake in chat.ended)
    error = chat.ended[intake]
    assert isinstance(error, FatalIntake)
    assert "BOT_TOKEN" in str(error)
    assert chat.api.token not in str(error)


async def test_a_second_instance_is_an_alarm_to_all_admins_and_the_end(chat: Chat) -> None:
    one, two = chat.receive(), chat.receive()
    await until(lambda: one in chat.ended or two in chat.ended)
    assert any(isinstance(error, FatalIntake) for error in chat.ended.values())
    rows = await chat.store.outbox.due(time.time())
    assert {row.chat_id for row in rows if row.phrase and row.phrase.id == "notice-conflict"} == {
        ANNA.id,
        BORIS.id,
    }


async def test_one_conflict_is_only_an_overlapping_restart(chat: Chat) -> None:
    body = '{"ok":false,"error_code":409,"description":"Conflict: terminated by other getUpdates request"}'
    await chat.sim.outage(
        "answer", methods=["getUpdates"], times=1, status=409, body=body, content_type="application/json"
    )
    intake = chat.receive()
    await chat.sim.say(ANNA.id, "/whoami")
    await chat.sim.wait_for(ANNA.id, str(ANNA.id))
    assert intake not in chat.ended


@pytest.mark.parametrize("kind", ["502", "drop", "lose_response", "refuse", "hang"])
async def test_the_intake_survives_every_outage_also_at_start(kind: str, chat: Chat) -> None:
    settings: dict[str, Any] = {"seconds": 0.2} if kind == "hang" else {}
    outage = await chat.sim.outage(kind, **settings)
    intake = chat.receive()
    await asyncio.sleep(0.6)
    await outage.lift()
    await chat.sim.say(ANNA.id, "/whoami")
    assert str(ANNA.id) in (await chat.sim.wait_for(ANNA.id, str(ANNA.id))).text
    assert intake not in chat.ended


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (500, "", "text/plain"),
        (500, '{"ok":false,"error_code":500}', "application/json"),
        (200, "nonsense", "application/json; charset=no-such-charset"),
        (200, '{"ok":true,"result":[7]}', "application/json"),
        (200, '{"ok":true,"result":[{"message":{}}]}', "application/json"),
    ],
)
async def test_answers_that_are_not_telegrams_are_survived(
    status: int, body: str, content_type: str, chat: Chat
) -> None:
    await chat.sim.outage(
        "answer", methods=["getUpdates"], times=2, status=status, body=body, content_type=content_type
    )
    intake = chat.receive()
    await chat.sim.say(ANNA.id, "/whoami")
    await chat.sim.wait_for(ANNA.id, str(ANNA.id))
    assert intake not in chat.ended


async def test_a_flood_of_polls_is_waited_out(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(_self: Intake, seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0.01)

    monkeypatch.setattr(Intake, "_sleep", sleep)
    await chat.sim.outage("flood", methods=["getUpdates"], times=1, retry_after=33)
    chat.receive()
    await chat.sim.say(ANNA.id, "/whoami")
    await chat.sim.wait_for(ANNA.id, str(ANNA.id))
    assert 33 in slept


async def test_a_server_that_does_not_wait_is_not_hammered(chat: Chat) -> None:
    empty = '{"ok":true,"result":[]}'
    await chat.sim.say(ANNA.id, "/start")
    chat.receive(Rhythm(poll=5, floor=0.3))
    await asyncio.sleep(0.3)
    since = await chat.sim.last_call()
    async with chat.sim.outage(
        "answer", methods=["getUpdates"], status=200, body=empty, content_type="application/json"
    ):
        await chat.sim.say(ANNA.id, "wake up")
        await _polls_without_haste(chat, since, 0.3)


async def _polls_without_haste(chat: Chat, since: int, floor: float) -> None:
    began = time.monotonic()
    polls = 0
    while polls < 5:
        await asyncio.sleep(0.02)
        polls = len(await chat.sim.calls("getUpdates", since=since))
    assert polls <= (time.monotonic() - began) / floor + 3


async def test_a_server_that_ignores_the_offset_is_not_hammered_and_its_update_is_handled_once(
    chat: Chat,
) -> None:
    handled: list[int] = []

    async def note(update: Update) -> None:
        handled.append(update.update_id)

    same = '{"ok":true,"result":[{"update_id":4000}]}'
    since = await chat.sim.last_call()
    await chat.sim.outage(
        "answer", methods=["getUpdates"], status=200, body=same, content_type="application/json"
    )
    chat.receive(Rhythm(poll=5, floor=0.3), listening(note))
    await _polls_without_haste(chat, since, 0.3)
    assert handled == [4000]


async def test_a_webhook_that_was_set_is_removed_and_loses_nothing(chat: Chat) -> None:
    info = '{"ok":true,"result":{"url":"https://example.org/x","has_custom_certificate":false,"pending_update_count":1}}'
    await chat.sim.outage(
        "answer", methods=["getWebhookInfo"], times=1, status=200, body=info, content_type="application/json"
    )
    await chat.sim.say(ANNA.id, "/whoami")
    chat.receive()
    await chat.sim.wait_for(ANNA.id, str(ANNA.id))
    removed = await chat.sim.calls("deleteWebhook")
    assert len(removed) == 1
    assert str(removed[0]["parameters"].get("drop_pending_updates", "false")).lower() == "false"


async def test_only_the_updates_we_need_are_asked_for(chat: Chat) -> None:
    chat.receive()
    await chat.sim.say(ANNA.id, "/whoami")
    await chat.sim.wait_for(ANNA.id, str(ANNA.id))
    polls = await chat.sim.calls("getUpdates")
    assert polls[0]["parameters"]["allowed_updates"] in (
        ["message", "callback_query", "my_chat_member"],
        '["message", "callback_query", "my_chat_member"]',
    )


async def test_stopping_ends_the_long_poll_at_once_and_lets_handlers_end(chat: Chat) -> None:
    done = asyncio.Event()
    begun = asyncio.Event()

    async def slow(_update: Update) -> None:
        begun.set()
        await asyncio.sleep(0.4)
        done.set()

    intake = chat.receive(Rhythm(poll=50), listening(slow))
    await asyncio.wait_for(begun.wait(), 15)  # /start of the fixture
    started = time.monotonic()
    await intake.stop(15)
    await until(lambda: intake in chat.ended)
    assert done.is_set()
    assert time.monotonic() - started < 25
    assert chat.ended[intake] is None


async def test_what_had_not_begun_when_stopping_waits_for_the_next_start(chat: Chat) -> None:
    seen: list[str] = []
    stopping = asyncio.Event()

    async def slow(update: Update) -> None:
        seen.append((update.message.text if update.message else None) or "")
        await stopping.wait()

    intake = chat.receive(QUICK, listening(slow))
    for text in ("one", "two", "three"):
        await chat.sim.say(ANNA.id, text)
    await until(lambda: _stored(chat, 5))

    async def let_go() -> None:
        stopping.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(intake.stop(15))
        tasks.create_task(let_go())
    assert "three" not in seen
    chat.receive(QUICK, listening(slow))
    await until(lambda: "three" in seen)
    assert len(seen) == len(set(seen) - {"/start"}) + 2  # nothing twice but the two /start of the fixtures


async def _stored(chat: Chat, number: int) -> bool:
    return len(await chat.inbox()) == number


def test_an_error_of_the_gateway_names_no_token() -> None:
    assert "wait 7 s" in str(FloodWait("getUpdates", 7))
