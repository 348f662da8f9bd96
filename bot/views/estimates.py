"""What a deploy will take: its time on the card, what takes longest and the disk in its details."""

from __future__ import annotations

from bot.texts import Texts
from services.models import Plan


def time_of(plan: Plan, texts: Texts) -> str | None:
    """None where nothing of the kind ever succeeded: then nobody knows."""
    found = plan.estimate
    if found is None or found.seconds is None:
        return None
    return texts("card-time", seconds=_about(found.seconds), runs=found.runs)


def particulars(plan: Plan, texts: Texts) -> list[str]:
    """Quiet lines."""
    found = plan.estimate
    if found is None:
        return []
    longest = ", ".join(
        texts("card-longest-step", step=name, seconds=_about(seconds)) for name, seconds in found.longest
    )
    return [
        *([texts("card-longest", steps=longest)] if longest else []),
        texts("card-disk", needed=found.disk, free=found.free),
    ]


def _about(seconds: float) -> float:
    """An estimate to the second would be a lie: from a minute on in steps of ten seconds, from ten in minutes."""
    step = next(step for limit, step in ((60, 1), (600, 10), (float("inf"), 60)) if seconds < limit)
    return max(1, round(seconds / step) * step)
