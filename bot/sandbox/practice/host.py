"""The practice host: its folder, keys, source and deployment path, and everything that serves it."""

import asyncio
import os
import secrets
import shutil
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

import asyncssh

from bot.sandbox.errors import Json
from bot.sandbox.practice import disk, docker, engine, keys
from bot.sandbox.practice.engine.waiting import PACE
from bot.sandbox.practice.errors import PracticeError
from bot.sandbox.practice.ports import free_port
from bot.sandbox.practice.sample import SampleProject
from bot.sandbox.practice.ssh import DOCKER_SOCKET, HOST, Login, SshServer
from bot.sandbox.practice.wire import Wire

ENGINES = ("simulated", "docker")
USER = "deploy"
ENV_FILE = ".env.prod"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LONGEST_SOCKET = 107  # bytes of a unix socket's path
_PASSWORD_LENGTH = 24


class Practice:
    """A host at `address`:`port`, everything of it below `folder`. Made by `start`.

    `path` is the deployment path, `source` the git work tree that is deployed, `days` the folder of flag files.
    """

    address = HOST
    user = USER

    def __init__(self, folder: Path, engine_name: str) -> None:
        self.folder = folder
        self.engine = engine_name
        self.home = folder / "home"
        self.path = self.home / "fitnessapp"
        self.env_file = self.path / ENV_FILE
        self.source = folder / "source"
        self.days = folder / "days"
        self.key_file = folder / "client_key"
        self.known_hosts = folder / "known_hosts"
        self.engine_socket = folder / "engine.sock"
        self.compose_project = (
            f"fitnessapp-{secrets.token_hex(4)}" if engine_name == "docker" else "fitnessapp"
        )
        self.http_port = free_port()
        self.host_key = keys.new_key("practice host")
        self.project: SampleProject
        self.ssh: SshServer
        self.wire: Wire

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, *, engine: str = "simulated") -> AsyncIterator[Self]:
        """Makes the host in a folder that is empty or not there yet, and serves it until exit.

        Raises PracticeError for a folder that will not do, and where `engine` is docker and there is none.
        """
        practice = cls(folder.resolve(), _known(engine))
        client_key = await practice._lay_out()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(practice._engine())
            login = practice._login(client_key)
            practice.ssh = await stack.enter_async_context(SshServer.start(login, practice.host_key))
            practice.wire = await stack.enter_async_context(Wire.start(practice.ssh.port))
            keys.pin(practice.host_key, HOST, practice.port, practice.known_hosts)
            yield practice

    @property
    def port(self) -> int:
        """Where the host is reached: the wire's end."""
        return self.wire.port

    @property
    def docker(self) -> str:
        """The docker command that shows this host's engine, on this machine."""
        return "docker" if self.engine == "docker" else str(self.folder / "bin" / "docker")

    @property
    def environment(self) -> Mapping[str, str]:
        """What commands on the host find."""
        return {
            "HOME": str(self.home),
            "USER": USER,
            "LOGNAME": USER,
            "PATH": f"{self.folder / 'bin'}:{_system_path()}",
            "LANG": "C.UTF-8",
            "OPSGATE_PRACTICE_DAYS": str(self.days),
        } | {name: os.environ[name] for name in (PACE,) if name in os.environ}

    def announcement(self) -> Json:
        """What the demo, the page and tests need to know."""
        return {
            "address": self.address,
            "port": self.port,
            "user": self.user,
            "key_file": str(self.key_file),
            "known_hosts": str(self.known_hosts),
            "home": str(self.home),
            "path": str(self.path),
            "source": str(self.source),
            "docker": self.docker,
            "compose_project": self.compose_project,
            "http_port": self.http_port,
            "site": f"http://{HOST}:{self.http_port}/",
        }

    # --- inside ---

    async def _lay_out(self) -> asyncssh.SSHKey:
        """The folder as it is before anything runs; the client's key."""
        if self.engine == "docker":
            await docker.require()
        _check_place(self.folder, self.engine_socket)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.path, self.days, self.folder / "bin"):
            folder.mkdir(parents=True)
        client_key = keys.new_key("practice client")
        keys.write_private(self.host_key, self.folder / "host_key")
        keys.write_private(client_key, self.key_file)
        disk.write_df(self.folder / "bin", self.days / disk.FLAG, SYSTEM_PATH)
        self._write_env()
        self.project = await asyncio.to_thread(SampleProject.with_history, self.source)
        return client_key

    def _write_env(self) -> None:
        """The env file, as an admin would write it before the first deploy."""
        letters = string.ascii_letters + string.digits
        password = "".join(secrets.choice(letters) for _ in range(_PASSWORD_LENGTH))
        values = {"DB_PASSWORD": password, "HTTP_PORT": self.http_port, "EXPO_PUBLIC_API_URL": "/api"}
        self.env_file.touch(mode=0o600)
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))

    def _login(self, client_key: asyncssh.SSHKey) -> Login:
        real = Path(DOCKER_SOCKET)
        sockets = real if self.engine == "docker" else self.engine_socket
        return Login(USER, client_key, self.home, self.environment, sockets)

    @asynccontextmanager
    async def _engine(self) -> AsyncIterator[None]:
        if self.engine == "simulated":
            engine.install(self.folder)
            async with engine.serve(self.folder):
                yield
            return
        try:
            yield
        finally:
            await docker.remove_project(self.compose_project)


def _known(engine_name: str) -> str:
    if engine_name not in ENGINES:
        raise ValueError(f"no such engine: {engine_name} (there are {' and '.join(ENGINES)})")
    return engine_name


def _check_place(folder: Path, engine_socket: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PracticeError(f"{folder} is not an empty folder: name a new one")
    if len(bytes(engine_socket)) > _LONGEST_SOCKET:
        raise PracticeError(
            f"{folder} is too long a path for a unix socket: name a shorter one, or set TMPDIR to one"
        )


def _system_path() -> str:
    """The system's own folders, and wherever docker is."""
    found = shutil.which("docker")
    folder = str(Path(found).parent) if found else ""
    return SYSTEM_PATH if not folder or folder in SYSTEM_PATH.split(":") else f"{folder}:{SYSTEM_PATH}"
