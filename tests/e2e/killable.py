"""The real bot program, which dies by SIGKILL at the moment that its order names: "<phase>:<step>:<moment>".

The order is KILL_AT; or it comes later, as the first line of the file `kill_at` in the folder where the bot runs, and is
taken away once it is carried out: a bot that lives on needs no start of its own for the next one.

Where HOLD, or the second line, names a file it does not die: it makes the file and stands still, once, until
"<file>.go" is there.

Moments: `begun` (the step is journaled as begun, its work is not done), `working` (its first job was begun on the
host), `done` (its work is done, the journal does not know yet). Operations that an earlier process left behind are
recovered in peace: only those proposed after the order are killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bot.cli import main
from services.models import Step, StepState
from services.remote.jobs import Jobs, JobSpec, JobStatus
from services.runner import Runner
from services.runs import Run

LATER = Path("kill_at")
STARTED = datetime.now(UTC)


class Order(NamedTuple):
    """When to die, and where to stand still instead; for operations proposed after `since`."""

    moment: str
    held: str
    since: datetime


def ordered() -> Order | None:
    """What is to be done now, if anything."""
    try:
        moment, _, held = LATER.read_text().partition("\n")
        return Order(moment, held, datetime.fromtimestamp(LATER.stat().st_mtime, UTC))
    except FileNotFoundError:
        first = os.environ.get("KILL_AT")
        return Order(first, os.environ.get("HOLD", ""), STARTED) if first else None


_now = [""]
_journal = Runner._journal
_begin = Jobs.begin


def die(order: Order) -> None:
    LATER.unlink(missing_ok=True)
    if not order.held:
        os.kill(os.getpid(), signal.SIGKILL)
    held = Path(order.held)
    if not held.exists():
        held.touch()
        deadline = time.monotonic() + 30
        while not held.with_suffix(".go").exists() and time.monotonic() < deadline:
            time.sleep(0.01)  # all of it stands still: nothing is sent while the connection is cut


async def journal(self: Runner, run: Run, entry: Step) -> None:
    order = ordered()
    mine = order is not None and run.operation.created_at > order.since
    here = f"{entry.phase}:{entry.name}"
    if order and mine and order.moment == f"{here}:done" and entry.state is not StepState.RUNNING:
        die(order)
    await _journal(self, run, entry)
    _now[0] = here if mine else ""
    if order and mine and order.moment == f"{here}:begun" and entry.state is StepState.RUNNING:
        die(order)


async def begin(self: Jobs, spec: JobSpec) -> JobStatus:
    status = await _begin(self, spec)
    order = ordered()
    if order and order.moment == f"{_now[0]}:working":
        die(order)
    return status


Runner._journal = journal  # type: ignore[method-assign]  # the one place where the program is made mortal
Jobs.begin = begin  # type: ignore[method-assign]  # likewise

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
