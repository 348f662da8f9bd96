"""The `docker` of the practice server: one call, from its words to its exit status."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bot.sandbox.practice.engine import base_images
from bot.sandbox.practice.engine.errors import Refused, cannot
from bot.sandbox.practice.engine.state import Store

FOLDER = "OPSGATE_PRACTICE_ENGINE"
_INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Runs `docker argv...` on the engine whose folder the environment names."""
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        return _run(argv)
    except Refused as error:
        sys.stdout.flush()
        sys.stderr.write(f"{error.message}\n")
        return error.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("canceled\n")
        return _INTERRUPTED


def _interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    """What was begun is cleaned up like after Ctrl+C."""
    raise KeyboardInterrupt


def _run(argv: Sequence[str]) -> int:
    folder = os.environ.get(FOLDER)
    if not folder:
        raise cannot(f"find its engine: {FOLDER} is not set")
    store = Store(Path(folder))
    if not (store.folder / "state.json").exists():
        with store.change() as state:
            base_images.add_to(state)
    if argv[:1] == ["compose"]:
        from bot.sandbox.practice.engine import compose_verbs

        status = compose_verbs.run(store, argv[1:])
    else:
        from bot.sandbox.practice.engine import docker_verbs

        status = docker_verbs.run(store, argv)
    sys.stdout.flush()
    return status
