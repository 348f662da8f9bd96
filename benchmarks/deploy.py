"""Opsgate against RUNBOOK's hand procedure, interleaved on the same machine, same stack, same kind of release.

Each round: a deploy of nothing new, a deploy of one changed file of the backend, and a rollback, each through the bot
(with a proven database backup, every file hashed, and a health gate) and by the hand procedure (zip, cp -r, scp, unzip,
up --build --force-recreate; back: copy back, up --build: with none of that). Timed from the tap to the verdict, and
"whole": with the plan, from the command on, without the time that a person reads. A probe asks the backend through the
frontend every 10 ms meanwhile. Then the same one-file deploy with `rolling`. The practice stack says that it is healthy
within a second: healthy_for is 1 s here (5 by default), the grace of `rolling` 1 s (5) and its drain 5 s (30).
With FILES the sources hold that many files more, which no image takes in.
Quote the ratios: single figures belong to the machine and its mood.

    python -m benchmarks.deploy [rounds] [FILES]
"""

from __future__ import annotations

import asyncio
import json
import random
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

from benchmarks.upload import make_tree
from bot.sandbox.played import SimMessage
from tests.e2e.probe import probed
from tests.e2e.sshd import Sshd
from tests.e2e.stack.by_hand import back_by_hand, deploy_by_hand
from tests.e2e.world import World, world

PATH = "/api/version"


@dataclass
class Series:
    """Of one way: seconds, those of the plan before, failed requests, the longest time without a good answer (seconds)."""

    seconds: list[float] = field(default_factory=list)
    plans: list[float] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def timed(self, here: World, do: Callable[[], Awaitable[float]]) -> None:
        async with probed(here.server.http_port, PATH) as seen:
            self.seconds.append(await do())
            await asyncio.sleep(0.3)
        self.failed.append(sum(seen.failed.values()))
        self.gaps.append(seen.longest_gap)

    async def told(self, bench: Bench, plan: Callable[[], Awaitable[SimMessage]]) -> None:
        """An operation of the bot's: also what its journal says about each of its steps."""
        began = time.monotonic()
        card = await plan()
        self.plans.append(time.monotonic() - began)
        await self.timed(bench.here, lambda: bench.tapped(card))
        steps = journal(bench.here)
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
        print(
            f"{name:<34} {low:8.2f} {middle:8.2f} {high:8.2f} {sum(self.failed):7} {max(self.gaps):8.2f}"
            + (f" {statistics.median(self.plans):8.2f}" if self.plans else "")
        )

    @property
    def whole(self) -> list[float]:
        """Seconds with the plan."""
        return [taken + plan for taken, plan in zip(self.seconds, self.plans or self.seconds, strict=True)]


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

    async def rollback(self) -> SimMessage:
        """The plan card of the way to the release before."""
        here = self.here
        sent = await here.sim.say(here.anna, "/rollback")
        offered = await here.sim.wait_for(here.anna, "Which release", after=sent, timeout=60)
        since = await here.sim.mark()
        await here.sim.tap(here.anna, offered, offered.labels[0])
        return await here.sim.wait_for(here.anna, "Nothing is built", since=since, timeout=60)

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
    for what, seconds in ((name, ours.seconds), (f"{name}, whole", ours.whole)):
        each = [a / b for a, b in zip(seconds, theirs.seconds, strict=True)]
        print(f"{what:<34} {min(each):8.2f} {statistics.median(each):8.2f} {max(each):8.2f}")


async def main(rounds: int = 3, files: int = 0) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder) / "world") as here:
            if files:
                make_tree(here.project.path / "papers", random.Random(1), files)  # noqa: S311 - the same tree every time
                here.project.commit("much that no image takes in")
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
        await same.told(bench, here.card)
        await hand_same.timed(here, bench.by_hand)
        bench.change()
        await one.told(bench, here.card)
        await back.told(bench, bench.rollback)
        bench.change()
        await hand.timed(here, bench.by_hand)
        await hand_back.timed(here, bench.back_by_hand)
    await here.stop_bot()
    here.write_settings(strategy='{ backend = "rolling" }', rolling_grace="1", rolling_drain="5")
    await here.start_bot()
    await here.deploy()
    for _ in range(rounds):
        bench.change()
        await rolled.told(bench, here.card)
    await here.stop_bot()
    print(
        "Failed requests: of all rounds together; gap: the longest; plan: the median, not part of the seconds before it"
    )
    print(f"{rounds} interleaved rounds                   min   median      max  failed   gap, s  plan, s")
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
    given = [int(word) for word in sys.argv[1:]]
    asyncio.run(main(*given))
