"""The `host` verb of the agent, read: one `key value` per line, what the host lacks left out."""

from __future__ import annotations

from services.errors import HostError
from services.facts.models import HostFacts

KIB = 1024


def parse_host(output: bytes, now: float) -> HostFacts:
    """`now` is our own clock (Unix seconds) at the middle of the request.

    Raises HostError for an answer without sense, and for a host that lacks tools which nothing works without.
    """
    lines = output.decode("utf-8", "replace").splitlines()
    pairs = [(key, value.strip()) for key, _, value in (line.partition(" ") for line in lines)]
    said = dict(pairs)
    if missing := said.get("missing"):
        raise HostError("error-host-tools", tools=", ".join(missing.split()))
    try:
        load = [float(number) for number in said["load"].split()[:3]]
        return HostFacts(
            load=(load[0], load[1], load[2]),
            cpus=int(said["cpus"]),
            memory_total=int(said["mem_total_kb"]) * KIB,
            memory_available=int(said["mem_available_kb"]) * KIB,
            disk_total=int(said["disk_total_kb"]) * KIB,
            disk_available=int(said["disk_available_kb"]) * KIB,
            dumps_available=int(said["dumps_available_kb"]) * KIB if "dumps_available_kb" in said else None,
            uptime=float(said["uptime"]),
            clock_skew=float(said["time"]) - now,
            docker=_present(said, "docker"),
            compose=(_present(said, "compose") or "").removeprefix("v") or None,
            http_client=_present(said, "http"),
            user_home=said["home"],
        )
    except (KeyError, ValueError, IndexError) as error:
        raise HostError("error-host-answer", detail=f"host facts: {error!r} in {sorted(said)}") from error


def _present(said: dict[str, str], key: str) -> str | None:
    value = said.get(key, "")
    return None if value in {"", "-", "none"} else value
