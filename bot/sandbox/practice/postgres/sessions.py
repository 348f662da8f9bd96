"""Who is connected: one file for each session, locked as long as its process lives, so that a dead one is known."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.sandbox.practice.postgres.cluster import Cluster
from bot.sandbox.practice.postgres.errors import ConnectionEnded

# PostgreSQL's own limits: NAMEDATALEN - 1 and track_activity_query_size.
_LONGEST_NAME = 63
_LONGEST_QUERY = 1023
# A record is written in one piece of this size, so that no reader sees half of one.
_RECORD = 8192


@dataclass(frozen=True)
class Activity:
    """A row of pg_stat_activity; the database by its oid. Times are PostgreSQL's text of a timestamp with time zone."""

    pid: int
    database: int
    user: str
    application_name: str
    backend_start: str
    state: str = "idle"
    query: str = ""
    query_start: str | None = None
    xact_start: str | None = None


class Session:
    """This process's own session, as others see it. Changes show at once."""

    def __init__(self, path: Path, descriptor: int, activity: Activity) -> None:
        self.path = path
        self.activity = activity
        self._descriptor = descriptor
        self.show()

    def show(self, **changes: str | None) -> None:
        self.activity = replace(self.activity, **changes)  # type: ignore[arg-type]  # only text columns change
        record = json.dumps(asdict(self.activity)).encode().ljust(_RECORD)
        os.pwrite(self._descriptor, record, 0)

    def begin(self, query: str) -> None:
        moment = now()
        self.show(
            state="active",
            query=query[:_LONGEST_QUERY],
            query_start=moment,
            xact_start=self.activity.xact_start or moment,
        )

    def rest(self, *, in_transaction: bool) -> None:
        state = "idle in transaction" if in_transaction else "idle"
        self.show(state=state, xact_start=self.activity.xact_start if in_transaction else None)

    @property
    def is_ended(self) -> bool:
        return _mark(self.path).exists()

    def check(self) -> None:
        """Raises ConnectionEnded once somebody has ended this session."""
        if self.is_ended:
            raise ConnectionEnded


@contextlib.contextmanager
def opened(cluster: Cluster, *, database: int, user: str, application_name: str) -> Iterator[Session]:
    pid = cluster.next_pid()
    folder = cluster.data / "sessions"
    folder.mkdir(exist_ok=True)
    draft, path = folder / f"{pid}.new", folder / f"{pid}.session"
    descriptor = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        session = Session(
            path, descriptor, Activity(pid, database, user, application_name[:_LONGEST_NAME], now())
        )
        draft.rename(path)
        yield session
    finally:
        path.unlink(missing_ok=True)
        _mark(path).unlink(missing_ok=True)
        os.close(descriptor)


def activities(cluster: Cluster) -> list[Activity]:
    """Every session that lives and was not ended, by pid."""
    folder = cluster.data / "sessions"
    found = [_activity(path) for path in folder.glob("*.session") if not _mark(path).exists()]
    return sorted((one for one in found if one is not None), key=lambda one: one.pid)


def terminate(cluster: Cluster, pid: int) -> bool:
    """Ends a session: nobody sees it from now on, and its own next step fails. False if there is none."""
    if pid not in {one.pid for one in activities(cluster)}:
        return False
    _mark(cluster.data / f"sessions/{pid}.session").touch()
    return True


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")


def _mark(path: Path) -> Path:
    return path.with_suffix(".ended")


def _activity(path: Path) -> Activity | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return Activity(**json.loads(os.pread(descriptor, _RECORD, 0)))
    else:
        path.unlink(missing_ok=True)  # its process was killed
        return None
    finally:
        os.close(descriptor)
