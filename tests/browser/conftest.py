from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.sandbox.demo import ANNA, BORIS, Demo, demo
from bot.sandbox.process import LocalBotApi
from tests.browser.chromium import launched, why_no_chromium
from tests.browser.played_bot import PlayedBot, played_bot
from tests.browser.window import Opener, Window, windows

expect.set_options(timeout=15_000)  # milliseconds: a machine that is busy is slower
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
PACE = "0.4"
"""Of the practice engine: the same steps in less time, yet long enough to cut a line in the middle of a build."""


@pytest.fixture(scope="session")
def chromium_is_here() -> None:
    """Skips by name where there is no browser. In CI nothing may be skipped: there it fails."""
    if reason := why_no_chromium():
        if os.environ.get("CI"):
            pytest.fail(f"in CI nothing is skipped, but: {reason}")
        pytest.skip(reason)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium_is_here: None) -> AsyncIterator[Browser]:
    async with launched() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(chromium_is_here: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """A demo with the practice engine, which the tests of a module share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPSGATE_PRACTICE_PACE", PACE)
        async with demo(tmp_path_factory.mktemp("demo")) as made:
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def telegram(
    chromium_is_here: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LocalBotApi]:
    """The local Bot API with its page, and a practice host with nothing on it; what a bot says, the test says."""
    async with LocalBotApi.start(flood="off", practice=tmp_path_factory.mktemp("alone") / "host") as api:
        for person, name, language in ((ANNA, "Anna", "en"), (BORIS, "Борис", "ru")):
            await api.sim.user(person, name, language_code=language, start=True)
        yield api


@pytest_asyncio.fixture(loop_scope="session")
async def bot(telegram: LocalBotApi) -> AsyncIterator[PlayedBot]:
    async with played_bot(telegram) as played:
        await played.forget()
        yield played


@pytest_asyncio.fixture(loop_scope="session")
async def opened(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Opener]:
    """Opens windows on a page. At the end each must have stayed without an error, and is closed."""
    name = request.node.name.replace("[", "-").replace("]", "").removeprefix("test_")
    made: list[Window] = []
    async with AsyncExitStack() as stack:
        yield windows(browser, stack, made, SCREENSHOTS / request.node.path.stem.removeprefix("test_") / name)
    assert [trouble for window in made for trouble in window.troubles] == []
