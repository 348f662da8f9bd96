"""A strict Bot API 10.3 server for one bot, on loopback, in memory.

`python -m bot.sandbox.telegram --port 0 --token 123:ABC` prints one JSON line when it is ready:
`{"url": ..., "control": ..., "pid": ...}`. The Bot API is at `url`/bot<token>/<method>; both addresses also
serve the scripting side, but only `control` stays reachable while `url` plays an outage.
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
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox.errors import ApiError, Json, too_many_requests
from bot.sandbox.faults import Fault
from bot.sandbox.flood import OFF, TELEGRAM
from bot.sandbox.methods import perform
from bot.sandbox.parameters import method_named
from bot.sandbox.requests import MAX_BODY, read_request
from bot.sandbox.scripting import Scripting, stream_events
from bot.sandbox.state import Call, State

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
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(Scripting(state, self._apply_outage).routes())
        app.router.add_get("/sim/events", partial(stream_events, state))
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_route("*", "/{anything:.*}", _not_found)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.02)

    async def start(self, port: int) -> Json:
        """Listens (port 0: any free one) and returns what is announced."""
        await self._runner.setup()
        await self._listen(port)
        control = web.TCPSite(self._runner, HOST, 0)
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
            raise too_many_requests(fault.retry_after)
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
    announcement = json.dumps(await server.start(arguments.port))
    if arguments.announce_file is not None:
        arguments.announce_file.write_text(announcement + "\n")
    sys.stdout.write(announcement + "\n")
    sys.stdout.flush()
    await ended.wait()
    await server.stop()


def _end_at_eof(ended: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        ended.set()


def arguments_from(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--token", required=True, help="<bot id>:<secret>")
    parser.add_argument("--announce-file", type=Path, help="also write the announcement there")
    parser.add_argument("--flood", choices=["telegram", "off"], default="telegram")
    parser.add_argument("--leash", action="store_true", help="end when standard input ends")
    return parser.parse_args(argv)


if __name__ == "__main__":
    asyncio.run(serve(arguments_from()))
