"""The project's lock on the host: one Opsgate at a time, fenced by an epoch that only rises (agent/lock.sh)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from services.errors import HostError, LockHeld
from services.phrases import Phrase
from services.remote import agent

if TYPE_CHECKING:
    from services.remote.host import RemoteHost

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:@+-]{0,199}")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lock. Ages and leases are seconds; `lease_left` is 0 when only a job still holds it."""

    operation: str
    owner: str
    epoch: int
    age: int
    lease_left: int
    job_runs: bool

    @property
    def phrase(self) -> Phrase:
        return Phrase(
            id="error-lock-held",
            args={"owner": self.owner, "operation": self.operation, "age": self.age},
        )


class HostLock:
    def __init__(self, host: RemoteHost) -> None:
        self._host = host

    async def claim(self, state_dir: PurePosixPath, operation: str, owner: str, lease: int) -> int:
        """Takes the lock for `lease` seconds and returns the new epoch; jobs of lower epochs are refused from now on.

        The same owner and operation take it again at once; the same owner with another operation as soon as no job
        holds it. Raises LockHeld while somebody else's lease lives or a job holds it; ValueError for names that are
        not plain words.
        """
        if not _NAME.fullmatch(operation) or not _NAME.fullmatch(owner):
            raise ValueError("operation and owner of a lock are plain words")
        done = await self._host.ask("lock-claim", state_dir, operation, owner, lease)
        words = done.stdout.decode("ascii", "replace").split()
        if done.exit_status == agent.HELD and len(words) == 3:  # noqa: PLR2004 - operation, owner, age
            raise LockHeld(operation=words[0], owner=words[1], age=_number(words[2]))
        self._host.check("lock-claim", done)
        return _number(words[0] if words else "")

    async def renew(self, state_dir: PurePosixPath, epoch: int, lease: int) -> None:
        """`lease` more seconds from now. Raises Fenced after a newer claim or a release."""
        await self._host.verb("lock-renew", state_dir, epoch, lease)

    async def release(self, state_dir: PurePosixPath, epoch: int) -> None:
        """Gives it back; again is no mistake. Raises Fenced after a newer claim."""
        await self._host.verb("lock-release", state_dir, epoch)

    async def read(self, state_dir: PurePosixPath) -> Holder | None:
        """Who holds it: None when it is released, or its lease is over and no job runs."""
        words = (await self._host.verb("lock-read", state_dir)).decode("ascii", "replace").split()
        if not words:
            return None
        if len(words) != 6:  # noqa: PLR2004 - the fields of Holder
            raise HostError("error-host-answer", detail=f"lock: {words}")
        numbers = [_number(word) for word in words[2:]]
        return Holder(words[0], words[1], numbers[0], numbers[1], numbers[2], bool(numbers[3]))


def _number(word: str) -> int:
    try:
        return int(word)
    except ValueError as error:
        raise HostError("error-host-answer", detail=f"lock: {word!r}") from error
