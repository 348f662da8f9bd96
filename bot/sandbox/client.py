"""The scripting side from Python: play users, cause trouble, look at what the bot did."""

import time
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any, Self

from bot.sandbox.errors import Json
from bot.sandbox.played import (
    ChatRef,
    Sent,
    SimChat,
    SimMessage,
    SimUser,
    Tap,
    User,
    id_of,
)
from bot.sandbox.watching import Watcher


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


class Sim(Watcher):
    """One connection to the scripting side of a local Bot API: plays people and causes trouble."""

    # People and chats

    async def user(
        self,
        user_id: int,
        first_name: str = "Ann",
        *,
        username: str | None = None,
        language_code: str | None = "en",
        is_bot: bool = False,
        role: str | None = None,
        start: bool = False,
    ) -> SimUser:
        """Creates an account; with `start` it also presses Start. The chat page shows its `role`."""
        user = SimUser(user_id, first_name, username, language_code, is_bot, role)
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

    # Days of a practice host

    async def days(self) -> list[Json]:
        """Every day in its order: name, kind (once or lasting), active, options."""
        return list(await self.ask("days"))

    async def bad_day(self, name: str, **options: float) -> Json:
        """Begins a day of the practice host; returns when it is in force."""
        return dict(await self.ask("days/begin", name=name, **options))

    async def good_day(self, name: str | None = None) -> None:
        """Ends a day, or all that are under way."""
        await self.ask("days/end", name=name)
