"""A real S3-compatible server for tests: OpenStack Swift, installed from PyPI, on a loopback port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from services.projects import S3Target

PROGRAM = Path(__file__).with_name("swift_process.py")
KEY, SECRET = "backups:keeper", "a-secret-of-the-keeper"


class ObjectStore:
    """Buckets `backups` and `small`, which takes 20 MB. Everything lives below `folder`. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir()
        argv: list[str | Path] = [sys.executable, "-W", "ignore", PROGRAM, self.folder, SECRET]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        if self._process.stdout is None or not (said := self._process.stdout.readline()):
            self.close()
            raise RuntimeError(f"Swift did not start: {(self.folder / 'log').read_text()[-2000:]}")
        self.port = int(said)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def target(
        self, bucket: str = "backups", *, secret: str = SECRET, port: int = 0, prefix: str = ""
    ) -> S3Target:
        """What an admin would write, with a file of keys."""
        keys = self.folder / f"keys-{hash(secret) % 1000}"
        keys.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n")
        keys.chmod(0o600)
        return S3Target(
            s3=f"http://127.0.0.1:{port or self.port}", bucket=bucket, credentials=keys, prefix=prefix
        )
