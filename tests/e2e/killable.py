"""The real bot program, which dies by SIGKILL at the moment that KILL_AT names: "<phase>:<step>:<moment>".

Where HOLD names a file it does not die: it makes the file and stands still, once, until "<file>.go" is there.

Moments: `begun` (the step is journaled as begun, its work is not done), `working` (its first job was begun on the
host), `done` (its work is done, the journal does not know yet). Operations that an earlier process left behind are
recovered in peace: only those proposed after this process started are killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bot.cli import main
from services.models import Step, StepState
from services.remote.jobs import Jobs, JobSpec, JobStatus
from services.runner import Runner
from services.runs import Run

PHASE, STEP, MOMENT = os.environ["KILL_AT"].split(":")
STARTED = datetime.now(UTC)
_now: list[tuple[str, str]] = [("", "")]
_journal = Runner._journal
_begin = Jobs.begin


def die() -> None:
    if "HOLD" not in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
    held = Path(os.environ["HOLD"])
    if not held.exists():
        held.touch()
        deadline = time.monotonic() + 30
        while not held.with_suffix(".go").exists() and time.monotonic() < deadline:
            time.sleep(0.01)  # all of it stands still: nothing is sent while the connection is cut


async def journal(self: Runner, run: Run, entry: Step) -> None:
    mine = run.operation.created_at > STARTED
    here = mine and (entry.phase, entry.name) == (PHASE, STEP)
    if here and MOMENT == "done" and entry.state is not StepState.RUNNING:
        die()
    await _journal(self, run, entry)
    _now[0] = (entry.phase, entry.name) if mine else ("", "")
    if here and MOMENT == "begun" and entry.state is StepState.RUNNING:
        die()


async def begin(self: Jobs, spec: JobSpec) -> JobStatus:
    status = await _begin(self, spec)
    if _now[0] == (PHASE, STEP) and MOMENT == "working":
        die()
    return status


Runner._journal = journal  # type: ignore[method-assign]  # the one place where the program is made mortal
Jobs.begin = begin  # type: ignore[method-assign]  # likewise

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
