"""What the simulated engine knows, on disk: one file, replaced as a whole, changed under one lock.

Folder (`OPSGATE_PRACTICE_ENGINE`): state.json, lock, images/<id>/ (what COPY and RUN put into an image),
volumes/<name>/_data, logs/<container id>. Times are seconds since 1970.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass
class Image:
    """`base` is the practice image that it stands on, which decides what it can run."""

    id: str
    created: float
    base: str
    size: int
    tags: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    cmd: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    workdir: str = ""
    exposed: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    stop_signal: str = ""
    layers: list[str] = field(default_factory=list)


@dataclass
class Check:
    """A health check; times in seconds."""

    test: list[str]
    interval: float = 30
    timeout: float = 30
    start_period: float = 0
    retries: int = 3


@dataclass
class Port:
    """One published port of a container."""

    host: str
    published: int
    target: int


@dataclass
class Mount:
    """A volume in a container."""

    volume: str
    target: str
    read_only: bool = False


@dataclass
class Program:
    """What runs in a started container, found out at its start.

    `kind`: "postgres", "backend", "nginx". `crash`: why it cannot run, as its log says, else empty. `pace` scales
    its times; `release` and `accepts_traffic` are the backend's.
    """

    kind: str
    crash: str = ""
    pace: float = 1
    release: str = ""
    accepts_traffic: bool = True


@dataclass
class Container:
    id: str
    name: str
    created: float
    image: str
    image_name: str
    cmd: list[str]
    entrypoint: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    workdir: str = ""
    check: Check | None = None
    restart: str = "no"
    ports: list[Port] = field(default_factory=list)
    exposed: list[str] = field(default_factory=list)
    mounts: list[Mount] = field(default_factory=list)
    network: str = ""
    aliases: list[str] = field(default_factory=list)
    init: bool = False
    stop_timeout: int | None = None
    stop_signal: str = ""
    running: bool = False
    started: float = 0
    finished: float = 0
    exit_code: int = 0
    program: Program | None = None


@dataclass
class Network:
    id: str
    name: str
    created: float
    labels: dict[str, str] = field(default_factory=dict)


@dataclass
class Volume:
    """`password`: what the database in it was made with, empty before; once it was changed, what PostgreSQL stores of it."""

    name: str
    created: float
    labels: dict[str, str] = field(default_factory=dict)
    password: str = ""


@dataclass
class State:
    """Images and containers by id, networks and volumes by name. `cache`: build step -> layer."""

    images: dict[str, Image] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    cache: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Json) -> "State":
        return cls(
            images={key: Image(**one) for key, one in found["images"].items()},
            containers={key: _container(one) for key, one in found["containers"].items()},
            networks={key: Network(**one) for key, one in found["networks"].items()},
            volumes={key: Volume(**one) for key, one in found["volumes"].items()},
            cache=found["cache"],
        )


def _container(one: Json) -> Container:
    one["check"] = one["check"] and Check(**one["check"])
    one["program"] = one["program"] and Program(**one["program"])
    one["ports"] = [Port(**port) for port in one["ports"]]
    one["mounts"] = [Mount(**mount) for mount in one["mounts"]]
    return Container(**one)


class Store:
    """The state on disk. Readers take no lock and see a whole state; those who change it take turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "state.json"

    def read(self) -> State:
        try:
            return State.of(json.loads(self._file.read_bytes()))
        except FileNotFoundError:
            return State()

    def version(self) -> tuple[int, int]:
        """Differs whenever the state may have changed."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_ino, found.st_mtime_ns

    @contextmanager
    def change(self) -> Iterator[State]:
        """Yields the state to be changed; what was changed counts when the block ends without an exception."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.read()
            yield state
            replace(self._file, json.dumps(asdict(state), separators=(",", ":")).encode())

    def rootfs(self, image: str) -> Path:
        """The files of an image that are not its base's."""
        return self.folder / "images" / image.removeprefix("sha256:")

    def data(self, volume: str) -> Path:
        return self.folder / "volumes" / volume / "_data"

    def log(self, container: str) -> Path:
        return self.folder / "logs" / container


def replace(path: Path, content: bytes) -> None:
    """Readers see the old content or the new one, also after a crash."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)  # noqa: PTH105 - the temporary file's name is a str
    except BaseException:
        os.unlink(name)  # noqa: PTH108 - likewise
        raise
