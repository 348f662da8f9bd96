from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e import engine
from tests.e2e.sshd import why_no_sshd
from tests.e2e.world import World, world


def require_real_parts() -> None:
    """Skips by name where real parts cannot be had. In CI nothing may be skipped: there it fails."""
    if reason := why_no_sshd() or engine.why_no_engine():
        if os.environ.get("CI"):
            pytest.fail(f"in CI nothing is skipped, but: {reason}")
        pytest.skip(reason)


@pytest.fixture(scope="session")
def real_parts() -> None:
    require_real_parts()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(real_parts: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A world that the tests of a module share, in their order."""
    folder: Path = tmp_path_factory.mktemp("world")
    async with world(folder) as made:
        yield made
