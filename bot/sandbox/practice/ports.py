"""Ports for what is started later: numbers that nobody else is given in the meantime."""

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _USUAL = 10_000, 32_768
_APART = 499
"""How far apart two processes with neighbouring ids begin."""


def free_port() -> int:
    """A loopback port that is free now and, most likely, until it is used. No two calls of a process get the same."""
    return next(filter(None, map(_bound, _NUMBERS)))


def _numbers(outgoing: Path = _OUTGOING, process: int | None = None) -> Iterator[int]:
    """Below those that the kernel gives to outgoing connections. Where it gives them all away it is asked for one: 0."""
    highest = int(outgoing.read_text().split()[0]) if outgoing.exists() else _USUAL
    room = highest - _LOWEST
    for number in itertools.count((process or os.getpid()) * _APART):
        yield _LOWEST + number % room if room > _APART else 0


def _bound(number: int) -> int | None:
    """The number, if it can be bound."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return None
        return int(probe.getsockname()[1])


_NUMBERS = _numbers()
