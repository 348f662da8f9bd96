"""/start, /help, /whoami, the language, and what nobody else understands."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandStart
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from bot import keyboards, menu
from bot.access import Visitor, blocked_or_back
from bot.admins import Admins
from bot.texts import Catalogues
from bot.views import talk
from handlers.replies import acknowledge, say, show, toast
from services.phrases import Phrase
from services.projects import Project

router = Router(name="start")
fallback = Router(name="fallback")


@router.message(CommandStart(ignore_case=True))
async def start(
    _message: Message,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    admins: Admins,
    catalogues: Catalogues,
) -> None:
    await say(bot, visitor, talk.help_text(projects, visitor.texts))
    if visitor.private:
        await menu.publish_for(bot, visitor.person.id, catalogues, await admins.chosen(visitor.person.id))


@router.message(Command("help", ignore_case=True))
async def help_(_message: Message, visitor: Visitor, bot: Bot, projects: Mapping[str, Project]) -> None:
    await say(bot, visitor, talk.help_text(projects, visitor.texts))


@router.message(Command("whoami", ignore_case=True))
async def whoami(_message: Message, visitor: Visitor, bot: Bot) -> None:
    await say(bot, visitor, talk.who_you_are(visitor.person, visitor.chat_id, visitor.texts))


@router.callback_query(F.data.regexp(keyboards.LANGUAGE))
async def choose_language(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    admins: Admins,
    catalogues: Catalogues,
) -> None:
    await acknowledge(query)
    language = (query.data or "")[2:]
    await admins.choose_language(visitor.person.id, language)
    await show(query, visitor, talk.help_text(projects, catalogues[language]))
    await menu.publish_for(bot, visitor.person.id, catalogues, language)


@router.my_chat_member()
async def membership(event: ChatMemberUpdated, visitor: Visitor, admins: Admins) -> None:
    """An admin blocked the bot, or came back."""
    back = blocked_or_back(event)
    if back is False:
        await admins.lost(visitor.person.id)
    elif back:
        await admins.reached(visitor.person.id)


@fallback.message(F.chat.type == "private")
async def unknown(_message: Message, visitor: Visitor, bot: Bot) -> None:
    await say(bot, visitor, talk.phrase(Phrase(id="hint-unknown"), visitor.texts))


@fallback.callback_query()
async def unknown_button(query: CallbackQuery, visitor: Visitor) -> None:
    await toast(query, visitor, Phrase(id="hint-button"))
