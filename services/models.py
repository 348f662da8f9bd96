"""The words of DESIGN.md as types: plain frozen data, kept as JSON in the store, never holding a secret."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.backups.models import Backup
from services.changes import Changes, Rebuild, SourceFacts
from services.drift import Drift
from services.env_edits.models import EnvEdit
from services.estimates import Estimate
from services.facts.models import Release, Traits
from services.migrations.models import Migrating
from services.phrases import Phrase
from services.strategies import Choice


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(StrEnum):
    """What an operation does."""

    DEPLOY = "deploy"
    BACKUP = "backup"
    RESTORE = "restore"
    UNDO = "undo"  # of a restore: the database before it comes back
    ROLLBACK = "rollback"  # an earlier release comes back: its files and the very images that ran
    DROP = "drop"  # of the database that a restore or an undo kept
    DRILL = "drill"  # a backup is restored beside the live database, compared, and dropped again
    MIGRATE = "migrate"  # scripts that a release brought are run in the backend (R-DB-6)
    ENV = "env"  # the server's env file is edited, and what reads it built and brought up anew (R-FE-2)

    @property
    def typed(self) -> bool:
        """Whether a tap is not enough: the project's name must be typed too (R-UX-2)."""
        return self in {Kind.RESTORE, Kind.DROP}


class State(StrEnum):
    """Where an operation stands. The last six are ends."""

    PROPOSED = "proposed"
    WAITING = "waiting"  # confirmed; starts when what runs has ended well
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    NEEDS_HUMAN = "needs_human"
    DISMISSED = "dismissed"  # a person said no, the card expired, or facts changed: nothing ran
    EXPIRED = "expired"

    @property
    def is_verdict(self) -> bool:
        return self in {State.SUCCEEDED, State.FAILED, State.ROLLED_BACK, State.NEEDS_HUMAN}


class StepState(StrEnum):
    RUNNING = "running"  # begun; after a crash this means unknown, until the host is asked
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"


class Finding(Model):
    """One result of a check. Catalogue: finding-<code> (seen), with attributes .why and .mend (R-DX-7)."""

    code: str
    severity: Severity
    args: dict[str, str | int | float] = {}


TERMINAL = 0
"""As the id of a person and of a chat: whoever sits at Opsgate's own machine. Nobody in Telegram has it."""


SCHEDULE = -1
"""As the id of a person and of a chat: a schedule that an admin wrote into opsgate.toml. Nobody in Telegram has it."""


class Person(Model):
    """A whitelisted human, as Telegram names them; or the user of a terminal (TERMINAL), or a schedule (SCHEDULE)."""

    id: int
    name: str


class Origin(Model):
    """The chat message that asked for an operation. `update_id` makes asking idempotent."""

    chat_id: int
    message_id: int | None = None
    update_id: int | None = None


# --- plans ---------------------------------------------------------------------------------------


class Commit(Model):
    id: str
    author: str
    subject: str


class Pack(Model):
    """The source, frozen at plan time: what is shown is what is shipped. `file` is under DATA_DIR."""

    release_id: str
    file: str
    size: int  # bytes of the compressed archive
    files: int
    base: str | None = None  # the release on the host whose unchanged files do not travel again
    carried: int | None = None  # so many files do; None: all
    kept: tuple[
        str, ...
    ] = ()  # files that were edited on the server and go into the release as they are there
    unpacked: int  # bytes
    manifest_sha256: str
    label: str
    commit: str | None = None
    subject: str | None = None
    commits: tuple[Commit, ...] = ()  # since the deployed one, newest first
    more_commits: int = 0
    dirty: bool = False  # a local tree with uncommitted changes
    compose_services: tuple[str, ...] = ()
    build_services: tuple[str, ...] = ()
    compose_name: str | None = None  # literal top-level name: of the compose file
    traits: dict[str, Traits] = {}  # by service, what matters to how it is brought up
    source: SourceFacts = SourceFacts()
    findings: tuple[Finding, ...] = ()  # of the tree itself


class Returning(Model):
    """What a rollback brings back, and what goes with the present release. None: unknown."""

    release: Release
    image_names: dict[str, str]  # service -> name that its image gets
    backup: Backup | None = None  # the newest one made while that release served
    gone: tuple[Commit, ...] | None = None  # newest first
    more_gone: int = 0
    come: tuple[Commit, ...] = ()  # the other way round, where the release is the newer one
    more_come: int = 0
    files: dict[str, int] | None = None  # changed, added, removed
    migrations: tuple[str, ...] = ()  # scripts that the present release has and that one had not
    migrations_ran: tuple[str, ...] | None = None  # names of those that ran; None: not known


