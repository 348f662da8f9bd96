"""A backup through the bot against `ssh host 'docker compose exec -T db pg_dump …'`, interleaved on the same machine.

The database holds 200 MB and more. Opsgate's way: dumped, hashed on the way, read back whole, kept on the host, fetched
and hashed here, with a manifest on both sides. By hand: `pg_dump -Fc` into a file here, and `pg_dump | gzip` into a file
here, with nothing proven. CPU is of both ends: they are the same machine. Quote the ratios: single figures belong to the
machine and its mood.

    python -m benchmarks.backup [rounds]
"""

from __future__ import annotations

import asyncio
import os
import resource
import shlex
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.deploy import journal
from tests.e2e.sshd import Sshd
from tests.e2e.stack.server import DATABASE, DATABASE_USER
from tests.e2e.world import World, world

FILL = """
CREATE TABLE workouts AS SELECT i AS id, i % 5000 AS person, now() - i * interval '1 minute' AS at,
    'felt ' || (ARRAY['good', 'tired', 'strong', 'slow'])[1 + i % 4] || ' on day ' || i AS note,
    md5(i::text) || md5((i * 7)::text) AS track FROM generate_series(1, 1700000) i;
"""
LOOK = 0.05
"""Seconds between two looks at the bot's memory."""


@dataclass
class Series:
    """Of one way: seconds, seconds of CPU here and of the whole machine, bytes of the dump."""

    seconds: list[float] = field(default_factory=list)
    here: list[float] = field(default_factory=list)
    machine: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def busy() -> float:
    """Seconds of CPU that this machine has spent on anything but waiting."""
    user, nice, system, _idle, _wait, irq, soft, *_ = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def spent(pid: int) -> float:
    """Seconds of CPU of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def by_hand(sshd: Sshd, series: Series, remote: str, target: Path) -> None:
    began, machine = time.perf_counter(), busy()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with target.open("wb") as out:
        ssh = await asyncio.create_subprocess_exec(
            *map(str, sshd.client()),
            f"{sshd.user}@{sshd.address}",
            remote,
            stdout=out,
            stdin=asyncio.subprocess.DEVNULL,
        )
        if await ssh.wait() != 0:
            raise RuntimeError(remote)
        os.fsync(out.fileno())
    series.seconds.append(time.perf_counter() - began)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    series.here.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    series.machine.append(busy() - machine)
    series.sizes.append(target.stat().st_size)
    target.unlink()


async def ours(here: World, series: Series, whole: list[float], growth: list[int]) -> None:
    card = await here.card("/backup")
    since = await here.sim.mark()
    process = here.bot.process
    if process is None:
        raise RuntimeError("no bot")
    own, machine, began, resting = spent(process.pid), busy(), time.perf_counter(), here.bot.rss
    peak = resting
    await here.sim.tap(here.anna, card, "Confirm")
    async with asyncio.TaskGroup() as group:
        verdict = group.create_task(here.verdict(since))
        while not verdict.done():
            peak = max(peak, here.bot.rss)
            await asyncio.sleep(LOOK)
    whole.append(time.perf_counter() - began)
    if "succeeded" not in verdict.result().text:
        raise RuntimeError(verdict.result().text)
    steps = journal(here)
    series.seconds.append(steps["backup"] + steps["fetch"])
    series.here.append(spent(process.pid) - own)
    series.machine.append(busy() - machine)
    dumps = (here.folder / "data/backups/fitnessapp").glob("*.dump")
    series.sizes.append(max(dumps, key=lambda file: file.stat().st_mtime).stat().st_size)
    growth.append(peak - resting)


def row(name: str, values: list[float], unit: str = "s") -> None:
    print(f"{name:<44} {min(values):9.2f} {statistics.median(values):9.2f} {max(values):9.2f} {unit}")


def told(name: str, series: Series) -> None:
    row(name, series.seconds)
    row("   CPU here", series.here)
    row("   CPU of the whole machine", series.machine)
    row("   size", [size / 1e6 for size in series.sizes], "MB")


async def main(rounds: int) -> None:
    bot, custom, gzip = Series(), Series(), Series()
    whole: list[float] = []
    growth: list[int] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with world(folder / "world") as here:
            sshd = here.sshd
            if not isinstance(sshd, Sshd):
                raise TypeError("the real parts are wanted")
            await here.start_bot()
            await here.sim.start(here.anna)
            await here.deploy()
            here.server.psql(FILL)
            here.server.psql("VACUUM ANALYZE workouts")
            print(
                here.server.psql("SELECT pg_size_pretty(pg_database_size(current_database()))"), "of database"
            )
            inside = here.server.compose("exec", "-T", "db", "pg_dump", "-U", DATABASE_USER, "-d", DATABASE)
            go = f"cd {shlex.quote(str(here.server.path))} && {shlex.join(inside)}"
            for _ in range(rounds):
                await ours(here, bot, whole, growth)
                await by_hand(sshd, custom, f"{go} -Fc", folder / "custom.dump")
                await by_hand(sshd, gzip, f"{go} | gzip", folder / "plain.sql.gz")
    print(f"{rounds} interleaved rounds                             min    median       max")
    told("Opsgate: dump, proof, copy here", bot)
    row("   from the tap to the verdict", whole)
    row("   growth of the bot's memory", [each / 2**20 for each in growth], "MiB")
    told("by hand: pg_dump -Fc", custom)
    told("by hand: pg_dump | gzip", gzip)
    better = [min(pair) for pair in zip(custom.seconds, gzip.seconds, strict=True)]
    row("speed: better by hand / Opsgate", [a / b for a, b in zip(better, bot.seconds, strict=True)], "")
    row("speed: better by hand / tap to verdict", [a / b for a, b in zip(better, whole, strict=True)], "")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
