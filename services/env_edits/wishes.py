"""What a person typed behind /env, read; and the few files in which a value lies until its operation is over."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from services.errors import BadInput
from services.models import Operation

FORGOTTEN = 180.0
"""Seconds after which a file that no operation names is what a crash left: a younger one may just be planned with."""
ASKED = 3600.0
"""Seconds for which it is known what a person was asked for: a late answer is recognised, and not taken."""
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_TYPED = re.compile(r"(?P<key>[^\s=]+)(?:\s*=\s*|\s+)?(?P<value>.*)", re.DOTALL)
_TOKEN = re.compile(r"[a-z]+-[A-Za-z0-9_-]{1,40}")
_OURS = re.compile(r"(?:COMPOSE|DOCKER|BUILDKIT|BUILDX)_", re.IGNORECASE)
"""Variables that steer Compose itself: another project name, say, would start a second stack with empty volumes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A key to be set (None: removed) in the env file of a project."""

    project: str
    key: str
    value: SecretStr | None


def checked_key(key: str) -> str:
    """Raises BadInput for what is no name of a variable, or steers Compose itself."""
    if not _KEY.fullmatch(key):
        raise BadInput("error-env-key")
    if _OURS.match(key):
        raise BadInput("error-env-steers", key=key)
    return key


def typed(text: str) -> tuple[str, SecretStr | None]:
    """`KEY`, `KEY=value` or `KEY value`: the key, and the value if there is one. Raises BadInput."""
    found = _TYPED.fullmatch(text.strip())
    if found is None:
        raise BadInput("error-env-key")
    key, value = found["key"], found["value"]
    given = len(found.group()) > len(key)
    return checked_key(key), SecretStr(value) if given else None


class Wishes:
    """The folder DATA_DIR/env: files that only we may read, gone with what they were typed for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stage(self, wish: Wish) -> str:
        """Keeps it until its operation is over. Returns the name by which a plan knows it."""
        name = f"wish-{secrets.token_urlsafe(12)}"
        value = None if wish.value is None else wish.value.get_secret_value()
        self.put(name, {"project": wish.project, "key": wish.key, "value": value})
        return name

    def wish(self, name: str) -> Wish:
        """Raises BadInput when it is not there any more."""
        found = self.take(name)
        if found is None or not {"project", "key", "value"} <= found.keys():
            raise BadInput("error-env-gone")
        value = found["value"]
        return Wish(str(found["project"]), str(found["key"]), None if value is None else SecretStr(value))

    def put(self, name: str, content: dict[str, str | None]) -> None:
        """Whole or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._file(name)
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as out:
            json.dump(content, out)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)

    def take(self, name: str) -> dict[str, str | None] | None:
        """What lies there, which stays; None where there is nothing."""
        with suppress(FileNotFoundError, ValueError):
            found = json.loads(self._file(name).read_text(encoding="utf-8", errors="surrogatepass"))
            return found if isinstance(found, dict) else None
        return None

    def forget(self, name: str) -> None:
        with suppress(ValueError):
            self._file(name).unlink(missing_ok=True)

    def drop(self, operation: Operation) -> None:
        """Of an operation that is over."""
        if operation.plan.editing and operation.plan.editing.wish:
            self.forget(operation.plan.editing.wish)

    def sweep(self, used: set[str]) -> None:
        """Removes what nobody will ask for any more. `used`: names of wishes whose operation may still run."""
        for file in self._folder.glob("*"):
            with suppress(FileNotFoundError):
                kept = ASKED if file.stem.startswith("asked-") else FORGOTTEN
                if file.stem not in used and time.time() - file.stat().st_mtime > kept:
                    file.unlink()

    def _file(self, name: str) -> Path:
        if not _TOKEN.fullmatch(name):
            raise ValueError("not the name of something that was typed")
        return self._folder / f"{name}.json"
