"""The `docker` command of a practice server: a small script in front of this very Python."""

import shlex
import sys
from pathlib import Path

from bot.sandbox.practice.engine import base_images
from bot.sandbox.practice.engine.state import Store, replace

_ROOT = Path(__file__).resolve().parents[4]
_SCRIPT = """#!/bin/sh
# Opsgate's simulated docker: it knows its own folder, and no engine of this machine.
[ -n "${{OPSGATE_PRACTICE_DAYS:-}}" ] || OPSGATE_PRACTICE_DAYS={days}
OPSGATE_PRACTICE_ENGINE={engine}
PYTHONPATH={root}
export OPSGATE_PRACTICE_DAYS OPSGATE_PRACTICE_ENGINE PYTHONPATH
exec {python} -P -m bot.sandbox.practice.engine "$@"
"""


def install(folder: Path) -> None:
    """Makes the engine's folder with its first images, and the command."""
    here = folder.resolve()
    with Store(here / "engine").change() as state:
        base_images.add_to(state)
    command = here / "bin/docker"
    command.parent.mkdir(parents=True, exist_ok=True)
    script = _SCRIPT.format(
        engine=shlex.quote(str(here / "engine")),
        root=shlex.quote(str(_ROOT)),
        days=shlex.quote(str(here / "days")),
        python=shlex.quote(sys.executable),
    )
    replace(command, script.encode())
    command.chmod(0o755)
