"""The Engine API, reads only: what Opsgate asks through the forwarded socket."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.sandbox.practice.engine import inspecting, naming
from bot.sandbox.practice.engine.errors import Refused
from bot.sandbox.practice.engine.inspecting import API_VERSION, VERSION
from bot.sandbox.practice.engine.state import State, Store
from bot.sandbox.practice.engine.vitals import vitals

_PREFIX = re.compile(r"/v(\d+)\.(\d+)(/.*)")
_ONE = re.compile(r"/(containers|images|volumes|networks)/(.+?)(/json)?")
_HEADERS = {"Api-Version": API_VERSION, "Ostype": "linux", "Server": f"Docker/{VERSION} (linux)"}
_HIGHEST = tuple(int(part) for part in API_VERSION.split("."))


class NotAnswered(Exception):
    """An HTTP status and the Engine's message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Api:
    """Answers from the engine's state on disk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            answer = self._answer(request)
        except NotAnswered as error:
            return _response({"message": error.message}, error.status)
        if isinstance(answer, str):
            return web.Response(text=answer, headers=_HEADERS)
        return _response(answer, 200)

    def _answer(self, request: web.BaseRequest) -> Any:
        path = _unprefixed(request.path)
        if request.method not in {"GET", "HEAD"}:
            raise NotAnswered(
                501, f"practice docker: cannot {request.method} {path}: changes are made with the command"
            )
        if path == "/_ping":
            return "OK"
        state = self._store.read()
        listings: dict[str, Callable[[], Any]] = {
            "/version": inspecting.version,
            "/containers/json": lambda: self._containers(state, request),
            "/images/json": lambda: self._images(state, request),
            "/volumes": lambda: self._volumes(state, request),
            "/networks": lambda: self._networks(state, request),
        }
        if path in listings:
            return listings[path]()
        if match := _ONE.fullmatch(path):
            return self._one(state, match[1], match[2], json_suffix=bool(match[3]))
        raise NotAnswered(404, "page not found")

    def _images(self, state: State, request: web.BaseRequest) -> list[inspecting.Json]:
        labels = _filters(request, ("label",))["label"]
        return [inspecting.image(one) for one in state.images.values() if naming.matches(one.labels, labels)]

    def _networks(self, state: State, request: web.BaseRequest) -> list[inspecting.Json]:
        labels = _filters(request, ("label",))["label"]
        found = [one for one in state.networks.values() if naming.matches(one.labels, labels)]
        return [inspecting.network(state, one) for one in found]

    def _containers(self, state: State, request: web.BaseRequest) -> list[inspecting.Json]:
        wanted = _filters(request, ("label", "status", "name", "id"))
        everything = request.query.get("all", "").lower() in {"1", "true"} or bool(wanted["status"])
        now = time.time()
        found = [
            one
            for one in state.containers.values()
            if naming.matches(one.labels, wanted["label"])
            and (everything or vitals(state, one, now).status in {"running", "restarting"})
            and (not wanted["status"] or vitals(state, one, now).status in wanted["status"])
            and all(name in one.name for name in wanted["name"])
            and all(one.id.startswith(id_) for id_ in wanted["id"])
        ]
        found.sort(key=lambda one: one.created, reverse=True)
        return [inspecting.summary(self._store, state, one, now) for one in found]

    def _volumes(self, state: State, request: web.BaseRequest) -> inspecting.Json:
        wanted = _filters(request, ("label", "name"))
        found = [
            inspecting.volume(self._store, one)
            for one in state.volumes.values()
            if naming.matches(one.labels, wanted["label"])
            and all(name in one.name for name in wanted["name"])
        ]
        return {"Volumes": found, "Warnings": None}

    def _one(self, state: State, kind: str, name: str, *, json_suffix: bool) -> inspecting.Json:
        if kind in {"containers", "images"} and not json_suffix:
            raise NotAnswered(404, "page not found")
        if kind == "containers":
            try:
                return inspecting.container(self._store, state, naming.container(state, name), time.time())
            except Refused:
                raise NotAnswered(404, f"No such container: {name}") from None
        if kind == "images":
            if (image := naming.image(state, name)) is not None:
                return inspecting.image(image)
            missing = name if ":" in name else f"{name}:latest"
            raise NotAnswered(404, f"no such image: {name}: No such image: {missing}")
        if kind == "volumes" and name in state.volumes:
            return inspecting.volume(self._store, state.volumes[name])
        for network in state.networks.values():
            if kind == "networks" and name in {network.name, network.id}:
                return inspecting.network(state, network)
        raise NotAnswered(
            404, f"get {name}: no such volume" if kind == "volumes" else f"network {name} not found"
        )


def _response(answer: Any, status: int) -> web.Response:
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False) + "\n"
    return web.Response(text=text, status=status, content_type="application/json", headers=_HEADERS)


def _unprefixed(path: str) -> str:
    """Without /v1.41; a version that is too new is refused."""
    match = _PREFIX.fullmatch(path)
    if match is None:
        return path
    asked = (int(match[1]), int(match[2]))
    if asked > _HIGHEST:
        said = (
            f"client version {match[1]}.{match[2]} is too new. Maximum supported API version is {API_VERSION}"
        )
        raise NotAnswered(400, said)
    return match[3]


def _filters(request: web.BaseRequest, known: tuple[str, ...]) -> dict[str, list[str]]:
    """`filters={"label":["a=b"]}`, also in the old form {"label":{"a=b":true}}."""
    found: dict[str, list[str]] = {name: [] for name in known}
    text = request.query.get("filters")
    if not text:
        return found
    try:
        given = dict(json.loads(text))
    except (ValueError, TypeError):
        raise NotAnswered(500, f"invalid filters: {text}") from None
    for name, values in given.items():
        if name not in found:
            raise NotAnswered(400, f"Invalid filter '{name}'")
        found[name] = [str(one) for one in values]
    return found
