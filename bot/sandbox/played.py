"""What the scripting side hands out: people, chats, messages and taps, as they were when asked for."""

from dataclasses import dataclass, field

from bot.sandbox.errors import Json


class SimError(Exception):
    """The script asked for something impossible, such as a button that is not there."""


class SimTimeout(AssertionError):
    """Nothing fitting appeared in time; the text shows the chat as it was then."""


@dataclass(frozen=True)
class SimUser:
    """An account that was created. Its `id` is also the id of its private chat."""

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    role: str | None = None


@dataclass(frozen=True)
class SimChat:
    """A group, supergroup or channel."""

    id: int
    type: str
    title: str


@dataclass(frozen=True)
class Sent:
    """A message that a person sent; `update_id` is None when the bot does not get to see it."""

    chat_id: int
    message_id: int
    update_id: int | None


@dataclass(frozen=True)
class Tap:
    """A tap on a button."""

    callback_query_id: str
    update_id: int | None


@dataclass(frozen=True)
class SimMessage:
    """A message as it looked when it was asked for.

    `text` is the text, the caption, or the words of a rich message; `buttons` are Bot API buttons, row by row;
    `history` holds each look (`at`, text, entities, reply_markup), oldest first; `raw` is the Bot API object.
    """

    chat_id: int
    message_id: int
    by_bot: bool
    deleted: bool
    silent: bool
    touched: int
    text: str
    buttons: list[Json]
    reply_to: int | None
    history: list[Json]
    raw: Json = field(repr=False)

    @property
    def labels(self) -> list[str]:
        """What is written on the buttons."""
        return [button["text"] for button in self.buttons]

    @property
    def file_id(self) -> str | None:
        """The id of the document or photo it carries."""
        file = self.raw.get("document") or (self.raw.get("photo") or [{}])[-1]
        return str(file["file_id"]) if file else None


User = int | SimUser
ChatRef = int | SimUser | SimChat


def id_of(reference: ChatRef) -> int:
    """The number of a user or chat."""
    return reference if isinstance(reference, int) else reference.id
