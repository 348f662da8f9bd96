"""Frozen sources on our own disk, and what was typed behind /env: they go when nobody needs them any more."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from services.env_edits.wishes import Wishes
from services.models import Operation
from services.store import Store

ENV = "env"
"""The folder beside that of the packs, for what was typed behind /env."""
FORGOTTEN = 3600
"""Seconds after which a pack that no operation names is what a crash left: a younger one may just be made."""


class Packs:
    """The folder under DATA_DIR where packs lie."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._wishes = Wishes(folder.parent / ENV)
        self._store = store

    async def drop(self, operation: Operation) -> None:
        """Of an operation that is over, or was never stored. What another one may still ship stays."""
        if (
            operation.plan.editing
            and operation.plan.editing.wish not in await self._store.operations.wishes_in_use()
        ):
            self._wishes.drop(operation)
        pack = operation.plan.pack
        if pack and Path(pack.file).name not in await self._used():
            (self._folder / Path(pack.file).name).unlink(missing_ok=True)

    async def sweep(self) -> None:
        """Removes what belongs to no operation that may still run."""
        self._wishes.sweep(await self._store.operations.wishes_in_use())
        used = await self._used()
        for file in self._folder.glob("*.tar.gz"):
            if file.name not in used and _forgotten(file):
                file.unlink(missing_ok=True)
        for folder in self._folder.glob("kept-*"):
            if _forgotten(folder):
                shutil.rmtree(folder, ignore_errors=True)

    async def _used(self) -> set[str]:
        return {Path(name).name for name in await self._store.operations.packs_in_use()}


def _forgotten(path: Path) -> bool:
    """Not what another process has just removed."""
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > FORGOTTEN
    return False
