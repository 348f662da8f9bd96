"""The command line: `run` starts the bot, `check` only validates the settings, `demo` needs none.

The operations from a terminal are in bot/terminal.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from importlib.metadata import version

from bot import lazy_models, terminal
from bot.settings import Settings, SettingsError, load
from services.errors import OpsgateError

FAILED, INVALID, INTERRUPTED = 1, 2, 130
"""Exit statuses: an error while running, settings that are not valid (argparse uses it too), Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and gives the exit status."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    command = arguments.command
    if command is None:
        parser.print_help()
        return 0
    if command == "demo":
        return _demo(arguments)
    try:
        settings = load()
        if command in terminal.COMMANDS:
            return terminal.run(settings, arguments)
        return _check(settings) if command == "check" else _run(settings)
    except SettingsError as error:
        print(*error.lines, sep="\n", file=sys.stderr)  # noqa: T201 - what a command line is for
        return INVALID
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="opsgate",
        description="A Telegram operator for Docker Compose servers.",
        epilog="Reads .env and opsgate.toml from the current directory.",
    )
    parser.add_argument("--version", action="version", version=f"opsgate {version('opsgate')}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("run", help="start the bot", description="Start the bot.")
    terminal.add_commands(commands)
    commands.add_parser(
        "check", help="validate the settings, start nothing", description="Validate the settings."
    )
    demo = commands.add_parser(
        "demo",
        help="try Opsgate in a browser, against a practice server",
        description="Try Opsgate in a browser, against a practice server. Needs no settings, no token and no Docker.",
        epilog="Reads no settings and leaves nothing behind.",
    )
    demo.add_argument(
        "--engine", choices=["simulated", "docker"], default="simulated", help="of the practice server"
    )
    demo.add_argument(
        "--port", type=_port, help="of the page on this machine (default: 8765, or any free one)"
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65_535:  # noqa: PLR2004 - the last port
        raise argparse.ArgumentTypeError(f"not a port: {text}")
    return int(text)


def _demo(arguments: argparse.Namespace) -> int:
    # Imported here: nothing of the demo is loaded where production runs.
    from bot.sandbox import demo

    return demo.run(arguments)


def _check(settings: Settings) -> int:
    for warning in settings.warnings:
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201 - what a command line is for
    counted = ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in (
            (len(settings.admin_ids), "admin"),
            (len(settings.projects), "project"),
            (len(settings.hosts), "host"),
        )
    )
    print(f"settings are valid: {counted}")  # noqa: T201 - what a command line is for
    return 0


def _run(settings: Settings) -> int:
    # Imported here: aiogram takes seconds, and `check` must answer at once.
    import structlog

    from bot import logging as logs

    logs.configure(settings.log_format, settings.log_level, [settings.bot_token])
    log = structlog.get_logger("opsgate")
    for warning in settings.warnings:
        log.warning(warning)
    try:
        settings.make_data_dir()
        return asyncio.run(_started(settings))
    except OpsgateError as error:
        log.debug("stopped by an error", exc_info=error)
        print(logs.redact(f"opsgate: {error}"), file=sys.stderr)  # noqa: T201 - what a command line is for
        return FAILED


async def _started(settings: Settings) -> int:
    lazy_models.import_aiogram()
    from bot.app import run
    from bot.logging import watch_loop

    watch_loop(asyncio.get_running_loop())
    return await run(settings)
