"""The scripting side from Python: one connection to it, and what can be seen through it."""

import asyncio
import time
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.sandbox.errors import Json
from bot.sandbox.played import (
    ChatRef,
    Sent,
    SimError,
    SimMessage,
    SimTimeout,
    Tap,
    id_of,
)


class Watcher:
    """One connection to the scripting side of a local Bot API."""

    def __init__(self, url: str, control: str, token: str) -> None:
        self.url, self.control, self.token = url, control, token
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Closes the connection; the server goes on."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ask(self, action: str, **given: Any) -> Any:
        """Any action of the scripting side; values that are None are left out."""
        present = {name: value for name, value in given.items() if value is not None}
        async with self._session.post(f"{self.control}/sim/{action}", json=present) as response:
            if response.content_type != "application/json":
                return await response.read()
            answer = await response.json()
        if response.status != 200:  # noqa: PLR2004 HTTP's OK
            raise SimError(answer["error"])
        return answer["result"]

    # What the bot did

    async def mark(self) -> int:
        """A place in time, for `since`."""
        return int((await self.summary())["seq"])

    async def wait_for(
        self,
        chat: ChatRef,
        text: str | None = None,
        *,
        regex: str | None = None,
        button: str | None = None,
        document: bool | None = None,
        message: "SimMessage | None" = None,
        after: "Sent | SimMessage | None" = None,
        since: int = 0,
        by_bot: bool = True,
        timeout: float = 10.0,  # noqa: ASYNC109 the server waits, not this coroutine
    ) -> SimMessage:
        """The newest message that fits all that is given, now or within `timeout` seconds.

        It contains `text`, matches `regex` (searched, dot matches newlines), has a button whose label begins
        with `button`, carries a document, is `message`, was sent later than the message `after` was, and appeared or
        changed after the mark `since`. The answer to a command is waited for with `after`: an older card may change too.

        Raises:
            SimTimeout: with the chat as it was then.
        """
        wanted = {
            "text": text,
            "regex": regex,
            "button": button,
            "document": document,
            "message_id": None if message is None else message.message_id,
            "after": None if after is None else after.message_id,
        }
        answer = await self.ask(
            "wait", chat_id=id_of(chat), since=since, by_bot=by_bot, timeout=timeout, **wanted
        )
        if answer["message"] is None:
            raise SimTimeout(
                await self._missed({k: v for k, v in wanted.items() if v is not None}, chat, timeout)
            )
        return SimMessage(**answer["message"])

    async def messages(
        self, chat: ChatRef, *, by_bot: bool | None = None, since: int = 0
    ) -> list[SimMessage]:
        """All messages of a chat, oldest first, deleted ones too; those that changed after `since`."""
        found = [SimMessage(**message) for message in await self.ask("messages", chat_id=id_of(chat))]
        return [one for one in found if one.touched > since and by_bot in {None, one.by_bot}]

    async def message(self, message: "SimMessage | Sent") -> SimMessage:
        """The message as it looks now."""
        return next(m for m in await self.messages(message.chat_id) if m.message_id == message.message_id)

    async def stays_quiet(self, chat: ChatRef, since: int, seconds: float = 0.5) -> bool:
        """Whether the bot neither sends nor edits nor deletes anything in the chat, from `since` to `seconds` from now."""
        await asyncio.sleep(seconds)
        return not await self.messages(chat, by_bot=True, since=since)

    async def confirmed(self, what: "Sent | Tap | int", timeout: float = 10.0) -> bool:  # noqa: ASYNC109 the server waits
        """Whether the bot confirms the update (by its next offset) within `timeout` seconds."""
        update_id = what if isinstance(what, int) else what.update_id
        return bool(await self.ask("wait_confirmed", update_id=update_id, timeout=timeout))

    async def polled(self, since: int, timeout: float = 10.0) -> bool:  # noqa: ASYNC109 a deadline for a loop
        """Whether the bot begins a `getUpdates` after the mark `since`, within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            answer = await self.events(since, left)
            if any(event["kind"] == "poll" for event in answer["events"]):
                return True
            since = answer["last"]
        return False

    async def events(self, after: int = 0, timeout: float = 0.0) -> Json:  # noqa: ASYNC109 the server waits
        """`{"events": [...], "last": n}`: what happened after number `after`, waiting for the first."""
        return dict(await self.ask("events", after=after, timeout=timeout))

    async def calls(self, *methods: str, since: int = 0) -> list[Json]:
        """Requests of the bot after number `since`: seq, method, parameters, at, status, answer, fault, took.

        All but getUpdates, or only `methods`.
        """
        return list(await self.ask("calls", methods=list(methods), since=since))

    async def last_call(self) -> int:
        """The number of the newest request, for `calls(since=…)`."""
        return int((await self.summary())["last_call"])

    async def answers(self, tap: Tap) -> list[Json]:
        """The answers that a tap got: text, show_alert, at."""
        queries = await self.ask("callbacks")
        return next(list(query["answers"]) for query in queries if query["id"] == tap.callback_query_id)

    async def commands(self, scope: str = "default", language_code: str = "") -> list[Json]:
        """Registered commands; a chat's scope is written `chat:<id>`."""
        for entry in await self.ask("commands"):
            if (entry["scope"], entry["language_code"]) == (scope, language_code):
                return list(entry["commands"])
        return []

    async def file(self, message: SimMessage) -> bytes:
        """The content of the document or photo that a message carries."""
        return bytes(await self.ask("file", file_id=message.file_id))

    async def summary(self) -> Json:
        """seq, last_call, pending_updates, confirmed, polled, bot, chats."""
        return dict(await self.ask("summary"))

    async def _missed(self, wanted: Json, chat: ChatRef, timeout: float) -> str:  # noqa: ASYNC109 only for the text
        try:
            shown = await self.messages(chat)
        except SimError as error:
            return f"no message with {wanted} in {timeout} s: {error}"
        lines = [
            f"{'bot' if m.by_bot else 'user'} #{m.message_id}: {m.text!r} {m.labels}" for m in shown[-12:]
        ]
        return f"no message with {wanted} in {timeout} s; the chat ends with:\n" + "\n".join(lines)
