"""opsgate lock, opsgate unlock: what /lock and /unlock do, for when Telegram is down."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bot.app import Core
from bot.terminal import FAILED
from bot.texts import Texts
from handlers.arguments import wanted
from handlers.lock import named, only_locked
from services.freezes import Freezes
from services.models import Person
from services.phrases import Phrase


async def run(
    core: Core, arguments: argparse.Namespace, texts: Texts, say: Callable[[str], None], *, by: Person
) -> int:
    """The exit status: 0 only when it locked or unlocked. Raises OpsgateError."""
    freezes = Freezes(core.store, core.admins.ids, _nobody)
    said = " ".join(arguments.words)
    change = _lock if arguments.command == "lock" else _unlock
    status, phrases = await change(freezes, said, core, by)
    for phrase in phrases:
        say(texts.phrase(phrase))
    return status


async def _lock(freezes: Freezes, said: str, core: Core, by: Person) -> tuple[int, tuple[Phrase, ...]]:
    project, reason = named(said, core.settings.projects)
    phrases = await freezes.lock(project, reason, by)
    return (FAILED if phrases[0].id == "lock-held" else 0), phrases


async def _unlock(freezes: Freezes, said: str, core: Core, by: Person) -> tuple[int, tuple[Phrase, ...]]:
    projects = core.settings.projects
    project = wanted(said, projects, takes_ref=False).project or await only_locked(projects, freezes)
    done = await freezes.unlock(project, by)
    return (0 if done else FAILED), (
        Phrase(id="unlock-done" if done else "unlock-none", args={"project": project}),
    )


def _nobody() -> None:
    """A bot that runs looks into the outbox by itself; one that starts later does too."""
