"""One local Bot API with somebody in it, and calls without any client in between."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.sandbox.client import Sim
from bot.sandbox.played import SimChat, SimUser
from bot.sandbox.process import LocalBotApi

Json = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\2\x80\0\0\1\xe0"
"""The first bytes of an image 640 wide and 480 high."""


@dataclass
class World:
    """Ann (1001) has pressed Start; the group has Ann as creator and the bot as administrator."""

    api: LocalBotApi
    sim: Sim
    ann: SimUser
    group: SimChat
    http: aiohttp.ClientSession

    async def call(self, method: str, **given: Any) -> Json:
        """The whole answer of a call whose parameters go as JSON."""
        address = f"{self.api.url}/bot{self.api.token}/{method}"
        async with self.http.post(address, json=given) as response:
            return dict(json.loads(await response.read()))

    async def result(self, method: str, **given: Any) -> Any:
        """What a call answers when it is not refused."""
        answer = await self.call(method, **given)
        assert answer["ok"], answer
        return answer["result"]


@asynccontextmanager
async def small_world() -> AsyncIterator[World]:
    """A world for one test."""
    async with LocalBotApi.in_process() as api, aiohttp.ClientSession() as http:
        ann = await api.sim.user(1001, "Ann", username="ann", start=True)
        group = await api.sim.group("ops", {ann: "creator"}, bot="administrator")
        yield World(api, api.sim, ann, group, http)
