"""Methods about the bot itself: its commands, names, menu button, updates and web hook."""

import re
from typing import Any

from bot.sandbox.errors import ApiError, Json, bad_request
from bot.sandbox.sending import Uploads
from bot.sandbox.state import State

MAX_COMMANDS = 100
COMMAND_FIELDS = frozenset({"command", "description", "is_ephemeral"})
MAX_DESCRIPTION_OF_COMMAND = 256
MAX_LENGTHS = {"name": 64, "description": 512, "short_description": 120}
_GENERAL_SCOPES = frozenset({"default", "all_private_chats", "all_group_chats", "all_chat_administrators"})
_CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})


def get_me(state: State, _given: Json, _files: Uploads) -> Json:
    """Method getMe."""
    abilities = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")
    rest = ("can_connect_to_business", "has_main_web_app")
    flags = dict.fromkeys(abilities + rest, False)
    return state.bot.shown() | flags | {"can_join_groups": True}


async def get_updates(state: State, given: Json, _files: Uploads) -> list[Json]:
    """Method getUpdates."""
    state.updates.allow(given.get("allowed_updates"))
    return await state.updates.poll(given.get("offset", 0), given.get("limit", 100), given.get("timeout", 0))


def set_webhook(state: State, given: Json, _files: Uploads) -> bool:
    """Method setWebhook: remembered and reported, but nothing is delivered."""
    url = given.get("url", "")
    if url and not url.startswith("https://"):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", given.get("secret_token", "")):
        raise bad_request("secret token contains unallowed characters")
    state.updates.allow(given.get("allowed_updates"))
    if given.get("drop_pending_updates"):
        state.updates.drop()
    state.updates.set_webhook(url)
    return True


def delete_webhook(state: State, given: Json, _files: Uploads) -> bool:
    """Method deleteWebhook."""
    if given.get("drop_pending_updates"):
        state.updates.drop()
    state.updates.set_webhook("")
    return True


def get_webhook_info(state: State, _given: Json, _files: Uploads) -> Json:
    """Method getWebhookInfo."""
    return {
        "url": state.updates.webhook,
        "has_custom_certificate": False,
        "pending_update_count": len(state.updates.pending),
        "allowed_updates": sorted(state.updates.allowed),
    }


def log_out(state: State, _given: Json, _files: Uploads) -> bool:
    """Method logOut: every later call is refused."""
    state.logged_out = True
    return True


def close(_state: State, _given: Json, _files: Uploads) -> bool:
    """Close: accepted, without effect."""
    return True


def set_my_commands(state: State, given: Json, _files: Uploads) -> bool:
    """Method setMyCommands."""
    key = _commands_key(state, given)
    commands = given.get("commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    state.commands[key] = [_command(command) for command in commands]
    state.feed.emit("commands", scope=key[0], language_code=key[1])
    return True


def get_my_commands(state: State, given: Json, _files: Uploads) -> list[Json]:
    """Method getMyCommands: those of exactly this scope and language."""
    return state.commands.get(_commands_key(state, given), [])


def delete_my_commands(state: State, given: Json, _files: Uploads) -> bool:
    """Method deleteMyCommands."""
    key = _commands_key(state, given)
    state.commands.pop(key, None)
    state.feed.emit("commands", scope=key[0], language_code=key[1])
    return True


def set_profile(state: State, given: Json, _files: Uploads) -> bool:
    """Method setMyName, setMyDescription, setMyShortDescription: whichever field is given."""
    language = _language(given)
    for field, longest in MAX_LENGTHS.items():
        text = given.get(field)
        if text is not None and len(text) > longest:
            raise bad_request(f"bot {field.replace('_', ' ')} is too long")
        if text is not None:
            state.profile[field, language] = text
    return True


def get_name(state: State, given: Json, _files: Uploads) -> Json:
    """Method getMyName."""
    return {"name": state.profile.get(("name", _language(given)), state.bot.first_name)}


def get_description(state: State, given: Json, _files: Uploads) -> Json:
    """Method getMyDescription."""
    return {"description": state.profile.get(("description", _language(given)), "")}


def get_short_description(state: State, given: Json, _files: Uploads) -> Json:
    """Method getMyShortDescription."""
    return {"short_description": state.profile.get(("short_description", _language(given)), "")}


def set_chat_menu_button(state: State, given: Json, _files: Uploads) -> bool:
    """Method setChatMenuButton, for one private chat or for all."""
    button = given.get("menu_button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in {"commands", "default", "web_app"}:
        raise bad_request("can't parse menu button: Unsupported type specified")
    if "chat_id" in given:
        state.reachable_chat(given["chat_id"], writing=False).menu_button = button
    else:
        state.menu_button = button
    return True


def get_chat_menu_button(state: State, given: Json, _files: Uploads) -> Json:
    """Method getChatMenuButton."""
    if "chat_id" not in given:
        return state.menu_button
    return state.reachable_chat(given["chat_id"], writing=False).menu_button or {"type": "default"}


def _command(command: Any) -> Json:
    if not isinstance(command, dict) or set(command) - COMMAND_FIELDS:
        raise bad_request("can't parse BotCommand: expected an Object")
    if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", ""))):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(str(command.get("description", ""))) <= MAX_DESCRIPTION_OF_COMMAND:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return dict(command)


def _commands_key(state: State, given: Json) -> tuple[str, str]:
    scope = given.get("scope") or {"type": "default"}
    kind = scope.get("type") if isinstance(scope, dict) else None
    if kind in _GENERAL_SCOPES:
        return str(kind), _language(given)
    if kind not in _CHAT_SCOPES:
        raise _wrong_scope("Unsupported type specified")
    chat = state.reachable_chat(_scope_chat(scope), writing=False)
    user = f"/{scope['user_id']}" if kind == "chat_member" and "user_id" in scope else ""
    if kind == "chat_member" and not user:
        raise _wrong_scope("Invalid user_id specified")
    return f"{kind}:{chat.id}{user}", _language(given)


def _scope_chat(scope: Json) -> int:
    try:
        return int(scope["chat_id"])
    except (KeyError, TypeError, ValueError):
        raise _wrong_scope("Empty chat_id specified") from None


def _wrong_scope(reason: str) -> ApiError:
    return bad_request(f"can't parse BotCommandScope: {reason}")


def _language(given: Json) -> str:
    language = str(given.get("language_code", ""))
    if not re.fullmatch(r"([a-z]{2})?", language):
        raise bad_request("LANG_CODE_INVALID")
    return language
