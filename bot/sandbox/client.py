"""The scripting side from Python: play users, cause trouble, look at what the bot did."""

import asyncio
import time
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.sandbox.errors import Json
from bot.sandbox.played import (
    ChatRef,
    Sent,
    SimChat,
    SimError,
    SimMessage,
    SimTimeout,
    SimUser,
    Tap,
    User,
    id_of,
)


class Outage:
    """A fault in force: await it to put it in force until lifted, or use it as `async with`."""

    def __init__(self, sim: "Sim", settings: Json) -> None:
        self._sim, self._settings = sim, settings
        self.id = 0

    def __await__(self) -> Generator[Any, None, "Outage"]:
        return self._begin().__await__()

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.lift()

    async def lift(self) -> None:
        """Ends it."""
        await self._sim.ask("faults/lift", id=self.id)

    async def _begin(self) -> "Outage":
        self.id = (await self._sim.ask("faults/add", **self._settings))["id"]
        return self


class Sim:
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

    # People and chats

    async def user(
        self,
        user_id: int,
        first_name: str = "Ann",
        *,
        username: str | None = None,
        language_code: str | None = "en",
        is_bot: bool = False,
        start: bool = False,
    ) -> SimUser:
        """Creates an account; with `start` it also presses Start."""
        user = SimUser(user_id, first_name, username, language_code, is_bot)
        await self.ask("users", **vars(user))
        if start:
            await self.start(user)
        return user

    async def start(self, user: User, payload: str = "") -> Sent:
        """Presses Start: opens the private chat (or unblocks the bot) and sends `/start`."""
        return Sent(**await self.ask("start", user_id=id_of(user), payload=payload))

    async def group(
        self,
        title: str,
        members: dict[User, str] | Iterable[User],
        *,
        kind: str = "group",
        bot: str = "member",
    ) -> SimChat:
        """Creates a group, supergroup or channel with the bot in it; members map to their status."""
        pairs = members.items() if isinstance(members, dict) else ((user, "member") for user in members)
        given = {str(id_of(user)): status for user, status in pairs}
        chat = await self.ask("groups", title=title, members=given, type=kind, bot_status=bot)
        return SimChat(chat["id"], chat["type"], chat["title"])

    async def block(self, user: User) -> None:
        """The user blocks the bot."""
        await self.ask("block", user_id=id_of(user), blocked=True)

    async def unblock(self, user: User) -> None:
        """The user unblocks the bot, without writing."""
        await self.ask("block", user_id=id_of(user), blocked=False)

    async def deactivate(self, user: User) -> None:
        """The account is deleted."""
        await self.ask("deactivate", user_id=id_of(user))

    async def bot_status(self, chat: ChatRef, status: str, by: User) -> None:
        """Somebody makes the bot `member`, `administrator`, `left` or `kicked`."""
        await self.ask("bot_status", chat_id=id_of(chat), status=status, by=id_of(by))

    async def migrate(self, chat: ChatRef) -> SimChat:
        """The group becomes a supergroup; returns the new chat."""
        new = await self.ask("migrate", chat_id=id_of(chat))
        return SimChat(new["id"], new["type"], new["title"])

    # What people do

    async def say(
        self,
        user: User,
        text: str,
        chat: ChatRef | None = None,
        *,
        age: float = 0.0,
        forward_from: int | str | None = None,
        via_bot: str | None = None,
        anonymous: bool | None = None,
        sender_chat: ChatRef | None = None,
        reply_to: "Sent | SimMessage | None" = None,
        photo: bool | None = None,
        document: str | None = None,
        content: str | None = None,
        extra: Json | None = None,
    ) -> Sent:
        """Sends a message, in the private chat unless `chat` is given (in a channel: a channel post).

        `age` dates it that many seconds back. `forward_from` is a user id or a hidden user's name.
        `anonymous` writes as the group's anonymous admin, `sender_chat` in the name of a channel.
        With `photo`, or `document` (a file name, with `content`), the text is the caption.
        `extra` overrides any field of the Bot API message.
        """
        given = {
            "user_id": id_of(user),
            "text": text,
            "chat_id": None if chat is None else id_of(chat),
            "date": int(time.time() - age) if age else None,
            "sender_chat": None if sender_chat is None else id_of(sender_chat),
            "reply_to": None if reply_to is None else reply_to.message_id,
        }
        options = {"forward_from": forward_from, "via_bot": via_bot, "anonymous": anonymous, "photo": photo}
        attached = {"document": document, "content": content, "extra": extra}
        return Sent(**await self.ask("say", **given, **options, **attached))

    async def edit(self, user: User, message: "Sent | SimMessage", text: str) -> Sent:
        """Edits a message that a person sent."""
        numbers = {"chat_id": message.chat_id, "message_id": message.message_id}
        return Sent(**await self.ask("edit", user_id=id_of(user), text=text, **numbers))

    async def tap(
        self,
        user: User,
        message: "SimMessage | Sent",
        button: str | None = None,
        *,
        data: str | None = None,
        forged: bool | None = None,
        stale: bool | None = None,
        inaccessible: bool | None = None,
        age: float = 0.0,
    ) -> Tap:
        """Taps the first button whose label begins with `button`, or whose callback data is `data`.

        `stale` also finds buttons of earlier looks (a screen that has not caught up); `forged` sends `data`
        as it is; `inaccessible` hides the message; `age` dates the query back, so that it can expire.
        """
        numbers = {"user_id": id_of(user), "chat_id": message.chat_id, "message_id": message.message_id}
        options = {"forged": forged, "stale": stale, "inaccessible": inaccessible, "age": age}
        return Tap(**await self.ask("tap", **numbers, button=button, data=data, **options))

    async def inject(self, update: Json, *, forced: bool = False) -> int:
        """Queues any object as an update and returns its `update_id` (given or next).

        `forced` delivers it once even if its id was confirmed already.
        """
        return int(await self.ask("inject", update=update, forced=forced))

    async def replay(self, what: "Sent | Tap | int", *, same_id: bool = True) -> int:
        """Queues an earlier update again: with its own id even if confirmed, or with a new one."""
        update_id = what if isinstance(what, int) else what.update_id
        return int(await self.ask("replay", update_id=update_id, same_id=same_id))

    async def freeze(self, message: SimMessage) -> None:
        """Edits of this message are refused from now on."""
        await self.ask("freeze", chat_id=message.chat_id, message_id=message.message_id)

    async def delete(self, message: "SimMessage | Sent") -> None:
        """The message disappears."""
        await self.ask("delete", chat_id=message.chat_id, message_id=message.message_id)

    async def clock(self, shift: float) -> None:
        """The server's clock runs `shift` seconds ahead from now on; taps expire after 150 seconds of it."""
        await self.ask("clock", shift=shift)

    # Trouble

    def outage(
        self,
        kind: str = "refuse",
        *,
        methods: Iterable[str] = (),
        times: int | None = None,
        seconds: float | None = None,
        retry_after: int | None = None,
        status: int | None = None,
        body: str | None = None,
        content_type: str | None = None,
    ) -> Outage:
        """Trouble for the Bot API side: `await` the result, or use it with `async with`.

        Kinds: `refuse` (socket closed; no other settings), `drop` (cut before the call is performed),
        `lose_response` (cut after), `hang` (not performed, cut after `seconds` or when lifted), `answer`
        (`status`, `body`, `content_type`; by default nginx's 502 page), `502` (the same), `flood`
        (429 with `retry_after`), `unauthorized` (401). For all methods or `methods`, until lifted or for `times` calls.
        """
        settings = {
            "kind": "answer" if kind == "502" else kind,
            "methods": list(methods),
            "times": times,
            "seconds": seconds,
            "retry_after": retry_after,
            "status": status,
            "body": body,
            "content_type": content_type,
        }
        return Outage(self, settings)

    async def lift_all(self) -> None:
        """Ends all outages."""
        await self.ask("faults/lift")

    async def flood(self, mode: str | None = None, **limits: float) -> Json:
        """Flood limits: `telegram`, `off`, or the fields of `bot.sandbox.flood.Limits`."""
        return dict(await self.ask("flood", mode=mode, **limits))

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
        since: int = 0,
        by_bot: bool = True,
        timeout: float = 10.0,  # noqa: ASYNC109 the server waits, not this coroutine
    ) -> SimMessage:
        """The newest message that fits all that is given, now or within `timeout` seconds.

        It contains `text`, matches `regex` (searched, dot matches newlines), has a button whose label begins
        with `button`, carries a document, is `message`, and appeared or changed after the mark `since`.

        Raises:
            SimTimeout: with the chat as it was then.
        """
        wanted = {
            "text": text,
            "regex": regex,
            "button": button,
            "document": document,
            "message_id": None if message is None else message.message_id,
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
