"""Ten changed files of 3,000: Opsgate's upload against rsync and against the hand procedure, interleaved.

All go to the same real sshd on loopback. Opsgate: the pack of what changed over its warm connection, the rest linked
from the release before; what arrived is hashed, and of the rest what was touched since it was hashed for the plan (that
is timed apart: whole for the card, and once more at the tap). rsync: `-a --link-dest` over a warm ControlMaster, which
compares sizes and times and hashes nothing. By hand: zip of the tree, scp, unzip over the old one. Packing counts for
all: for rsync it is part of the transfer. Quote the ratio: single figures belong to the machine and its mood.

    python -m benchmarks.upload [rounds]
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path, PurePosixPath

from services import sources
from services.facts.models import Release
from services.models import Pack
from services.projects import Host, Project
from services.remote.host import RemoteHost
from services.sources import Base, archive
from tests.e2e.sshd import Sshd

FILES, CHANGED = 3000, 10
CALM = 7
"""Seconds after which a file that was linked is believed once it was hashed."""
COMPOSE = "services:\n  app:\n    image: app\n"


def make_tree(root: Path, chance: random.Random, files: int = FILES) -> list[Path]:
    """Source-like: 60 folders, files of 1 to 20 KB, half of it compressible."""
    root.mkdir()
    made = []
    for number in range(files):
        file = root / f"part-{number % 60:02}" / f"file-{number:04}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text(chance))
        made.append(file)
    return made


def text(chance: random.Random) -> str:
    size = chance.randrange(1, 20) * 512
    return "const something = require('something');\n" * (size // 40) + chance.randbytes(size // 2).hex()


def run(argv: Sequence[object], folder: Path | None = None) -> None:
    subprocess.run(
        [str(word) for word in argv], check=True, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True
    )


class Ours:
    """What the bot does between the wish and the complete release on the host."""

    def __init__(self, remote: RemoteHost, project: Project, folder: Path) -> None:
        self.remote, self.project, self.folder = remote, project, folder
        self.base: Base | None = None

    async def look(self) -> float:
        """Seconds of what a plan does: every file of the release before is as it was shipped."""
        assert self.base is not None
        folder = self.project.state_dir / "releases" / self.base.release_id
        promised = hashlib.sha256(self.base.manifest).hexdigest()
        began = time.perf_counter()
        await self.remote.verb("intact", folder / "tree", folder / "manifest", promised)
        return time.perf_counter() - began

    async def ship(self) -> tuple[Pack, float, float]:
        """The pack, and the seconds of packing and of sending."""
        began = time.perf_counter()
        pack = await sources.pack(
            self.project,
            None,
            _release(self.base),
            self.folder / "packs",
            self.folder / "git",
            base=self.base,
        )
        packed = time.perf_counter()
        releases = self.project.state_dir / "releases"
        base = releases / self.base.release_id if self.base else "-"
        words = (releases / pack.release_id, pack.manifest_sha256, pack.size, 0, base)
        unpack = self.remote.agent_command("unpack", *words)
        await self.remote.send(unpack, Path(pack.file), lambda _: None, 600)
        sent = time.perf_counter()
        self.base = Base(pack.release_id, archive.listing(Path(pack.file)) or b"")
        return pack, packed - began, sent - packed


def _release(base: Base | None) -> Release | None:
    return Release(id=base.release_id, project="app") if base else None


class Rsync:
    def __init__(self, sshd: Sshd, root: Path) -> None:
        control = sshd.directory / "cm"
        self.ssh = [
            *sshd.client(),
            "-o",
            "ControlMaster=auto",
            "-o",
            f"ControlPath={control}",
            "-o",
            "ControlPersist=600",
        ]
        self.root, self.sshd, self.number = root, sshd, 0
        run([*self.ssh, f"{sshd.user}@{sshd.address}", "mkdir -p rsynced"])

    def ship(self) -> float:
        began = time.perf_counter()
        link = [f"--link-dest=../{self.number}"] if self.number else []
        self.number += 1
        target = f"{self.sshd.user}@{self.sshd.address}:rsynced/{self.number}/"
        run(["rsync", "-a", "--delete", *link, "-e", " ".join(map(str, self.ssh)), f"{self.root}/", target])
        return time.perf_counter() - began

    def close(self) -> None:
        run([*self.ssh, "-O", "exit", f"{self.sshd.user}@{self.sshd.address}"])


def by_hand(sshd: Sshd, root: Path) -> float:
    """zip, scp, unzip -o, as RUNBOOK has it."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file, remote = Path(folder) / "deploy.zip", f"{sshd.user}@{sshd.address}"
        run(["zip", "-q", "-r", file, "."], root)
        run([*sshd.client("scp"), "-q", file, f"{remote}:deploy.zip"])
        run([*sshd.client(), remote, "unzip -q -o deploy.zip -d by-hand"])
    return time.perf_counter() - began


@asynccontextmanager
async def connected(sshd: Sshd, folder: Path) -> AsyncIterator[RemoteHost]:
    host = Host.model_validate({**sshd.told(), "name": "home"})
    remote = RemoteHost(host, folder / "run")
    try:
        yield remote
    finally:
        await remote.close()


def row(name: str, values: list[float], unit: str = "s") -> None:
    print(f"{name:<34} {min(values):8.3f} {statistics.median(values):8.3f} {max(values):8.3f} {unit}")


async def main(rounds: int) -> None:
    chance = random.Random(1)  # noqa: S311 - the same tree in every run
    with tempfile.TemporaryDirectory() as name, Sshd(Path(name) / "sshd") as sshd:
        folder = Path(name)
        root = folder / "tree"
        files = make_tree(root, chance)
        (root / "compose.yaml").write_text(COMPOSE)
        project = Project.model_validate(
            {
                "name": "app",
                "host": "home",
                "path": PurePosixPath(sshd.home / "app"),
                "compose_file": "compose.yaml",
                "source": {"path": str(root)},
            }
        )
        async with connected(sshd, folder) as remote:
            ours, rsync = Ours(remote, project, folder), Rsync(sshd, root)
            with closing(rsync):
                await ours.ship()
                rsync.ship()
                by_hand(sshd, root)
                looking, again, packing, sending = [], [], [], []
                whole, synced, hand, sizes = [], [], [], []
                for _ in range(rounds):
                    await asyncio.sleep(CALM)
                    looking.append(await ours.look())
                    again.append(await ours.look())
                    for file in chance.sample(files, CHANGED):
                        file.write_text(text(chance))
                    pack, packed, sent = await ours.ship()
                    sizes.append(pack.size)
                    packing.append(packed)
                    sending.append(sent)
                    whole.append(packed + sent)
                    synced.append(await asyncio.to_thread(rsync.ship))
                    hand.append(await asyncio.to_thread(by_hand, sshd, root))
    print(f"{rounds} interleaved rounds                  min   median      max")
    row("Opsgate, looking for the card", looking)
    row("Opsgate, looking at the tap", again)
    row("Opsgate, packing", packing)
    row("Opsgate, sending and checking", sending)
    row("rsync --link-dest", synced)
    row("zip, scp, unzip", hand)
    row("ratio sending / rsync", [a / b for a, b in zip(sending, synced, strict=True)], "")
    row("ratio packing and sending / rsync", [a / b for a, b in zip(whole, synced, strict=True)], "")
    row("ratio packing and sending / by hand", [a / b for a, b in zip(whole, hand, strict=True)], "")
    print(f"sent {statistics.median(sizes) / 1000:.0f} KB")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
