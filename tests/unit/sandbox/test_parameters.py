"""The method table against an independent description of Bot API 10.3, and how values are read."""

import aiogram.methods
import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.methods import SERVED
from bot.sandbox.parameters import METHODS, method_named, read_parameters


def test_every_method_of_the_table_is_served_and_no_other() -> None:
    assert set(METHODS) == set(SERVED)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_method_takes_exactly_the_parameters_that_bot_api_10_3_gives_it(method: str) -> None:
    described = getattr(aiogram.methods, method[0].upper() + method[1:])
    assert set(METHODS[method]) == set(described.model_fields)


def test_a_method_name_is_read_in_any_case() -> None:
    assert method_named("SENDmessage") == "sendMessage"


def test_an_unknown_method_is_not_found() -> None:
    with pytest.raises(ApiError) as refusal:
        method_named("sendMesage")
    assert (refusal.value.code, refusal.value.description) == (404, "Not Found")


@pytest.mark.parametrize(
    ("method", "given", "reason"),
    [
        ("sendMessage", {"chat": 1}, 'unknown parameter "chat" of sendMessage'),
        ("getUpdates", {"offset": "many"}, 'parameter "offset" must be of type Integer'),
        ("getUpdates", {"offset": 1.5}, 'parameter "offset" must be of type Integer'),
        ("sendMessage", {"disable_notification": "maybe"}, "must be of type Boolean"),
        ("sendMessage", {"reply_markup": "{"}, "can't parse reply_markup JSON object"),
        ("sendMessage", {"text": ["a"]}, 'parameter "text" must be of type String'),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(method: str, given: dict[str, object], reason: str) -> None:
    with pytest.raises(ApiError, match=r"^Bad Request: ") as refusal:
        read_parameters(method, given)
    assert reason in refusal.value.description


def test_values_from_a_form_become_their_kinds() -> None:
    form = {
        "chat_id": "-100",
        "text": "x",
        "disable_notification": "True",
        "entities": "[]",
        "parse_mode": "",
    }
    assert read_parameters("sendMessage", form) == {
        "chat_id": -100,
        "text": "x",
        "disable_notification": True,
        "entities": [],
    }
