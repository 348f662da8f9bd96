"""The practice server as a ground for end-to-end tests: the same troubles as `Sshd`, asked for through `/sim/days`."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.sandbox.process import LocalBotApi


class PracticeGround:
    """The practice host of a local Bot API that was started with one."""

    def __init__(self, api: LocalBotApi) -> None:
        assert api.practice is not None
        self._control = api.control
        self._announced = api.practice
        self.home = Path(api.practice["home"])
        self.docker = str(api.practice["docker"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask("days/end")

    def told(self) -> dict[str, Any]:
        """What a bot's settings say about this host."""
        paths = {name: Path(self._announced[name]) for name in ("key_file", "known_hosts")}
        return {name: self._announced[name] for name in ("address", "port", "user")} | paths

    def cut(self, *, refuse_for: float = 0) -> int:
        """Ends every open connection, and refuses new ones for so many seconds. Says how many there were."""
        return int(self._ask("days/begin", name="ssh-drops", refuse_seconds=refuse_for)["cut"])

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """While it lasts nothing is answered and nothing is refused: a VPN that is down."""
        self._ask("days/begin", name="host-unreachable")
        try:
            yield
        finally:
            self._ask("days/end", name="host-unreachable")

    def change_host_key(self) -> None:
        """Comes back with another host key, until `pin` is called."""
        self._ask("days/begin", name="host-key-changed")

    def pin(self) -> None:
        """Has the known host key again."""
        self._ask("days/end", name="host-key-changed")

    def _ask(self, action: str, **given: Any) -> Any:
        url, body = f"{self._control}/sim/{action}", json.dumps(given).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - our own loopback server
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - likewise
            return json.load(answer)["result"]
