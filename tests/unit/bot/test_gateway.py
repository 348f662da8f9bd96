"""The one way out: what became of each request, told apart by type; pace; bounded waiting; no token in any text."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod

from bot import outcomes
from bot.gateway import DIRECT_PATIENCE, Gateway, make_bot, patience
from bot.outcomes import FloodWait, NoAnswer, NotTaken, TelegramFailure, classify
from bot.pace import Limits, Pace
from tests.unit.bot.stage import ANNA, GROUP, TOKEN

SEND = SendMessage(chat_id=ANNA.id, text="x")
EDIT = EditMessageText(chat_id=ANNA.id, message_id=1, text="x")


def answered(status: int, body: str, method: TelegramMethod[Any] = SEND) -> TelegramFailure:
    """What an answer of the server is classified as, through aiogram's own reading of it."""
    session = AiohttpSession()
    bot = Bot(TOKEN, session=session)
    try:
        session.check_response(bot, method, status, body)
    except Exception as error:  # noqa: BLE001 - whatever aiogram raises is the point
        return classify(error, method.__api_method__)
    raise AssertionError("nothing was wrong")


def refusal(code: int, description: str, **parameters: int) -> str:
    import json

    answer: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    return json.dumps(answer | ({"parameters": parameters} if parameters else {}))


NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a"
    " current content and reply markup of the message"
)
ANSWERS: list[tuple[int, str, type[TelegramFailure]]] = [
    (429, refusal(429, "Too Many Requests: retry after 7", retry_after=7), outcomes.FloodWait),
    (400, refusal(400, NOT_MODIFIED), outcomes.NotModified),
    (400, refusal(400, "Bad Request: message to edit not found"), outcomes.MessageGone),
    (400, refusal(400, "Bad Request: message can't be edited"), outcomes.MessageGone),
    (400, refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid"), outcomes.QueryTooOld),
    (400, refusal(400, "Bad Request: chat not found"), outcomes.ChatClosed),
    (400, refusal(400, "Bad Request: can't parse entities"), outcomes.Rejected),
    (400, refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001), outcomes.ChatMoved),
    (401, refusal(401, "Unauthorized"), outcomes.Unauthorized),
    (404, refusal(404, "Not Found"), outcomes.Unauthorized),
    (403, refusal(403, "Forbidden: bot was blocked by the user"), outcomes.ChatClosed),
    (403, refusal(403, "Forbidden: user is deactivated"), outcomes.ChatClosed),
    (403, refusal(403, "Forbidden: bot can't initiate conversation with a user"), outcomes.ChatClosed),
    (409, refusal(409, "Conflict: terminated by other getUpdates request"), outcomes.Conflict),
    (413, refusal(413, "Request Entity Too Large"), outcomes.Rejected),
    (500, refusal(500, "Internal Server Error"), outcomes.NotTaken),
    (502, refusal(502, "Bad Gateway"), outcomes.NoAnswer),
    (504, refusal(504, "Gateway Timeout"), outcomes.NoAnswer),
    (500, refusal(500, "Internal Server Error: restart"), outcomes.NotTaken),
    (502, "<html><body>502 Bad Gateway</body></html>", outcomes.NoAnswer),
    (500, '{"ok": false, "error_code": 500}', outcomes.NoAnswer),
    (200, "", outcomes.NoAnswer),
    (200, '{"ok": true, "result": {"message_id": 9, "date": "x"}}', outcomes.Taken),
    (429, refusal(429, "Too Many Requests"), outcomes.NotTaken),
    (200, refusal(200, "ok is false"), outcomes.NotTaken),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), ANSWERS)
def test_every_answer_is_told_apart(status: int, body: str, kind: type[TelegramFailure]) -> None:
    assert type(answered(status, body)) is kind


def test_what_an_answer_brings_is_kept() -> None:
    flood, moved = answered(*ANSWERS[0][:2]), answered(*ANSWERS[7][:2])
    taken = answered(200, '{"ok": true, "result": {"message_id": 9, "date": "x"}}')
    assert isinstance(flood, outcomes.FloodWait)
    assert flood.retry_after == 7
    assert isinstance(moved, outcomes.ChatMoved)
    assert moved.new_chat_id == -1001
    assert isinstance(taken, outcomes.Taken)
    assert taken.message_id == 9


def _network(cause: Exception) -> TelegramNetworkError:
    error = TelegramNetworkError(method=SEND, message="x")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_network(aiohttp.ClientConnectorError(None, OSError("refused"))), NotTaken),  # type: ignore[arg-type]  # the key is only printed
        (_network(aiohttp.ServerDisconnectedError()), NoAnswer),
        (_network(TimeoutError()), NoAnswer),
        (aiohttp.ClientPayloadError("cut"), NoAnswer),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), NoAnswer),
        (LookupError("unknown encoding: nonsense"), NoAnswer),
        (TypeError("argument of type 'NoneType' is not iterable"), NoAnswer),
        (OSError("broken pipe"), NoAnswer),
    ],
)
def test_a_request_that_surely_did_not_leave_is_told_from_one_that_may_have_arrived(
    error: Exception, kind: type[TelegramFailure]
) -> None:
    assert type(classify(error, "sendMessage")) is kind


