"""What somebody does by hand to the files on the practice host."""

import re
from contextlib import suppress
from pathlib import Path

from bot.sandbox.people import ScriptError

_EDITED = "backend/app.py"
_QUICK_FIX = "\n# quick fix on the server, to be committed later\n"
_PASSWORD = re.compile(rb"^DB_PASSWORD=(.*)$", re.MULTILINE)


def edit_by_hand(path: Path) -> None:
    """Changes a deployed file; it still works afterwards."""
    file = path / _EDITED
    if not file.is_file():
        raise ScriptError(f"nothing is deployed yet: {_EDITED} is not on the server. Deploy first")
    with file.open("a") as deployed:
        deployed.write(_QUICK_FIX)


class UnsafePassword:
    """DB_PASSWORD with an `@` in the middle, until it is put back as it was."""

    def __init__(self, env_file: Path) -> None:
        self._file = env_file
        self._old: bytes | None = None
        self._new = b""

    def begin(self) -> None:
        """Writes the unsafe password; the rest of the file stays as it is."""
        found = _PASSWORD.search(self._file.read_bytes()) if self._file.is_file() else None
        if found is None:
            raise ScriptError(f"there is no DB_PASSWORD in {self._file.name} on the server")
        old = found[1]
        half = len(old) // 2
        self._old, self._new = old, old[:half] + b"@" + old[half:]
        self._replace(self._old, self._new)

    def end(self) -> None:
        """Puts the old value back, unless somebody wrote another one meanwhile."""
        if self._old is not None:
            with suppress(FileNotFoundError):
                self._replace(self._new, self._old)
        self._old = None

    def _replace(self, value: bytes, other: bytes) -> None:
        content = self._file.read_bytes()
        line = re.compile(rb"^DB_PASSWORD=" + re.escape(value) + rb"$", re.MULTILINE)
        self._file.write_bytes(line.sub(lambda _: b"DB_PASSWORD=" + other, content, count=1))
