from __future__ import annotations

import functools
import os
import zlib
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
"""Every scenario can run on both: where they differ, the practice server is wrong."""


THIN = {"practice": (4, 0), "real": (8, 1)}
"""Of a `matrix` test, the practice server gets about every fourth case and the real engine about every eighth: of those
that the practice server does not get. All of them with OPSGATE_WHOLE_MATRIX=1.
"""
REAL_ONLY = {
    f"test_{name}"
    for name in ("bump", "drift", "env", "migrations", "rolling", "rules", "schedules", "terminal")
}
"""Modules that hold the practice server to the truth only with OPSGATE_WHOLE_MATRIX=1, or where there is no Docker Engine. All
others do so every time.
"""


@functools.cache
def _has_engine() -> bool:
    return engine.why_no_engine() is None


def _left_out(item: pytest.Item) -> bool:
    """By the case's own name: the same in every process, and no kind of case is left out for standing second."""
    if item.path.stem in REAL_ONLY and "practice" in item.name and _has_engine():
        return True
    for ground, (every, rest) in THIN.items():
        if item.get_closest_marker("matrix") and ground in item.name:
            return zlib.crc32(item.name.replace(ground, "").encode()) % every != rest
    return False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the suite short enough to be run often."""
    if os.environ.get("OPSGATE_WHOLE_MATRIX"):
        return
    left_out = {id(item) for item in items if _left_out(item)}
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
