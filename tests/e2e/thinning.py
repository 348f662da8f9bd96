"""Which cases of a `matrix` test run each time."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import pytest

THIN = {"practice": 4, "real": -8}
"""Of the cases of one kind, the practice server gets a fourth and the real engine an eighth, from the other end. All of them
with OPSGATE_WHOLE_MATRIX=1.
"""


class Kind(NamedTuple):
    """What is thinned together, so that no way back and no cut is left out altogether."""

    test: str
    ground: str
    trouble: tuple[str, ...]


def kind_of(item: pytest.Item) -> Kind | None:
    """None for what is no case of a matrix."""
    if not (item.get_closest_marker("matrix") and isinstance(item, pytest.Function)):
        return None
    words = item.callspec.id.split("-")
    ground = next(word for word in words if word in THIN)
    return Kind(item.nodeid.partition("[")[0], ground, tuple(sorted({"kill", "cut", "rollback"} & {*words})))


def thinned(names: Sequence[str], ground: str) -> set[str]:
    """By the case's own name: the same in every process, whatever stands beside it; at least one."""
    ordered = sorted(names, key=lambda name: zlib.crc32(name.replace(ground, "").encode()))
    number = max(1, round(len(ordered) / abs(THIN[ground])))
    return set(ordered[:number] if THIN[ground] > 0 else ordered[-number:])
