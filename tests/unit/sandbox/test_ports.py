"""Ports for what is started minutes later."""

from __future__ import annotations

import socket
from itertools import islice
from pathlib import Path

import pytest

from bot.sandbox.practice.ports import _numbers, free_port

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_port_is_none_that_an_outgoing_connection_may_take_and_is_given_once() -> None:
    found = [free_port() for _ in range(50)]
    assert len(set(found)) == 50
    if OUTGOING.exists():
        assert max(found) < int(OUTGOING.read_text().split()[0])


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    soon = free_port() + 1
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", soon))
        assert free_port() != soon


def test_processes_that_run_side_by_side_begin_far_apart(tmp_path: Path) -> None:
    outgoing = tmp_path / "range"
    outgoing.write_text("32768\t60999\n")
    each = [set(islice(_numbers(outgoing, process), 200)) for process in range(4000, 4040)]
    assert len(set().union(*each)) == 40 * 200


@pytest.mark.parametrize("given", ["1024\t65535\n", "10100\t65535\n"])
def test_where_the_kernel_gives_all_of_them_away_it_is_asked_for_one(tmp_path: Path, given: str) -> None:
    outgoing = tmp_path / "range"
    outgoing.write_text(given)
    assert set(islice(_numbers(outgoing, 1), 10)) == {0}
