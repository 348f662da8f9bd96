"""The scripting side: what people can be made to do, and trouble, seen over plain HTTP."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from bot.sandbox.chats import ANONYMOUS_ADMIN
from bot.sandbox.client import Sim
from bot.sandbox.played import SimError, SimTimeout, SimUser
from bot.sandbox.process import LocalBotApi

_KEYBOARD = {
    "inline_keyboard": [[{"text": "Confirm", "callback_data": "go"}, {"text": "Docs", "url": "https://a.b"}]]
}


@dataclass
class World:
    """One server, a bare HTTP client in the bot's place, and Ann, who pressed Start."""

    api: LocalBotApi
    sim: Sim
    http: aiohttp.ClientSession
    ann: SimUser

    async def call(self, method: str, **parameters: Any) -> Any:
        """A call with a JSON body; the result, or the whole refusal."""
        url = f"{self.api.url}/bot{self.api.token}/{method}"
        async with self.http.post(url, json=parameters) as response:
            body = await response.json()
        return body["result"] if body["ok"] else body

    async def updates(self) -> list[dict[str, Any]]:
        """What waits, confirmed at once."""
        updates: list[dict[str, Any]] = await self.call("getUpdates")
        if updates:
            await self.call("getUpdates", offset=max(update["update_id"] for update in updates) + 1)
        return updates


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with LocalBotApi.in_process() as api, aiohttp.ClientSession() as http:
        world = World(api, api.sim, http, await api.sim.user(1001, "Ann", username="ann", start=True))
        await world.updates()
        yield world


async def test_every_form_of_request_is_understood(world: World) -> None:
    url = f"{world.api.url}/bot{world.api.token}"
    mixed = aiohttp.MultipartWriter("form-data")
    for name, value in {"chat_id": "1001", "text": "multipart"}.items():
        mixed.append(value).set_content_disposition("form-data", name=name)
    requests: list[dict[str, Any]] = [
        {"method": "GET", "url": f"{url}/SENDMESSAGE", "params": {"chat_id": 1001, "text": "query"}},
        {"method": "POST", "url": f"{url}/sendmessage", "data": {"chat_id": 1001, "text": "urlencoded"}},
        {"method": "POST", "url": f"{url}/sendMessage", "data": mixed},
        {"method": "POST", "url": f"{url}/sendMessage", "json": {"chat_id": 1001, "text": "json"}},
    ]
    for request in requests:
        async with world.http.request(**request) as response:
            assert response.status == 200, await response.text()
    assert [m.text for m in await world.sim.messages(world.ann, by_bot=True)] == [
        "query",
        "urlencoded",
        "multipart",
        "json",
    ]


async def test_what_telegram_would_ignore_is_refused(world: World) -> None:
    refused = await world.call("sendMessage", chat_id=1001, text="x", reply_to=5)
    assert refused["description"] == 'Bad Request: unknown parameter "reply_to" of sendMessage'
    assert (await world.call("sendMesage"))["error_code"] == 404
    (call, _) = await world.sim.calls()
    assert (call["method"], call["status"], call["parameters"]["reply_to"]) == ("sendMessage", 400, 5)


