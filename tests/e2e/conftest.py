from __future__ import annotations

import functools
import os
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
import pytest_asyncio

from tests.e2e import engine
from tests.e2e.sshd import why_no_sshd
from tests.e2e.thinning import Kind, kind_of, thinned
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


def _chosen(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    kinds: dict[Kind, list[str]] = {}
    for item in items:
        if kind := kind_of(item):
            kinds.setdefault(kind, []).append(item.name)
    chosen = {kind: thinned(names, kind.ground) for kind, names in kinds.items()}
    for item in items:
        kind = kind_of(item)
        elsewhere = item.path.stem in REAL_ONLY and "practice" in item.name and _has_engine()
        if not elsewhere and (kind is None or item.name in chosen[kind]):
            yield item


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the suite short enough to be run often."""
    if os.environ.get("OPSGATE_WHOLE_MATRIX"):
        return
    chosen = list(_chosen(items))
    kept = {id(item) for item in chosen}
    if left_out := [item for item in items if id(item) not in kept]:
        config.hook.pytest_deselected(items=left_out)
        items[:] = chosen


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
