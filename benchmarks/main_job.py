"""Opsgate's deploy against RUNBOOK's hand procedure, interleaved on the same machine, same stack, same source.

Each round ships the same kind of release twice: once through the bot (card, tap, verdict: with a proven database
backup and a health gate) and once by the hand procedure (zip, cp -r, scp, unzip, up --build --force-recreate: with
neither). Quote the ratio: single figures belong to the machine and its mood.

    python -m benchmarks.main_job [rounds]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.sshd import Sshd
from tests.e2e.stack.by_hand import deploy_by_hand
from tests.e2e.world import World, world


async def start_to_first_poll(here: World) -> float:
    """Seconds from starting the process to its first getUpdates."""
    since = await here.sim.mark()
    await here.start_bot()
    assert await here.sim.polled(since, timeout=60)
    return time.monotonic() - here.bot.started_at


async def deploy_watched(here: World) -> tuple[float, int]:
    """Seconds from the tap to the verdict, and the highest resident memory seen meanwhile (bytes)."""
    card = await here.card()
    since = await here.sim.mark()
    started = time.monotonic()
    await here.sim.tap(here.anna, card, "Confirm")
    waiting = asyncio.ensure_future(here.verdict(since))  # noqa: TID251 - a benchmark owns its one task
    highest = 0
    while not waiting.done():
        highest = max(highest, here.bot.rss)
        await asyncio.sleep(0.05)
    verdict = waiting.result()
    assert "succeeded" in verdict.text, verdict.text
    return time.monotonic() - started, highest


def row(name: str, values: list[float], unit: str = "s") -> None:
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{name:<34} {low:8.2f} {middle:8.2f} {high:8.2f} {unit}")


async def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder) / "world") as here:
            first_poll = await start_to_first_poll(here)
            await here.sim.start(here.anna)
            await here.deploy()
            await asyncio.sleep(2)
            idle = here.bot.rss
            assert isinstance(here.sshd, Sshd)
            ours: list[float] = []
            by_hand: list[float] = []
            peak = 0
            for number in range(rounds):
                here.project.release_commit(f"bot-{number}")
                seconds, highest = await deploy_watched(here)
                ours.append(seconds)
                peak = max(peak, highest)
                here.project.release_commit(f"hand-{number}")
                taken = await asyncio.to_thread(deploy_by_hand, here.project, here.server, here.sshd)
                by_hand.append(sum(taken.values()))
            await here.stop_bot()
    print(f"{rounds} interleaved rounds                   min   median      max")
    row("deploy through Opsgate", ours)
    row("deploy by hand", by_hand)
    row("ratio Opsgate / by hand", [a / b for a, b in zip(ours, by_hand, strict=True)], "")
    print(
        f"start to first poll {first_poll:.2f} s; RSS idle {idle / 1e6:.0f} MB, highest in a deploy {peak / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
