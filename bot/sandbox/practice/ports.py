"""Ports for what is started later: numbers that nobody else is given in the meantime."""

import random
import socket
from pathlib import Path

_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _USUAL = 10_000, 32_768
_ROOM = 1000
"""So many numbers there must be for two processes to hardly ever meet."""
_CHANCE = random.SystemRandom()
_GIVEN: set[int] = set()


def free_port(outgoing: Path = _OUTGOING) -> int:
    """A loopback port that is free now and, most likely, until it is used. No two calls of a process get the same.

    Below those that the kernel gives to outgoing connections; where it gives them all away it is asked for one.
    """
    highest = int(outgoing.read_text().split()[0]) if outgoing.exists() else _USUAL
    while True:
        wanted = _CHANCE.randrange(_LOWEST, highest) if highest - _LOWEST > _ROOM else 0
        if wanted not in _GIVEN and (port := _bound(wanted)):
            _GIVEN.add(port)
            return port


def _bound(number: int) -> int | None:
    """The number, if it can be bound; for 0 one that can."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return None
        return int(probe.getsockname()[1])
