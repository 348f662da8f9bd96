"""What a person's own Telegram knows besides messages: who is there, and what the bot offers in a chat."""

from collections.abc import Iterator

from bot.sandbox.chats import Chat, User
from bot.sandbox.errors import Json
from bot.sandbox.people import chat_of, user_of
from bot.sandbox.state import State

_ADMINISTRATORS = frozenset({"creator", "administrator"})


def people(state: State) -> list[Json]:
    """The humans that were created, in that order, with their `role` for the page (the bot never sees it)."""
    return [user.shown() | {"role": user.role} for user in state.users.values() if not user.is_bot]


def offered(state: State, user_id: int, chat_id: int) -> Json:
    """What this person is offered in this chat: `commands`, and the bot's `name`, `description`, `about`.

    A private chat that is not begun has the person's id, and nothing of its own.
    """
    user = user_of(state, user_id)
    chat = state.chats.get(chat_id)
    if chat is None and chat_id != user_id:
        chat = chat_of(state, chat_id)
    language = (user.language_code or "")[:2].lower()
    return {
        "commands": _commands(state, user, chat, language),
        "name": _profile(state, "name", language) or state.bot.first_name,
        "description": _profile(state, "description", language),
        "about": _profile(state, "short_description", language),
    }


def _commands(state: State, user: User, chat: Chat | None, language: str) -> list[Json]:
    """The first list that is not empty, from the narrowest scope on; in each the person's language first.

    The order is that of "Determining list of commands" in the Bot API documentation.
    """
    for scope in _scopes(user, chat):
        for spoken in (language, ""):
            if found := state.commands.get((scope, spoken)):
                return found
    return []


def _scopes(user: User, chat: Chat | None) -> Iterator[str]:
    if chat is None or chat.user is not None:
        yield from (f"chat:{user.id}", "all_private_chats", "default")
        return
    administers = chat.members.get(user.id) in _ADMINISTRATORS
    yield f"chat_member:{chat.id}/{user.id}"
    if administers:
        yield f"chat_administrators:{chat.id}"
    yield f"chat:{chat.id}"
    if administers:
        yield "all_chat_administrators"
    yield from ("all_group_chats", "default")


def _profile(state: State, field: str, language: str) -> str:
    return state.profile.get((field, language)) or state.profile.get((field, ""), "")
