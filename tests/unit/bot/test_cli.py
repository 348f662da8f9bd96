import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from bot import cli
from bot.settings import Settings, keys
from services.errors import Unreachable

TOML = """
[hosts.home]
address = "127.0.0.1"
user = "me"
key_file = "id"
known_hosts = "known_hosts"
[projects.app]
host = "home"
path = "/srv/app"
source = { path = "." }
"""
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in keys()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with valid settings."""
    for key in keys():
        monkeypatch.delenv(key, raising=False)
    for name, text in (
        (".env", "BOT_TOKEN=123456:TEST-token\nADMIN_IDS=11\n"),
        ("id", "x"),
        ("known_hosts", ""),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "opsgate.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def opsgate(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=cwd,
        env=ENVIRONMENT | {"PYTHONPATH": str(Path(cli.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_check_counts_what_it_validated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check"]) == 0
    assert capsys.readouterr().out == "settings are valid: 1 admin, 1 project, 1 host\n"
    assert not (folder / "data").exists()


def test_check_warns_on_stderr_and_succeeds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".env").chmod(0o644)
    assert cli.main(["check"]) == 0
    assert capsys.readouterr().err == "warning: .env: can be read by others; chmod 600 .env\n"


@pytest.mark.parametrize("command", ["check", "run"])
def test_wrong_settings_are_a_line_each_and_status_2(folder: Path, command: str) -> None:
    (folder / ".env").write_text("BOT_TOKEN=123456:TEST-token\nADMIN_IDS=alice\nX=1\n")
    done = opsgate(command, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[:2] for line in done.stderr.splitlines()] == [
        [".env", " X"],
        [".env", " ADMIN_IDS"],
    ]


def test_check_answers_at_once_because_it_imports_neither_aiogram_nor_asyncssh(folder: Path) -> None:
    code = "import sys; from bot.cli import main; main(['check']); print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.split())
    assert "bot.settings" in modules
    assert not modules & {"aiogram", "aiohttp", "aiodocker", "aiosqlite", "asyncssh", "structlog", "bot.app"}


def test_the_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    assert opsgate("--version", cwd=tmp_path).stdout == f"opsgate {version('opsgate')}\n"


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    done = opsgate(cwd=tmp_path)
    assert done.returncode == 0
    assert {"run", "check"} <= set(done.stdout.split())


def test_an_unknown_command_is_refused_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["destroy"])
    assert stopped.value.code == cli.INVALID
    assert "destroy" in capsys.readouterr().err


class App(ModuleType):
    """Stands where bot.app stands, so that only the command line is tried."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__("bot.app")
        self.error = error
        self.started: list[Settings] = []

    async def run(self, settings: Settings) -> int:
        self.started.append(settings)
        if self.error:
            raise self.error
        return 7


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot import logging as logs

    monkeypatch.setattr(logs, "configure", lambda *_args, **_kwargs: None)


def test_run_starts_the_app_once_with_the_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App()
    monkeypatch.setitem(sys.modules, "bot.app", app)
    assert cli.main(["run"]) == 7
    assert [settings.admin_ids for settings in app.started] == [(11,)]
    assert (folder / "data").stat().st_mode & 0o777 == 0o700


def test_an_error_of_ours_is_one_clean_line_and_status_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = Unreachable(detail="https://api.telegram.org/bot123456:TEST-token/getMe")
    monkeypatch.setitem(sys.modules, "bot.app", App(error))
    assert cli.main(["run"]) == cli.FAILED
    assert capsys.readouterr().err == (
        "opsgate: error-unreachable(): https://api.telegram.org/bot***/getMe\n"
    )


def test_ctrl_c_before_the_app_listens_for_it_is_no_traceback(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bot.app", App(KeyboardInterrupt()))
    assert cli.main(["run"]) == cli.INTERRUPTED


def test_a_locked_project_refuses_at_a_terminal_and_names_the_command_that_opens_it(folder: Path) -> None:
    """Where Telegram is down there is no /unlock; no host is asked."""
    done = [
        opsgate(*words, cwd=folder)
        for words in (
            ("lock", "app", "an", "audit"),
            ("deploy", "app"),
            ("unlock", "app"),
        )
    ]
    assert [one.returncode for one in done] == [0, 1, 0], done
    assert "app is locked by terminal: " in done[1].stderr
    assert "opsgate unlock app opens it again" in done[1].stderr
    assert "app is unlocked" in done[2].stdout
