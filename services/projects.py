"""What an admin configures in opsgate.toml: hosts and the Compose projects on them. Validated eagerly."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from services.schedules.timetable import cron_expression, zone_name

NAME = r"[a-z0-9][a-z0-9_-]{0,39}"


def _posix_path(value: object) -> PurePosixPath:
    if not isinstance(value, str | PurePosixPath):
        raise ValueError("must be a path")  # noqa: TRY004 - pydantic turns only ValueError into a finding
    return PurePosixPath(value)


def _host_path(value: object) -> PurePosixPath:
    path = _posix_path(value)
    if not path.is_absolute() or path == PurePosixPath("/"):
        raise ValueError(f"must be an absolute path on the host, such as /home/me/app, not {str(value)!r}")
    if ".." in path.parts or re.search(r"[\x00-\x1f\x7f]", str(value)):
        raise ValueError(f"must not contain '..' or control characters: {str(value)!r}")
    return path


def _inside_path(value: object) -> PurePosixPath:
    path = _posix_path(value)
    if (
        path.is_absolute()
        or ".." in path.parts
        or not path.parts
        or re.search(r"[\x00-\x1f\x7f]", str(value))
    ):
        raise ValueError(f"must be a path inside the project, such as docker/compose.yml, not {str(value)!r}")
    return path


def _local_path(value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("must be a path")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:  # ~nobody
        raise ValueError(f"has no such home directory: {str(value)!r}") from error


HostPath = Annotated[PurePosixPath, BeforeValidator(_host_path)]
"""An absolute path on the host."""
InsidePath = Annotated[PurePosixPath, BeforeValidator(_inside_path)]
"""A path relative to the deployment path, never leaving it."""
LocalPath = Annotated[Path, BeforeValidator(_local_path)]
"""A path on Opsgate's own machine; ~ is expanded."""
Seconds = Annotated[float, Field(gt=0, le=86_400)]


def _not_an_option(value: str) -> str:
    if value.startswith("-") or re.search(r"[\x00-\x20\x7f]", value):
        raise ValueError(f"must not start with '-' or contain spaces: {value!r}")
    return value


Word = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_not_an_option)]
"""One word that can never be read as an option."""
Service = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$")]
"""A Compose service. (Compose itself allows '--volumes' as a name; Opsgate does not.)"""
Author = Annotated[str, Field(pattern=r"^[^<>\x00-\x1f\x7f]{1,100} <[^<>\s\x00-\x1f\x7f]{1,100}>$")]
"""Of commits, as git writes it: Name <address>."""
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$-]{0,62}$")]
"""A database or role name."""


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Host(Config):
    """An SSH endpoint with a pinned host key. Times are seconds."""

    name: str = Field(pattern=f"^{NAME}$")
    address: Word
    port: int = Field(default=22, ge=1, le=65535)
    user: Word
    key_file: LocalPath = Path("~/.ssh/id_ed25519")
    known_hosts: LocalPath = Path("~/.ssh/known_hosts")
    connect_timeout: Seconds = 10
    keepalive_interval: Seconds = 5
    command_timeout: Seconds = 30

    @model_validator(mode="before")
    @classmethod
    def _defaults_expand(cls, data: object) -> object:
        if isinstance(data, dict):
            return {"key_file": "~/.ssh/id_ed25519", "known_hosts": "~/.ssh/known_hosts"} | data
        return data


class TreeSource(Config):
    """A local folder, shipped as it is now, without what .gitignore and .deployignore name."""

    path: LocalPath


class GitSource(Config):
    """A git repository; a ref is resolved to a commit when the plan is made."""

    git: Word
    branch: Word = "main"
    bump: Literal["ask", "push"] = "ask"
    bump_author: Author = "Opsgate <opsgate@localhost>"


class Database(Config):
    """The PostgreSQL database of the stack."""

    engine: Literal["postgres"] = "postgres"
    service: Service = "db"
    name: Identifier
    user: Identifier


def _file_inside(value: object) -> PurePosixPath:
    path = _host_path(value)
    if len(path.parts) < 3 or not re.fullmatch(r"(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99})+", str(path)):  # noqa: PLR2004 - the root, a folder, a file
        raise ValueError(
            "must be the file's absolute path inside the service's container, in a folder that is a volume, such as"
            f" /data/app.db (letters, digits, '.', '_', '-'), not {str(value)!r}"
        )
    return path


class SqliteDatabase(Config):
    """A SQLite file in a volume of a service. `tools_image`: has python3, where the service's own image has none."""

    engine: Literal["sqlite"]
    service: Service
    file: Annotated[PurePosixPath, BeforeValidator(_file_inside)]
    tools_image: Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9._/:-]{0,254}$")] | None = None

    @property
    def name(self) -> str:
        """What the database is called: its file's name."""
        return self.file.name


def _kind_of_database(value: object) -> str | None:
    """Without `engine` it is PostgreSQL, as it was before there was another."""
    engine = (
        value.get("engine", "postgres") if isinstance(value, dict) else getattr(value, "engine", "postgres")
    )
    return (
        {"postgres": "Database", "sqlite": "SqliteDatabase"}.get(engine) if isinstance(engine, str) else None
    )


AnyDatabase = Annotated[
    Annotated[Database, Tag("Database")] | Annotated[SqliteDatabase, Tag("SqliteDatabase")],
    Discriminator(
        _kind_of_database,
        custom_error_type="engine",
        custom_error_message='give { service = "…", name = "…", user = "…" } (PostgreSQL) or { engine = "sqlite", service = "…", file = "/…" }',
    ),
]


