from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.process import LocalBotApi
from services.store import Store
from tests.conformance.schema import hold_to_schema
from tests.integration.bot.chat import Chat
from tests.unit.bot.stage import ANNA, BORIS


@pytest.fixture
async def api() -> AsyncIterator[LocalBotApi]:
    """Anna and Boris have pressed Start; in the end every call must fit the independent schema."""
    async with LocalBotApi.in_process() as api:
        await api.sim.user(ANNA.id, "Anna", start=True)
        await api.sim.user(BORIS.id, "Boris", start=True)
        yield api
        await hold_to_schema(api.sim)


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
