"""The scripting side: `/sim/...`, JSON in and out. Served to loopback only."""

import asyncio
import dataclasses
import json
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web

from bot.sandbox import people, viewing
from bot.sandbox.chats import Chat, Message, User
from bot.sandbox.errors import Json
from bot.sandbox.faults import KINDS, Fault
from bot.sandbox.flood import OFF, TELEGRAM, Flood, Limits
from bot.sandbox.markup import buttons
from bot.sandbox.people import ScriptError, chat_of
from bot.sandbox.rich import plain_text
from bot.sandbox.state import State

_MAX_WAIT = 300.0
_SETTABLE = {field.name for field in dataclasses.fields(Fault)} - {
    "id",
    "kind",
    "methods",
    "hits",
    "ends_at",
    "lifted",
}

Action = Callable[[Json], Awaitable[Any] | Any]


class Scripting:
    """Routes of the scripting side over one state.

    `faults_changed` opens or closes the Bot API's socket; `more` are actions that are played elsewhere, by path.
    """

    def __init__(
        self, state: State, faults_changed: Callable[[], Awaitable[None]], more: Mapping[str, Action]
    ) -> None:
        self._state = state
        self._faults_changed = faults_changed
        self._more = more

    def routes(self) -> list[web.RouteDef]:
        """One POST route per action; parameters are the JSON object in the body."""
        actions: dict[str, Action] = {
            "users": self._users,
            "groups": self._create_group,
            "start": lambda p: people.press_start(self._state, **p),
            "say": lambda p: people.say(self._state, **p),
            "edit": lambda p: people.edit(self._state, **p),
            "tap": lambda p: people.tap(self._state, **p),
            "block": lambda p: people.set_blocked(self._state, p["user_id"], blocked=p["blocked"]),
            "bot_status": self._bot_status,
            "migrate": lambda p: people.migrate(self._state, p["chat_id"]).shown(),
            "freeze": self._freeze,
            "delete": self._delete,
            "deactivate": self._deactivate,
            "inject": lambda p: self._state.updates.put_raw(p["update"], forced=p.get("forced", False)),
            "replay": self._replay,
            "clock": self._clock,
            "flood": self._flood,
            "faults/add": self._add_fault,
            "faults/lift": self._lift_faults,
            "faults": lambda _: self._state.faults.report(),
            "messages": self._messages,
            "wait": self._wait,
            "wait_confirmed": self._wait_confirmed,
            "events": self._events,
            "calls": self._calls,
            "callbacks": lambda _: [query.report() for query in self._state.callbacks.values()],
            "commands": self._commands,
            "offered": lambda p: viewing.offered(self._state, p["user_id"], p["chat_id"]),
            "summary": self._summary,
            "file": self._file,
            **self._more,
        }
        return [web.post(f"/sim/{name}", self._handler(action)) for name, action in actions.items()]

    def _handler(self, action: Action) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            check_origin(request)
            try:
                result = action(await request.json() if request.can_read_body else {})
                if isinstance(result, Awaitable):
                    result = await result
            except ScriptError as error:
                return web.json_response({"error": str(error)}, status=400)
            except (KeyError, TypeError, ValueError):
                return web.json_response({"error": traceback.format_exc()}, status=500)
            return result if isinstance(result, web.StreamResponse) else web.json_response({"result": result})

        return handle

    def _users(self, given: Json) -> Json | list[Json]:
        """Creates an account; without parameters, the people that there are."""
        if not given:
            return viewing.people(self._state)
        user = User(**given)
        self._state.users[user.id] = user
        self._state.feed.emit("person", user_id=user.id)
        return user.shown()

    def _create_group(self, given: Json) -> Json:
        members = {int(user_id): status for user_id, status in given["members"].items()}
        kind, bot_status = given.get("type", "group"), given.get("bot_status", "member")
        return people.create_group(self._state, kind, given["title"], members, bot_status).shown()

    def _bot_status(self, given: Json) -> int | None:
        chat = chat_of(self._state, given["chat_id"])
        return people.set_bot_status(self._state, chat, given["status"], given["by"])

    def _freeze(self, given: Json) -> None:
        people.message_of(self._state, given["chat_id"], given["message_id"]).frozen = True

    def _delete(self, given: Json) -> None:
        message = people.message_of(self._state, given["chat_id"], given["message_id"])
        message.deleted = True
        self._state.tell("deleted", message)

    def _deactivate(self, given: Json) -> None:
        people.user_of(self._state, given["user_id"]).deactivated = True

    def _replay(self, given: Json) -> int:
        update = self._state.updates.seen(given["update_id"])
        if update is None:
            raise ScriptError(f"update {given['update_id']} was never queued")
        if given.get("same_id", True):
            return self._state.updates.put_raw(update, forced=True)
        return self._state.updates.put_raw({k: v for k, v in update.items() if k != "update_id"})

    def _clock(self, given: Json) -> float:
        self._state.skew = float(given["shift"])
        return self._state.now()

    def _flood(self, given: Json) -> Json:
        named = {"off": OFF, "telegram": TELEGRAM}
        limits = named[given["mode"]] if "mode" in given else Limits(**given)
        self._state.flood = Flood(limits, self._state.flood.clock)
        return dataclasses.asdict(limits)

    async def _add_fault(self, given: Json) -> Json:
        settings = {name: value for name, value in given.items() if name not in {"kind", "methods"}}
        if given["kind"] not in KINDS or (unknown := set(settings) - _SETTABLE):
            raise ScriptError(
                f"no such fault: {given['kind']} {sorted(unknown) if given['kind'] in KINDS else ''}"
            )
        fault = self._state.faults.add(given["kind"], given.get("methods") or (), **settings)
        await self._faults_changed()
        return fault.report()

    async def _lift_faults(self, given: Json) -> None:
        self._state.faults.lift(given.get("id"))
        await self._faults_changed()

    def _messages(self, given: Json) -> list[Json]:
        """A chat's messages that changed after event `since`; without their history when `looks` is false."""
        chat = chat_of(self._state, given["chat_id"])
        since, looks = int(given.get("since", 0)), given.get("looks", True)
        found = [message for message in chat.messages.values() if message.touched > since]
        return [shown_to_people(message) | ({} if looks else {"history": []}) for message in found]

    async def _wait(self, given: Json) -> Json:
        """The newest message that fits, now or within `timeout` seconds; `result` is null when none came."""
        deadline = asyncio.get_running_loop().time() + min(float(given.get("timeout", 10.0)), _MAX_WAIT)
        while True:
            seq = self._state.feed.last
            if (found := self._fitting(given)) is not None:
                return {"message": shown_to_people(found), "seq": seq}
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await self._state.feed.wait_after(seq, left):
                return {"message": None, "seq": seq}

    def _fitting(self, given: Json) -> Message | None:
        chat = self._state.chats.get(given["chat_id"])
        for message in reversed(list(chat.messages.values()) if chat else []):
            if message.touched > int(given.get("since", 0)) and _fits(message, given):
                return message
        return None

    async def _wait_confirmed(self, given: Json) -> bool:
        """Whether the bot confirmed an update within `timeout` seconds."""
        deadline = asyncio.get_running_loop().time() + min(float(given.get("timeout", 10.0)), _MAX_WAIT)
        while self._state.updates.confirmed < given["update_id"]:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            await self._state.feed.wait_after(self._state.feed.last, left)
        return True

    async def _events(self, given: Json) -> Json:
        timeout = min(float(given.get("timeout", 0.0)), _MAX_WAIT)
        events = await self._state.feed.wait_after(int(given.get("after", 0)), timeout)
        return {"events": events, "last": self._state.feed.last}

    def _calls(self, given: Json) -> list[Json]:
        wanted = {name.lower() for name in given.get("methods") or []}
        return [
            call.report()
            for call in self._state.calls
            if call.seq > int(given.get("since", 0))
            and (call.method.lower() in wanted or (not wanted and call.method != "getUpdates"))
        ]

    def _commands(self, _given: Json) -> list[Json]:
        return [
            {"scope": scope, "language_code": language, "commands": commands}
            for (scope, language), commands in self._state.commands.items()
        ]

    def _summary(self, _given: Json) -> Json:
        calls = self._state.calls
        return {
            "born": self._state.born,
            "seq": self._state.feed.last,
            "last_call": calls[-1].seq if calls else 0,
            "pending_updates": self._state.updates.pending,
            "confirmed": self._state.updates.confirmed,
            "polled": any(call.method == "getUpdates" for call in calls),
            "bot": self._state.bot.shown(),
            "chats": [_chat_report(chat) for chat in self._state.chats.values()],
        }

    def _file(self, given: Json) -> web.Response:
        if (stored := self._state.files.by_id(given["file_id"])) is None:
            raise ScriptError(f"there is no file {given['file_id']}")
        return web.Response(body=stored.content, content_type="application/octet-stream")


