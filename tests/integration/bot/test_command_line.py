"""The commands of a terminal: arguments, settings, exit statuses. No host is reached here."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

from bot import cli
from bot.settings import keys
from services.backups.models import Backup
from services.store import Store

TOML = """
[hosts.home]
address = "127.0.0.1"
port = 1
user = "me"
key_file = "id"
known_hosts = "known_hosts"
connect_timeout = 1
[projects.app]
host = "home"
path = "/srv/app"
source = { path = "source" }
database = { name = "app", user = "app_user" }
"""
ENVIRONMENT = {
    key: value for key, value in os.environ.items() if key not in {*keys(), "LC_ALL", "LC_MESSAGES"}
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A current directory with valid settings and a small source."""
    for name, text in (
        (".env", "BOT_TOKEN=123456:TEST-token\nADMIN_IDS=11\n"),
        ("id", "x"),
        ("known_hosts", ""),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "opsgate.toml").write_text(TOML)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "compose.yaml").write_text("services:\n  web:\n    image: nginx\n")
    return tmp_path


def opsgate(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    root = Path(cli.__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=cwd,
        env=ENVIRONMENT
        | {"PYTHONPATH": str(root), "LANG": "C.UTF-8", "PYTHONWARNINGS": "default"}
        | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_pack_writes_the_zip_and_says_where_how_big_and_which(folder: Path) -> None:
    done = opsgate("pack", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("deploy.zip: ")
    assert "SHA-256 " in done.stdout
    assert zipfile.ZipFile(folder / "deploy.zip").namelist() == ["compose.yaml"]
    again = opsgate("pack", "app", cwd=folder)
    assert (again.returncode, again.stdout) == (cli.INVALID, "")
    assert "--force" in again.stderr
    assert opsgate("pack", "--force", "-o", "deploy.zip", cwd=folder).returncode == 0


def test_manual_prints_commands_without_any_host_and_without_a_secret(folder: Path) -> None:
    done = opsgate("manual", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "opsgate pack app -o deploy.zip" in done.stdout
    assert "pg_dump" in done.stdout
    assert "TEST-token" not in done.stdout
    shell = subprocess.run(["sh", "-n"], input=done.stdout, text=True, capture_output=True, check=False)
    assert shell.returncode == 0, "as a whole it is what a shell can read"


def test_the_language_is_that_of_the_terminal(folder: Path) -> None:
    assert "# Деплой app вручную" in opsgate("manual", cwd=folder, LANG="ru_RU.UTF-8").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy", "nothing", "main"], "There is no project “nothing”"),
        (["deploy", "app", "main", "more"], "I did not understand"),
        (["status", "nothing"], "There is no project “nothing”"),
        (["pack", "app", "main"], ""),
        (["restore"], "There is no backup of app yet"),
        (["restore", "app", "db-9"], "I do not know this backup"),
        (["restore", "app", "db-9", "--confirm", "0" * 16], "unrecognized arguments"),
        (["restore", "app", "db-9", "--yes"], "unrecognized arguments"),
        (["drill"], "no backup"),
        (["drill", "app", "db-9"], "I do not know this backup"),
        (["migrate", "app", "more"], "I did not understand"),
    ],
)
def test_wrong_words_are_said_kindly_with_status_2(words: list[str], said: str, folder: Path) -> None:
    done = opsgate(*words, cwd=folder)
    assert done.returncode == cli.INVALID
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "deploy.zip").exists()


@pytest.mark.parametrize("command", ["deploy", "rollback", "backup", "migrate"])
def test_a_host_that_does_not_answer_is_one_line_and_status_1(command: str, folder: Path) -> None:
    done = opsgate(command, cwd=folder)
    assert done.returncode == cli.FAILED
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_status_of_a_host_that_does_not_answer_is_shown_with_status_1(folder: Path) -> None:
    done = opsgate("status", cwd=folder)
    assert (done.returncode, done.stderr) == (cli.FAILED, "")
    assert "🔴 app" in done.stdout


async def test_a_restore_without_a_backup_lists_those_there_are(folder: Path) -> None:
    """R-DB-5: a choice from a list, never the newest by itself."""
    (folder / "data").mkdir(mode=0o700)
    store = await Store.open(folder / "data" / "opsgate.db", lambda text: text)
    made = Backup(
        id="db-20261123-091500-k3f9", project="app", operation="op-20261123-091500-k3f9", size=2048, sha256="ab" * 32,
        at=datetime(2026, 1, 2, tzinfo=UTC), host_file=PurePosixPath("/srv/app_backup/database/x.dump"),
    )  # fmt: skip
    await store.backups.add(made)
    await store.close()
    done = opsgate("restore", cwd=folder)
    assert done.returncode == cli.INVALID
    assert "2026-01-02 00:00 UTC · db-20261123-091500-k3f9" in done.stdout


def test_settings_that_are_wrong_stop_every_command(folder: Path) -> None:
    (folder / ".env").write_text("BOT_TOKEN=123456:TEST-token\n")
    done = opsgate("status", cwd=folder)
    assert (done.returncode, done.stdout) == (cli.INVALID, "")
    assert done.stderr.startswith(".env: ADMIN_IDS")
