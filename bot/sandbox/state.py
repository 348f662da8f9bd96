"""Everything the local Bot API knows, and the few rules that several rooms share."""

import os
import time
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.chats import CallbackQuery, Chat, Files, Message, User
from bot.sandbox.errors import Json, bad_request, forbidden, migrated
from bot.sandbox.events import Feed
from bot.sandbox.faults import Faults
from bot.sandbox.flood import TELEGRAM, Flood, Limits
from bot.sandbox.updates import UpdateQueue

_KEPT_CALLS = 10_000


@dataclass
class Call:
    """One request of the bot and what it was answered."""

    seq: int
    method: str
    parameters: Json
    at: float
    status: int = 0
    answer: Any = None
    fault: str | None = None
    took: float = 0.0

    def report(self) -> Json:
        """As the scripting side shows it."""
        return dict(vars(self))


@dataclass
class State:
    """One bot, its users and chats, and all that was said."""

    token: str
    limits: Limits = TELEGRAM
    username: str = "opsgate_local_bot"
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    callbacks: dict[str, CallbackQuery] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    profile: dict[tuple[str, str], str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    menu_button: Json = field(default_factory=lambda: {"type": "commands"})
    skew: float = 0.0
    logged_out: bool = False

    def __post_init__(self) -> None:
        self.born = (
            f"{os.getpid()}-{time.time_ns()}"  # tells a reader that its place in the feed is of another one
        )
        self.bot = User(int(self.token.split(":")[0]), "Opsgate", is_bot=True, username=self.username)
        self.feed = Feed()
        self.updates = UpdateQueue(self.feed)
        self.files = Files()
        self.faults = Faults()
        self.flood = Flood(self.limits, time.monotonic)
        self._last_group = 4_000_000
        self._last_callback = 5_000_000_000_000_000
        self._last_call = 0

    def now(self) -> float:
        """Unix time in seconds as this server sees it; the scripting side can shift it."""
        return time.time() + self.skew

    def new_group_id(self, kind: str) -> int:
        """An id as Telegram gives it: groups are small negatives, the others begin with -100."""
        self._last_group += 1
        return -self._last_group if kind == "group" else -1_000_000_000_000 - self._last_group

    def new_callback_id(self) -> str:
        """The id of a new callback query."""
        self._last_callback += 1
        return str(self._last_callback)

    def begin_call(self, method: str) -> Call:
        """Starts the record of a request; the oldest records are dropped."""
        self._last_call += 1
        call = Call(self._last_call, method, {}, self.now())
        self.calls.append(call)
        del self.calls[:-_KEPT_CALLS]
        return call

    def reachable_chat(self, chat_id: int | str | None, *, writing: bool = True) -> Chat:
        """The chat that a method names, when the bot may use it.

        Raises:
            ApiError: 400 when it is unknown or has become a supergroup, 403 when the bot may not write there.
        """
        if chat_id is None:
            raise bad_request("chat_id is empty")
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else None  # public names are not served
        if chat is None:
            if writing and chat_id in self.users:
                raise forbidden("bot can't initiate conversation with a user")
            raise bad_request("chat not found")
        _check_access(chat, self.bot.id, writing=writing)
        return chat

    def post(self, chat: Chat, shown: Json, *, by_bot: bool, silent: bool = False) -> Message:
        """Adds a message to a chat; `shown` lacks only the number and the chat."""
        shown = {"message_id": chat.next_message_id(), "chat": chat.shown(), "date": int(self.now()), **shown}
        message = Message(chat, shown, by_bot, silent=silent)
        message.history.append(message.snapshot(self.now()))
        chat.messages[message.id] = message
        self.tell("message", message, by_bot=by_bot)
        return message

    def tell(self, kind: str, message: Message, **data: Any) -> None:
        """Emits an event about a message and marks the message as changed then."""
        self.feed.emit(kind, chat_id=message.chat.id, message_id=message.id, **data)
        message.touched = self.feed.last

    def bot_status(self, chat: Chat) -> str:
        """The bot's status in a group or channel."""
        return chat.members.get(self.bot.id, "left")


def _check_access(chat: Chat, bot_id: int, *, writing: bool) -> None:
    if chat.user is not None:
        _check_private(chat, chat.user, writing=writing)
        return
    if chat.migrated_to is not None and writing:
        raise migrated(chat.migrated_to)
    status = chat.members.get(bot_id, "left")
    if status == "kicked":
        raise forbidden(f"bot was kicked from the {chat.type} chat")
    if status == "left":
        raise forbidden(f"bot is not a member of the {chat.type} chat")
    if writing and chat.type == "channel" and status != "administrator":
        raise bad_request("need administrator rights in the channel chat")


def _check_private(chat: Chat, user: User, *, writing: bool) -> None:
    if not writing:
        return
    if user.deactivated:
        raise forbidden("user is deactivated")
    if user.is_bot:
        raise forbidden("bot can't send messages to bots")
    if chat.blocked:
        raise forbidden("bot was blocked by the user")
