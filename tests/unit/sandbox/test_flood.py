import pytest
from telegram.constants import FloodLimit

from bot.sandbox.errors import ApiError
from bot.sandbox.flood import OFF, TELEGRAM, Flood, Limits


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _accepted(flood: Flood, chat_id: int, count: int) -> int:
    accepted = 0
    for _ in range(count):
        try:
            flood.count(chat_id)
        except ApiError:
            continue
        accepted += 1
    return accepted


def test_telegrams_limits_are_those_of_an_independent_client() -> None:
    assert TELEGRAM.per_chat == FloodLimit.MESSAGES_PER_SECOND_PER_CHAT
    assert TELEGRAM.per_group == FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP
    assert TELEGRAM.overall == FloodLimit.MESSAGES_PER_SECOND


def test_a_chat_takes_a_burst_and_then_one_a_second() -> None:
    clock = _Clock()
    flood = Flood(TELEGRAM, clock)
    assert _accepted(flood, 1, 10) == TELEGRAM.burst
    clock.now += 1.0
    assert _accepted(flood, 1, 10) == 1


def test_a_refusal_says_when_to_come_back_and_means_it() -> None:
    clock = _Clock()
    flood = Flood(Limits(burst=1, penalty=7), clock)
    flood.count(1)
    with pytest.raises(ApiError) as refusal:
        flood.count(1)
    assert refusal.value.body() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7},
    }
    clock.now += 5.0
    assert _accepted(flood, 1, 3) == 0
    clock.now += 2.0
    assert _accepted(flood, 1, 3) == 1


def test_a_group_takes_twenty_a_minute() -> None:
    clock = _Clock()
    flood = Flood(TELEGRAM, clock)
    accepted = 0
    for _ in range(40):
        accepted += _accepted(flood, -5, 1)
        clock.now += 1.2
    assert accepted == 20
    clock.now += 20.0
    assert _accepted(flood, -5, 1) == 1


def test_all_chats_together_take_thirty_a_second() -> None:
    flood = Flood(TELEGRAM, _Clock())
    assert sum(_accepted(flood, chat_id, 1) for chat_id in range(1, 50)) == 30


def test_limits_can_be_switched_off() -> None:
    assert _accepted(Flood(OFF, _Clock()), -1, 500) == 500
