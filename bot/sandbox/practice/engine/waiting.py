"""How long things take here: as slow as one can watch, and in tests not at all."""

import os
import time
from pathlib import Path

PACE = "OPSGATE_PRACTICE_PACE"
DAYS = "OPSGATE_PRACTICE_DAYS"


def pace() -> float:
    """0 (no waiting) to 1 (as in the demo), from the environment; 1 where it is not given or not a number."""
    try:
        return min(1.0, max(0.0, float(os.environ.get(PACE, "1"))))
    except ValueError:
        return 1.0


def take(seconds: float) -> None:
    """Lets so much time pass, scaled."""
    if (scaled := seconds * pace()) > 0:
        time.sleep(scaled)


def disk_is_full() -> bool:
    """Whether the day "disk-full" is on."""
    folder = os.environ.get(DAYS)
    return bool(folder) and Path(folder or "", "disk-full").exists()