async def test_messages_that_are_not_from_a_person_writing_now_look_like_telegrams(world: World) -> None:
    group = await world.sim.group("ops", {world.ann: "creator"}, kind="supergroup", bot="administrator")
    channel = await world.sim.group("news", {world.ann: "creator"}, kind="channel", bot="administrator")
    await world.updates()
    await world.sim.say(world.ann, "/deploy", age=300)
    await world.sim.say(world.ann, "/deploy", forward_from="Hidden")
    await world.sim.say(world.ann, "/deploy", via_bot="gif")
    await world.sim.say(world.ann, "/deploy", group, anonymous=True)
    await world.sim.say(world.ann, "/deploy", group, sender_chat=channel)
    await world.sim.say(world.ann, "/deploy", photo=True)
    await world.sim.say(world.ann, "/deploy", channel)
    typed = await world.sim.say(world.ann, "/depoly")
    await world.sim.edit(world.ann, typed, "/deploy")
    old, forwarded, via, anonymous, on_behalf, photo, post, _, edited = await world.updates()
    assert time.time() - old["message"]["date"] >= 300
    assert forwarded["message"]["forward_origin"]["sender_user_name"] == "Hidden"
    assert via["message"]["via_bot"]["username"] == "gif"
    assert anonymous["message"]["from"]["id"] == ANONYMOUS_ADMIN
    assert anonymous["message"]["sender_chat"]["id"] == group.id
    assert on_behalf["message"]["sender_chat"]["id"] == channel.id
    assert (photo["message"]["caption"], "text" in photo["message"]) == ("/deploy", False)
    assert "from" not in post["channel_post"]
    assert edited["edited_message"]["text"] == "/deploy"
    assert edited["edited_message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 7}]


async def test_in_a_group_the_bot_hears_commands_mentions_and_replies_only(world: World) -> None:
    group = await world.sim.group("ops", {world.ann: "creator"})
    await world.updates()
    ours = await world.call("sendMessage", chat_id=group.id, text="plan")
    reply_to = await world.sim.wait_for(group, "plan")
    assert reply_to.message_id == ours["message_id"]
    heard = {
        text: (await world.sim.say(world.ann, text, group)).update_id is not None
        for text in ("hello", "/status", "/status@other_bot", "@opsgate_local_bot hi")
    }
    assert list(heard.values()) == [False, True, False, True]
    assert (await world.sim.say(world.ann, "yes", group, reply_to=reply_to)).update_id is not None


async def test_taps_can_be_honest_stale_forged_inaccessible_and_replayed(world: World) -> None:
    bob = await world.sim.user(1002, "Bob")
    await world.call("sendMessage", chat_id=1001, text="plan", reply_markup=_KEYBOARD)
    card = await world.sim.wait_for(world.ann, button="Conf")
    honest = await world.sim.tap(world.ann, card, "Confirm")
    await world.call("editMessageText", chat_id=1001, message_id=card.message_id, text="running")
    with pytest.raises(SimError, match="has no button 'Confirm'"):
        await world.sim.tap(world.ann, card, "Confirm")
    await world.sim.tap(world.ann, card, "Confirm", stale=True)
    await world.sim.tap(bob, card, data="whatever", forged=True)
    await world.sim.tap(world.ann, card, data="go", stale=True, inaccessible=True)
    first, stale, forged, hidden = [update["callback_query"] for update in await world.updates()]
    assert (first["data"], first["message"]["text"], stale["message"]["text"]) == ("go", "plan", "running")
    assert (forged["data"], forged["from"]["id"]) == ("whatever", 1002)
    assert hidden["message"] == {"chat": first["message"]["chat"], "message_id": card.message_id, "date": 0}
    assert await world.sim.replay(honest) == honest.update_id
    assert await world.sim.replay(honest, same_id=False) != honest.update_id
    assert [update["callback_query"]["id"] for update in await world.updates()] == [first["id"]] * 2


async def test_a_button_that_sends_nothing_cannot_be_tapped(world: World) -> None:
    await world.call("sendMessage", chat_id=1001, text="plan", reply_markup=_KEYBOARD)
    with pytest.raises(SimError, match="sends nothing when tapped"):
        await world.sim.tap(world.ann, await world.sim.wait_for(world.ann, "plan"), "Docs")


async def test_any_object_can_be_injected_as_an_update(world: World) -> None:
    update_id = await world.sim.inject({"message": {"date": "never"}})
    assert await world.updates() == [{"update_id": update_id, "message": {"date": "never"}}]


async def test_waiting_finds_what_comes_later_and_tells_what_was_there_instead(world: World) -> None:
    mark = await world.sim.mark()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = group.create_task(world.sim.wait_for(world.ann, regex=r"^do+ne$", since=mark, timeout=5))
        await world.call("sendMessage", chat_id=1001, text="working")
        card = await world.sim.wait_for(world.ann, "working")
        await world.call("editMessageText", chat_id=1001, message_id=card.message_id, text="dooone")
    assert waiting.result().message_id == card.message_id
    with pytest.raises(SimTimeout, match="'dooone'"):
        await world.sim.wait_for(world.ann, "else", timeout=0.05)
    assert not await world.sim.stays_quiet(world.ann, mark, 0)
    assert await world.sim.stays_quiet(world.ann, await world.sim.mark(), 0.05)


async def test_a_refused_connection_is_refused_and_comes_back(world: World) -> None:
    await world.call("getMe")
    async with world.sim.outage("refuse"):
        for _ in range(2):
            with pytest.raises(aiohttp.ClientConnectionError):
                await world.call("getMe")
    assert (await world.call("getMe"))["is_bot"]


async def test_a_refused_connection_also_ends_the_poll_that_waits(world: World) -> None:
    mark = await world.sim.mark()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        poll = group.create_task(_broken(world))
        await world.sim.polled(mark)
        async with world.sim.outage("refuse"):
            assert await poll


async def _broken(world: World) -> bool:
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.call("getUpdates", timeout=50)
    return True


async def test_a_lost_answer_leaves_the_message_sent(world: World) -> None:
    await world.sim.outage("lose_response", methods=["sendMessage"], times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.call("sendMessage", chat_id=1001, text="x")
    assert [m.text for m in await world.sim.messages(world.ann, by_bot=True)] == ["x"]
    await world.call("sendMessage", chat_id=1001, text="y")


async def test_a_dropped_call_is_not_performed(world: World) -> None:
    await world.sim.outage("drop", methods=["sendMessage"], times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.call("sendMessage", chat_id=1001, text="x")
    assert await world.sim.messages(world.ann, by_bot=True) == []


async def test_a_hanging_call_ends_when_the_outage_is_lifted(world: World) -> None:
    outage = await world.sim.outage("hang", methods=["getMe"])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await world.call("getMe")
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        hanging = group.create_task(_broken_get_me(world))
        assert (await world.call("sendMessage", chat_id=1001, text="x"))["text"] == "x"
        await outage.lift()
    assert hanging.result()
    await world.sim.outage("hang", methods=["getMe"], seconds=0.05, times=1)
    assert await _broken_get_me(world)


async def _broken_get_me(world: World) -> bool:
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.call("getMe")
    return True


async def test_pages_of_other_sites_cannot_play_users(world: World) -> None:
    url = f"{world.api.url}/sim/summary"
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        async with world.http.post(url, json={}, headers=headers) as response:
            assert response.status == 403
    async with world.http.post(url, json={}, headers={"Origin": world.api.url}) as response:
        assert response.status == 200


async def test_answers_can_be_anything(world: World) -> None:
    url = f"{world.api.url}/bot{world.api.token}/getMe"
    async with world.sim.outage("502"), world.http.get(url) as response:
        assert (response.status, response.content_type) == (502, "text/html")
        assert "<html>" in await response.text()
    odd = {"status": 200, "body": "{", "content_type": "application/json; charset=nonsense"}
    async with world.sim.outage("answer", **odd), world.http.get(url) as response:  # type: ignore[arg-type]  # three kinds of value
        assert (response.status, await response.read()) == (200, b"{")
        assert response.headers["Content-Type"] == odd["content_type"]


async def test_the_server_runs_in_its_own_process_and_ends_with_its_starter() -> None:
    async with LocalBotApi.start(flood="off") as api:
        ann = await api.sim.user(1, start=True)
        async with aiohttp.ClientSession() as http, http.get(f"{api.url}/bot{api.token}/getMe") as response:
            assert (await response.json())["ok"]
        assert (await api.sim.messages(ann))[0].text == "/start"
        os.kill(api.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(api.pid, 0)


async def test_the_event_stream_tells_everything_in_order(world: World) -> None:
    mark = await world.sim.mark()
    await world.sim.say(world.ann, "/status")
    await world.call("sendMessage", chat_id=1001, text="fine")
    kinds = []
    async with asyncio.timeout(5), world.http.get(f"{world.api.control}/sim/events?after={mark}") as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                kinds.append(line)
            if len(kinds) == 3:
                break
    assert [b'"message"' in kinds[0], b'"message"' in kinds[1], b'"call"' in kinds[2]] == [True, True, True]
