"""Which function serves which method, and what happens around every call."""

import inspect
from collections.abc import Callable
from typing import Any

from bot.sandbox import editing, lookups, sending, settings
from bot.sandbox.errors import Json, bad_request
from bot.sandbox.parameters import read_parameters
from bot.sandbox.sending import Uploads
from bot.sandbox.state import State

SERVED: dict[str, Callable[[State, Json, Uploads], Any]] = {
    "getMe": settings.get_me,
    "getUpdates": settings.get_updates,
    "setWebhook": settings.set_webhook,
    "deleteWebhook": settings.delete_webhook,
    "getWebhookInfo": settings.get_webhook_info,
    "logOut": settings.log_out,
    "close": settings.close,
    "sendMessage": sending.send_message,
    "sendRichMessage": sending.send_rich_message,
    "sendDocument": sending.send_document,
    "sendPhoto": sending.send_photo,
    "sendChatAction": sending.send_chat_action,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "pinChatMessage": editing.pin_chat_message,
    "unpinChatMessage": editing.unpin_chat_message,
    "answerCallbackQuery": editing.answer_callback_query,
    "setMyCommands": settings.set_my_commands,
    "getMyCommands": settings.get_my_commands,
    "deleteMyCommands": settings.delete_my_commands,
    "setMyName": settings.set_profile,
    "getMyName": settings.get_name,
    "setMyDescription": settings.set_profile,
    "getMyDescription": settings.get_description,
    "setMyShortDescription": settings.set_profile,
    "getMyShortDescription": settings.get_short_description,
    "setChatMenuButton": settings.set_chat_menu_button,
    "getChatMenuButton": settings.get_chat_menu_button,
    "getChat": lookups.get_chat,
    "getChatMember": lookups.get_chat_member,
    "getChatAdministrators": lookups.get_chat_administrators,
    "leaveChat": lookups.leave_chat,
    "getFile": lookups.get_file,
}


async def perform(state: State, method: str, given: Json, files: Uploads) -> Any:
    """Carries a call out and returns its `result`.

    `given` holds the values as they arrived; a file part stands there as `attach://<part>`.

    Raises:
        ApiError: whatever Telegram would refuse, and what only a mistake would send.
    """
    if state.logged_out and method != "close":
        raise bad_request("logged out")
    parameters = read_parameters(method, given)
    for name in files:
        if not any(f"attach://{name}" in str(value) for value in given.values()):
            raise bad_request(f'file "{name}" is not named by any parameter of {method}')
    result = SERVED[method](state, parameters, files)
    return await result if inspect.isawaitable(result) else result
