"""opsgate backups list, opsgate backups import: the catalogue from the machine that the bot runs on."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.app import Core
from bot.texts import Texts
from bot.views.copies import opened_by, place
from bot.views.parts import clean
from handlers.arguments import wanted
from services.backups.imports import Imports
from services.backups.models import Backup, copies_of, is_ahead
from services.errors import BadInput

MOST = 100


async def run(core: Core, arguments: argparse.Namespace, texts: Texts, say: Callable[[str], None]) -> int:
    """The exit status. Raises OpsgateError."""
    said = " ".join(arguments.words) if arguments.verb == "list" else arguments.project or ""
    name = wanted(said, core.settings.projects, takes_ref=False).project
    if arguments.verb == "list":
        return await _list(core, [name] if name else list(core.settings.projects), texts, say)
    if name is None:
        raise BadInput("error-name-a-project", known=", ".join(core.settings.projects))
    return await _import(core, name, arguments, texts, say)


async def _list(core: Core, names: list[str], texts: Texts, say: Callable[[str], None]) -> int:
    for name in names:
        found = await core.store.backups.newest(name, MOST)
        say(texts("backups-title", project=name) if found else texts("backups-none", project=name))
        for one in found:
            say(f"  {line(one, texts)}")
    return 0


async def _import(
    core: Core, name: str, arguments: argparse.Namespace, texts: Texts, say: Callable[[str], None]
) -> int:
    """Checked by pg_restore of the stack's own database, so the host must be there."""
    project = core.settings.projects[name]
    say(texts("import-looking", host=project.host))
    facts = await core.proposals.facts(project)
    imports = Imports(core.hosts.get(project.host), core.store, core.settings.data_dir)
    identity = Path(arguments.identity) if arguments.identity else None
    backup = await imports.take(project, facts, Path(arguments.file), identity)
    say(texts("import-done", project=name))
    say(f"  {line(backup, texts)}")
    return 0


def line(backup: Backup, texts: Texts) -> str:
    """When it was made, the id to type, what it is and where it lies."""
    where = ", ".join(
        place(copy.where, texts) + (f" ({texts('copy-encrypted')})" if copy.encrypted else "")
        for copy in copies_of(backup)
    )
    words = (
        f"{backup.at:%Y-%m-%d %H:%M} UTC",
        backup.id,
        texts.size(backup.size),
        clean(backup.label, 24),
        where,
        *opened_by(backup, texts),
        texts("backup-imported") if backup.imported else "",
        texts("backup-ahead") if is_ahead(backup, datetime.now(UTC)) else "",
    )
    return " · ".join(word for word in words if word)
