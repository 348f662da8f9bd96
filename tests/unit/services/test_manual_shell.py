"""The hand procedure as real shells run it, with a docker and a git that are fakes or local: also after failures."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from services.manual import acts
from services.projects import Database, GitSource, Host, Project, TreeSource
from services.sources.tree import never_shipped, walk
from tests.unit.sources.conftest import commit, git, write

HOST = Host(name="home", address="192.168.28.90", user="me")
LIVE = "fit$ness"
FAKE_DOCKER = """#!/bin/bash
# Databases are files in $DATABASES, named as they are.
printf '%s\\n' "$*" >> "$DATABASES.log"
case " $* " in *" $FAILS "*) exit 1 ;; esac
cd "$DATABASES" || exit 1
case " $* " in
*" createdb "*) [ ! -e "${!#}" ] && : > "${!#}" ;;
*" pg_restore "*) for word; do case $word in --dbname=*) cat > "${word#--dbname=}" ;; esac; done ;;
*" psql "*)
    for word; do
        [[ $word =~ ^ALTER\\ DATABASE\\ \\"(.*)\\"\\ RENAME\\ TO\\ \\"(.*)\\"$ ]] || continue
        [ -e "${BASH_REMATCH[1]}" ] && [ ! -e "${BASH_REMATCH[2]}" ] || exit 1
        mv -- "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    done ;;
