"""The agent run on this machine, without SSH, under one of the shells that hosts have."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

from services.remote import agent
from services.remote.jobs import JobSpec

SHELLS = ("dash", "busybox")
DEADLINE = 30


@dataclass
class Done:
    status: int
    out: bytes
    err: str


@dataclass
class LocalAgent:
    """`shell` is dash with this machine's tools, or busybox with nothing but its own applets."""

    shell: str
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.script = self.folder / "agent.sh"
        self.script.write_bytes(agent.script())
        self.state = self.folder / "app_opsgate"
        self.live = self.folder / "app"
        self.backup = self.folder / "app_backup"
        path = os.environ["PATH"]
        if self.shell == "busybox":
            path = str(_applets(self.folder / "applets"))
        self.argv = [self.shell, "sh"] if self.shell == "busybox" else [self.shell]
        home = self.folder / "home"
        home.mkdir()
        self.env = {"PATH": path, "HOME": str(home), "OPSGATE_SH": " ".join(self.argv), **self.env}

    def start(
        self, verb: str, *words: object, stdin: bytes | None = None, env: Mapping[str, str] = {}
    ) -> subprocess.Popen[bytes]:
        size = [] if stdin is None else ["-n", str(len(stdin))]
        return subprocess.Popen(
            [*self.argv, str(self.script), *size, verb, *map(str, words)],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self.env, **env},
            start_new_session=True,
            cwd="/",
        )

    def try_(
        self, verb: str, *words: object, stdin: bytes | None = None, env: Mapping[str, str] = {}
    ) -> Done:
        with self.start(verb, *words, stdin=stdin, env=env) as process:
            out, err = process.communicate(stdin, timeout=DEADLINE)
        return Done(process.returncode, out, err.decode())

    def run(
        self, verb: str, *words: object, stdin: bytes | None = None, env: Mapping[str, str] = {}
    ) -> bytes:
        done = self.try_(verb, *words, stdin=stdin, env=env)
        assert done.status == 0, f"{verb}: {done.status}: {done.err}"
        return done.out

    # --- jobs ---

    def begin(self, spec: JobSpec) -> str:
        return self.run("begin", self.state, spec.id, stdin=spec.text()).decode().split()[0]

    def poll(self, job_id: str, offset: int = 0) -> tuple[str, str, bytes]:
        """State, exit status ("-": none) and the log from the offset."""
        header, _, data = self.run("poll", self.state, job_id, offset).partition(b"\n")
        state, status, _size = header.decode().split()
        return state, status, data

    def finished(self, job_id: str, deadline: float = DEADLINE) -> tuple[str, str, bytes]:
        until = time.monotonic() + deadline
        while (answer := self.poll(job_id))[0] == "running":
            assert time.monotonic() < until, "the job did not end"
            time.sleep(0.02)
        return answer

    def runner(self, job_id: str) -> int:
        return int((self.state / "jobs" / job_id / "pid").read_text().split()[0])

    def claim(self, operation: str = "op-1", owner: str = "me", lease: int = 60) -> int:
        return int(self.run("lock-claim", self.state, operation, owner, lease))

    # --- releases ---

    def release(self, name: str, tree: Mapping[str, str | tuple[str, int]]) -> Path:
        """A release on the "host", unpacked by the agent. Files: content, or content and mode."""
        listing, archive = packed(tree)
        folder = self.state / "releases" / name
        self.run("unpack", *unpacking(folder, listing, archive), stdin=archive)
        return folder


def unpacking(
    folder: PurePath, listing: bytes, archive: bytes, *, offset: int = 0, base: PurePath | None = None
) -> tuple[PurePosixPath | str | int, ...]:
    """The words of `unpack`, for an archive of which `offset` bytes are there already."""
    under = PurePosixPath(base) if base else "-"
    return PurePosixPath(folder), hashlib.sha256(listing).hexdigest(), len(archive), offset, under


def _applets(folder: Path) -> Path:
    busybox = shutil.which("busybox")
    assert busybox is not None
    folder.mkdir()
    names = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    for name in [*names, "busybox"]:
        (folder / name).symlink_to(busybox)
    if "flock" not in names:  # Debian builds its busybox without it; Alpine has it
        (folder / "flock").symlink_to(shutil.which("flock") or "/nowhere")
    return folder


def listing_of(tree: Mapping[str, str | tuple[str, int]]) -> bytes:
    lines = []
    for path, value in sorted(tree.items()):
        content, mode = value if isinstance(value, tuple) else (value, 0o644)
        lines.append(f"{hashlib.sha256(content.encode()).hexdigest()}  {mode:o}  {path}\n")
    return "".join(lines).encode()


def packed(tree: Mapping[str, str | tuple[str, int]], listing: bytes | None = None) -> tuple[bytes, bytes]:
    """A manifest (of these files, where no other is given) and the archive that Opsgate would send."""
    listing = listing_of(tree) if listing is None else listing
    members = [member("manifest", listing)]
    for path, value in sorted(tree.items()):
        content, mode = value if isinstance(value, tuple) else (value, 0o644)
        members.append(member(f"tree/{path}", content.encode(), mode=mode))
    return listing, archive_of(members)


Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", *, mode: int = 0o644, **fields: object) -> Member:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def archive_of(members: list[Member]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(mode="w", fileobj=raw, format=tarfile.GNU_FORMAT) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), 1)


def snapshot(folder: Path) -> dict[str, str]:
    """Every entry below a folder: its kind, permissions and content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link {path.readlink()}"
        elif path.is_dir():
            found[name] = "directory"
        else:
            found[name] = f"{path.stat().st_mode & 0o777:o} {path.read_bytes()!r}"
    return found
