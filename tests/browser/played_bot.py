"""A bot that says what a test wants: plain calls of the Bot API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.sandbox.process import LocalBotApi

HEARD = ["message", "callback_query"]


@dataclass(frozen=True)
class PlayedBot:
    """Speaks as the bot of a local Bot API."""

    address: str
    session: aiohttp.ClientSession

    async def __call__(self, method: str, **given: Any) -> Any:
        """Calls a method and returns its result. Raises AssertionError when it is refused."""
        async with self.session.post(f"{self.address}/{method}", json=given) as response:
            return _result(method, await response.json())

    async def say(self, chat: int, text: str, **given: Any) -> int:
        """Sends a message; its number."""
        sent = await self("sendMessage", chat_id=chat, text=text, **given)
        return int(sent["message_id"])

    async def edit(self, chat: int, message: int, text: str, **given: Any) -> None:
        await self("editMessageText", chat_id=chat, message_id=message, text=text, **given)

    async def send_document(self, chat: int, name: str, content: bytes) -> None:
        form = aiohttp.FormData({"chat_id": str(chat)})
        form.add_field("document", content, filename=name, content_type="application/octet-stream")
        async with self.session.post(f"{self.address}/sendDocument", data=form) as response:
            _result("sendDocument", await response.json())

    async def hears(self, kind: str) -> dict[str, Any]:
        """The next "message" or "callback_query", at most ten seconds from now; others before it are dropped."""
        for _ in range(20):
            updates = await self("getUpdates", timeout=10, limit=1, allowed_updates=HEARD)
            assert updates, f"no {kind} came"
            await self("getUpdates", offset=updates[0]["update_id"] + 1, timeout=0)
            if kind in updates[0]:
                return dict(updates[0][kind])
        raise AssertionError(f"no {kind} among twenty updates")

    async def forget(self) -> None:
        """Drops what was said before."""
        await self("getUpdates", offset=-1, timeout=0, allowed_updates=HEARD)
        for update in await self("getUpdates", timeout=0):
            await self("getUpdates", offset=update["update_id"] + 1, timeout=0)


def _result(method: str, answer: dict[str, Any]) -> Any:
    assert answer["ok"], f"{method}: {json.dumps(answer)}"
    return answer["result"]


@asynccontextmanager
async def played_bot(api: LocalBotApi) -> AsyncIterator[PlayedBot]:
    """The bot of this Bot API, as long as nobody else plays it."""
    async with aiohttp.ClientSession() as session:
        yield PlayedBot(f"{api.url}/bot{api.token}", session)