esac
"""


@dataclass
class Server:
    """A home folder with a deployment path in it; docker is a fake."""

    home: Path

    @property
    def path(self) -> Path:
        return self.home / "my app"

    @property
    def backup(self) -> Path:
        return self.home / "my app_backup"

    @property
    def databases(self) -> Path:
        return self.home / "databases"

    @property
    def project(self) -> Project:
        return Project(
            name="fit",
            host="home",
            path=PurePosixPath(self.path),
            env_file=PurePosixPath(".env.prod"),
            source=GitSource(git="https://example.org/x.git"),
            database=Database(name=LIVE, user="fit_user"),
        )

    def lines(self, name: str) -> str:
        """What is pasted in one act."""
        (act,) = [one for one in acts(self.project, HOST) if one.name == name]
        return "\n".join(act.commands)

    def paste(
        self, name: str, *, fails: str = "-", edited: tuple[str, str] = ("", ""), by: str = "sh"
    ) -> subprocess.CompletedProcess[str]:
        text = self.lines(name).replace(*edited) if edited[0] else self.lines(name)
        return subprocess.run(
            [by, "-c", text],
            env={
                "PATH": f"{self.home}:/usr/bin:/bin",
                "HOME": str(self.home),
                "DATABASES": str(self.databases),
                "FAILS": fails,
            },
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def zip(self, files: dict[str, str]) -> None:
        with zipfile.ZipFile(self.home / "deploy.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)

    def names(self) -> list[str]:
        """Of the databases, without the digits of a time."""
        return sorted(re.sub(r"\d{8}-\d{6}$", "TIME", one.name) for one in self.databases.iterdir())


@pytest.fixture
def server(tmp_path: Path) -> Server:
    found = Server(tmp_path)
    for folder in (found.path, found.backup / "database", found.databases):
        folder.mkdir(parents=True)
    (found.databases / LIVE).write_text("live")
    (found.backup / "database" / "good.dump").write_text("dumped")
    docker = tmp_path / "docker"
    docker.write_text(FAKE_DOCKER)
    docker.chmod(0o755)
    return found


def tree(root: Path) -> dict[str, str]:
    return {str(one.relative_to(root)): one.read_text() for one in root.rglob("*") if one.is_file()}


# --- the way back of the data ---

CHOSEN = ("NAME-OF-THE-DUMP", "good.dump")


def test_a_dump_whose_name_was_not_put_in_touches_no_database(server: Server) -> None:
    """R-DB-5: pasted whole as it stands, it says which file is missing, and docker is never asked."""
    done = server.paste("back-database")
    assert done.returncode != 0
    assert "NAME-OF-THE-DUMP" in done.stderr
    assert not Path(f"{server.databases}.log").exists()
    assert server.names() == [LIVE]
    assert server.paste("back-database", edited=CHOSEN).returncode == 0


@pytest.mark.parametrize("fails", ["createdb", "pg_restore", "psql"])
def test_a_restore_that_failed_stands_in_the_way_of_none(server: Server, fails: str) -> None:
    """R-DB-5: the live database stays; whatever the try left, the next one, a second later, goes through."""
    failed = server.paste("back-database", fails=fails, edited=CHOSEN)
    assert failed.returncode != 0
    assert "THE DUMP SERVES" not in failed.stdout
    assert (server.databases / LIVE).read_text() == "live"
    _a_second_later(server)
    assert server.paste("back-database", edited=CHOSEN).stdout.endswith("THE DUMP SERVES\n")
    assert (server.databases / LIVE).read_text() == "dumped"


def test_a_second_restore_keeps_what_the_first_one_put_aside(server: Server) -> None:
    """R-DB-5: nothing is overwritten; both old databases are there afterwards."""
    assert server.paste("back-database", edited=CHOSEN).returncode == 0
    _a_second_later(server)
    (server.backup / "database" / "good.dump").write_text("another")
    assert server.paste("back-database", edited=CHOSEN, by="bash").returncode == 0
    assert server.names() == [LIVE, f"{LIVE}_before_TIME", f"{LIVE}_before_TIME"]
    assert (server.databases / LIVE).read_text() == "another"
    assert sorted(one.read_text() for one in server.databases.glob("*_before_*")) == ["dumped", "live"]


def _a_second_later(server: Server) -> None:
    """The names hold seconds: what is there is made a day older instead of waiting."""
    for one in server.databases.iterdir():
        if re.search(r"\d{8}-\d{6}$", one.name):
            one.rename(one.with_name(re.sub(r"\d{8}(?=-\d{6}$)", "20200101", one.name)))


def test_the_names_of_new_databases_fit_into_postgresql(server: Server) -> None:
    long = server.project.model_copy(update={"database": Database(name="x" * 63, user="u")})
    (act,) = [one for one in acts(long, HOST) if one.name == "back-database"]
    names = re.findall(r"(x+_(?:by_hand|before)_)'\"\$AT\"'", "\n".join(act.commands))
    assert len(names) >= 4
    assert all(len(name) + len("20261123-091500") <= 63 for name in names)


def test_a_dump_is_not_written_where_the_deployment_path_is_missing(server: Server) -> None:
    """R-DB-4: a `cd` that fails ends the act; without it Compose would look for the stack elsewhere."""
    server.path.rmdir()
    assert server.paste("dump").returncode != 0
    assert not Path(f"{server.databases}.log").exists()


# --- the files, there and back ---

BEFORE = {"app.py": "old", "lib/Привет мир.py": "old", "-x": "old", "gone.py": "old", ".env.prod": "SECRET=1"}
NEW = {"app.py": "new", "lib/Привет мир.py": "new", "-x": "new", "lib/added.py": "new", "-n": "new"}


def test_only_what_the_zip_changed_goes_back(server: Server) -> None:
    """R-RB-1: replaced files come back, added ones go; data and settings of since then are left as they are."""
    write(server.path, BEFORE | {"pgdata/base": "then", "uploads/a.png": "then"})
    (server.path / "app.py").chmod(0o755)
    server.zip(NEW)
    assert server.paste("safety-copy").stdout == "SAFETY COPY MADE\n"
    assert server.paste("unzip").returncode == 0
    write(server.path, {"pgdata/base": "now", "uploads/a.png": "now", "uploads/b.png": "now"})
    write(server.path, {".env.prod": "SECRET=2"})
    done = server.paste("back-files")
    assert done.returncode == 0, done.stderr
    assert tree(server.path) == BEFORE | {
        "pgdata/base": "now",
        "uploads/a.png": "now",
        "uploads/b.png": "now",
        ".env.prod": "SECRET=2",
    }
    assert os.access(server.path / "app.py", os.X_OK)
    assert " up -d " in Path(f"{server.databases}.log").read_text()


def test_data_below_the_deployment_path_is_not_copied(server: Server) -> None:
    """A running server's data may be unreadable to the person who copies: cp of the whole would fail on it."""
    write(server.path, BEFORE | {"pgdata/base": "then"})
    os.mkfifo(server.path / "pgdata" / "pipe")
    server.zip(NEW)
    assert server.paste("safety-copy").stdout == "SAFETY COPY MADE\n"
    kept = tree(server.backup / "by-hand" / "files")
    assert kept == dict.fromkeys(("app.py", "lib/Привет мир.py", "-x"), "old")


