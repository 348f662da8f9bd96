"""The real bot program, which dies by SIGKILL at the moment that its order names: "<phase>:<step>:<moment>".

The order is KILL_AT; or it comes later, as the first line of the file `kill_at` in the folder where the bot runs, and is
taken away once it is carried out: a bot that lives on needs no start of its own for the next one.

Where HOLD, or the second line, names a file it does not die: it makes the file and stands still, once, until
"<file>.go" is there. With "hears" as the third line only the operation stands still; the bot answers who asks it.

Moments: `begun` (the step is journaled as begun, its work is not done), `working` (its first job was begun on the
host, or the first bytes of a file have gone), `stopped` (a swap has stopped the services that have the file open),
`done` (its work is done, the journal does not know yet). Operations that an earlier process left behind are
recovered in peace: only those proposed after the order are killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from bot.cli import main
from services.models import Step, StepState
from services.remote.files import Files
from services.remote.host import RemoteHost
from services.remote.jobs import Jobs, JobSpec, JobStatus
from services.remote.transfer import Progress
from services.restores import steps as restores
from services.restores import stillness
from services.runner import Runner
from services.runs import Run

LATER = Path("kill_at")
STARTED = datetime.now(UTC)


class Order(NamedTuple):
    """When to die, and where to stand still instead; for operations proposed after `since`."""

    moment: str
    held: str
    since: datetime
    hears: bool = False


def ordered() -> Order | None:
    """What is to be done now, if anything."""
    try:
        moment, held, hears = LATER.read_text().split("\n")
        return Order(moment, held, datetime.fromtimestamp(LATER.stat().st_mtime, UTC), bool(hears))
    except FileNotFoundError:
        first = os.environ.get("KILL_AT")
        return Order(first, os.environ.get("HOLD", ""), STARTED) if first else None


_now = [""]
_journal = Runner._journal
_begin = Jobs.begin
_fetch = RemoteHost.fetch
_put = Files.put
_still = stillness.still
LONGEST = 30
"""Seconds for which it stands still at most."""


def die(order: Order) -> None:
    LATER.unlink(missing_ok=True)
    if not order.held:
        os.kill(os.getpid(), signal.SIGKILL)
    held = Path(order.held)
    if not held.exists():
        held.touch()
        deadline = time.monotonic() + LONGEST
        while not held.with_suffix(".go").exists() and time.monotonic() < deadline:
            time.sleep(0.01)  # all of it stands still: nothing is sent while the connection is cut


async def obey(order: Order) -> None:
    if not order.hears:
        die(order)
        return
    LATER.unlink(missing_ok=True)
    held = Path(order.held)
    held.touch()
    async with asyncio.timeout(LONGEST):
        while not held.with_suffix(".go").exists():
            await asyncio.sleep(0.01)


async def journal(self: Runner, run: Run, entry: Step) -> None:
    order = ordered()
    mine = order is not None and run.operation.created_at > order.since
    here = f"{entry.phase}:{entry.name}"
    if order and mine and order.moment == f"{here}:done" and entry.state is not StepState.RUNNING:
        await obey(order)
    await _journal(self, run, entry)
    _now[0] = here if mine else ""
    if order and mine and order.moment == f"{here}:begun" and entry.state is StepState.RUNNING:
        await obey(order)


def due(moment: str) -> Order | None:
    """The order that is to be carried out in the middle of the step that is at work."""
    order = ordered()
    return order if order and order.moment == f"{_now[0]}:{moment}" else None


async def begin(self: Jobs, spec: JobSpec) -> JobStatus:
    status = await _begin(self, spec)
    if order := due("working"):
        await obey(order)
    return status


def moving(progress: Progress) -> Progress:
    def told(done: int) -> None:
        progress(done)
        if order := due("working"):
            die(order)

    return told


async def fetch(
    self: RemoteHost,
    remote: PurePosixPath,
    local: Path,
    progress: Progress,
    timeout: float,
) -> tuple[int, str]:
    return await _fetch(self, remote, local, moving(progress), timeout)


async def put(self: Files, source: Path, target: PurePosixPath, progress: Progress, within: float) -> None:
    await _put(self, source, target, moving(progress), within)


async def still(run: Run) -> None:
    await _still(run)
    if order := due("stopped"):
        await obey(order)


Runner._journal = journal  # type: ignore[method-assign]  # the one place where the program is made mortal
Jobs.begin = begin  # type: ignore[method-assign]  # likewise
RemoteHost.fetch = fetch  # type: ignore[method-assign]  # likewise
Files.put = put  # type: ignore[method-assign]  # likewise
restores.still = still  # type: ignore[attr-defined]  # likewise

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
