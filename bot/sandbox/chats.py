"""People, chats, messages and files as Telegram would hold them, in memory."""

import mimetypes
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.errors import Json

ANONYMOUS_ADMIN = 1087968824
"""The account in whose name anonymous group administrators write."""
CONTENT = ("text", "entities", "caption", "caption_entities", "rich_message", "reply_markup")
"""The fields of a message that an edit replaces."""


@dataclass
class User:
    """An account, human or bot."""

    id: int
    first_name: str
    is_bot: bool = False
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    deactivated: bool = False
    role: str | None = None
    """What the chat page writes beside the name, such as "admin"; the bot never sees it."""

    def shown(self) -> Json:
        """As a Bot API `User`."""
        optional = {
            "last_name": self.last_name,
            "username": self.username,
            "language_code": self.language_code,
        }
        return {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name} | {
            name: value for name, value in optional.items() if value
        }


@dataclass
class Message:
    """A message as it looks now, and every look it had before, oldest first."""

    chat: "Chat"
    shown: Json
    by_bot: bool
    history: list[Json] = field(default_factory=list)
    deleted: bool = False
    frozen: bool = False
    silent: bool = False
    touched: int = 0

    @property
    def id(self) -> int:
        """The message's number within its chat."""
        return int(self.shown["message_id"])

    def content(self) -> Json:
        """The editable part: text or caption, entities, keyboard."""
        return {name: self.shown[name] for name in CONTENT if name in self.shown}

    def replace_content(self, content: Json, at: float) -> None:
        """Swaps the editable part and remembers the look that ends now; `at` is in Unix seconds."""
        for name in CONTENT:
            self.shown.pop(name, None)
        self.shown.update(content)
        self.shown["edit_date"] = int(at)
        self.history.append(self.snapshot(at))

    def snapshot(self, at: float) -> Json:
        """How the message looks, with the time in Unix seconds (with fractions)."""
        return {"at": at, **self.content()}


@dataclass
class Chat:
    """A private chat (its id is the user's), a group, a supergroup or a channel."""

    id: int
    type: str
    title: str | None = None
    user: User | None = None
    members: dict[int, str] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    migrated_to: int | None = None
    blocked: bool = False
    pinned: list[int] = field(default_factory=list)
    menu_button: Json | None = None
    _last_message: int = 0

    def next_message_id(self) -> int:
        """The number for a new message."""
        self._last_message += 1
        return self._last_message

    def message(self, message_id: int) -> Message | None:
        """A message that is still there."""
        found = self.messages.get(message_id)
        return None if found is None or found.deleted else found

    def shown(self) -> Json:
        """As a Bot API `Chat`."""
        if self.user is None:
            return {"id": self.id, "type": self.type, "title": self.title}
        names = {
            name: value
            for name, value in self.user.shown().items()
            if name in {"first_name", "last_name", "username"}
        }
        return {"id": self.id, "type": self.type, **names}


@dataclass(frozen=True)
class Upload:
    """A file as it arrived in a request."""

    name: str
    content: bytes
    mime: str


@dataclass(frozen=True)
class StoredFile:
    """A file that can be fetched again by its id."""

    id: str
    unique_id: str
    path: str
    name: str
    mime: str
    content: bytes

    def shown(self) -> Json:
        """The fields that every file object has."""
        return {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": len(self.content)}


class Files:
    """Everything that was uploaded."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}

    def add(self, upload: Upload, folder: str) -> StoredFile:
        """Keeps an upload under `folder`/file_<n>."""
        number = len(self._by_id)
        suffix = "." + upload.name.rsplit(".", 1)[1] if "." in upload.name else ""
        mime = mimetypes.guess_type(upload.name)[0] or upload.mime
        stored = StoredFile(
            f"LOCAL{number:08d}",
            f"U{number:08d}",
            f"{folder}/file_{number}{suffix}",
            upload.name,
            mime,
            upload.content,
        )
        self._by_id[stored.id] = self._by_path[stored.path] = stored
        return stored

    def by_id(self, file_id: str) -> StoredFile | None:
        """The file of a `file_id`."""
        return self._by_id.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        """The file of a `file_path`."""
        return self._by_path.get(path)


@dataclass
class CallbackQuery:
    """A tap that waits for its answer, with the answers it got."""

    id: str
    user_id: int
    asked_at: float
    data: str
    chat_id: int
    message_id: int
    answers: list[Json] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """As the scripting side shows it."""
        return dict(vars(self))
