"""A strict Bot API 10.3 server for one bot, on loopback, in memory.

`python -m bot.sandbox.telegram --port 0 --token 123:ABC` prints one JSON line when it is ready:
`{"url": ..., "control": ..., "pid": ...}`. The Bot API is at `url`/bot<token>/<method>; both addresses also
serve the scripting side and the chat page, but only `control` stays reachable while `url` plays an outage. With
`--practice FOLDER` a practice host is made in that folder, and the line has `"practice"`: where it is.
"""

import argparse
import asyncio
import copy
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.errors import ApiError, Json, too_many_requests
from bot.sandbox.faults import Fault
from bot.sandbox.flood import OFF, TELEGRAM
from bot.sandbox.methods import perform
from bot.sandbox.page.routes import routes as page_routes
from bot.sandbox.parameters import method_named
from bot.sandbox.people import ScriptError
from bot.sandbox.practice.errors import PracticeError
from bot.sandbox.requests import MAX_BODY, read_request
from bot.sandbox.scripting import Action, Scripting, stream_events
from bot.sandbox.state import Call, State

if TYPE_CHECKING:
    from bot.sandbox.practice.days import Days

HOST = "127.0.0.1"
_FOR_EVER = 1e9


class Server:
    """The server: two listening sockets over one state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._port = 0
        self._requests: dict[int, web.Request] = {}
        self._site: web.TCPSite | None = None
        self._reserved: socket.socket | None = None
        self._days: Days | None = None
        app = web.Application(client_max_size=MAX_BODY)
        played = {
            "days": self._played("listed"),
            "days/begin": self._played("begin"),
            "days/end": self._played("end"),
        }
        app.add_routes(Scripting(state, self._apply_outage, played).routes())
        app.add_routes(page_routes(state))
        app.router.add_get("/sim/events", partial(stream_events, state))
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_route("*", "/{anything:.*}", _not_found)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.02)

    async def start(self, port: int, control_port: int = 0) -> Json:
        """Listens (port 0: any free one) and returns what is announced."""
        await self._runner.setup()
        await self._listen(port)
        control = web.TCPSite(self._runner, HOST, control_port, reuse_address=True)
        await control.start()
        addresses = self._runner.addresses
        self._port = addresses[0][1]
        urls = [f"http://{HOST}:{address[1]}" for address in addresses]
        return {"url": urls[0], "control": urls[1], "pid": os.getpid()}

    async def stop(self) -> None:
        """Ends every connection and stops listening."""
        self.state.faults.lift()
        self._cut_off()
        self._release()
        await self._runner.cleanup()

    @asynccontextmanager
    async def practice(self, folder: Path, engine: str) -> AsyncIterator[Json]:
        """A practice host and its bad days, until exit; gives what is announced of it."""
        # Imported here: SSH takes a moment, and a local Bot API alone starts without it.
        from bot.sandbox.practice.days import Days
        from bot.sandbox.practice.host import Practice

        async with (
            Practice.start(folder, engine=engine) as practice,
            Days.start(practice, self.state, self._apply_outage) as days,
        ):
            self._days = days
            yield practice.announcement()

    def _played(self, name: str) -> Action:
        """An action of the days."""

        def act(given: Json) -> Any:
            if self._days is None:
                raise ScriptError("there is no practice host: start the local Bot API with --practice FOLDER")
            return getattr(self._days, name)(given)

        return act

    async def _listen(self, port: int) -> None:
        self._site = web.TCPSite(self._runner, HOST, port, reuse_address=True)
        await self._site.start()

    async def _apply_outage(self) -> None:
        if self.state.faults.refusing() and self._site is not None:
            site, self._site = self._site, None
            await site.stop()
            self._reserved = _reserve(self._port)
            self._cut_off()
        elif self._site is None and not self.state.faults.refusing():
            await self._listen(self._port)
            self._release()

    def _release(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _cut_off(self) -> None:
        for request in list(self._requests.values()):
            _cut(request)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.state.faults.refusing():  # a kept-alive connection from before the outage
            return _cut(request)
        call = self.state.begin_call(request.match_info["method"])
        self._requests[call.seq] = request
        started = time.monotonic()
        try:
            return await self._answered(request, call)
        finally:
            call.took = time.monotonic() - started
            del self._requests[call.seq]
            self.state.feed.emit("call", method=call.method, status=call.status, call=call.seq)

    async def _answered(self, request: web.Request, call: Call) -> web.StreamResponse:
        fault = self.state.faults.for_call(call.method)
        try:
            if fault is not None and (made := await self._troubled(request, call, fault)) is not None:
                return made
            self._check_token(request)
            call.method = method_named(call.method)
            given, files = await read_request(request)
            call.parameters = given | {name: f"<{len(file.content)} bytes>" for name, file in files.items()}
            response = _result(call, await perform(self.state, call.method, given, files))
        except ApiError as error:
            response = _refused(call, error)
        return _cut(request) if call.fault == "lose_response" else response

    async def _troubled(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse | None:
        """The trouble instead of an answer; None when the call is performed and its answer lost."""
        call.fault = fault.kind
        if fault.kind == "flood":
            raise too_many_requests(fault.wait())
        if fault.kind == "unauthorized":
            raise ApiError(401, "Unauthorized")
        if fault.kind == "answer":
            call.status = fault.status
            headers = {"Content-Type": fault.content_type}
            return web.Response(status=fault.status, body=fault.body.encode(), headers=headers)
        if fault.kind == "hang":
            with suppress(TimeoutError):
                async with asyncio.timeout(fault.seconds or _FOR_EVER):
                    await fault.lifted.wait()
        return None if fault.kind == "lose_response" else _cut(request)

    def _check_token(self, request: web.Request) -> None:
        token = request.match_info["token"]
        if ":" not in token:
            raise ApiError(404, "Not Found")
        if token != self.state.token:
            raise ApiError(401, "Unauthorized")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if self.state.faults.refusing() or self.state.faults.for_call("download") is not None:
            return _cut(request)
        if request.match_info["token"] != self.state.token:
            return web.json_response(ApiError(401, "Unauthorized").body(), status=401)
        if (stored := self.state.files.by_path(request.match_info["path"])) is None:
            return await _not_found(request)
        return web.Response(body=stored.content, content_type="application/octet-stream")


def _reserve(port: int) -> socket.socket:
    """Holds a port without listening: connections are refused, and nobody else can take it meanwhile."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((HOST, port))
    return reserved


