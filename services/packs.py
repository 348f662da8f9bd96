"""Frozen sources on our own disk: they go when nobody needs them any more."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from services.models import Operation
from services.store import Store

FORGOTTEN = 3600
"""Seconds after which a pack that no operation names is what a crash left: a younger one may just be made."""


class Packs:
    """The folder under DATA_DIR where packs lie."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store

    def drop(self, operation: Operation) -> None:
        if pack := operation.plan.pack:
            (self._folder / Path(pack.file).name).unlink(missing_ok=True)

    async def sweep(self) -> None:
        """Removes what belongs to no operation that may still run."""
        used = {Path(name).name for name in await self._store.operations.packs_in_use()}
        for file in self._folder.glob("*.tar.gz"):
            if file.name not in used and time.time() - file.stat().st_mtime > FORGOTTEN:
                file.unlink(missing_ok=True)
        for folder in self._folder.glob("kept-*"):
            if time.time() - folder.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(folder, ignore_errors=True)
