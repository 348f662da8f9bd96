"""A simulated Docker Engine with Compose: for practising, on this machine, with nothing real at stake.

What it does it does as docker does, with its state on disk; what it cannot do fails and says so.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

__all__ = ["install", "serve"]


def install(folder: Path) -> None:
    """Makes <folder>/bin/docker and <folder>/engine. Doing it again changes nothing."""
    from bot.sandbox.practice.engine.installing import install as make

    make(folder)


def serve(folder: Path) -> AbstractAsyncContextManager[None]:
    """Answers the Engine API at <folder>/engine.sock and the published ports on 127.0.0.1 until the block ends."""
    from bot.sandbox.practice.engine.serving import serve as open_

    return open_(folder)
