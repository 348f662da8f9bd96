"""suite.json through two clients that know nothing of Opsgate: grammY and python-telegram-bot."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.played import SimUser
from bot.sandbox.process import LocalBotApi
from tests.conformance.node import HERE, require_node
from tests.conformance.ptb.chats import CHATS
from tests.conformance.ptb.messages import MESSAGES
from tests.conformance.ptb.stage import ANN, SUITE, Scenario, Stage, client_of
from tests.conformance.ptb.updates import UPDATES

ANSWER_SECONDS = 20.0
CASES: list[tuple[str, str, Any]] = [
    *((scenario, scenario, None) for scenario in SUITE["scenarios"]),
    *((f"formatted-{name}", "formatted", case) for name, case in SUITE["formatted"].items()),
    *((f"unparsable-{name}", "unparsable", case) for name, case in SUITE["unparsable"].items()),
]
SCENARIOS = {scenario for _, scenario, _ in CASES}
PTB: dict[str, Scenario] = MESSAGES | CHATS | UPDATES
each_case = pytest.mark.parametrize(
    ("scenario", "example"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)


class Grammy:
    """One process of Node.js that runs scenarios one after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.scenarios: list[str] = self._line()["scenarios"]

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "grammY's process ended"
        return dict(json.loads(line))

    async def run(self, api: LocalBotApi, scenario: str, example: Any) -> None:
        asked = {"scenario": scenario, "example": example}
        where = {"url": api.url, "control": api.control, "token": api.token}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked | where) + "\n")
        self._process.stdin.flush()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await asyncio.to_thread(self._line)
        except TimeoutError:
            self._process.kill()  # ends the line that is waited for, too
            raise
        assert answer["scenario"] == scenario
        assert answer["ok"], answer["detail"]


@pytest.fixture(scope="module")
def grammy() -> Iterator[Grammy]:
    command = [require_node(), str(Path("grammy") / "run.mjs")]
    with subprocess.Popen(
        command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Grammy(process)
        process.kill()


@pytest.fixture
async def api() -> AsyncIterator[LocalBotApi]:
    """Ann has pressed Start, and the bot has seen it."""
    async with LocalBotApi.in_process() as api:
        await api.sim.user(ANN, "Ann", username="ann", start=True)
        async with aiohttp.ClientSession() as http:
            await http.post(f"{api.url}/bot{api.token}/deleteWebhook?drop_pending_updates=true")
        yield api


def test_grammy_knows_every_scenario_of_the_suite(grammy: Grammy) -> None:
    assert set(grammy.scenarios) == SCENARIOS


def test_python_telegram_bot_knows_every_scenario_of_the_suite() -> None:
    assert set(PTB) == SCENARIOS


@each_case
async def test_grammy(grammy: Grammy, api: LocalBotApi, scenario: str, example: Any) -> None:
    await grammy.run(api, scenario, example)


@each_case
async def test_python_telegram_bot(
    monkeypatch: pytest.MonkeyPatch, api: LocalBotApi, scenario: str, example: Any
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # it warns about its older habit otherwise
    async with client_of(api) as bot:
        await PTB[scenario](Stage(api, api.sim, bot, SimUser(ANN, "Ann", "ann", "en"), example))
