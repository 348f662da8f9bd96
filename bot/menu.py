"""The command menu: only admins have one, in their language. For everybody else the bot looks empty."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog
from aiogram import Bot
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeDefault

from bot.admins import Admins
from bot.outcomes import ChatClosed, FloodWait, NoAnswer, NotTaken, TelegramFailure
from bot.texts import LANGUAGES, Catalogues, Texts
from bot.views.talk import COMMANDS

log = structlog.get_logger(__name__)

_ATTEMPTS = 6


def commands(texts: Texts) -> list[BotCommand]:
    """The menu's lines."""
    return [BotCommand(command=name, description=texts(f"help-{name}")) for name in COMMANDS]


async def publish(bot: Bot, admins: Admins, catalogues: Catalogues) -> None:
    """Empties the default menu and sets each admin's. Nobody's trouble keeps the others from theirs."""
    with suppress(TelegramFailure):
        await _patiently(lambda: _empty_default(bot))
    for admin in await admins.known():
        chosen = admin.language if admin.chosen else None
        try:
            await _patiently(partial(publish_for, bot, admin.user_id, catalogues, chosen))
        except ChatClosed:
            await admins.lost(admin.user_id)
        except TelegramFailure as failure:
            log.warning("no command menu", user_id=admin.user_id, failure=str(failure))


async def _patiently(ask: Callable[[], Awaitable[None]]) -> None:
    """Asks again through outages and floods, for some minutes."""
    for attempt in range(_ATTEMPTS):
        try:
            return await ask()
        except FloodWait as failure:
            wait = failure.retry_after
        except (NotTaken, NoAnswer):
            wait = 5.0 * 2**attempt
        await asyncio.sleep(wait)
    return await ask()


async def publish_for(bot: Bot, admin_id: int, catalogues: Catalogues, chosen: str | None = None) -> None:
    """English for every client but Russian ones; a chosen language for all. Raises TelegramFailure."""
    scope = BotCommandScopeChat(chat_id=admin_id)
    await bot.set_my_commands(commands(catalogues[chosen or "en"]), scope=scope)
    await bot.set_my_commands(commands(catalogues[chosen or "ru"]), scope=scope, language_code="ru")


async def _empty_default(bot: Bot) -> None:
    for language in (None, *LANGUAGES):
        await bot.delete_my_commands(scope=BotCommandScopeDefault(), language_code=language)
