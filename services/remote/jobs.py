"""Commands that run detached on the host, with log, exit status and identity on its disk (agent/jobs.sh)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, cast

from services.commands.command import Command
from services.errors import CommandFailed, Fenced, HostError
from services.remote import agent

if TYPE_CHECKING:
    from services.remote.host import RemoteHost

JobState = Literal["missing", "running", "exited", "interrupted", "cancelled"]
STATES = frozenset({"missing", "running", "exited", "interrupted", "cancelled"})
GRACE = 5
"""Seconds between TERM and KILL."""
POLL_MOST = 65_536
ENDING = 60.0
"""Seconds for `begin` and `cancel`, which wait for processes."""

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a job runs. `env` is not for secrets. stderr goes to the log, stdout too unless it has a file.

    With an `epoch` the job is fenced: it holds the project's flock while it lives, and runs only if no newer
    claim was made. The folder of `stdout` is made, the file is for us alone and on the disk when the job has exited.
    """

    id: str
    command: Command
    state_dir: PurePosixPath
    cwd: PurePosixPath | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: PurePosixPath | None = None
    stdout: PurePosixPath | None = None
    epoch: int | None = None

    def text(self) -> bytes:
        """The spec as the host keeps and compares it: one word per line, so that nothing needs quoting."""
        lines = [f"arg {word}" for word in self.command.argv]
        lines += [f"env {name}={value}" for name, value in sorted(self.env.items())]
        paths = (("cwd", self.cwd), ("stdin", self.stdin), ("stdout", self.stdout))
        lines += [f"{key} {path}" for key, path in paths if path is not None]
        if self.epoch is not None:
            lines.append(f"epoch {self.epoch}")
        self._check(lines)
        return "\n".join([*lines, "end", ""]).encode()

    def _check(self, lines: list[str]) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"not a job id: {self.id!r}")
        if not all(_NAME.fullmatch(name) for name in self.env):
            raise ValueError("not the name of an environment variable")
        if not self.command.argv[0] or self.command.argv[0].startswith("-"):
            raise ValueError("a job needs a program")
        if any(c in line for line in lines for c in "\0\n\r"):
            raise ValueError("a job's spec holds NUL or a line break")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where a job stands. `missing` also when it was stored but never started: to begin it (again) is safe then."""

    state: JobState
    exit_status: int | None
    log_size: int


class Jobs:
    """Every call is safe to repeat. All raise Unreachable when the host cannot be asked; the job goes on then."""

    def __init__(self, host: RemoteHost) -> None:
        self._host = host

    async def begin(self, spec: JobSpec) -> JobStatus:
        """Starts a job, or finds it. Raises Fenced for an old epoch, HostError (error-job-differs) for another spec."""
        try:
            answer = await self._host.verb(
                "begin", spec.state_dir, spec.id, stdin=spec.text(), timeout=ENDING
            )
        except CommandFailed as error:
            if error.exit_status == agent.EXISTS:
                raise HostError("error-job-differs", job=spec.id) from error
            raise
        return _status(answer)

    async def poll(
        self, state_dir: PurePosixPath, job_id: str, offset: int, wait: int = 0
    ) -> tuple[JobStatus, bytes]:
        """The present state, and at most 64 KiB of the log from `offset`. State and size are older than the bytes.

        `wait`: about so many seconds the host waits for something new before it answers.
        """
        waiting = (wait,) if wait else ()
        answer = await self._host.verb("poll", state_dir, job_id, offset, *waiting)
        header, _, data = answer.partition(b"\n")
        return _status(header), data

    async def cancel(self, state_dir: PurePosixPath, job_id: str, grace: int = GRACE) -> JobStatus:
        """Ends the job's processes, TERM and then KILL, and waits until none lives. A job that ended stays as it is."""
        answer = await self._host.verb("cancel", state_dir, job_id, grace, timeout=grace + ENDING)
        return _status(answer)

    async def prune(self, state_dir: PurePosixPath, keep: int) -> None:
        """Of the ended jobs, and of the records by which swaps are taken back, the newest `keep` stay."""
        await self._host.verb("jobs-prune", state_dir, keep, timeout=ENDING)


def _status(answer: bytes) -> JobStatus:
    words = answer.decode("ascii", "replace").split()
    if words[:1] == ["fenced"]:
        raise Fenced
    try:
        state, status, size = words
        if state not in STATES:
            raise ValueError(state)
        return JobStatus(cast("JobState", state), None if status == "-" else int(status), int(size))
    except ValueError as error:
        raise HostError("error-host-answer", detail=f"job: {answer[:200]!r}") from error
