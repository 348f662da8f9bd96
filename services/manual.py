"""RUNBOOK's hand procedure for a project, as commands to paste: the fallback when Telegram or Opsgate is down.

Pure text from the settings. Words are quoted here as for any other command; passwords have no way in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from services.commands import words
from services.commands.command import Word, command
from services.projects import Database, Host, Project, TreeSource
from services.sources.git import split_login

ZIP = "deploy.zip"
"""In the folder where the commands are pasted, then in the home of the host's user."""
ASIDE = "_by_hand"
"""What the name of the database that a dump is loaded into ends with, beside the live one."""
STAMP = "$(date -u +%Y%m%d-%H%M%S)"
"""Expanded by the host's shell: digits and a dash."""


class Place(StrEnum):
    """Where commands are pasted."""

    HERE = "here"  # the machine with the source
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Act:
    """One numbered part. Catalogue: manual-<name>. `back`: it belongs to the way back."""

    name: str
    place: Place
    commands: tuple[str, ...]
    back: bool = False


def acts(
    project: Project, host: Host, *, compose_project: str = "", ref: str | None = None
) -> tuple[Act, ...]:
    """In the order in which they are done. `compose_project`: the stack's name, where it is known but not configured.

    Every act of the host can be pasted whole: what depends on the success of a line stands behind `&&`.
    """
    stack = _Stack(project, project.compose_project or compose_project)
    forward = (
        Act("pack", Place.HERE, _pack(project, ref)),
        Act("copy", Place.HERE, (_scp(host),)),
        Act("ssh", Place.HERE, (_ssh(host),)),
        Act("lock", Place.HOST, (_holder(project),)),
        *([Act("dump", Place.HOST, stack.dump())] if project.database else []),
        Act("safety-copy", Place.HOST, _safety_copy(project)),
        Act("unzip", Place.HOST, (_unzip(project),)),
        Act("up", Place.HOST, (_and(stack.enter, stack.up),)),
        Act("look", Place.HOST, (stack.ps, *_probes(project))),
    )
    database = [Act("back-database", Place.HOST, stack.load(), back=True)] if project.database else []
    return (
        *forward,
        Act("back-files", Place.HOST, (_and(*_files_back(project), stack.up),), back=True),
        *database,
    )


def _line(*argv: Word) -> str:
    return command(*argv).render()


def _and(*lines: str) -> str:
    """One command for the shell: the next only after the success of the one before."""
    return " &&\n  ".join(lines)


# --- on the machine with the source ---------------------------------------------------------------


def _pack(project: Project, ref: str | None) -> tuple[str, ...]:
    """With Opsgate's own choice of files; the comment does without Opsgate."""
    ours = _line("opsgate", "pack", project.name, *([words.git_ref(ref)] if ref else []), "-o", ZIP)
    if isinstance(project.source, TreeSource):
        left_out = [word for name in (".git/*", *map(str, project.env_files)) for word in ("-x", name)]
        folder = _line("cd", "--", str(project.source.path))
        return ours, f'# ({folder} && zip -q -r "$OLDPWD/{ZIP}" . {_line(*left_out)})'
    address, _secret = split_login(project.source.git)
    branch = ref or project.source.branch
    clone = _line("git", "clone", "--depth", 1, "--branch", branch, "--", address, "deploy-source")
    packed = _line("git", "-C", "deploy-source", "archive", "--format=zip", f"--output=../{ZIP}", "HEAD")
    return ours, f"# {clone} && {packed}"


def _login(host: Host) -> list[Word]:
    """Options that only matter where the settings differ from OpenSSH's own defaults."""
    defaults = Host(name=host.name, address=host.address, user=host.user)
    options: list[Word] = []
    if host.key_file != defaults.key_file:
        options += ["-i", str(host.key_file)]
    if host.known_hosts != defaults.known_hosts:
        options += ["-o", f'UserKnownHostsFile="{host.known_hosts}"']
    return options


def _scp(host: Host) -> str:
    """To the home folder: no path of the host has to be quoted for a second shell."""
    address = f"[{host.address}]" if ":" in host.address else host.address
    return _line("scp", "-P", host.port, *_login(host), ZIP, f"{host.user}@{address}:{ZIP}")


def _ssh(host: Host) -> str:
    return _line("ssh", "-p", host.port, *_login(host), f"{host.user}@{host.address}")


# --- on the host ----------------------------------------------------------------------------------


def _holder(project: Project) -> str:
    return f"{_line('cat', '--', project.state_dir / 'lock' / 'holder')} 2>/dev/null"


