"""RUNBOOK's hand procedure for a project, as commands to paste: the fallback when Telegram or Opsgate is down.

Pure text from the settings. Words are quoted here as for any other command; passwords have no way in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from services import manual_sqlite
from services.commands import words
from services.commands.command import Word, command
from services.projects import Database, Host, Project, SqliteDatabase, TreeSource
from services.sources.git import split_login, without_logins

ZIP = "deploy.zip"
"""In the folder where the commands are pasted, then in the home of the host's user."""
ASIDE = "_by_hand"
"""What the name of the database that a dump is loaded into ends with, beside the live one."""
STAMP = "$(date -u +%Y%m%d-%H%M%S)"
"""Expanded by the host's shell: digits and a dash, 15 characters."""
_AT = "\x01"
"""In a word: where the shell puts the value of $AT, which is STAMP. No name or path can hold it."""
_LONGEST_NAME = 63 - len(ASIDE) - len("_20261123-091500")
"""Characters of the live database's name in a new one: PostgreSQL keeps 63 bytes."""
_SSH_PASSWORD = re.compile(r"^((?:git\+)?ssh(?:\+git)?://[^:/@]*):[^/]*(?=@)", re.IGNORECASE)
_SSH = ("ssh://", "git+ssh://", "ssh+git://")


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
        Act("lock", Place.HOST, _lock(project)),
        *([Act("dump", Place.HOST, stack.dump())] if project.database else []),
        Act("safety-copy", Place.HOST, (_safety_copy(project),)),
        Act("unzip", Place.HOST, (_unzip(project),)),
        Act("up", Place.HOST, (_and(stack.enter, stack.up),)),
        Act("look", Place.HOST, (stack.ps, *_probes(project))),
    )
    database = [Act("back-database", Place.HOST, stack.load(), back=True)] if project.database else []
    return (
        *forward,
        Act("back-files", Place.HOST, (_and(stack.enter, *_files_back(project), stack.up),), back=True),
        *database,
    )


def _line(*argv: Word) -> str:
    return command(*argv).render()


def _and(*lines: str) -> str:
    """One command for the shell: the next only after the success of the one before."""
    return " &&\n  ".join(lines)


# --- on the machine with the source ---------------------------------------------------------------


def _pack(project: Project, ref: str | None) -> tuple[str, ...]:
    """With Opsgate's own choice of files; the comment does without Opsgate. An older zip is never left to be sent."""
    fresh = _line("rm", "-f", "--", ZIP)
    ours = _line("opsgate", "pack", project.name, *([words.git_ref(ref)] if ref else []), "-o", ZIP)
    rules = [f"--exclude=/{_as_pattern(file)}" for file in project.env_files]
    if isinstance(project.source, TreeSource):
        begin, folder = [], _line("cd", "--", str(project.source.path))
    else:
        branch, source = ref or project.source.branch, _address(project.source.git)
        clone = _line("git", "clone", "-q", "--depth", 1, "--branch", branch, "--", source)
        begin, folder = ["S=$(mktemp -d)", f'{clone} "$S"'], 'cd -- "$S"'
    files = _listed(rules, gitignore=isinstance(project.source, TreeSource))
    never = _line("-x", *(_as_pattern(file) for file in project.env_files))
    empty = "export GIT_DIR=$(mktemp -d) GIT_WORK_TREE=. && git init -q"
    zipped = f'({folder} && {empty} && {files} | zip -q "$OLDPWD/{ZIP}" -@ {never})'
    return _and(fresh, ours), f"# {' && '.join((fresh, *begin, zipped))}"


def _listed(rules: list[str], *, gitignore: bool) -> str:
    """The files of the folder that ships, as services/sources/tree.py finds them.

    To an empty repository all are untracked, so that ignoring counts for each. Rules on git's command line stand
    above every .gitignore, and the last one wins.
    """
    ours = r"sed -n 's/[[:space:]]*$//;/^[^#]/s/^/--exclude=/p' .deployignore 2>/dev/null"
    theirs = _line("printf", r"%s\n", *rules)
    given = f"{{ {ours}; {theirs}; }}"
    git = "git -c core.quotePath=off ls-files -o" + (
        " --exclude-per-directory=.gitignore" if gitignore else ""
    )
    return rf"""{given} | tr '\n' '\0' | xargs -0 {git}"""