def _cut(request: web.Request) -> web.StreamResponse:
    """Ends the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _refused(call: Call, error: ApiError) -> web.Response:
    call.status, call.answer = error.code, error.description
    wait = error.parameters.get("retry_after")
    headers = {"Retry-After": str(wait)} if wait else None
    return web.json_response(error.body(), status=error.code, headers=headers)


def _result(call: Call, result: Any) -> web.Response:
    call.status = 200
    if call.method == "getUpdates":
        call.answer = [update["update_id"] for update in result]
    else:
        call.answer = copy.deepcopy(result)
    return web.json_response({"ok": True, "result": result})


async def _not_found(_request: web.Request) -> web.Response:
    return web.json_response(ApiError(404, "Not Found").body(), status=404)


async def serve(arguments: argparse.Namespace) -> None:
    """Serves until SIGTERM or SIGINT, or until standard input ends when started with `--leash`."""
    limits = TELEGRAM if arguments.flood == "telegram" else OFF
    server = Server(State(arguments.token, limits))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if arguments.leash:
        loop.add_reader(sys.stdin.fileno(), partial(_end_at_eof, ended))
    async with AsyncExitStack() as stack:
        announced = await server.start(arguments.port, arguments.control_port)
        stack.push_async_callback(server.stop)
        if arguments.practice is not None:
            practice = server.practice(arguments.practice, arguments.engine)
            announced["practice"] = await stack.enter_async_context(practice)
        _announce(json.dumps(announced) + "\n", arguments.announce_file)
        await ended.wait()


def _announce(line: str, file: Path | None) -> None:
    if file is not None:
        file.write_text(line)
    sys.stdout.write(line)
    sys.stdout.flush()


def _end_at_eof(ended: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        ended.set()


def arguments_from(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--control-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--token", required=True, help="<bot id>:<secret>")
    parser.add_argument("--announce-file", type=Path, help="also write the announcement there")
    parser.add_argument("--flood", choices=["telegram", "off"], default="telegram")
    parser.add_argument("--practice", type=Path, metavar="FOLDER", help="a new folder for a practice host")
    parser.add_argument(
        "--engine", choices=["simulated", "docker"], default="simulated", help="of the practice host"
    )
    parser.add_argument("--leash", action="store_true", help="end when standard input ends")
    return parser.parse_args(argv)


if __name__ == "__main__":
    try:
        asyncio.run(serve(arguments_from()))
    except (PracticeError, OSError) as error:  # a port that is taken, a folder that cannot be written
        sys.exit(f"local Bot API: {error}")
