from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.process import LocalBotApi
from services.store import Store
from tests.integration.bot.chat import Chat
from tests.unit.bot.stage import ANNA, BORIS


@pytest.fixture
async def api() -> AsyncIterator[LocalBotApi]:
    async with LocalBotApi.in_process() as api:
        await api.sim.user(ANNA.id, "Anna", start=True)
        await api.sim.user(BORIS.id, "Boris", start=True)
        yield api


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "opsgate.db")
    yield store
    await store.close()


@pytest.fixture
async def chat(api: LocalBotApi, store: Store) -> AsyncIterator[Chat]:
    chat = Chat(api, store)
    yield chat
    await chat.close()