class Line:
    """A scripted way to Telegram, and a clock that only waiting moves."""

    def __init__(self, *script: Exception | str) -> None:
        self.script = list(script)
        self.now = 1000.0
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def request(self, _bot: Bot, _method: TelegramMethod[Any]) -> Any:
        self.asked.append(self.now)
        if self.script and isinstance(error := self.script.pop(0), Exception):
            raise error
        return "sent"

    def gateway(self) -> Gateway:
        return Gateway(lambda: self.now, self.sleep)


async def _ask(line: Line, gateway: Gateway, method: TelegramMethod[Any]) -> Any:
    return await gateway(line.request, Bot(TOKEN), method)


async def test_a_direct_answer_waits_out_a_short_flood() -> None:
    line = Line(FloodWait("sendMessage", 7))
    assert await _ask(line, line.gateway(), SEND) == "sent"
    assert line.asked[1] - line.asked[0] >= 7


async def test_a_direct_answer_does_not_wait_for_minutes() -> None:
    line = Line(FloodWait("sendMessage", 300))
    with pytest.raises(FloodWait):
        await _ask(line, line.gateway(), SEND)
    assert line.now - 1000 <= DIRECT_PATIENCE


async def test_a_flooded_chat_is_left_alone_until_its_time_is_over() -> None:
    line = Line(FloodWait("sendMessage", 60))
    gateway = line.gateway()
    for _ in range(3):
        with patience(3), pytest.raises(FloodWait):
            await _ask(line, gateway, SEND)
    assert len(line.asked) == 1
    assert await _ask(line, gateway, SendMessage(chat_id=1002, text="x")) == "sent"


async def test_a_send_without_an_answer_is_not_repeated_blindly() -> None:
    line = Line(NoAnswer("sendMessage"))
    with pytest.raises(NoAnswer):
        await _ask(line, line.gateway(), SEND)
    assert len(line.asked) == 1


async def test_an_edit_without_an_answer_is_repeated() -> None:
    line = Line(NoAnswer("editMessageText"))
    assert await _ask(line, line.gateway(), EDIT) == "sent"
    assert len(line.asked) == 2


async def test_what_was_surely_not_taken_is_tried_again_for_a_while() -> None:
    line = Line(*[NotTaken("sendMessage")] * 3)
    assert await _ask(line, line.gateway(), SEND) == "sent"


async def test_no_token_in_the_text_or_the_chain_of_an_error() -> None:
    line = Line(aiohttp.InvalidURL(f"https://api.telegram.org/bot{TOKEN}/sendMessage"))
    with pytest.raises(TelegramFailure) as caught:
        await _ask(line, line.gateway(), SEND)
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_no_token_in_a_reason() -> None:
    failure = classify(TelegramNetworkError(method=SEND, message=f"https://x/bot{TOKEN}/y"), "sendMessage")
    assert TOKEN not in str(failure)


def test_the_bot_that_is_made_goes_through_the_gateway_to_the_configured_address() -> None:
    gateway = Gateway()
    bot = make_bot(TOKEN, "http://127.0.0.1:9", gateway)
    assert list(bot.session.middleware) == [gateway]
    assert bot.session.api.api_url(TOKEN, "getMe").startswith("http://127.0.0.1:9/")


# --- pace ---


def _moments(chats: list[int]) -> list[float]:
    """When each request leaves, all of them asked for at the same moment."""
    pace = Pace(lambda: 0.0)
    return [pace.take(chat) for chat in chats]


def _most_within(moments: list[float], seconds: float) -> int:
    return max(sum(start <= at < start + seconds for at in moments) for start in moments)


def test_a_private_chat_gets_a_small_burst_then_about_one_a_second() -> None:
    moments = _moments([ANNA.id] * 10)
    assert moments[:3] == [0, 0, 0]
    assert all(1 <= later - at <= 1.1 for at, later in pairwise(moments[2:]))


def test_a_group_gets_at_most_twenty_a_minute() -> None:
    assert _most_within(_moments([GROUP] * 60), 60) <= Limits().per_group_minute < 20


def test_all_chats_together_get_at_most_thirty_a_second() -> None:
    assert _most_within(_moments(list(range(1, 200))), 1) <= Limits().per_second < 30


def test_what_belongs_to_no_chat_waits_for_no_chat() -> None:
    pace = Pace(lambda: 0.0)
    pace.hold(ANNA.id, 60)
    assert pace.delay(None) == 0
    assert pace.delay(ANNA.id) == 60
