"""The one default-deny door: a listed human, known by number, in an allowed chat, speaking for themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Chat, ChatMemberUpdated, Message, TelegramObject, Update, User

from bot.admins import Admins
from bot.texts import Catalogues, Texts, language_of
from bot.views.parts import clean
from services.models import Origin, Person

log = structlog.get_logger(__name__)

SHARED_IDS = frozenset({1087968824, 136817688, 777000})
"""Ids that stand for no single human: anonymous admin, channel sender, Telegram itself."""


@dataclass(frozen=True)
class Visitor:
    """Who was let in, where they spoke, and their language."""

    person: Person
    texts: Texts
    chat_id: int
    update_id: int
    private: bool

    def origin(self, message_id: int | None = None) -> Origin:
        """Where an operation that they ask for now comes from."""
        return Origin(chat_id=self.chat_id, message_id=message_id, update_id=self.update_id)


class Access(BaseMiddleware):
    """Outer middleware of updates. Who is not let in gets silence; handlers find `visitor` in their data."""

    def __init__(self, admins: Admins, catalogues: Catalogues) -> None:
        self._admins = admins
        self._catalogues = catalogues

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        visitor = await self._admit(event) if isinstance(event, Update) else None
        if visitor is None:
            return None
        data["visitor"] = visitor
        return await handler(event, data)

    async def _admit(self, update: Update) -> Visitor | None:
        user: User | None
        chat: Chat | None
        if update.message is not None:
            user, chat = speaker(update.message), update.message.chat
        elif update.callback_query is not None:
            user, chat = tapper(update.callback_query)
        elif update.my_chat_member is not None:
            user, chat = update.my_chat_member.from_user, update.my_chat_member.chat
        else:
            return None
        if user is None or chat is None or not await self._listed(user) or not allowed_chat(chat, user):
            return None
        return await self._welcome(update, user, chat)

    async def _listed(self, user: User) -> bool:
        if user.is_bot or user.id in SHARED_IDS:
            return False
        if user.id in self._admins.ids:
            return True
        await self._admins.stranger(user.id)
        return False

    async def _welcome(self, update: Update, user: User, chat: Chat) -> Visitor:
        person = Person(id=user.id, name=clean(user.full_name, 64) or str(user.id))
        private = chat.type == "private"
        if update.my_chat_member is None:  # whoever blocks the bot also causes an update
            await self._admins.seen(person, language_of(user.language_code), private=private)
        texts = self._catalogues[await self._admins.language(user.id)]
        return Visitor(person, texts, chat.id, update.update_id, private)


def speaker(message: Message) -> User | None:
    """The human who wrote this text themselves, just now; None for everything else that looks like a message."""
    borrowed = (
        message.sender_chat  # anonymous admins, channels, linked channels
        or message.via_bot
        or message.sender_business_bot
        or message.business_connection_id
        or message.guest_query_id
        or message.forward_origin
        or message.forward_date
        or message.is_automatic_forward
        or message.edit_date
    )
    if borrowed or message.text is None:  # a caption is not a command
        return None
    return message.from_user


def tapper(query: CallbackQuery) -> tuple[User, Chat | None]:
    """Who tapped, and in which chat; a tap on an inline message has none."""
    return query.from_user, query.message.chat if query.message else None


def allowed_chat(chat: Chat, user: User) -> bool:
    """Their own private chat, or a group in which a listed human speaks."""
    return chat.id == user.id if chat.type == "private" else chat.type in {"group", "supergroup"}


def blocked_or_back(event: ChatMemberUpdated) -> bool | None:
    """Of a private chat: False when the person blocked the bot, True when they came back; None for groups."""
    if event.chat.type != "private":
        return None
    return event.new_chat_member.status not in {"kicked", "left"}
