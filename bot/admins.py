"""The whitelist, and what is known of each person on it: language, and whether our messages arrive."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import structlog

from services.models import Person
from services.phrases import Phrase
from services.store import Store
from services.store.people import Admin

log = structlog.get_logger(__name__)

__all__ = ["Admin", "Admins"]


class Admins:
    """`ids` may be replaced while running: a removed admin is a stranger from then on."""

    def __init__(self, ids: Collection[int], store: Store, clock: Callable[[], float] = time.time) -> None:
        self.ids = frozenset(ids)
        self._people = store.people
        self._outbox = store.outbox
        self._clock = clock

    async def seen(self, person: Person, language: str, *, private: bool) -> None:
        """An admin spoke. Only a private chat proves that our messages reach them."""
        await self._people.seen(person.id, person.name, language, self._clock(), private=private)

    async def stranger(self, user_id: int) -> None:
        """Somebody else spoke: they get silence, and their id is logged once."""
        if await self._people.stranger(user_id, self._clock()):
            log.warning("a stranger was turned away", user_id=user_id)

    async def language(self, user_id: int) -> str:
        return await self._people.language(user_id)

    async def choose_language(self, user_id: int, language: str) -> None:
        await self._people.choose_language(user_id, language)

    async def chosen(self, user_id: int) -> str | None:
        """The language that they chose themselves, if they did."""
        found = await self._people.admins([user_id])
        return found[0].language if found[0].chosen else None

    async def known(self) -> list[Admin]:
        return await self._people.admins(sorted(self.ids))

    async def unreachable(self) -> list[Admin]:
        return [admin for admin in await self.known() if not admin.reachable]

    async def reached(self, user_id: int) -> None:
        """Our messages arrive (again)."""
        await self._people.set_reachable(user_id, reachable=True, now=self._clock())

    async def lost(self, user_id: int) -> None:
        """Our messages do not arrive. The others are told, once per change."""
        if user_id not in self.ids:
            return
        if not await self._people.set_reachable(user_id, reachable=False, now=self._clock()):
            return
        log.warning("an admin cannot be reached", user_id=user_id)
        admins = await self.known()
        name = next((admin.name for admin in admins if admin.user_id == user_id), "")
        phrase = Phrase(id="notice-admin-unreachable", args={"name": name or "?", "id": str(user_id)})
        others = [admin.user_id for admin in admins if admin.reachable and admin.user_id != user_id]
        await self._outbox.notice(phrase, others, self._clock())
