"""A secret on its way in: taken out of an update before the update is stored, so that no table ever holds it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from typing import Any

from services.env_edits.wishes import Wishes

ASKED_FOR = 120.0
"""Seconds within which the next message of a person is the value that they were asked for."""
HIDDEN = "•••"
_COMMAND = re.compile(r"/env(?:@\w+)?(?=\s)", re.IGNORECASE)
_KEPT = frozenset({
    "message_id", "message_thread_id", "date", "edit_date", "chat", "from", "sender_chat", "via_bot",
    "sender_business_bot", "business_connection_id", "guest_query_id", "forward_origin", "forward_date",
    "is_automatic_forward",
})  # fmt: skip
"""Of a message whose text is hidden: who wrote it, where, when and how. Everything else may quote the text."""


class Sealing:
    """Hides what may hold a value, of listed people only. What was hidden is handed to the handler by the update's id."""

    def __init__(
        self, wishes: Wishes, admins: Callable[[], Collection[int]], clock: Callable[[], float] = time.time
    ) -> None:
        self._wishes = wishes
        self._admins = admins
        self._clock = clock

    # --- asking for a value ---

    def ask(self, person: int, chat: int, project: str, key: str) -> None:
        """The next message of this person in this chat is the value: once, and within ASKED_FOR."""
        until = str(self._clock() + ASKED_FOR)
        self._wishes.put(_asked(person, chat), {"project": project, "key": key, "until": until})

    def stop_asking(self, person: int, chat: int) -> None:
        self._wishes.forget(_asked(person, chat))

    # --- updates ---

    def seal(self, update: dict[str, Any]) -> dict[str, Any]:
        """The update as it may be stored. Raises OSError when what it holds cannot be kept: it stays with Telegram then."""
        message = update.get("message")
        if not isinstance(message, dict):
            return update
        sender, chat, update_id = _id(message.get("from")), _id(message.get("chat")), int(update["update_id"])
        if sender is None or chat is None or sender not in self._admins():
            return update
        kept = {name: value for name, value in message.items() if name in _KEPT}
        if not isinstance(text := message.get("text"), str):
            return {**update, "message": kept} if self._holds_caption(message, sender, chat) else update
        if self._holds_value(update_id, text, sender, chat, message):
            hidden = f"/env {HIDDEN}" if _COMMAND.match(text) else HIDDEN
            return {**update, "message": {**kept, "text": hidden}}
        return update

    def _holds_caption(self, message: dict[str, Any], sender: int, chat: int) -> bool:
        """Words under a picture or a file are never taken for a command or an answer, but may be meant as one."""
        caption = message.get("caption")
        return isinstance(caption, str) and (
            _COMMAND.match(caption) is not None or self._wishes.take(_asked(sender, chat)) is not None
        )

    def _holds_value(
        self, update_id: int, text: str, sender: int, chat: int, message: dict[str, Any]
    ) -> bool:
        """Whether the text may hold a value; then it lies in a file of its own from now on."""
        if self.sealed(update_id) is not None:  # it came before, and we ended before it was stored
            return True
        if _COMMAND.match(text):
            self._wishes.put(_sealed(update_id), {"args": "".join(text.split(None, 1)[1:])})
        elif not text.startswith("/") and (asked := self._asked_for(sender, chat, message)):
            self._wishes.put(_sealed(update_id), {**asked, "value": text})
        else:
            if text.startswith("/"):
                self.stop_asking(sender, chat)
            return False
        self.stop_asking(sender, chat)
        return True

    def _asked_for(self, sender: int, chat: int, message: dict[str, Any]) -> dict[str, str | None] | None:
        """An answer to the question that comes too late is one too: it may hold the value all the same."""
        found = self._wishes.take(_asked(sender, chat))
        if found is None:
            return None
        late = float(found.get("until") or 0) < self._clock()
        if late and "reply_to_message" not in message:
            return None
        return {"project": found.get("project"), "key": found.get("key"), "late": "yes" if late else None}

    def sealed(self, update_id: int) -> dict[str, str | None] | None:
        """What was hidden of an update: `args` of a command, or `project`, `key` and `value` of an answer."""
        return self._wishes.take(_sealed(update_id))

    def forget(self, update_id: int) -> None:
        """The update was handled."""
        self._wishes.forget(_sealed(update_id))


def _id(one: Any) -> int | None:
    found = one.get("id") if isinstance(one, dict) else None
    return found if isinstance(found, int) else None


def _asked(person: int, chat: int) -> str:
    return f"asked-{person}_{chat}"


def _sealed(update_id: int) -> str:
    return f"sealed-{update_id}"
