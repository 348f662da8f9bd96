from __future__ import annotations

import os
from collections.abc import AsyncIterator

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


PACE = "0.4"
"""Of the simulated engine: the demo's is 1."""
GROUNDS = ("practice", pytest.param("real", marks=[pytest.mark.engine, pytest.mark.sshd]))
"""Every scenario runs on both: where they differ, the practice server is wrong."""


THIN = 4
"""Of a `matrix` test, the real engine gets every fourth case; all of them with OPSGATE_WHOLE_MATRIX=1."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the suite short enough to be run often: whole matrices run on the practice server."""
    if os.environ.get("OPSGATE_WHOLE_MATRIX"):
        return
    real = [item for item in items if item.get_closest_marker("matrix") and "real" in item.name]
    left_out = {id(item) for number, item in enumerate(real) if number % THIN}
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
        items[:] = [item for item in items if id(item) not in left_out]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=GROUNDS)
async def here(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A world that the tests of a module share, in their order."""
    if request.param == "real":
        require_real_parts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPSGATE_PRACTICE_PACE", PACE)
        async with world(tmp_path_factory.mktemp("world"), ground=request.param) as made:
            yield made
