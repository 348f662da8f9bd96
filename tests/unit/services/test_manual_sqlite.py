"""The hand procedure of a SQLite file as a real shell runs it, with a docker that hands the program to python3."""

from __future__ import annotations

import contextlib
import gzip
import os
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from services.manual import acts
from services.projects import Host, Project, SqliteDatabase, TreeSource

HOST = Host(name="home", address="192.168.28.90", user="me")
FAKE_DOCKER = """#!/bin/bash
printf '%s\\n' "$*" >> "$SEEN"
while [ $# -gt 0 ]; do
    if [ "$1" = -c ]; then shift; exec python3 -c "$@"; fi
    shift
done
"""


@dataclass
class Server:
    home: Path
    image: str | None = None

    @property
    def live(self) -> Path:
        return self.home / "data" / "app.db"

    def paste(self, act: str, dump: Path | None = None) -> subprocess.CompletedProcess[str]:
        """The act's commands, all at once, as a person pastes them; `dump` is what is written for its name."""
        file = PurePosixPath(self.live)
        project = Project(
            name="fit",
            host="home",
            path=PurePosixPath(self.home / "app"),
            source=TreeSource(path=Path("/src")),
            database=SqliteDatabase(engine="sqlite", service="backend", file=file, tools_image=self.image),
        )
        commands = next(one.commands for one in acts(project, HOST, compose_project="fit") if one.name == act)
        text = "\n".join(commands).replace("NAME-OF-THE-DUMP", dump.name if dump else "none")
        env = {"PATH": f"{self.home / 'bin'}:{os.environ['PATH']}", "SEEN": str(self.home / "seen")}
        return subprocess.run(
            ["bash"], input=text, env=env, cwd=self.home, capture_output=True, text=True, check=False
        )

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self.live)) as database, database:
            return database.execute(sql).fetchall()

    def dumps(self) -> list[Path]:
        return sorted((self.home / "app_backup" / "database").glob("*"))


@pytest.fixture(params=[None, "python:3-slim"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Server:
    """The service's own image, or one with the tools."""
    made = Server(tmp_path, request.param)
    for folder in ("bin", "data", "app"):
        (tmp_path / folder).mkdir()
    docker = tmp_path / "bin" / "docker"
    docker.write_text(FAKE_DOCKER)
    docker.chmod(0o755)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("CREATE TABLE notes (body)")
    made.execute("INSERT INTO notes VALUES ('old')")
    return made


@pytest.mark.parametrize("packed", [False, True])
def test_a_dump_made_by_hand_comes_back_and_the_newer_file_is_kept(server: Server, packed: bool) -> None:
    """R-DB-3, R-DB-5; Opsgate's own dumps, which are packed, too."""
    made = server.paste("dump")
    (dump,) = server.dumps()
    assert made.stdout.split()[-1] == str(dump)
    if packed:
        dump.write_bytes(gzip.compress(dump.read_bytes()))
    server.execute("INSERT INTO notes VALUES ('new')")
    assert "THE DUMP SERVES" in server.paste("back-database", dump).stdout
    assert server.execute("SELECT * FROM notes") == [("old",)]
    (kept,) = (one for one in server.live.parent.iterdir() if one.name.startswith("app.db.before_"))
    with contextlib.closing(sqlite3.connect(kept)) as database:
        assert database.execute("SELECT * FROM notes").fetchall() == [("old",), ("new",)]
    said = (server.home / "seen").read_text().splitlines()
    assert "stop backend" in " ".join(said[-4:])
    assert said[-1].endswith("start backend")


def test_a_dump_that_is_not_whole_changes_nothing_and_the_service_starts_again(server: Server) -> None:
    server.paste("dump")
    (dump,) = server.dumps()
    dump.write_bytes(dump.read_bytes()[:-100])
    refused = server.paste("back-database", dump)
    assert "THE DUMP SERVES" not in refused.stdout
    assert server.execute("SELECT * FROM notes") == [("old",)]
    assert (server.home / "seen").read_text().splitlines()[-1].endswith("start backend")


def test_a_file_that_cannot_be_read_gives_no_dump(server: Server) -> None:
    server.live.write_bytes(b"damaged" * 1000)
    made = server.paste("dump")
    assert made.returncode != 0
    assert not [one for one in server.dumps() if one.suffix == ".dump"]
