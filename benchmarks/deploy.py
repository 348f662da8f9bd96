"""Opsgate against RUNBOOK's hand procedure, interleaved on the same machine, same stack, same kind of release.

Each round: a deploy of nothing new, a deploy of one changed file of the backend, and a rollback, each through the bot
(from the tap to the verdict: with a proven database backup, every file hashed, and a health gate) and by the hand
procedure (zip, cp -r, scp, unzip, up --build --force-recreate; back: copy back, up --build: with none of that). A
probe asks the backend through the frontend every 10 ms meanwhile. Then the same one-file deploy with `rolling`.
Quote the ratios: single figures belong to the machine and its mood.

    python -m benchmarks.deploy [rounds]
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from bot.sandbox.played import SimMessage
from tests.e2e.probe import probed
from tests.e2e.sshd import Sshd
from tests.e2e.stack.by_hand import back_by_hand, deploy_by_hand
from tests.e2e.world import World, world

PATH = "/api/version"


@dataclass
class Series:
    """Of one way: seconds, failed requests, and the longest time without a good answer (seconds)."""

    seconds: list[float] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def timed(self, here: World, do: Callable[[], Awaitable[float]]) -> None:
        async with probed(here.server.http_port, PATH) as seen:
            self.seconds.append(await do())
            await asyncio.sleep(0.3)
        self.failed.append(sum(seen.failed.values()))
        self.gaps.append(seen.longest_gap)

    async def told(self, here: World, do: Callable[[], Awaitable[float]]) -> None:
        """An operation of the bot's: also what its journal says about each of its steps."""
        await self.timed(here, do)
        steps = journal(here)
        for name, taken in steps.items():
            self.steps[name].append(taken)
        self.steps["(between, and telling)"].append(self.seconds[-1] - sum(steps.values()))

    def breakdown(self, name: str) -> None:
        """Median seconds of each step, in their order; what took less than 10 ms is left out."""
        found = {step: statistics.median(each) for step, each in self.steps.items()}
        print(
            f"{name}: " + ", ".join(f"{step} {taken:.2f}" for step, taken in found.items() if taken >= 0.01)
        )

    def row(self, name: str) -> None:
        low, middle, high = min(self.seconds), statistics.median(self.seconds), max(self.seconds)
        down = f"{statistics.median(self.failed):7.0f} {statistics.median(self.gaps):8.2f}"
        print(f"{name:<34} {low:8.2f} {middle:8.2f} {high:8.2f} {down}")


@dataclass
class Bench:
    here: World
    numbers: count[int] = field(default_factory=count)
    peak: int = 0

    def change(self) -> None:
        """One file of the backend, committed."""
        with (self.here.project.path / "backend/app.py").open("a") as file:
            file.write(f"# change {next(self.numbers)}\n")
        self.here.project.commit("one file")

    async def tapped(self, card: SimMessage) -> float:
        """Seconds from the tap to the verdict."""
        here, since, began = self.here, await self.here.sim.mark(), time.monotonic()
        await here.sim.tap(here.anna, card, "Confirm")
        waiting = asyncio.ensure_future(here.verdict(since))  # noqa: TID251 - a benchmark owns its one task
        while not waiting.done():
            self.peak = max(self.peak, here.bot.rss)
            await asyncio.sleep(0.05)
        assert "succeeded" in waiting.result().text, waiting.result().text
        return time.monotonic() - began

    async def deploy(self) -> float:
        return await self.tapped(await self.here.card())

    async def rollback(self) -> float:
        """To the release before."""
        here = self.here
        sent = await here.sim.say(here.anna, "/rollback")
        offered = await here.sim.wait_for(here.anna, "Which release", after=sent, timeout=60)
        since = await here.sim.mark()
        await here.sim.tap(here.anna, offered, offered.labels[0])
        return await self.tapped(
            await here.sim.wait_for(here.anna, "Nothing is built", since=since, timeout=60)
        )

    async def by_hand(self) -> float:
        assert isinstance(self.here.sshd, Sshd)
        taken = await asyncio.to_thread(deploy_by_hand, self.here.project, self.here.server, self.here.sshd)
        return sum(taken.values())

    async def back_by_hand(self) -> float:
        assert isinstance(self.here.sshd, Sshd)
        return await asyncio.to_thread(back_by_hand, self.here.server, self.here.sshd)


def journal(here: World) -> dict[str, float]:
    """Seconds by step of the newest operation."""
    asked = "SELECT body FROM steps WHERE operation_id = ? ORDER BY phase, position"
    with closing(sqlite3.connect(f"file:{here.folder}/data/opsgate.db?mode=ro", uri=True)) as database:
        rows = database.execute(asked, (here.operations()[-1]["id"],)).fetchall()
    steps = [json.loads(body) for (body,) in rows]
    return {one["name"]: _at(one["finished_at"]) - _at(one["started_at"]) for one in steps}


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def start_to_first_poll(here: World) -> float:
    """Seconds from starting the process to its first getUpdates."""
    since = await here.sim.mark()
    await here.start_bot()
    assert await here.sim.polled(since, timeout=60)
    return time.monotonic() - here.bot.started_at


def ratio(name: str, ours: Series, theirs: Series) -> None:
    each = [a / b for a, b in zip(ours.seconds, theirs.seconds, strict=True)]
    print(f"{name:<34} {min(each):8.2f} {statistics.median(each):8.2f} {max(each):8.2f}")


async def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder) / "world") as here:
            await measured(here, rounds)


async def measured(here: World, rounds: int) -> None:
    bench = Bench(here)
    first_poll = await start_to_first_poll(here)
    await here.sim.start(here.anna)
    await here.deploy()
    bench.change()
    await here.deploy()
    await asyncio.sleep(2)
    idle = here.bot.rss
    same, one, back, rolled, hand, hand_same, hand_back = (Series() for _ in range(7))
    for _ in range(rounds):
        await here.deploy()  # what the round before left: now there is nothing new
        await same.told(here, bench.deploy)
        await hand_same.timed(here, bench.by_hand)
        bench.change()
        await one.told(here, bench.deploy)
        await back.told(here, bench.rollback)
        bench.change()
        await hand.timed(here, bench.by_hand)
        await hand_back.timed(here, bench.back_by_hand)
    await here.stop_bot()
    here.write_settings(strategy='{ backend = "rolling" }', rolling_grace="1", rolling_drain="5")
    await here.start_bot()
    await here.deploy()
    for _ in range(rounds):
        bench.change()
        await rolled.told(here, bench.deploy)
    await here.stop_bot()
    print(f"{rounds} interleaved rounds                   min   median      max  failed  gap, s")
    same.row("nothing new, Opsgate")
    hand_same.row("nothing new, by hand")
    one.row("one file, Opsgate")
    rolled.row("one file, Opsgate, rolling")
    hand.row("one file, by hand")
    back.row("rollback, Opsgate")
    hand_back.row("rollback, by hand")
    ratio("ratio, nothing new", same, hand_same)
    ratio("ratio, one file", one, hand)
    ratio("ratio, rollback", back, hand_back)
    print("Median seconds by step")
    for name, series in (("nothing new", same), ("one file", one), ("rolling", rolled), ("rollback", back)):
        series.breakdown(name)
    print(
        f"start to first poll {first_poll:.2f} s; "
        f"RSS idle {idle / 1e6:.0f} MB, highest in a deploy {bench.peak / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
