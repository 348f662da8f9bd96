"""What both clients must see, from suite.json, and how it looks through python-telegram-bot."""

import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    RetryAfter,
    TelegramError,
)

from bot.sandbox.client import Sim
from bot.sandbox.played import SimUser
from bot.sandbox.process import LocalBotApi

SUITE: dict[str, Any] = json.loads(
    Path(__file__).parents[1].joinpath("suite.json").read_text(encoding="utf-8")
)
ANN = 1001
CONFIRM = InlineKeyboardMarkup([[InlineKeyboardButton("Confirm", callback_data="go")]])
_ERRORS: dict[int, type[TelegramError]] = {
    400: BadRequest,
    403: Forbidden,
    409: Conflict,
}


@dataclass
class Stage:
    """One server, the client under test, and Ann, who pressed Start."""

    api: LocalBotApi
    sim: Sim
    bot: Bot
    ann: SimUser
    example: Any

    def client(self, token: str | None = None) -> Bot:
        """Another client of the same server."""
        return client_of(self.api, token)


Scenario = Callable[[Stage], Coroutine[Any, Any, None]]


def client_of(api: LocalBotApi, token: str | None = None) -> Bot:
    return Bot(token or api.token, base_url=f"{api.url}/bot", base_file_url=f"{api.url}/file/bot")


def of_client(description: str) -> str:
    """The words of a description as python-telegram-bot passes them on."""
    words = description.removeprefix("Bad Request: ")
    return words if words == description else words.capitalize()


@contextmanager
def refused_with(code: int, description: str) -> Iterator[None]:
    with pytest.raises(_ERRORS[code]) as refusal:
        yield
    assert refusal.value.message == of_client(description)


def refused(name: str) -> Any:
    """The calls inside are refused as suite.json says under this name."""
    code, description = SUITE["refusals"][name]
    return refused_with(code, description)


@contextmanager
def moved_to(chat_id: int) -> Iterator[None]:
    with pytest.raises(ChatMigrated) as refusal:
        yield
    assert refusal.value.new_chat_id == chat_id


@contextmanager
def flooded(seconds: int) -> Iterator[None]:
    with pytest.raises(RetryAfter) as refusal:
        yield
    wait = refusal.value.retry_after
    assert (wait if isinstance(wait, int) else wait.total_seconds()) == seconds
