"""The last state of an operation is shown, whenever it comes."""

from __future__ import annotations

from bot.admins import Admins
from services.models import State
from tests.integration.bot.chat import Chat
from tests.integration.bot.test_intake import until
from tests.unit.bot.stage import ANNA, BORIS


async def test_what_changes_while_a_message_is_made_is_shown_after_all(chat: Chat) -> None:
    """The last state wins, also when it comes between reading the old one and sending it."""
    stored = await chat.running()

    class Slow(Admins):
        async def language(self, user_id: int) -> str:
            if stored.id in waiting:
                waiting.remove(stored.id)
                await chat.finished(stored, State.SUCCEEDED, everybody=False)
            return await super().language(user_id)

    waiting = [stored.id]
    await chat.store._database.write("UPDATE outbox SET state = 'dead' WHERE kind = 'card'")
    chat.admins = Slow((ANNA.id, BORIS.id), chat.store)
    chat.deliver()
    await until(lambda: _says(chat, "succeeded"))
    first = next(m for m in await chat.sim.messages(ANNA.id, by_bot=True) if m.text.startswith(("⏳", "✅")))
    assert "running" not in first.text


async def _says(chat: Chat, word: str) -> bool:
    return any(word in m.text for m in await chat.sim.messages(ANNA.id, by_bot=True))
