"""What was read of a host and its project at one moment: plain frozen data, never holding a secret."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.phrases import Phrase

MOST_RESTARTS = 3
"""So many restarts of a container are a crash loop."""


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mount(Model):
    """What a container sees at `target`: the volume or the host's folder `source`."""

    kind: str  # volume, bind, tmpfs
    source: str
    target: str
    writable: bool = True


class Container(Model):
    """A container of the stack, from the Engine's inspect. Times are UTC; health is None without a healthcheck."""

    id: str
    name: str
    service: str
    image: str
    image_id: str
    state: str  # running, exited, created, restarting, paused, dead
    health: str | None = None  # starting, healthy, unhealthy
    exit_code: int = 0
    restarts: int = 0
    restart_policy: str = "no"
    started_at: datetime | None = None
    image_created: datetime | None = None
    compose_file: str = ""  # label com.docker.compose.project.config_files
    compose_project: str = ""
    volumes: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    user: str = ""  # whose its processes are; empty: root's
    config_hash: str = ""  # label com.docker.compose.config-hash: of what the compose file said


class HostFacts(Model):
    """Load, memory (bytes), disk of the deployment path (bytes), clock difference to ours (seconds)."""

    load: tuple[float, float, float]
    cpus: int
    memory_total: int
    memory_available: int
    disk_total: int
    disk_available: int
    dumps_available: int | None = None  # bytes free where dumps are kept; None: on the same disk
    uptime: float
    clock_skew: float
    docker: str | None  # engine version
    compose: str | None  # compose version, without the leading v
    http_client: str | None  # curl or wget, for health probes
    user_home: str


class EnvFacts(Model):
    """The server's env file, without any value. `fingerprints` are keyed hashes, useless without our key."""

    exists: bool
    mode: str = ""
    keys: tuple[str, ...] = ()
    fingerprints: dict[str, str] = {}
    password_ok: bool | None = None  # None: no DB_PASSWORD in the file
    unreadable_lines: tuple[int, ...] = ()


class Traits(Model):
    """What a compose file says about a service, as far as it matters to how it is brought up."""

    fixed_name: bool = False  # container_name
    published: str = ""  # the first port of the host that it takes
    instances: str = "1"  # scale, or deploy.replicas; may be made of variables
    healthcheck: bool | None = None  # False: switched off. None: left to the image
    tied: str = ""  # what only one container can have: network_mode, a fixed address
    shared: tuple[str, ...] = ()  # named volumes and folders that it may write
    data: str = ""  # of those, what lies where databases keep their data
    anonymous: bool = False  # a volume without a name
    watched: bool = True  # nothing of the host's is mounted whose changes Compose would not notice
    needs: tuple[str, ...] = ()  # depends_on
    uses: tuple[
        str, ...
    ] = ()  # services whose very container it joins: network_mode, volumes_from and the like
    whole: bool = True  # False: it extends another, or several files describe it, so that not all is known
    ends: bool = False  # Docker does not start it again when it ended well
    completed: tuple[str, ...] = ()  # services that must have run to their end before it starts


class Release(Model):
    """What is (or was) deployed. Written to the host as release.json, mirrored in the store."""

    id: str
    project: str
    commit: str | None = None
    subject: str | None = None
    label: str = ""  # what people call it: short commit, or the time of the tree
    files: int = 0
    size: int = 0  # bytes, unpacked
    images: dict[str, str] = {}  # service -> image id
    image_names: dict[str, str] = {}  # service -> name under which its image ran
    services: tuple[str, ...] = ()  # of its Compose file
    backends: tuple[str, ...] = ()  # those of them that are built from the backend
    manifest_sha256: str = ""
    backup_id: str | None = None
    by: str = ""
    at: datetime | None = None
    since: datetime | None = None  # it serves from then on, or did when it last served
    until: datetime | None = None  # when it was replaced
    compose_project: str = ""  # the name that its stack has; empty in records of older versions
    env: dict[str, str] | None = None  # keyed hashes of the env file it was built with; None: not recorded
    traits: dict[str, Traits] = {}  # of its services; none in records of older versions
    fixed: tuple[str, ...] = ()  # services that would not notice that another moved to a new address


class NoTools(Model):
    """Why a SQLite file cannot be worked on: what kind of obstacle, and what was said of it."""

    problem: Literal["place", "python", "tools", "missing", "closed", "damaged"]
    why: str = ""


class Facts(Model):
    """All that a plan rests on, read at one moment."""

    project: str
    at: datetime
    compose_project: str = ""  # the name that the stack has, or would get
    host: HostFacts
    env: EnvFacts | None = None
    containers: tuple[Container, ...] = ()
    current: Release | None = None
    current_known: bool = True  # its record is there; cleaned away by hand, only its id is known
    last_dump: int = 0  # bytes of the newest database dump
    local_available: int | None = None  # bytes free in DATA_DIR; None: nothing will be put there
    path_exists: bool = False
    has_deployed_files: bool = False  # the compose file is there
    first_unfinished: bool = False  # a first deploy began here and never succeeded
    tools: NoTools | None = None  # why a SQLite file cannot be worked on; None: it can, or there is none
    volumes: tuple[str, ...] = ()  # named volumes that carry the project's label
    lock: Phrase | None = None  # who holds the host's lock, if anybody
    others: tuple[str, ...] = ()  # compose projects on the host using our path or files under another name