async def stream_events(state: State, request: web.Request) -> web.StreamResponse:
    """`GET /sim/events?after=N`: server-sent events, for ever."""
    check_origin(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    with suppress(ConnectionResetError):  # whoever read it has gone
        async for event in state.feed.subscribe(int(request.query.get("after", 0))):
            await response.write(f"id: {event['seq']}\ndata: {json.dumps(event)}\n\n".encode())
    return response


def shown_to_people(message: Message) -> Json:
    """A message as tests and the chat page see it."""
    shown = message.shown
    text = shown.get("text") or shown.get("caption") or plain_text(shown.get("rich_message", {}))
    return {
        "chat_id": message.chat.id,
        "message_id": message.id,
        "by_bot": message.by_bot,
        "deleted": message.deleted,
        "silent": message.silent,
        "touched": message.touched,
        "text": text,
        "buttons": buttons(shown.get("reply_markup")),
        "reply_to": shown.get("reply_to_message", {}).get("message_id"),
        "history": [*message.history],
        "raw": shown,
    }


def check_origin(request: web.Request) -> None:
    """Keeps pages of other sites, which a browser here may have open, away from the scripting side.

    A link or an address typed by a person may lead here from anywhere; anything else only from here.

    Raises:
        HTTPForbidden: the request came by another name or from another page.
    """
    own = f"http://{request.host}"
    if request.url.host not in {"127.0.0.1", "localhost"} or request.headers.get("Origin", own) != own:
        raise web.HTTPForbidden
    opened = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"} and not opened:
        raise web.HTTPForbidden


def _fits(message: Message, given: Json) -> bool:
    if message.deleted or (given.get("by_bot", True) and not message.by_bot):
        return False
    if message.id <= (given.get("after") or 0) or given.get("message_id") not in {None, message.id}:
        return False
    shown = shown_to_people(message)
    if (part := given.get("text")) is not None and part not in shown["text"]:
        return False
    if (pattern := given.get("regex")) is not None and not re.search(pattern, shown["text"], re.DOTALL):
        return False
    if given.get("document") and "document" not in message.shown:
        return False
    button = given.get("button")
    return button is None or any(one["text"].startswith(button) for one in shown["buttons"])


def _chat_report(chat: Chat) -> Json:
    return chat.shown() | {
        "messages": len(chat.messages),
        "blocked": chat.blocked,
        "migrated_to": chat.migrated_to,
        "members": {str(user_id): status for user_id, status in chat.members.items()},
    }
