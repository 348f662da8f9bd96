"""The catalogue of backups as it stands in the bot's database, read and changed behind the bot's back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from tests.e2e.world import World


def newest(here: World) -> dict[str, Any]:
    """The newest backup as the bot's database has it."""
    with closing(sqlite3.connect(f"file:{here.folder}/data/opsgate.db?mode=ro", uri=True)) as database:
        (body,) = database.execute("SELECT body FROM backups ORDER BY at DESC LIMIT 1").fetchone()
    found: dict[str, Any] = json.loads(body)
    return found


def tamper(here: World, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrites the record of the newest backup, behind the bot's back."""
    record = newest(here)
    change(record)
    with closing(sqlite3.connect(here.folder / "data" / "opsgate.db", timeout=10)) as database, database:
        database.execute("UPDATE backups SET body = ? WHERE id = ?", (json.dumps(record), record["id"]))
