"""Ports for what is started minutes later."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot.sandbox.practice import ports
from bot.sandbox.practice.ports import free_port


def test_a_port_is_none_that_an_outgoing_connection_may_take_and_is_given_once(tmp_path: Path) -> None:
    outgoing = tmp_path / "range"
    outgoing.write_text("32768\t60999\n")
    found = [free_port(outgoing) for _ in range(200)]
    assert len(set(found)) == 200
    assert max(found) < 32768
    assert min(found) >= 10_000


def test_a_port_that_somebody_listens_on_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = free_port(), free_port()
    wanted = iter([taken, free])
    monkeypatch.setattr(ports, "_GIVEN", set())
    monkeypatch.setattr(ports, "_CHANCE", type("Chance", (), {"randrange": lambda *_: next(wanted)})())
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", taken))
        outgoing = tmp_path / "range"
        outgoing.write_text("32768\t60999\n")
        assert free_port(outgoing) == free


@pytest.mark.parametrize("given", ["1024\t65535\n", "10100\t65535\n"])
def test_where_the_kernel_gives_all_of_them_away_it_is_asked_for_one(tmp_path: Path, given: str) -> None:
    outgoing = tmp_path / "range"
    outgoing.write_text(given)
    found = {free_port(outgoing) for _ in range(10)}
    assert len(found) == 10
    assert min(found) >= 1024
