"""A dump damaged in every way, and a restore of it as far as the step that must refuse it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot import projects_file
from services.backups.models import Backup
from services.models import Kind, Plan, Restoring, State
from services.operation_log import OperationLogs
from services.remote.host import RemoteHost
from services.restores.plans import RESTORE_STEPS
from services.runs import Run
from services.store import Store
from tests.e2e.world import World
from tests.unit.services.stage import proposal

CUTS, LAST = 70, 64
"""So many cuts all over the file, and one before each of so many last bytes."""
FLIPS, EDGE, FRONT = 80, 16, 6144
"""So many changed bits all over the file, one in each byte of either edge, and as many in front as all over: a table of
contents is short, and stands there."""


def cuts(whole: bytes) -> dict[str, bytes]:
    """By what was done: the file without its end."""
    ends = {len(whole) * number // CUTS for number in range(CUTS)}
    ends |= {len(whole) - left for left in range(1, LAST + 1)}
    return {f"cut at {end} of {len(whole)}": whole[:end] for end in sorted(ends)}


def flips(whole: bytes) -> dict[str, bytes]:
    """By what was done: the file with one bit changed; all eight take their turns."""
    size, front = len(whole), min(len(whole), FRONT)
    places = {*range(EDGE), *range(size - EDGE, size)}
    places |= {part * number // FLIPS for part in (size, front) for number in range(FLIPS)}
    return {f"bit {1 << at % 8} at {at} of {size}": _flipped(whole, at) for at in sorted(places)}


def _flipped(whole: bytes, at: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]


@asynccontextmanager
async def reached(here: World, folder: Path) -> AsyncIterator[RemoteHost]:
    """The world's host as the bot's settings reach it, over a connection of our own."""
    remote = RemoteHost(projects_file.read(here.folder / "opsgate.toml").hosts["home"], folder / "run")
    try:
        yield remote
    finally:
        await remote.close()


@asynccontextmanager
async def restoring(here: World, backup: Backup, folder: Path) -> AsyncIterator[Run]:
    """A restore that was confirmed: what its steps see. Its journal is nobody's."""
    project = projects_file.read(here.folder / "opsgate.toml").projects["fitnessapp"]
    about = Restoring(database="fitnessapp", backup=backup, worker="fitnessapp_user")
    plan = Plan(
        kind=Kind.RESTORE,
        project=project.name,
        compose_project=here.server.compose_project,
        steps=RESTORE_STEPS,
        restoring=about,
    )
    operation = proposal(id="op-20261123-091500-k3f9", kind=Kind.RESTORE, plan=plan, state=State.RUNNING)
    store = await Store.open(folder / "opsgate.db")
    try:
        async with reached(here, folder) as remote:
            logs = OperationLogs(folder / "logs", lambda text: text)
            yield Run(operation, project, remote, store, logs, lambda: None)
    finally:
        await store.close()
