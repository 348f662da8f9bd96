"""Methods that only look: chats, members, files; and leaving a chat."""

from bot.sandbox.chats import Chat
from bot.sandbox.errors import Json, bad_request
from bot.sandbox.sending import Uploads
from bot.sandbox.state import State
from bot.sandbox.words import words

MAX_DOWNLOAD = 20_000_000
_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)
_NO_RIGHTS = words(
    "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats ",
    "can_restrict_members can_promote_members can_change_info can_invite_users can_post_stories ",
    "can_edit_stories can_delete_stories can_send_welcome_messages",
)


def get_chat(state: State, given: Json, _files: Uploads) -> Json:
    """Method getChat."""
    chat = state.reachable_chat(given.get("chat_id"), writing=False)
    full = chat.shown() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, False),
    }
    pinned = next((found for number in reversed(chat.pinned) if (found := chat.message(number))), None)
    return full | ({"pinned_message": pinned.shown} if pinned else {})


def get_chat_member(state: State, given: Json, _files: Uploads) -> Json:
    """Method getChatMember."""
    chat = state.reachable_chat(given.get("chat_id"), writing=False)
    return chat_member(state, chat, given.get("user_id", 0))


def get_chat_administrators(state: State, given: Json, _files: Uploads) -> list[Json]:
    """Method getChatAdministrators; other bots only when asked for."""
    chat = state.reachable_chat(given.get("chat_id"), writing=False)
    if chat.user is not None:
        raise bad_request("there are no administrators in the private chat")
    admins = [
        chat_member(state, chat, user_id)
        for user_id, status in chat.members.items()
        if status in {"creator", "administrator"}
    ]
    return [
        admin
        for admin in admins
        if given.get("return_bots") or not admin["user"]["is_bot"] or admin["user"]["id"] == state.bot.id
    ]


def leave_chat(state: State, given: Json, _files: Uploads) -> bool:
    """Method leaveChat."""
    chat = state.reachable_chat(given.get("chat_id"))
    if chat.user is not None:
        raise bad_request("chat member status can't be changed in private chats")
    chat.members[state.bot.id] = "left"
    return True


def get_file(state: State, given: Json, _files: Uploads) -> Json:
    """Method getFile."""
    stored = state.files.by_id(given.get("file_id", ""))
    if stored is None:
        raise bad_request("invalid file_id")
    if len(stored.content) > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return {**stored.shown(), "file_path": stored.path}


def chat_member(state: State, chat: Chat, user_id: int) -> Json:
    """A `ChatMember` of a chat.

    Raises:
        ApiError: 400 when there is no such user.
    """
    user = state.bot if user_id == state.bot.id else state.users.get(user_id)
    if user is None:
        raise bad_request("user not found")
    if chat.user is not None:
        return {"status": "member" if user in {chat.user, state.bot} else "left", "user": user.shown()}
    return member_shown(chat.members.get(user_id, "left"), user.shown())


def member_shown(status: str, user: Json) -> Json:
    """A `ChatMember` with this status."""
    extra: Json = {}
    if status == "creator":
        extra = {"is_anonymous": False}
    elif status == "administrator":
        extra = dict.fromkeys(_NO_RIGHTS, False) | {"can_delete_messages": True}
    elif status == "kicked":
        extra = {"until_date": 0}
    return {"status": status, "user": user, **extra}
