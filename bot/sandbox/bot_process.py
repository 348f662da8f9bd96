"""The bot as a process of its own: unchanged, started from a folder with `.env` and `opsgate.toml`."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.sandbox.errors import Json

_ROOT = Path(__file__).resolve().parents[2]
_FOREIGN = {"BOT_TOKEN", "ADMIN_IDS", "TELEGRAM_API_URL"}
"""What a person may have exported for a bot of their own: never for this one."""


@dataclass(frozen=True, kw_only=True)
class Practised:
    """What the bot is told about a practice host and the stack on it, as an admin would write it."""

    address: str
    port: int
    user: str
    key_file: Path
    known_hosts: Path
    path: Path
    source: Path
    compose_project: str
    site: str
    compose_file: str = "docker/docker-compose.prod.yml"
    env_file: str = ".env.prod"
    database: str = "fitnessapp"
    database_user: str = "fitnessapp_user"

    @classmethod
    def announced(cls, told: Json) -> Self:
        """As a practice host is announced."""
        return cls(
            address=told["address"],
            port=told["port"],
            user=told["user"],
            key_file=Path(told["key_file"]),
            known_hosts=Path(told["known_hosts"]),
            path=Path(told["path"]),
            source=Path(told["source"]),
            compose_project=told["compose_project"],
            site=told["site"],
        )

    def toml(self, more: Mapping[str, str] | None = None) -> str:
        """`opsgate.toml`; `more` adds keys to the project, or replaces them."""
        project = {
            "host": '"home"',
            "path": f'"{self.path}"',
            "compose_file": f'"{self.compose_file}"',
            "env_file": f'"{self.env_file}"',
            "compose_project": f'"{self.compose_project}"',
            "source": f'{{ git = "{self.source}", branch = "main", bump = "push" }}',
            "database": f'{{ service = "db", name = "{self.database}", user = "{self.database_user}" }}',
            "health": f'[{{ url = "{self.site}" }}]',
            "healthy_for": "1",
            "health_timeout": "60",
            "min_free_disk_mb": "10",
        } | dict(more or {})
        lines = "\n".join(f"{key} = {value}" for key, value in project.items())
        return f"""[hosts.home]
address = "{self.address}"
port = {self.port}
user = "{self.user}"
key_file = "{self.key_file}"
known_hosts = "{self.known_hosts}"
connect_timeout = 3
keepalive_interval = 1

[projects.fitnessapp]
{lines}
"""


def _leash() -> tuple[str, ...]:
    """Ends the bot when its starter ends, however it does; where util-linux has the means."""
    return ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()


class BotProcess:
    """`python -m bot run` in a folder. One at a time; everything that it prints goes to `bot.log` there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: asyncio.subprocess.Process | None = None
        self.started_at = 0.0

    def write_settings(self, env: Mapping[str, str], toml: str) -> None:
        """Writes `.env` (readable by its owner only) and `opsgate.toml`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / ".env"
        file.write_text("".join(f"{key}={value}\n" for key, value in env.items()))
        file.chmod(0o600)
        (self.folder / "opsgate.toml").write_text(toml)

    async def start(self, module: str = "bot", **environment: str) -> None:
        """Starts it in a session of its own: a Ctrl-C in the terminal is its starter's business."""
        inherited = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
        self.started_at = time.monotonic()
        with (self.folder / "bot.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *_leash(),
                *(sys.executable, "-m", module, "run"),
                cwd=self.folder,
                env=inherited | {"PYTHONPATH": str(_ROOT)} | environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ended(self, within: float | None = None) -> int:
        """Waits until it ended by itself; its exit status (negative: the signal). Raises TimeoutError."""
        if self.process is None:
            return 0
        async with asyncio.timeout(within):
            status = await self.process.wait()
        self.process = None
        return status

    async def stop(self, number: signal.Signals = signal.SIGTERM, within: float | None = None) -> int:
        """Signals it by its id and waits for its end."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended(within)

    @property
    def rss(self) -> int:
        """Resident memory in bytes; 0 when it does not run."""
        if self.process is None:
            return 0
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def log(self) -> str:
        """All that it printed so far."""
        return (self.folder / "bot.log").read_text(errors="replace")