def _as_pattern(file: PurePosixPath) -> str:
    """For git and for zip, which both read *, ?, [ and a backslash as more than themselves."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", str(file))


def _address(source: str) -> str:
    """Without a password; the user of SSH stays, for without it nobody gets in."""
    clean, _secret = split_login(source)
    if _SSH_PASSWORD.match(clean):
        return _SSH_PASSWORD.sub(r"\1", clean)
    return clean if clean.lower().startswith(_SSH) else without_logins(clean)


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


def _lock(project: Project) -> tuple[str, ...]:
    """Prints who holds it and for how long still, as services/remote/agent/lock.sh reads it; a died Opsgate too."""
    lock = project.state_dir / "lock"
    read = (
        '{ getline now < "/proc/uptime"; getline boot < "/proc/sys/kernel/random/boot_id";'
        ' left = $4 - now; print $1, $2, "lease ends in", ($5 == boot && left > 0 ? int(left) : 0), "s" }'
    )
    job = _line(lock / "flock")
    return (
        f"{_line('awk', read, lock / 'holder')} 2>/dev/null",
        f"[ ! -e {job} ] || flock -n {job} true || echo A BUILD OR ANOTHER JOB RUNS",
    )


def _safety_copy(project: Project) -> str:
    """R-RB-1, of the files that the zip replaces, with a list of those that it adds.

    Data that lies among the files is not read: it may be large, changing, or not readable for us. The copy is complete
    before the older one goes; Opsgate's own copy and the dumps stay.
    """
    new, kept = project.backup_dir / "by-hand.part", project.backup_dir / "by-hand"
    sort = (
        'while IFS= read -r F; do if [ -f "$F" ] || [ -L "$F" ]; then printf \'%s\\n\' "$F";'
        ' elif [ ! -e "$F" ]; then printf \'%s\\n\' "$F" >&3; fi; done'
    )
    return _and(
        _line("cd", "--", project.path),
        f"NEW={_line(new)}",
        'rm -rf -- "$NEW"',
        _line("mkdir", "-p", "-m", 700, "--", project.backup_dir) + ' "$NEW/files"',
        f"unzip -Z1 ~/{ZIP} | grep -v '/$' > \"$NEW/zip\"",
        f'{sort} < "$NEW/zip" > "$NEW/replaced" 3> "$NEW/added"',
        "tr '\\n' '\\0' < \"$NEW/replaced\" | xargs -0 -r cp -a --parents -t \"$NEW/files\" --",
        _line("rm", "-rf", "--", kept),
        f'mv -T -- "$NEW" {_line(kept)}',
        "echo SAFETY COPY MADE",
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
    """Only what the zip replaced or added; `exit` leaves the parentheses, not the person's shell."""
    copy = 'cp -a --remove-destination -- "$OLD/files/$F" "./$F"'
    return (
        f"OLD={_line(project.backup_dir / 'by-hand')}",
        f'(while IFS= read -r F; do {copy} || exit; done < "$OLD/replaced")',
        "tr '\\n' '\\0' < \"$OLD/added\" | xargs -0 -r rm -f --",
    )


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
        if not isinstance(self.project.database, Database):
            raise ValueError("the project has no PostgreSQL")  # noqa: TRY004 - it has none, or another engine
        return self.project.database

    def inside(self, *argv: Word) -> str:
        """Runs in the database's container; its exit status is that of the program itself (R-DB-4).

        Its input is always redirected, or it would swallow the lines that are pasted behind it.
        """
        return self.compose("exec", "-T", words.service(self.database.service), *argv)

    def dump(self) -> tuple[str, ...]:
        """R-DB-3: the checksum is printed only when pg_dump ended with 0 and the whole archive was read back."""
        folder = self.project.backup_dir / "database"
        if isinstance(self.project.database, SqliteDatabase):
            return manual_sqlite.dump(self.project, self.project.database, self.enter, self.compose)
        login = (f"--username={self.database.user}", f"--dbname={self.database.name}")
        return (
            _and(
                self.enter,
                _line("mkdir", "-p", "-m", 700, "--", self.project.backup_dir, folder),
                f"DUMP={_line(folder)}/by-hand-{STAMP}.dump",
                f'{self.inside("pg_dump", "--format=custom", "--no-password", *login)} < /dev/null > "$DUMP.part"',
                f'{self.inside("pg_restore", "--file=/dev/null")} < "$DUMP.part"',
                'mv -- "$DUMP.part" "$DUMP"',
                'sha256sum -- "$DUMP"',
            ),
        )

    def load(self) -> tuple[str, ...]:
        """R-DB-5: into a new database first; then both change names in one transaction, and nothing is dropped.

        The names are new each time: what a failed or an earlier try left is in nobody's way.
        """
        if isinstance(self.project.database, SqliteDatabase):
            return manual_sqlite.load(self.project, self.project.database, self.enter, self.compose)
        user, live = words.identifier(self.database.user), words.identifier(self.database.name)
        new, old = f"{live[:_LONGEST_NAME]}{ASIDE}_{_AT}", f"{live[:_LONGEST_NAME]}_before_{_AT}"
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
        restore = ("pg_restore", "--exit-on-error", "--no-owner", f"--username={user}", f"--dbname={new}")
        created = self.inside("createdb", f"--username={user}", "--template=template0", new)
        return (
            _line("ls", "-lt", "--", folder),
            f"DUMP={_line(folder / 'NAME-OF-THE-DUMP')}",
            _and(
                'ls -l -- "$DUMP"',  # says what is missing
                '[ -f "$DUMP" ]',
                self.enter,
                f"AT={STAMP}",
                _stamped(created) + " < /dev/null",
                _stamped(self.inside(*restore)) + ' < "$DUMP"',
                _stamped(self.inside(*psql, *statements)) + " < /dev/null",
                "echo THE DUMP SERVES",
            ),
        )


def _stamped(line: str) -> str:
    """A word with the mark in it was put in single quotes whole: they are left for the variable."""
    return line.replace(_AT, "'\"$AT\"'")


def _relative(path: PurePosixPath) -> str:
    """As a word that is never read as an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
