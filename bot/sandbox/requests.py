"""Reading a Bot API request: query string, urlencoded, multipart or JSON, GET or POST."""

import json
from typing import Any

from aiohttp import web

from bot.sandbox.chats import Upload
from bot.sandbox.errors import ApiError, Json, bad_request
from bot.sandbox.sending import MAX_UPLOAD

# The largest upload, and room for the other parts of the form.
MAX_BODY = MAX_UPLOAD + 2_000_000


async def read_request(request: web.Request) -> tuple[Json, dict[str, Upload]]:
    """Values and files by name; a file part also stands among the values as `attach://<part>`.

    Raises:
        ApiError: 400 for a body that cannot be read, 413 for one that is too big.
    """
    given: Json = dict(request.query)
    files: dict[str, Upload] = {}
    if request.method != "POST" or not request.can_read_body:
        return given, files
    try:
        if request.content_type == "application/json":
            given |= _object(await request.read())
        else:
            _read_form(await request.post(), given, files)
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    return given, files


def _object(body: bytes) -> Json:
    try:
        decoded = json.loads(body)
    except ValueError:
        raise bad_request("can't parse request JSON object") from None
    if not isinstance(decoded, dict):
        raise bad_request("object expected as request body")
    return decoded


def _read_form(form: Any, given: Json, files: dict[str, Upload]) -> None:
    for name, value in form.items():
        if isinstance(value, web.FileField):
            files[name] = Upload(value.filename, value.file.read(), value.content_type)
            value.file.close()
        else:
            given[name] = value
    referenced = "".join(str(value) for value in given.values())
    for name in files:
        if f"attach://{name}" not in referenced:
            given[name] = f"attach://{name}"
