"""One command of a terminal: the same services as the bot's, built for as long as it takes."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot.admins import Admins
from bot.app import MIRRORS, Core, make_core
from bot.logging import redactor
from bot.settings import Settings
from bot.terminal import FAILED, INVALID, backups, freezes
from bot.terminal.gate import Ask, Gate
from bot.terminal.turn import Turn
from bot.texts import Texts
from bot.views.manual import manual_text
from bot.views.parts import clean, label_of
from bot.views.status import status as status_view
from bot.views.terminal import printable, releases
from handlers.arguments import wanted
from services import manual
from services.errors import BadInput
from services.models import TERMINAL, Kind, Person
from services.remote.hosts import Hosts
from services.sources.zipped import zipped
from services.store import Store
from services.tasks import Tasks


def say(text: str) -> None:
    """One line or more, without what a terminal would obey."""
    print(printable(text), flush=True)  # noqa: T201 - what a command line is for


async def run(settings: Settings, arguments: argparse.Namespace, texts: Texts) -> int:
    """The exit status. Raises OpsgateError."""
    command = arguments.command
    names = settings.projects
    if command in {"backups", "lock", "unlock"}:
        carried_out = backups.run if command == "backups" else partial(freezes.run, by=person())
        async with opened(settings) as core:
            return await carried_out(core, arguments, texts, say)
    if command == "status":
        chosen = wanted(" ".join(arguments.words), names, takes_ref=False).project
        return await _status(settings, [chosen] if chosen else list(names), texts)
    takes_ref = command in {"deploy", "rollback", "pack", "drill", "restore"}
    wish = wanted(" ".join(arguments.words), names, takes_ref=takes_ref)
    if wish.project is None:
        raise BadInput("error-name-a-project", known=", ".join(names))
    if command == "manual":
        return await _manual(settings, wish.project, texts)
    if command == "pack":
        return await _pack(
            settings, wish.project, wish.ref, Path(arguments.output), texts, force=arguments.force
        )
    digest = getattr(arguments, "confirm", None)
    if command in {"rollback", "restore"}:
        choose = _rollback if command == "rollback" else _restore
        return await choose(settings, wish.project, wish.ref, digest, texts)
    return await _operate(settings, Kind(command), wish.project, wish.ref, digest, texts)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Core]:
    """The services without Telegram. Nothing that is confirmed here starts by itself: see Turn."""
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.data_dir / "opsgate.db", redactor)
        stack.push_async_callback(store.close)
        # Forwarded sockets lie here: the bot has its own folder for them.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="opsgate-"))
        hosts = Hosts(settings.hosts, Path(folder))
        stack.push_async_callback(hosts.close)
        tasks = Tasks()
        stack.push_async_callback(tasks.close)
        admins = Admins(settings.admin_ids, store)
        yield make_core(settings, store, hosts, tasks, admins, _nobody, starts=False)


def _nobody() -> None:
    """What changed is seen at the next look into the store."""


def person() -> Person:
    """Who sits here, as far as the machine knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "?"
    return Person(id=TERMINAL, name=f"terminal: {clean(name, 40)}")


def asking() -> Ask | None:
    """How the person is asked; None when there is none at the other end of the input."""
    return _answer if sys.stdin is not None and sys.stdin.isatty() else None


async def _answer(question: str) -> str:
    """A line that is typed. Waits on the loop, so that Ctrl-C ends the waiting."""
    print(question, end=" ", flush=True)  # noqa: T201 - what a command line is for
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()
    descriptor = sys.stdin.fileno()

    def read() -> None:
        if not typed.done():
            typed.set_result(sys.stdin.readline())

    loop.add_reader(descriptor, read)
    try:
        return await typed
    finally:
        loop.remove_reader(descriptor)


# --- reading --------------------------------------------------------------------------------------


async def _status(settings: Settings, names: list[str], texts: Texts) -> int:
    async with opened(settings) as core:
        found = await core.status.read(names)
        say(status_view(found, await core.admins.unreachable(), texts, datetime.now(UTC)).text)
    return FAILED if any(one.error for one in found) else 0


async def _manual(settings: Settings, name: str, texts: Texts) -> int:
    """Needs no host. The stack's name is that of the last operation, where it is not configured."""
    project = settings.projects[name]
    async with opened(settings) as core:
        known = [one.plan.compose_project for one in await core.operations.recent(100) if one.project == name]
    acts = manual.acts(project, settings.hosts[project.host], compose_project=next(filter(None, known), ""))
    say(manual_text(name, acts, texts).rstrip("\n"))
    return 0


async def _pack(
    settings: Settings, name: str, ref: str | None, target: Path, texts: Texts, *, force: bool
) -> int:
    mirrors = settings.data_dir / MIRRORS
    made = await zipped(settings.projects[name], ref, target.absolute(), mirrors, replace=force)
    say(texts("pack-written", file=str(target), label=made.label, files=made.files, size=made.size))
    say(f"SHA-256 {made.sha256}")
    return 0


# --- changing -------------------------------------------------------------------------------------


async def _rollback(
    settings: Settings, name: str, wanted_release: str | None, digest: str | None, texts: Texts
) -> int:
    """Without a release: which there are."""
    async with opened(settings) as core:
        kept = await core.earlier.earlier(name)
    if not kept:
        raise BadInput("rollback-none", project=name)
    if wanted_release is None:
        say(texts("terminal-releases", project=name))
        say(releases(kept, texts, datetime.now(UTC)))
        return INVALID
    named = [one.id for one in kept if wanted_release in {one.id, label_of(one)}]
    if len(named) != 1:
        raise BadInput("error-no-release")
    return await _operate(settings, Kind.ROLLBACK, name, named[0], digest, texts)


async def _restore(
    settings: Settings, name: str, wanted_backup: str | None, digest: str | None, texts: Texts
) -> int:
    """Without a backup: which there are. None is taken for its age."""
    if wanted_backup is not None:
        return await _operate(settings, Kind.RESTORE, name, wanted_backup, digest, texts)
    async with opened(settings) as core:
        found = await core.store.backups.newest(name, backups.MOST)
    if not found:
        raise BadInput("backups-none", project=name)
    say(texts("terminal-backups", project=name))
    for one in found:
        say(f"  {backups.line(one, texts)}")
    return INVALID


async def _operate(
    settings: Settings, kind: Kind, name: str, ref: str | None, digest: str | None, texts: Texts
) -> int:
    with Turn(settings.data_dir) as turn:  # given up last: until then everything of ours has ended
        async with opened(settings) as core:
            gate = Gate(core, turn, texts, person(), asking(), say)
            return await gate.carry_out(kind, name, ref, digest)
