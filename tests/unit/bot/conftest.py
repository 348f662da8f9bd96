from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.store import Store
from tests.unit.bot.stage import Stage


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "opsgate.db")
    yield store
    await store.close()


@pytest.fixture
def stage(store: Store) -> Stage:
    return Stage(store)
