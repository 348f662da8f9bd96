"""A real OpenSSH server on a loopback port, with keys, configuration and a home directory of its own."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.sandbox.practice.ports import free_port

ADDRESS = "127.0.0.1"
START_DEADLINE = 10.0
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Debian's bash reads ~/.bashrc for the command of an SSH session. The session starts where a real one would: in
# its home. Only once, so that a bash started further down stays where it is.
BASHRC = 'if [ -z "$SSHD_SESSION_STARTED" ]; then export SSHD_SESSION_STARTED=1; cd "$HOME" || exit; fi\n'


def why_no_sshd() -> str | None:
    """The reason why no sshd can be started here, or None where one can."""
    missing = [name for name in ("sshd", "ssh", "ssh-keygen") if _which(name) is None]
    return f"{', '.join(missing)} not installed (make engine)" if missing else None


class Sshd:
    """OpenSSH's sshd for the current user, public key only, with `home` as $HOME and login directory.

    Works as root and as an ordinary user. Everything lives below `directory`. Use as a context manager, or call
    `start` and, at the end, `close`.
    """

    def __init__(self, directory: Path, *, forwarding: bool = True, options: Sequence[str] = ()) -> None:
        """`forwarding=False` refuses forwarded unix sockets; `options` are further lines for sshd_config."""
        self.docker = "docker"
        self.address = ADDRESS
        self.port = free_port()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.directory = directory
        self.home = directory / "home"
        self.key_file = directory / "client_key"
        self.known_hosts = directory / "known_hosts"
        self.log_file = directory / "sshd.log"
        self._host_key = directory / "host_key"
        self._config = directory / "sshd_config"
        self._listener: subprocess.Popen[bytes] | None = None
        self._return: threading.Timer | None = None
        self._lay_out([f"AllowStreamLocalForwarding {'yes' if forwarding else 'no'}", *options])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- lifetime ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listens (again) on the same port; returns when it answers."""
        if self._listener is not None:
            return
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's chroot for unauthenticated clients
        self._listener = subprocess.Popen([_program("sshd"), "-D", "-f", self._config, "-E", self.log_file])
        deadline = time.monotonic() + START_DEADLINE
        while not self._answers():
            if self._listener.poll() is not None or time.monotonic() > deadline:
                self.stop()
                message = f"sshd did not start: {self.log_file.read_text(errors='replace')[-500:]}"
                raise RuntimeError(message)
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends the server and every connection, as a host that goes away; commands that run there go on."""
        self._cancel_return()
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(listener.pid, signal.SIGSTOP)  # no new connection between looking and ending
        for pid in self._connections(listener.pid):
            _kill(pid)
        listener.kill()
        listener.wait()

    def close(self) -> None:
        """Ends the server, its connections and whatever its sessions left running."""
        self.stop()
        for pid in self.session_processes():
            _kill(pid)

    # --- trouble ----------------------------------------------------------------------------------------------

    def cut(self, *, refuse_for: float = 0) -> int:
        """Ends every open connection and says how many processes served them; commands go on as after a real cut.

        With `refuse_for`, new connections are refused for that many seconds.
        """
        if self._listener is None:
            return 0
        connections = self._connections(self._listener.pid)
        if refuse_for > 0:
            self.stop()
            self._return = threading.Timer(refuse_for, self.start)
            self._return.start()
        else:
            for pid in connections:
                _kill(pid)
        return len(connections)

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """While it lasts nothing is answered and nothing is refused: a VPN that is down."""
        if self._listener is None:
            message = "sshd is not running"
            raise RuntimeError(message)
        listener = self._listener.pid
        os.kill(listener, signal.SIGSTOP)
        frozen = [*self._connections(listener), listener]
        for pid in frozen:
            _kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in frozen:
                _kill(pid, signal.SIGCONT)

    def change_host_key(self) -> None:
        """Comes back with another host key; `known_hosts` keeps the old one until `pin` is called."""
        self.stop()
        self._host_key.unlink()
        _generate_key(self._host_key)
        self.start()

    def pin(self) -> None:
        """Writes the present host key into `known_hosts`."""
        key = self._host_key.with_suffix(".pub").read_text().split()[:2]
        self.known_hosts.write_text(f"[{self.address}]:{self.port} {' '.join(key)}\n")

    def told(self) -> dict[str, Any]:
        """What a bot's settings say about this host."""
        names = ("address", "port", "user", "key_file", "known_hosts")
        return {name: getattr(self, name) for name in names}

    # --- looking and using ------------------------------------------------------------------------------------

    def session_processes(self) -> list[int]:
        """The pids of all processes that sessions of this server started, detached ones included."""
        mine = f"HOME={self.home}".encode()
        return [
            pid for pid in _processes() if pid != os.getpid() and mine in _read(pid, "environ").split(b"\0")
        ]

    def connection_count(self) -> int:
        """How many processes serve connections at this moment."""
        return len(self._connections(self._listener.pid)) if self._listener else 0

    def client(self, program: str = "ssh") -> list[str]:
        """The start of a command line of OpenSSH's client (`ssh`, `scp`, `sftp`) that reaches this server."""
        # fmt: off
        return [
            program, "-F", "none", "-i", str(self.key_file), "-P" if program in {"scp", "sftp"} else "-p", str(self.port),
            "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "ConnectTimeout=5", "-o", "LogLevel=ERROR",
        ]
        # fmt: on

    def run(self, command: str, *, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a shell command line on the host with OpenSSH's own client."""
        argv = [*self.client(), f"{self.user}@{self.address}", command]
        return subprocess.run(argv, input=stdin, check=check, capture_output=True, text=True)

    # --- inside -----------------------------------------------------------------------------------------------

    def _lay_out(self, options: Sequence[str]) -> None:
        self.home.mkdir(parents=True)
        (self.home / ".bashrc").write_text(BASHRC)
        _generate_key(self._host_key)
        _generate_key(self.key_file)
        shutil.copy(self.key_file.with_suffix(".pub"), self.directory / "authorized_keys")
        self.pin()
        self._config.write_text("\n".join([*self._settings(), *options, ""]))

    def _settings(self) -> list[str]:
        settings = [
            f"ListenAddress {self.address}:{self.port}",
            f"HostKey {self._host_key}",
            f"AuthorizedKeysFile {self.directory}/authorized_keys",
            "PidFile none",
            "AuthenticationMethods publickey",
            "PermitRootLogin prohibit-password",
            "UsePAM no",
            "StrictModes no",  # temporary directories may lie below one that everybody can write to
            "UseDNS no",
            "PrintMotd no",
            "MaxStartups 100",
            "LogLevel VERBOSE",
            f"SetEnv HOME={self.home} PATH={_session_path()}",
            f"Subsystem sftp internal-sftp -d {self.home}",
        ]
        # Newer servers lock an address out for a while after failed logins; here every client has the same one.
        return [*settings, "PerSourcePenalties no"] if _openssh_version() >= (9, 8) else settings

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((self.address, self.port), timeout=1) as probe,
        ):
            return probe.recv(4) == b"SSH-"
        return False

    def _connections(self, listener: int) -> list[int]:
        """sshd's own processes below the listener, not the commands below those."""
        children: dict[int, list[int]] = {}
        for pid in _processes():
            if (parent := _parent(pid)) is not None:
                children.setdefault(parent, []).append(pid)
        found: list[int] = []
        waiting = list(children.get(listener, []))
        while waiting:
            pid = waiting.pop()
            if _read(pid, "comm").startswith(b"sshd"):
                found.append(pid)
                waiting.extend(children.get(pid, []))
        return found

    def _cancel_return(self) -> None:
        timer, self._return = self._return, None
        if timer is not None and timer is not threading.current_thread():
            timer.cancel()
            timer.join()


def _which(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")


def _program(name: str) -> str:
    """The absolute path of a program: sshd refuses to be started by a relative one."""
    path = _which(name)
    if path is None:
        raise FileNotFoundError(name)
    return path


def _session_path() -> str:
    """What sessions find on PATH: the system's own folders and wherever docker is."""
    docker = _which("docker")
    folder = str(Path(docker).parent) if docker else ""
    return SYSTEM_PATH if not folder or folder in SYSTEM_PATH.split(":") else f"{folder}:{SYSTEM_PATH}"


def _openssh_version() -> tuple[int, int]:
    banner = subprocess.run([_program("ssh"), "-V"], check=True, capture_output=True, text=True).stderr
    match = re.search(r"OpenSSH_(\d+)\.(\d+)", banner)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _generate_key(path: Path) -> None:
    subprocess.run(
        [_program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "practice", "-f", path], check=True
    )


def _processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]  # noqa: PTH208  (names are all it takes)


def _read(pid: int, name: str) -> bytes:
    """A file of /proc/<pid>; empty for a process that is gone or another user's."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _parent(pid: int) -> int | None:
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else None


def _kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
