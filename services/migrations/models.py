"""A migration script, and what became of it: plain frozen data, kept as JSON on the host and in the store."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScriptState(StrEnum):
    """What a host's record says. Without one, nobody knows whether a script ran."""

    NEW = "new"  # a release brought it, and it has not run
    BEGUN = "begun"  # begun; its end was never seen
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # an admin noted that it ran already
    RETURNED = (
        "returned"  # done, but after the backup that a restore brought back: not in the database any more
    )
    UNSURE = "unsure"  # done, but a restore brought a backup of an unknown time


class Ran(Model):
    """The host's record of one script: `<state_dir>/migrations/<script name>.json`. The store mirrors it."""

    script: str  # its file name
    sha256: str
    state: ScriptState
    operation: str
    by: str
    at: datetime
    exit_status: int | None = None
    returned_by: str = ""  # the restore that took its effect away

    @property
    def counts_as_run(self) -> bool:
        return self.state in {ScriptState.DONE, ScriptState.SKIPPED}


class Standing(StrEnum):
    """Where a script of the deployed release stands, as a person is asked about it."""

    NEW = "new"  # may be run: it came with a release, or a restore took its effect away
    RAN = "ran"
    FAILED = "failed"  # or begun, and its end was never seen: a person decides
    UNKNOWN = "unknown"  # it was there before Opsgate kept records, or a restore made it so
    CHANGED = "changed"  # it ran, with other contents than it has now


class Script(Model):
    """A script of a release. `at`, `exit_status` and `state` are of its record, where there is one."""

    path: str  # in the release
    sha256: str
    standing: Standing
    state: ScriptState | None = None
    at: datetime | None = None
    exit_status: int | None = None

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


class Migrating(Model):
    """What a plan does about migrations. `scripts` run in this order; `noted` are only noted as having run."""

    service: str  # whose container they run in
    scripts: tuple[Script, ...] = ()
    noted: tuple[Script, ...] = ()
    apart: tuple[Script, ...] = ()  # that a person has to decide about, and that this plan leaves alone
    ran: int = 0  # scripts of the release that have run
    choice: str = ""  # "<run|note>-<standing>" of the button that made the plan; "" for what is new

    def of(self, standing: Standing) -> tuple[Script, ...]:
        return tuple(one for one in self.apart if one.standing is standing)
