"""What sessions of the practice host started: found by its HOME, detached or not, and ended at the end."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

_ROUNDS = 100
_PAUSE = 0.02


def of_home(home: Path) -> list[int]:
    """The pids of living processes whose HOME is the practice host's."""
    mine = f"HOME={home}".encode()
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if pid != os.getpid() and mine in _environment(pid)]


async def end_of_home(home: Path) -> None:
    """Ends them all, also those that are started meanwhile."""
    for _ in range(_ROUNDS):
        pids = await asyncio.to_thread(of_home, home)
        if not pids:
            return
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(_PAUSE)


def _environment(pid: int) -> list[bytes]:
    """Empty for a process that is gone, dead, or another user's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
