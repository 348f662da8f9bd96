from __future__ import annotations

import pytest

from services.errors import HostError
from services.facts.host import parse_host

SAID = b"""load 0.52 0.58 0.59 2/345 6789
cpus 4
mem_total_kb 8000000
mem_available_kb 4000000
disk_total_kb 100000000
disk_available_kb 50000000
uptime 86400.25
time 1000060
docker 20.10.24+dfsg1
compose v2.26.1-4
http curl
home /home/me
"""


def test_a_hosts_answer_becomes_facts_in_bytes_and_seconds() -> None:
    host = parse_host(SAID, now=1_000_000)
    assert host.load == (0.52, 0.58, 0.59)
    assert (host.cpus, host.memory_total, host.memory_available) == (4, 8_192_000_000, 4_096_000_000)
    assert (host.disk_total, host.disk_available) == (102_400_000_000, 51_200_000_000)
    assert (host.uptime, host.clock_skew, host.user_home) == (86400.25, 60.0, "/home/me")
    assert (host.docker, host.compose, host.http_client) == ("20.10.24+dfsg1", "2.26.1-4", "curl")


@pytest.mark.parametrize("absent", [b"", b"docker \ncompose -\nhttp none\n"])
def test_what_the_host_lacks_is_none(absent: bytes) -> None:
    said = b"".join(
        line for line in SAID.splitlines(keepends=True) if not line.startswith((b"docker", b"comp", b"http"))
    )
    host = parse_host(said + absent, now=0)
    assert (host.docker, host.compose, host.http_client) == (None, None, None)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\xfe",
        SAID.replace(b"cpus 4\n", b""),
        SAID.replace(b"0.52 0.58 0.59 2/345 6789", b"0.5"),
        SAID.replace(b"4\n", b"four\n"),
    ],
)
def test_an_answer_without_sense_is_an_error_not_a_guess(said: bytes) -> None:
    with pytest.raises(HostError) as raised:
        parse_host(said, now=0)
    assert raised.value.phrase.id == "error-host-answer"


def test_a_host_without_the_tools_that_everything_needs_says_which() -> None:
    """R-DX-1: prerequisites first."""
    with pytest.raises(HostError) as raised:
        parse_host(SAID + b"missing flock setsid\n", now=0)
    assert raised.value.phrase.id == "error-host-tools"
    assert raised.value.phrase.args["tools"] == "flock, setsid"