class Keep(Config):
    """Grandfather, father, son: how many of the newest backups stay, and of which days, weeks, months and years one."""

    last: int = Field(default=3, ge=1, le=1000)
    daily: int = Field(default=7, ge=0, le=1000)
    weekly: int = Field(default=4, ge=0, le=1000)
    monthly: int = Field(default=6, ge=0, le=1000)
    yearly: int = Field(default=0, ge=0, le=1000)


class S3Target(Config):
    """A bucket of S3-compatible storage. `credentials`: a file of ours with the two keys, readable by its owner only."""

    s3: str = Field(pattern=r"^https?://[A-Za-z0-9.\[\]:-]+/?$")
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    prefix: str = Field(default="", pattern=r"^([A-Za-z0-9_][A-Za-z0-9._-]*/)*$")
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]{1,32}$")
    credentials: LocalPath
    keep: Keep = Keep()


class SftpTarget(Config):
    """A folder on a [hosts.…] machine, over SFTP: the same pinned key as for any host."""

    sftp: str = Field(pattern=f"^{NAME}$")
    path: HostPath
    keep: Keep = Keep()


Recipient = Annotated[str, Field(pattern=r"^age1[02-9ac-hj-np-z]{58}$")]
"""A public key of age (age-keygen prints it)."""


def _no_own_place(value: str) -> str:
    if value in {"host", "local"}:
        raise ValueError("names a place that every project has; call the target something else")
    return value


def _kind_of_target(value: object) -> str | None:
    keys = (
        value if isinstance(value, dict) else type(value).model_fields if isinstance(value, BaseModel) else ()
    )
    return "S3Target" if "s3" in keys else "SftpTarget" if "sftp" in keys else None


Target = Annotated[
    Annotated[S3Target, Tag("S3Target")] | Annotated[SftpTarget, Tag("SftpTarget")],
    Discriminator(
        _kind_of_target,
        custom_error_type="target",
        custom_error_message='give { s3 = "https://…", bucket = "…", credentials = "…" } or { sftp = "<host>", path = "/…" }',
    ),
]
TargetName = Annotated[str, Field(pattern=f"^{NAME}$"), AfterValidator(_no_own_place)]


class BackupRules(Config):
    """[projects.<name>.backups]: when backups are made, what proves them, where they go, how long they stay."""

    schedule: Annotated[str, AfterValidator(cron_expression)] | None = None  # five fields
    time_zone: Annotated[str, AfterValidator(zone_name)] | None = None  # by default that of our machine
    jitter: float = Field(default=0, ge=0, le=3600)
    drill: bool = True  # after each scheduled backup
    drill_in: Literal["cluster", "container"] = (
        "cluster"  # beside the live database, or in a scratch container
    )
    copies: tuple[Literal["host", "local"], ...] = Field(default=("host", "local"), min_length=1)
    keep: Keep = Keep()  # of the copies on the host and here
    encrypt_to: tuple[Recipient, ...] = ()  # copies that leave the host are encrypted to these
    offsite: dict[TargetName, Target] = {}


class HealthProbe(Config):
    """An address that must answer with a 2xx or 3xx status, asked from the host itself."""

    url: str = Field(pattern=r"^https?://[A-Za-z0-9.\[\]:_-]+(/[A-Za-z0-9._~/?&=%+-]*)?$")


class Project(Config):
    """A Compose stack on a host."""

    name: str = Field(pattern=f"^{NAME}$")
    host: str
    path: HostPath
    compose_file: InsidePath = PurePosixPath("compose.yaml")
    env_file: InsidePath | None = None
    compose_project: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    source: TreeSource | GitSource
    database: AnyDatabase | None = None
    backups: BackupRules = BackupRules()
    migrate: Literal["ask", "after-build", "never"] = "ask"
    health: tuple[HealthProbe, ...] = ()
    health_timeout: Seconds = 180
    healthy_for: Seconds = 5
    build_timeout: Seconds = 3600
    up_timeout: Seconds = 900
    backup_timeout: Seconds = 3600
    migrate_timeout: Seconds = 3600  # for one script
    strategy: dict[Service, Literal["recreate", "rolling", "auto"]] = {}
    rolling_grace: Seconds = 5
    rolling_drain: int = Field(default=30, ge=1, le=3600)
    keep_releases: int = Field(default=5, ge=2, le=100)
    min_free_disk_mb: int = Field(default=1024, ge=0)

    @model_validator(mode="after")
    def _drills_in_a_container(self) -> Project:
        if isinstance(self.database, SqliteDatabase) and self.backups.drill_in == "container":
            raise ValueError(
                'drill_in = "container" in backups is for PostgreSQL; a SQLite backup is drilled in a file of its own: leave it out'
            )
        return self

    @property
    def env_files(self) -> tuple[PurePosixPath, ...]:
        """Files that live on the server only, relative to the path: the env file, else those that Compose may find."""
        if self.env_file:
            return (self.env_file,)
        beside = self.compose_file.parent / ".env"
        return tuple(dict.fromkeys((beside, PurePosixPath(".env"))))

    @property
    def state_dir(self) -> PurePosixPath:
        """Where Opsgate keeps jobs, lock and releases on the host: beside the deployment path."""
        return self.path.with_name(self.path.name + "_opsgate")

    @property
    def backup_dir(self) -> PurePosixPath:
        """The safety copy (files/) and the database dumps (database/), RUNBOOK's <path>_backup."""
        return self.path.with_name(self.path.name + "_backup")
