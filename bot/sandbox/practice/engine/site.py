"""What a published port answers: the frontend's page, and behind /api/ the backend, as their programs would."""

import asyncio
import csv
import io
import json
import mimetypes
import time
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from bot.sandbox.practice.engine import container_logs, executing, programs
from bot.sandbox.practice.engine.copying import inside
from bot.sandbox.practice.engine.state import Container, State, Store
from bot.sandbox.practice.engine.vitals import answers, backend_status, database_of

_NOT_FOUND = (
    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was "
    "not found on the server. If you entered the URL manually please check your spelling and try again.</p>\n"
)
_BROKEN = (
    "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n"
    "<p>The server encountered an internal error and was unable to complete your request. Either the server is "
    "overloaded or there is an error in the application.</p>\n"
)
_PAGES = "/var/www/html"


class Site:
    """One container's published port."""

    def __init__(self, store: Store, container: str) -> None:
        self._store = store
        self._container = container

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        state = self._store.read()
        one = state.containers.get(self._container)
        if one is None or not answers(one, time.time()):
            raise ConnectionAbortedError  # as a port whose program does not listen yet
        if one.program is not None and one.program.kind == "backend":
            return await self._backend(state, one, request)
        if request.path.startswith("/api/"):
            return await self._proxied(state, one, request)
        return self._page(one, request)

    # --- nginx ---

    def _page(self, one: Container, request: web.BaseRequest) -> web.Response:
        """`try_files $uri $uri/ /index.html`."""
        if request.method not in {"GET", "HEAD"}:
            return _nginx_error(405)
        root = inside(self._store.rootfs(one.image), _PAGES, "/")
        for found in (
            inside(root, request.path, "/"),
            inside(root, request.path, "/") / "index.html",
            root / "index.html",
        ):
            if found.is_file():
                return _file(found)
        return _nginx_error(404)

    async def _proxied(self, state: State, one: Container, request: web.BaseRequest) -> web.Response:
        now = time.time()
        for other in state.containers.values():
            played = other.program is not None and other.program.kind == "backend"
            if played and other.network == one.network and "backend" in other.aliases and answers(other, now):
                return await self._backend(state, other, request)
        return _nginx_error(502)

    # --- the backend ---

    async def _backend(self, state: State, one: Container, request: web.BaseRequest) -> web.Response:
        program, now = one.program, time.time()
        status = backend_status(state, one, request.path, now)
        if program is None or status in {404, 500}:
            return _html(_BROKEN if status == HTTPStatus.INTERNAL_SERVER_ERROR else _NOT_FOUND, status)
        if request.method not in {"GET", "HEAD"}:
            return _html(_NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
        if request.path == "/api/version":
            return _json({"release": program.release}, status)
        if request.path == "/api/health":
            if status == HTTPStatus.SERVICE_UNAVAILABLE:
                line = container_logs.Line(now, container_logs.refusal(program.release))
                container_logs.append(self._store, one, [line])
            said = "ok" if status == HTTPStatus.OK else "refusing traffic"
            return _json({"release": program.release, "status": said}, status)
        return await asyncio.to_thread(self._plans, state, one, now)

    def _plans(self, state: State, one: Container, now: float) -> web.Response:
        """From the table, or from plans.csv while there is no table."""
        database = database_of(state, one, now)
        data = programs.data_of(self._store, database) if database else None
        if database is None or data is None:
            return _html(_BROKEN, HTTPStatus.INTERNAL_SERVER_ERROR)
        sql = "SELECT name, weeks FROM plans ORDER BY id"
        status, answer = executing.query(database, data, sql, io.BytesIO())
        if status == 0:
            rows = [line.rsplit("|", 1) for line in answer.splitlines() if line]
            return _json([{"name": name, "weeks": int(weeks)} for name, weeks in rows], HTTPStatus.OK)
        file = inside(self._store.rootfs(one.image), "plans.csv", one.workdir)
        if not file.is_file():
            return _html(_BROKEN, HTTPStatus.INTERNAL_SERVER_ERROR)
        with file.open(newline="") as lines:
            plans = [{"name": row["name"], "weeks": int(row["weeks"])} for row in csv.DictReader(lines)]
        return _json(plans, HTTPStatus.OK)


def _file(found: Path) -> web.Response:
    kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    return web.Response(body=found.read_bytes(), content_type=kind, headers={"Server": "nginx"})


def _json(value: object, status: int) -> web.Response:
    text = json.dumps(value, separators=(",", ":")) + "\n"
    return web.Response(
        text=text, status=status, content_type="application/json", headers={"Server": "nginx"}
    )


def _html(text: str, status: int) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers={"Server": "nginx"})


def _nginx_error(status: int) -> web.Response:
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html>\n<head><title>{title}</title></head>\n<body>\n<center><h1>{title}</h1></center>\n</body>\n</html>\n"
    return _html(page, status)