@pytest.mark.parametrize("broken", ["no zip", "half a zip", "no path"])
def test_a_safety_copy_that_was_not_made_is_not_claimed_and_costs_no_older_one(
    server: Server, broken: str
) -> None:
    """R-RB-1. Opsgate's own copy and the dumps are never touched."""
    write(server.path, {"app.py": "old"})
    write(server.backup, {"files/app.py": "Opsgate's", "by-hand.part/files/app.py": "half"})
    server.zip(NEW)
    assert server.paste("safety-copy").stdout == "SAFETY COPY MADE\n"
    older = tree(server.backup / "by-hand")
    if broken == "no zip":
        (server.home / "deploy.zip").unlink()
    elif broken == "half a zip":
        (server.home / "deploy.zip").write_bytes((server.home / "deploy.zip").read_bytes()[:50])
    else:
        server.path.rename(server.home / "elsewhere")
    failed = server.paste("safety-copy")
    assert failed.returncode != 0
    assert "SAFETY COPY MADE" not in failed.stdout
    assert tree(server.backup / "by-hand") == older
    assert (server.backup / "files" / "app.py").read_text() == "Opsgate's"
    assert (server.backup / "database" / "good.dump").exists()


def test_without_a_safety_copy_nothing_goes_back_and_nothing_is_removed(server: Server) -> None:
    write(server.path, {"app.py": "new"})
    assert server.paste("back-files").returncode != 0
    assert tree(server.path) == {"app.py": "new"}
    assert not Path(f"{server.databases}.log").exists()


def test_a_file_that_does_not_come_back_stops_before_anything_is_removed(server: Server) -> None:
    write(server.path, BEFORE)
    server.zip(NEW)
    server.paste("safety-copy")
    server.paste("unzip")
    (server.backup / "by-hand" / "files" / "app.py").unlink()
    assert server.paste("back-files").returncode != 0
    assert (server.path / "lib" / "added.py").exists()
    assert not Path(f"{server.databases}.log").exists()


# --- the lock ---


@pytest.mark.parametrize(
    ("left", "said"), [(300, r"op-1 me@there lease ends in (29\d|300) s"), (-9, "ends in 0 s")]
)
def test_who_holds_the_lock_is_printed_with_the_rest_of_the_lease(
    server: Server, left: int, said: str
) -> None:
    """The file outlives an Opsgate that died: what counts is the lease, and a job that runs."""
    uptime = int(float(Path("/proc/uptime").read_text().split()[0]))
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    lock = server.home / "my app_opsgate" / "lock"
    assert server.paste("lock").stdout == ""
    write(lock, {"holder": f"op-1 me@there 3 {uptime + left} {boot} 1763888888\n", "flock": ""})
    assert re.search(said, server.paste("lock").stdout)
    assert "JOB RUNS" not in server.paste("lock").stdout
    write(lock, {"holder": f"op-1 me@there 3 {uptime + left} another-boot 1763888888\n"})
    assert server.paste("lock").stdout == "op-1 me@there lease ends in 0 s\n"


