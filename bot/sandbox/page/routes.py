"""The addresses of the chat page: its own files, and the files that messages carry.

Nothing is built, nothing comes from elsewhere, and no other page may frame it or read from it.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from aiohttp import web

from bot.sandbox.scripting import check_origin
from bot.sandbox.state import State

STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # Nothing can be parsed as HTML, not even by mistake.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(state: State) -> list[web.RouteDef]:
    """`GET /`, `GET /page/<file>`, and `GET /sim/file/<file_id>` for the files of messages."""
    return [
        web.get("/", _checked(_index)),
        web.get("/page/{file}", _checked(_part)),
        web.get("/sim/file/{file_id}", _checked(partial(_attached, state))),
    ]


def _checked(handle: _Handler) -> _Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        check_origin(request)
        return await handle(request)

    return guarded


async def _index(_request: web.Request) -> web.StreamResponse:
    return _answer((STATIC / "index.html").read_bytes(), _TYPES[".html"])


async def _part(request: web.Request) -> web.StreamResponse:
    # Only names that the folder really holds are served, so no spelling of a path leads out of it.
    found = {path.name: path for path in STATIC.iterdir() if path.suffix in _TYPES}
    if (path := found.get(request.match_info["file"])) is None:
        raise web.HTTPNotFound(headers=_HEADERS, text="There is no such part of the page.")
    return _answer(path.read_bytes(), _TYPES[path.suffix])


async def _attached(state: State, request: web.Request) -> web.StreamResponse:
    """Pictures are shown; everything else is saved under the name that its link gives it."""
    if (stored := state.files.by_id(request.match_info["file_id"])) is None:
        raise web.HTTPNotFound(headers=_HEADERS, text="There is no such file.")
    if stored.mime in _IMAGES:
        return _answer(stored.content, stored.mime)
    response = _answer(stored.content, "application/octet-stream")
    response.headers["Content-Disposition"] = "attachment"
    return response


def _answer(body: bytes, content_type: str) -> web.Response:
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=body, content_type=content_type, charset=charset, headers=_HEADERS)
