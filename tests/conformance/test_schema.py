"""The local Bot API against an independent schema of Bot API 10.3: parameters in, objects out."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.sandbox.parameters import METHODS, REPLACED
from tests.conformance.schema import Schema, bot_api_schema
from tests.conformance.world import PNG, World, small_world

Json = dict[str, Any]
EMPTY_IS_REMOVAL = {("setWebhook", "url")}
"""Required by the documentation, but Telegram takes its absence as an empty value, which is allowed."""


@pytest.fixture
def schema() -> Schema:
    return bot_api_schema()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with small_world() as world:
        yield world


async def _document(world: World) -> str:
    form = aiohttp.FormData({"chat_id": "1001"})
    form.add_field("document", PNG, filename="load.png")
    address = f"{world.api.url}/bot{world.api.token}/sendDocument"
    async with world.http.post(address, data=form) as response:
        return str((await response.json())["result"]["document"]["file_id"])


async def _tap(world: World) -> str:
    keyboard = {"inline_keyboard": [[{"text": "Confirm", "callback_data": "go", "style": "danger"}]]}
    await world.result("sendMessage", chat_id=1001, text="plan", reply_markup=keyboard)
    message = await world.sim.wait_for(world.ann, "plan")
    return (await world.sim.tap(world.ann, message, "Confirm")).callback_query_id


async def example(world: World, method: str) -> Json:
    """Parameters with which a method succeeds; all the required ones, and some of the others."""
    sent = (await world.result("sendMessage", chat_id=1001, text="an *old* text"))["message_id"]
    file_id = await _document(world)
    photo = await world.result("sendPhoto", chat_id=1001, photo=file_id, caption="load")
    here = {"chat_id": 1001, "message_id": sent}
    cell = {"text": "db", "align": "left", "valign": "top"}
    examples: dict[str, Json] = {
        "getUpdates": {"offset": 0, "limit": 10, "allowed_updates": ["message", "callback_query"]},
        "setWebhook": {"url": "https://opsgate.example/hook", "secret_token": "a-secret"},
        "deleteWebhook": {"drop_pending_updates": True},
        "sendMessage": {
            "chat_id": 1001,
            "text": "<b>done</b> at noon",
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            "reply_parameters": {"message_id": sent, "allow_sending_without_reply": True},
        },
        "sendRichMessage": {
            "chat_id": 1001,
            "rich_message": {
                "blocks": [
                    {"type": "table", "cells": [[cell]], "is_bordered": True},
                    {"type": "details", "summary": "log", "blocks": [{"type": "pre", "text": "x"}]},
                ]
            },
        },
        "sendDocument": {"chat_id": 1001, "document": file_id, "caption": "the log"},
        "sendPhoto": {"chat_id": world.group.id, "photo": file_id},
        "sendChatAction": {"chat_id": 1001, "action": "typing"},
        "editMessageText": {**here, "text": "a new text"},
        "editMessageCaption": {"chat_id": 1001, "message_id": photo["message_id"], "caption": "load today"},
        "editMessageReplyMarkup": {
            **here,
            "reply_markup": {"inline_keyboard": [[{"text": "Copy", "copy_text": {"text": "abc"}}]]},
        },
        "deleteMessage": here,
        "deleteMessages": {"chat_id": 1001, "message_ids": [sent]},
        "pinChatMessage": here,
        "unpinChatMessage": here,
        "answerCallbackQuery": {"callback_query_id": await _tap(world), "text": "started"},
        "setMyCommands": {"commands": [{"command": "status", "description": "How it is"}]},
        "setMyName": {"name": "Opsgate"},
        "setMyDescription": {"description": "Deploys"},
        "setMyShortDescription": {"short_description": "Deploys"},
        "setChatMenuButton": {"chat_id": 1001, "menu_button": {"type": "commands"}},
        "getChatMenuButton": {"chat_id": 1001},
        "getChat": {"chat_id": world.group.id},
        "getChatMember": {"chat_id": world.group.id, "user_id": 1001},
        "getChatAdministrators": {"chat_id": world.group.id},
        "leaveChat": {"chat_id": world.group.id},
        "getFile": {"file_id": file_id},
    }
    if method == "unpinChatMessage":
        await world.result("pinChatMessage", **here)
    return examples.get(method, {})


def test_the_schema_is_that_of_bot_api_10_3(schema: Schema) -> None:
    assert schema.version.startswith("10.3.")
    assert len(schema.methods) > 180


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_served_method_takes_the_parameters_of_the_schema_in_their_kinds(
    schema: Schema, method: str
) -> None:
    replaced = REPLACED if method.startswith(("send", "edit")) else frozenset()
    served = {name: kind for name, kind in METHODS[method].items() if name not in replaced}
    assert served == {name: schema.kind(method, name) for name in schema.parameters(method)}


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_a_served_method_answers_in_the_shape_of_the_schema(
    schema: Schema, world: World, method: str
) -> None:
    given = await example(world, method)
    assert schema.problems_of_call(method, given) == []
    assert schema.problems_of_answer(method, await world.result(method, **given)) == []


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_what_the_schema_requires_cannot_be_left_out(schema: Schema, world: World, method: str) -> None:
    given = await example(world, method)
    for name, field in schema.parameters(method).items():
        if field["required"] and (method, name) not in EMPTY_IS_REMOVAL:
            assert name in given
            left = {other: value for other, value in given.items() if other != name}
            answer = await world.call(method, **left)
            assert (answer["ok"], answer.get("error_code")) == (False, 400), f"{method} without {name}"


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_an_unknown_parameter_is_refused_by_name(world: World, method: str) -> None:
    """Telegram ignores it; here it is refused, because it is always a mistake of the caller."""
    answer = await world.call(method, **await example(world, method), chatid=1001)
    assert answer["description"] == f'Bad Request: unknown parameter "chatid" of {method}'


async def test_every_kind_of_update_has_the_shape_of_the_schema(schema: Schema, world: World) -> None:
    sim, ann = world.sim, world.ann
    await _tap(world)
    said = await sim.say(ann, "/deploy@opsgate_local_bot now https://a.example/x", forward_from="Somebody")
    await sim.edit(ann, said, "edited")
    await sim.say(ann, "a log", document="log.txt", content="x")
    await sim.say(ann, "a photo", photo=True, reply_to=said)
    await sim.say(ann, "/status", world.group, anonymous=True)
    await sim.tap(ann, await sim.wait_for(ann, "plan"), "Confirm", inaccessible=True)
    channel = await sim.group("news", {ann: "creator"}, kind="channel", bot="administrator")
    await sim.say(ann, "a post", channel)
    await sim.bot_status(world.group, "kicked", ann)
    await sim.block(ann)
    await sim.migrate(await sim.group("old", {ann: "creator"}))
    updates = await world.result("getUpdates")
    kinds = {kind for update in updates for kind in update} - {"update_id"}
    assert kinds == {"message", "edited_message", "callback_query", "my_chat_member", "channel_post"}
    assert [problem for update in updates for problem in schema.problems_of("TelegramUpdate", update)] == []


@pytest.mark.parametrize(
    ("method", "given", "problem"),
    [
        ("sendMesage", {}, "sendMesage: no such method"),
        ("sendMessage", {"chat_id": 1, "text": "x", "markup": {}}, "sendMessage.markup: unknown"),
        ("sendMessage", {"chat_id": "1"}, "sendMessage.text: missing"),
        ("getUpdates", {"offset": "many"}, "getUpdates.offset: 'many' is not a number"),
        (
            "editMessageReplyMarkup",
            {"reply_markup": '{"inline_keyboard": [[{"text": "x", "color": "red"}]]}'},
            "editMessageReplyMarkup.reply_markup.inline_keyboard[0][0].color: unknown",
        ),
        (
            "editMessageReplyMarkup",
            {"reply_markup": {"inline_keyboard": [[{"text": "x", "style": "blue"}]]}},
            "editMessageReplyMarkup.reply_markup.inline_keyboard[0][0].style: 'blue' is not 'danger'",
        ),
    ],
)
def test_the_schema_names_what_is_wrong_with_a_call(
    schema: Schema, method: str, given: Json, problem: str
) -> None:
    assert schema.problems_of_call(method, given) == [problem]