def _safety_copy(project: Project) -> tuple[str, ...]:
    """R-RB-1, as RUNBOOK's `rm -rf … && cp -r …`, but complete before the older one goes, and beside the dumps."""
    kept = project.backup_dir / "files"
    new = project.backup_dir / "files.by-hand"
    return (
        _line("mkdir", "-p", "-m", 700, "--", project.backup_dir),
        _and(
            _line("rm", "-rf", "--", new),
            _line("cp", "-a", "--", project.path, new),
            _line("rm", "-rf", "--", kept),
            _line("mv", "-T", "--", new, kept),
            "echo SAFETY COPY MADE",
        ),
    )


def _unzip(project: Project) -> str:
    return f"unzip -o ~/{ZIP} -d {_line(project.path)}"


def _probes(project: Project) -> tuple[str, ...]:
    return tuple(
        _line(
            "curl",
            "-fsS",
            "--max-time",
            10,
            "-o",
            "/dev/null",
            "-w",
            r"%{http_code} %{url_effective}\n",
            probe.url,
        )
        for probe in project.health
    )


def _files_back(project: Project) -> tuple[str, ...]:
    kept = project.backup_dir / "files"
    copied = _line("cp", "-a", "--", f"{kept}/.", f"{project.path}/")
    return copied, _line("cd", "--", project.path)


@dataclass(frozen=True, slots=True)
class _Stack:
    """The Compose commands, to be pasted in the deployment path as RUNBOOK has them."""

    project: Project
    name: str

    def compose(self, *rest: Word) -> str:
        named: tuple[Word, ...] = ("-p", words.compose_project(self.name)) if self.name else ()
        env = self.project.env_file
        env_file: tuple[Word, ...] = ("--env-file", _relative(env)) if env else ()
        return _line(
            "docker", "compose", *named, "-f", _relative(self.project.compose_file), *env_file, *rest
        )

    @property
    def enter(self) -> str:
        return _line("cd", "--", self.project.path)

    @property
    def up(self) -> str:
        return self.compose("up", "-d", "--build", "--force-recreate")

    @property
    def ps(self) -> str:
        return self.compose("ps", "--all")

    @property
    def database(self) -> Database:
        if self.project.database is None:
            raise ValueError("the project has no database")
        return self.project.database

    def inside(self, *argv: Word) -> str:
        """Runs in the database's container; its exit status is that of the program itself (R-DB-4).

        Its input is always redirected, or it would swallow the lines that are pasted behind it.
        """
        return self.compose("exec", "-T", words.service(self.database.service), *argv)

    def dump(self) -> tuple[str, ...]:
        """R-DB-3: the checksum is printed only when pg_dump ended with 0 and the whole archive was read back."""
        folder = self.project.backup_dir / "database"
        login = (f"--username={self.database.user}", f"--dbname={self.database.name}")
        return (
            self.enter,
            _line("mkdir", "-p", "-m", 700, "--", self.project.backup_dir, folder),
            f"DUMP={_line(folder)}/by-hand-{STAMP}.dump",
            _and(
                f'{self.inside("pg_dump", "--format=custom", "--no-password", *login)} < /dev/null > "$DUMP.part"',
                f'{self.inside("pg_restore", "--file=/dev/null")} < "$DUMP.part"',
                'mv -- "$DUMP.part" "$DUMP"',
                'sha256sum -- "$DUMP"',
            ),
        )

    def load(self) -> tuple[str, ...]:
        """R-DB-5: into a new database first; then both change names in one transaction, and nothing is dropped."""
        user, live = words.identifier(self.database.user), words.identifier(self.database.name)
        new, old = f"{live[:50]}{ASIDE}", f"{live[:50]}_before"
        folder = self.project.backup_dir / "database"
        end = (  # names that passed their pattern hold no quote
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"  # noqa: S608 - as said above
            f" WHERE pid <> pg_backend_pid() AND datname IN ('{live}', '{new}')"
        )
        renames = (f'ALTER DATABASE "{live}" RENAME TO "{old}"', f'ALTER DATABASE "{new}" RENAME TO "{live}"')
        statements = [word for sql in (end, *renames) for word in ("--command", sql)]
        psql = (
            "psql",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            f"--username={user}",
            "--dbname=postgres",
        )
        return (
            self.enter,
            _line("ls", "-lt", "--", folder),
            f"DUMP={_line(folder / 'NAME-OF-THE-DUMP')}",
            _and(
                self.inside("createdb", f"--username={user}", "--template=template0", new) + " < /dev/null",
                self.inside(
                    "pg_restore", "--exit-on-error", "--no-owner", f"--username={user}", f"--dbname={new}"
                )
                + ' < "$DUMP"',
                self.inside(*psql, *statements) + " < /dev/null",
            ),
        )


def _relative(path: PurePosixPath) -> str:
    """As a word that is never read as an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