class Restoring(Model):
    """What a restore, its undo or the drop of what it kept is about."""

    database: str  # the live name
    engine: str = "postgres"
    backup: Backup | None = None  # what comes back
    of: str = ""  # the operation that an undo takes back, or whose database is dropped
    of_at: datetime | None = None
    incoming: str = ""  # of an undo: the database that comes back
    dropped: tuple[str, ...] = ()
    worker: str = ""  # the role that creates and renames
    scratch_image: str = ""  # of a drill in a container of its own: the image id that it is begun from
    shape: dict[str, str | None] = {}  # encoding, collate, ctype, icu
    rows_now: dict[str, int] | None = None  # by table; None: unknown
    rows_then: dict[str, int] | None = None


class Way(StrEnum):
    """How the app's version can be raised."""

    FILE = "file"  # by us, in the local folder
    PUSH = "push"  # by us, as a commit that is pushed
    BY_HAND = "by_hand"  # we may not
    NO_BRANCH = "no_branch"  # what is asked for is a tag or a commit: nothing can be put on top of it

    @property
    def by_tap(self) -> bool:
        return self in {Way.FILE, Way.PUSH}


class Bump(Model):
    """What raises the version that blocks a deploy (R-FE-1)."""

    deployed: str
    version: str  # of the source
    to: str
    way: Way = Way.BY_HAND
    line: int = 0  # of mobile/app.json, from 1
    branch: str = ""  # of a repository; of NO_BRANCH the ref that was asked for
    checkout: bool = False  # a local folder under git: what is edited is not committed


class Plan(Model):
    """What an operation would do. Pure data: executed as stored."""

    kind: Kind
    project: str
    compose_project: str = ""
    steps: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    risk: str = "low"  # low, medium, high
    digest: str = ""  # over the facts it rests on
    pack: Pack | None = None
    current: Release | None = None
    first: bool = False  # nothing is deployed yet
    backup: bool = True  # a database backup is part of it
    start_database: str | None = None  # container id to start for the backup
    old_images: dict[str, str] = {}  # service -> image id that runs now
    old_running: tuple[str, ...] = ()  # services that run now: what the way back must bring up well
    old_image_names: dict[str, str] = {}  # service -> image name it runs under
    changes: Changes | None = None  # against the deployed release
    no_cache: tuple[Rebuild, ...] = ()  # services that are built without cache
    estimate: Estimate | None = None  # of its time and its disk
    restoring: Restoring | None = None
    returning: Returning | None = None
    editing: EnvEdit | None = None
    migrating: Migrating | None = None  # of a deploy: what runs between `up` and the health check
    strategies: tuple[Choice, ...] = ()  # in the order in which services are brought up; none: all recreated
    bump: Bump | None = None  # when the app's version is all that blocks it
    lasting: str = ""  # digest over what an operation before it does not change: the source, the env file
    drift: Drift | None = None  # files that were edited on the server and would be replaced

    @property
    def blocked(self) -> bool:
        return any(f.severity is Severity.BLOCKER for f in self.findings)


# --- operations ----------------------------------------------------------------------------------


class Step(Model):
    """One journaled part. `phase` is forward or rollback; `result` is small JSON that later steps read."""

    name: str
    phase: str
    state: StepState
    started_at: datetime
    finished_at: datetime | None = None
    result: dict[str, Any] = {}


class Progress(Model):
    """Where the running step stands: done of total units, if there is something to count."""

    step: str
    phase: str = "forward"
    done: int | None = None
    total: int | None = None
    unit: str = ""  # bytes, steps
    rate: float | None = None  # units per second


class Asked(Model):
    """Who was asked to type the project's name, and until when that counts."""

    person: Person
    until: datetime


class Operation(Model):
    id: str  # op-…, what people see is its last part
    kind: Kind
    project: str
    state: State
    phase: str = "forward"
    plan: Plan
    nonce: str
    by: Person
    origin: Origin
    ref: str | None = None
    created_at: datetime
    expires_at: datetime
    asked: Asked | None = None
    confirmed_by: Person | None = None
    after: str | None = None  # the operation that it waits for, or waited for
    cancelled_by: Person | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    epoch: int | None = None
    reason: Phrase | None = None  # why it did not succeed
    rollback_reason: Phrase | None = None  # why the way back did not succeed either
    log_tail: str = ""  # the lines that explain a failure
    progress: Progress | None = None


class Ahead(Model):
    """What stands before an offer: the operation that is active, and the one that waits for it."""

    running: Operation
    waiting: Operation | None = None


class Freeze(Model):
    """A project that a person locked: nothing may change it until it is unlocked. The reason is one line."""

    project: str
    by: Person
    reason: str
    at: datetime


def short_id(operation_id: str) -> str:
    """What people call an operation: the last part of its id."""
    return operation_id.rpartition("-")[2] or operation_id
