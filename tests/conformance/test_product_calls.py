"""What Opsgate itself asks of Telegram, recorded by the local Bot API and held to the independent schema."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import menu
from bot.sandbox.process import LocalBotApi
from services.env_edits.intake import HIDDEN
from services.models import Progress, State, StepState
from services.phrases import Phrase
from services.status import ProjectStatus
from services.store import Store
from tests.conformance.schema import Schema, assert_known_parameters, bot_api_schema
from tests.conformance.used_methods import used_methods
from tests.integration.bot.chat import Chat
from tests.unit.bot.stage import ANNA, BORIS, CATALOGUES, ENGLISH, NOW, operation, plan
from tests.unit.views.test_views import container, facts, step


@pytest.fixture
def schema() -> Schema:
    return bot_api_schema()


@pytest.fixture
async def chat(schema: Schema, tmp_path: Path) -> AsyncIterator[Chat]:
    """The product's chat side whole: intake, dispatcher, gateway, notifier; services are scripted."""
    async with LocalBotApi.in_process() as api:
        await api.sim.user(ANNA.id, "Anna", start=True)
        await api.sim.user(BORIS.id, "Boris", start=True, language_code="ru")
        store = await Store.open(tmp_path / "opsgate.db")
        chat = Chat(api, store)
        yield chat
        await chat.close()
        await store.close()


async def tap(chat: Chat, label: str, text: str = "") -> None:
    """Taps a button of the newest message that has it, and waits until the bot has taken the tap."""
    message = await chat.sim.wait_for(ANNA.id, text, button=label)
    assert await chat.sim.confirmed(await chat.sim.tap(ANNA.id, message, label))


async def talk(chat: Chat, log: Path) -> None:
    """Every command, and every button that a screen of theirs has."""
    found = facts(containers=(container("backend"),))
    chat.status.answer = [ProjectStatus("fitnessapp", "home", found, None, None, None)]
    chat.operations.listed = [operation(state=State.RUNNING, started_at=NOW)]
    chat.operations.steps = [step("lock"), step("backup", StepState.RUNNING)]
    chat.operations.log = log
    for command in (
        "start",
        "help",
        "whoami",
        "status",
        "ops",
        "deploy",
        "deploy fitnessapp",
        "backup",
        "cancel",
        f"env {HIDDEN}",  # what may have been a value is removed from the chat
    ):
        assert await chat.sim.confirmed(await chat.sim.say(ANNA.id, f"/{command}"))
    await tap(chat, ENGLISH("button-menu-status"))
    await tap(chat, ENGLISH("button-refresh"), "backend")
    await tap(chat, "⏳")  # in the list of operations: to this one
    await tap(chat, ENGLISH("button-refresh"), "fitnessapp")
    await tap(chat, ENGLISH("button-log"))
    await chat.sim.wait_for(ANNA.id, document=True)


async def operate(chat: Chat) -> None:
    """A plan card, its progress and its verdict, as services put them into the outbox."""
    card = await chat.proposed(plan=plan(risk="high"), expires_at=datetime(2100, 1, 1, tzinfo=UTC))
    await tap(chat, ENGLISH("button-confirm", kind="deploy"), "fitnessapp")
    await chat.store.operations.dismiss(card.nonce, BORIS, ANNA.id, NOW)
    running = await chat.running()
    await chat.store.operations.step(running.id, 0, step("lock"))
    await chat.store.operations.progress(running.id, Progress(step="build", done=1, total=2))
    await chat.finished(running, reason=Phrase(id="error-unreachable", args={"host": "home"}))
    await chat.notice(1, ANNA.id, BORIS.id)
    await menu.publish(chat.bot, chat.admins, CATALOGUES)


async def recorded(chat: Chat) -> list[dict[str, Any]]:
    return [*await chat.sim.calls(), *await chat.sim.calls("getUpdates")]


async def test_every_call_of_the_product_fits_the_schema(chat: Chat, schema: Schema, tmp_path: Path) -> None:
    log = tmp_path / "op.log"
    log.write_text("a line of the build\n" * 50)
    wanted = used_methods(schema)
    assert {"sendMessage", "editMessageText", "answerCallbackQuery", "getUpdates"} <= set(wanted)
    await chat.bot.set_webhook("https://elsewhere.example/hook")  # as another program left it
    chat.deliver()
    chat.receive()
    await talk(chat, log)
    await operate(chat)
    await tap(chat, ENGLISH("button-language"))

    async def missing() -> set[str]:
        return set(wanted) - {call["method"] for call in await recorded(chat)}

    try:
        await until_nothing(missing)
    except TimeoutError:
        pytest.fail(f"nothing here makes the product call {[f'{m} ({wanted[m]})' for m in await missing()]}")
    assert_known_parameters(await recorded(chat))


async def until_nothing(look: Callable[[], Awaitable[set[str]]], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while await look():
            await asyncio.sleep(0.05)


def test_a_recorded_call_with_an_unknown_name_is_found(schema: Schema) -> None:
    button = '{"inline_keyboard": [[{"text": "Confirm", "callback_data": "g", "colour": "red"}]]}'
    sent = {"chat_id": "1001", "text": "plan", "reply_markup": button, "disable_notification": "True"}
    with pytest.raises(AssertionError, match="colour: unknown"):
        assert_known_parameters([{"method": "sendMessage", "parameters": sent}])
