"""All configured hosts, each with its one kept connection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from services.projects import Host
from services.remote.host import RemoteHost


class Hosts:
    """Nothing is connected before it is used. `run_dir` is a local folder for forwarded sockets."""

    def __init__(self, hosts: Mapping[str, Host], run_dir: Path) -> None:
        self._hosts = {name: RemoteHost(host, run_dir) for name, host in hosts.items()}

    def get(self, name: str) -> RemoteHost:
        """Raises KeyError for a name that is not configured."""
        return self._hosts[name]

    async def close(self) -> None:
        await asyncio.gather(*(host.close() for host in self._hosts.values()))
