"""What a deploy will take, from what earlier ones took: time by their journals, disk by the release and the dump."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from pydantic import BaseModel, ConfigDict

MOST_RUNS = 5
"""Earlier deploys that count: a server and its project change, so old ones say little."""
MOST_STEPS = 3
LEAST_SECONDS = 1.0
"""A step shorter than this is not worth naming."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """An operation that succeeded: seconds from its start to its end, and of each forward step that was done."""

    seconds: float
    steps: Mapping[str, float]


class Estimate(BaseModel):
    """`seconds` is None, and `longest` empty, where nothing of the kind ever succeeded: nothing is claimed then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs: int = 0  # that it rests on
    seconds: float | None = None
    longest: tuple[tuple[str, float], ...] = ()  # step and its seconds, longest first
    disk: int = 0  # bytes of the release's files and the dump; images are not known before they are built
    free: int = 0  # bytes on the host now


def estimate(past: Sequence[PastRun], disk: int, free: int) -> Estimate:
    """Medians: one night with a slow network does not count. A step counts over the runs that took it."""
    counted = past[:MOST_RUNS]
    names = dict.fromkeys(name for run in counted for name in run.steps)
    typical = {name: median(run.steps[name] for run in counted if name in run.steps) for name in names}
    longest = sorted(typical.items(), key=lambda step: (-step[1], step[0]))[:MOST_STEPS]
    return Estimate(
        runs=len(counted),
        seconds=median(run.seconds for run in counted) if counted else None,
        longest=tuple((name, seconds) for name, seconds in longest if seconds >= LEAST_SECONDS),
        disk=disk,
        free=free,
    )
