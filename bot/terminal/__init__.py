"""The operations from a terminal, with the same gate, for when Telegram is down. Only arguments are read here.

Everything heavy is imported when a command is known: `opsgate check` must answer at once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import TYPE_CHECKING

from bot.settings import Settings
from services.errors import BadInput, OpsgateError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

FAILED, INVALID, NOT_CONFIRMED, DETACHED = 1, 2, 3, 130
"""Exit statuses besides 0, which only what succeeded has."""

_WHAT = {
    "status": ("[project]", "what runs, and how well"),
    "deploy": ("[project] [ref]", "show a plan, ask, deploy"),
    "rollback": ("[project] [release]", "bring a kept release back; without one, list them"),
    "backup": ("[project]", "a proven database dump, without a question: it changes nothing"),
    "drill": (
        "[project] [backup]",
        "show a plan, ask, restore a backup beside the live database and compare it",
    ),
    "restore": (
        "[project] [backup]",
        "show a plan, ask, have the project's name typed, restore; without a backup, list them",
    ),
    "migrate": ("[project]", "show a plan, ask, run the migrations that came with the release"),
    "lock": (
        "[project] <reason>",
        "refuse whatever changes the project, and say why; backups stay possible",
    ),
    "unlock": ("[project]", "let the project be changed again; every admin is told"),
    "pack": ("[project] [ref]", "write the source as deploy.zip, for a deploy by hand"),
    "manual": ("[project]", "print the commands of a deploy by hand"),
}
_CONFIRMED_BY_DIGEST = frozenset({"deploy", "rollback", "drill", "migrate"})
"""Not a restore: there the project's name must be typed, by somebody who sits at a terminal (R-UX-2)."""
COMMANDS = frozenset({*_WHAT, "backups"})


def add_commands(commands: Subparsers) -> None:
    """Declares them to the command line."""
    for name, (words, what) in _WHAT.items():
        parser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        parser.add_argument("words", nargs="*", metavar=words)
        if name in _CONFIRMED_BY_DIGEST:
            parser.add_argument(
                "--confirm",
                metavar="DIGEST",
                help="confirm exactly the plan that an earlier run has printed (where nobody can be asked)",
            )
        if name == "pack":
            parser.add_argument(
                "-o", "--output", default="deploy.zip", metavar="FILE", help="default: deploy.zip"
            )
            parser.add_argument("--force", action="store_true", help="replace the file if it exists")

    _add_backups(commands)


def _add_backups(commands: Subparsers) -> None:
    what = "list the backups, or take a dump that was made by hand into the catalogue"
    parser = commands.add_parser("backups", help=what, description=f"{what[0].upper()}{what[1:]}.")
    verbs = parser.add_subparsers(dest="verb", metavar="command", required=True)
    listed = verbs.add_parser("list", help="the newest first", description="The backups, newest first.")
    listed.add_argument("words", nargs="*", metavar="[project]")
    taken = verbs.add_parser(
        "import",
        help="check a dump and copy it to the host, so that /restore offers it",
        description="Check a dump made by pg_dump (plain SQL, also gzipped, or -Fc; also encrypted with age), read it "
        "whole, and copy it to the host, so that /restore offers it. Import only what you made yourself: SQL may do "
        "what the database's role may do.",
    )
    taken.add_argument("file", metavar="FILE")
    taken.add_argument("--project", metavar="NAME", help="needed where there are several")
    taken.add_argument(
        "--identity", metavar="FILE", help="the private key of an encrypted file; kept nowhere"
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Carries out one command and gives the exit status."""
    from bot import lazy_models
    from bot import logging as logs

    logs.configure("console", "debug" if settings.log_level == "debug" else "error", [settings.bot_token])
    settings.make_data_dir()
    lazy_models.import_aiogram()
    from bot.terminal import session
    from bot.texts import Catalogues, language_of
    from bot.views.terminal import printable

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no ✓ shows a question mark
    said = next((found for key in ("LC_ALL", "LC_MESSAGES", "LANG") if (found := os.environ.get(key))), "")
    texts = Catalogues(commands="opsgate ")[language_of(said)]
    try:
        return asyncio.run(session.run(settings, arguments, texts))
    except OpsgateError as error:
        print(printable(texts.phrase(error.phrase)), file=sys.stderr)  # noqa: T201 - what a command line is for
        return INVALID if isinstance(error, BadInput) else FAILED