def test_a_job_that_runs_is_seen_after_the_lease_too(server: Server) -> None:
    lock = write(server.home / "my app_opsgate" / "lock", {"flock": ""})
    with subprocess.Popen(["flock", lock / "flock", "-c", "echo; read REPLY"], stdin=-1, stdout=-1) as job:
        assert job.stdout is not None
        job.stdout.readline()
        said = server.paste("lock")
        job.communicate(b"\n")
    assert said.stdout == "A BUILD OR ANOTHER JOB RUNS\n"
    assert server.paste("lock").stdout == ""


# --- the zip ---

SOURCE = {
    "app.py": "1",
    "Привет мир.txt": "1",
    ".env.prod": "SECRET=1",
    ".env.local": "SECRET=1",
    "keys/id": "SECRET",
    "node_modules/a/b.js": "1",
    "docs/a.md": "1",
    "dist/app.js": "1",
    "dist/app.map": "1",
    "#odd": "1",
    "lib/.gitignore": "*.tmp\n",
    "lib/a.tmp": "1",
    "lib/a.py": "1",
    ".gitignore": ".env*\n/keys\nnode_modules/\ndist/\n",
    ".deployignore": "# not shipped\r\n\n/docs \n!dist/\n!.env.prod\n*.map\n",
}


def packed(project: Project, folder: Path) -> set[str] | None:
    """What the line behind # packs there; None when no zip is left to be sent."""
    folder.mkdir(exist_ok=True)
    (folder / "deploy.zip").write_bytes(b"of last year")
    line = acts(project, HOST)[0].commands[1].removeprefix("# ")
    subprocess.run(["sh", "-c", line], cwd=folder, check=False, capture_output=True)
    if not (folder / "deploy.zip").exists():
        return None
    listed = subprocess.run(["unzip", "-Z1", folder / "deploy.zip"], check=True, capture_output=True)
    return set(listed.stdout.decode().splitlines())


@pytest.mark.parametrize("checkout", [True, False])
def test_without_opsgate_the_zip_has_the_very_files_that_opsgate_ships(
    server: Server, tmp_path: Path, checkout: bool
) -> None:
    """What .gitignore and .deployignore name stays out, the env file even against them; in a checkout or not."""
    source = write(tmp_path / "my source", SOURCE)
    if checkout:
        git(source, "init", "-q")
        commit(source, "All")
        write(source, {"uncommitted.py": "1"})
        (source / "app.py").unlink()
    project = server.project.model_copy(update={"source": TreeSource(path=source)})
    ours = walk(source, never=never_shipped(project), gitignore=True)
    found = packed(project, tmp_path / "here")
    assert found == {entry.path for entry in ours}
    assert found is not None
    assert "dist/app.js" in found
    assert not found & {".env.prod", ".env.local", "keys/id", "node_modules/a/b.js", "docs/a.md", "lib/a.tmp"}


def test_a_clone_without_opsgate_ships_no_env_file_that_was_committed(server: Server, tmp_path: Path) -> None:
    repository = write(tmp_path / "repository", SOURCE)
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", "--force", "--all")
    commit(repository, "All, by mistake")
    project = server.project.model_copy(update={"source": GitSource(git=f"file://{repository}")})
    ours = walk(repository, never=never_shipped(project), gitignore=False)
    for _ in range(2):
        assert packed(project, tmp_path / "here") == {entry.path for entry in ours}
    gone = project.model_copy(update={"source": GitSource(git=f"file://{tmp_path}/nowhere")})
    assert packed(gone, tmp_path / "here") is None


@pytest.mark.parametrize("ends", [0, 1])
def test_an_older_zip_is_never_left_to_be_sent(server: Server, ends: int) -> None:
    """opsgate pack replaces no file, and a person who goes on would send the old one."""
    (server.home / "deploy.zip").write_text("of last year")
    fake = server.home / "opsgate"
    fake.write_text(
        f"#!/bin/sh\n[ ! -e deploy.zip ] || exit 2\n[ {ends} = 1 ] || echo new > deploy.zip\nexit {ends}\n"
    )
    fake.chmod(0o755)
    done = server.paste("pack")
    assert done.returncode == ends
    assert (server.home / "deploy.zip").exists() is not bool(ends)
