"""What can become of a request to Telegram, as types. The gateway is the only place that tells them apart.

TelegramFailure
├── FloodWait         429: surely not taken; `retry_after` seconds
├── NotTaken          no connection could be made, or the server said no in a way that may pass (500, 503, bare 429)
├── NoAnswer          time-out, cut connection, a gateway between us (502, 504, a page of its own): it may have arrived
├── Taken             it arrived, but the answer cannot be read
├── NotModified       an edit that changes nothing
├── MessageGone       the message to edit was deleted or can no longer be edited
├── QueryTooOld       a tap that can no longer be answered
├── ChatClosed        blocked, deactivated, never started, removed from the group
├── ChatMoved         a group became a supergroup; `new_chat_id`
├── Rejected          400 and 413: the request is wrong and stays wrong
├── Conflict          409: somebody else polls with this token, or a webhook is set
└── Unauthorized      401 or 404: the token is wrong
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import aiohttp
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

_TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{3,}")
_LONGEST = 300


class TelegramFailure(Exception):
    """Root. Its text names the method and the reason, never a URL's token."""

    def __init__(self, method: str, reason: str = "") -> None:
        self.method = method
        self.reason = _TOKEN.sub("***", reason)[:_LONGEST]
        super().__init__(f"{method}: {self.reason}" if self.reason else method)


class FloodWait(TelegramFailure):
    def __init__(self, method: str, retry_after: float) -> None:
        super().__init__(method, f"wait {retry_after:.0f} s")
        self.retry_after = retry_after


class NotTaken(TelegramFailure):
    pass


class NoAnswer(TelegramFailure):
    pass


class Taken(TelegramFailure):
    """`message_id` is known when at least that part of the answer could be read."""

    def __init__(self, method: str, message_id: int | None) -> None:
        super().__init__(method, "the answer cannot be read")
        self.message_id = message_id


class NotModified(TelegramFailure):
    pass


class MessageGone(TelegramFailure):
    pass


class QueryTooOld(TelegramFailure):
    pass


class ChatClosed(TelegramFailure):
    pass


class ChatMoved(TelegramFailure):
    def __init__(self, method: str, new_chat_id: int) -> None:
        super().__init__(method, f"moved to {new_chat_id}")
        self.new_chat_id = new_chat_id


class Rejected(TelegramFailure):
    pass


class Conflict(TelegramFailure):
    pass


class Unauthorized(TelegramFailure):
    pass


# Telegram gives these only as text (Bot API server, Client.cpp); everything else is told apart by type.
_BAD_REQUESTS: tuple[tuple[str, Callable[[str, str], TelegramFailure]], ...] = (
    ("message is not modified", NotModified),
    ("message to edit not found", MessageGone),
    ("message can't be edited", MessageGone),
    ("message_id_invalid", MessageGone),
    ("query is too old", QueryTooOld),
    ("query id is invalid", QueryTooOld),
    ("chat not found", ChatClosed),
    ("user not found", ChatClosed),
    ("user is deactivated", ChatClosed),
    ("group chat was deactivated", ChatClosed),
    ("peer_id_invalid", ChatClosed),
    ("not enough rights to send", ChatClosed),
    ("have no rights to send", ChatClosed),
)
_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Callable[[str, str], TelegramFailure]], ...] = (
    ((TelegramUnauthorizedError, TelegramNotFound), Unauthorized),
    ((TelegramConflictError,), Conflict),
    ((TelegramForbiddenError,), ChatClosed),
    ((TelegramServerError,), NotTaken),
    ((TelegramEntityTooLarge,), Rejected),
    ((TelegramNetworkError,), NoAnswer),
)
_GATEWAY = re.compile(r"(?i)bad gateway|gateway time-?out")
"""502 and 504 say that what stands behind the gateway did not answer it, not that it did nothing."""
_CANNOT_CONNECT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ConnectionTimeoutError,
)


def classify(error: Exception, method: str) -> TelegramFailure:
    """By type; by text only where Telegram gives nothing else. Whatever is unknown may have arrived."""
    if isinstance(error, TelegramFailure):
        return error
    if isinstance(error, ClientDecodeError):
        return _unreadable(error.data, method)
    if isinstance(error, TelegramAPIError):
        return _refusal(error, method)
    return NoAnswer(method, type(error).__name__)


def _refusal(error: TelegramAPIError, method: str) -> TelegramFailure:
    text = error.message or ""
    match error:
        case TelegramRetryAfter():
            return FloodWait(method, float(error.retry_after))
        case TelegramMigrateToChat():
            return ChatMoved(method, error.migrate_to_chat_id)
        case TelegramBadRequest():
            return _bad_request(text, method)
        case TelegramServerError() if _GATEWAY.search(text):
            return NoAnswer(method, text)
        case TelegramNetworkError() if isinstance(error.__cause__, _CANNOT_CONNECT):
            return NotTaken(method, text)
        case _:
            kind = next((kind for types, kind in _BY_TYPE if isinstance(error, types)), NotTaken)
            return kind(method, text)


def _bad_request(text: str, method: str) -> TelegramFailure:
    lowered = text.lower()
    for part, failure in _BAD_REQUESTS:
        if part in lowered:
            return failure(method, text)
    return Rejected(method, text)


def _unreadable(data: Any, method: str) -> TelegramFailure:
    if not isinstance(data, dict) or data.get("ok") is not True:
        return NoAnswer(method, "the answer is not Telegram's")
    result = data.get("result")
    found = result.get("message_id") if isinstance(result, dict) else None
    return Taken(method, found if isinstance(found, int) else None)
