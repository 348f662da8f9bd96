"""Trouble on demand: outages, wrong answers, floods and lost answers, for some methods or all."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.sandbox.errors import Json

KINDS = frozenset({"refuse", "drop", "lose_response", "hang", "answer", "flood", "unauthorized"})
_BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)


@dataclass
class Fault:
    """One kind of trouble.

    `refuse` closes the listening socket; `drop` cuts the connection before the call is performed,
    `lose_response` after; `hang` performs nothing and cuts the connection after `seconds` (or when lifted);
    `answer` gives `status`, `content_type` and `body`; `flood` gives 429 with `retry_after`; `unauthorized` 401.
    It holds for `methods` (empty: all) until lifted or for the next `times` calls.
    """

    id: int
    kind: str
    methods: frozenset[str] = frozenset()
    times: int | None = None
    seconds: float | None = None
    retry_after: int = 5
    status: int = 502
    body: str = _BAD_GATEWAY
    content_type: str = "text/html"
    hits: int = 0
    ends_at: float | None = None
    """On the monotonic clock: a flood's `retry_after` then counts down to it."""
    lifted: asyncio.Event = field(default_factory=asyncio.Event)

    def wait(self) -> float:
        """Seconds that a flood asks the caller to wait."""
        return self.retry_after if self.ends_at is None else self.ends_at - time.monotonic()

    def report(self) -> Json:
        """As the scripting side shows it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "methods": sorted(self.methods),
            "times": self.times,
            "hits": self.hits,
        }


class Faults:
    """The faults that are in force, oldest first."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._last = 0

    def add(self, kind: str, methods: Iterable[str] = (), **settings: object) -> Fault:
        """Puts a fault in force; `settings` are Fault's own fields."""
        self._last += 1
        fault = Fault(self._last, kind, frozenset(name.lower() for name in methods), **settings)  # type: ignore[arg-type]  # checked by the caller against Fault's fields
        self._faults[fault.id] = fault
        return fault

    def lift(self, fault_id: int | None = None) -> None:
        """Ends one fault, or all of them."""
        for key in [fault_id] if fault_id is not None else list(self._faults):
            if (fault := self._faults.pop(key, None)) is not None:
                fault.lifted.set()

    def for_call(self, method: str) -> Fault | None:
        """The first fault that meets this call, counted as used."""
        for fault in list(self._faults.values()):
            meets = not fault.methods or method.lower() in fault.methods
            if fault.kind != "refuse" and meets and (fault.times is None or fault.hits < fault.times):
                fault.hits += 1
                return fault
        return None

    def refusing(self) -> bool:
        """Whether connections are to be refused now."""
        return any(fault.kind == "refuse" for fault in self._faults.values())

    def report(self) -> list[Json]:
        """The faults in force."""
        return [fault.report() for fault in self._faults.values()]
