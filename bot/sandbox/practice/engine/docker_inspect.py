"""`docker inspect` and its relatives: JSON about what is named, complaints about what is not there."""

import json
import sys
import time
from collections.abc import Callable, Sequence

from bot.sandbox.practice.engine import inspecting, naming
from bot.sandbox.practice.engine.errors import Refused, daemon
from bot.sandbox.practice.engine.formats import render
from bot.sandbox.practice.engine.inspecting import Json
from bot.sandbox.practice.engine.state import State, Store
from bot.sandbox.practice.engine.words import Words

Find = Callable[[Store, State, str], Json]


def inspector(find: Find) -> Callable[[Store, Sequence[str]], int]:
    """The verb that shows what `find` finds."""

    def inspect(store: Store, argv: Sequence[str]) -> int:
        words = Words("inspect", argv, ("format f =",))
        state, found, bad = store.read(), list[Json](), list[str]()
        for name in words.some("inspect"):
            try:
                found.append(find(store, state, name))
            except Refused as error:
                bad.append(error.message)
        template = words.one("format")
        if template:
            for one in found:
                sys.stdout.write(f"{render(template, one)}\n")
        else:
            sys.stdout.write(json.dumps(found, indent=4, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        sys.stderr.write("".join(f"{said}\n" for said in bad))
        return int(bool(bad))

    return inspect


def container(store: Store, state: State, name: str) -> Json:
    return inspecting.container(store, state, naming.container(state, name), time.time())


def image(_store: Store, state: State, name: str) -> Json:
    found = naming.image(state, name)
    if found is None:
        raise daemon(f"no such image: {name}: No such image: {naming.tagged(name)}")
    return inspecting.image(found)


def volume(store: Store, state: State, name: str) -> Json:
    if name not in state.volumes:
        raise daemon(f"get {name}: no such volume")
    return inspecting.volume(store, state.volumes[name])


def network(_store: Store, state: State, name: str) -> Json:
    for one in state.networks.values():
        if name == one.name or one.id.startswith(name):
            return inspecting.network(state, one)
    raise daemon(f"network {name} not found")


def anything(store: Store, state: State, name: str) -> Json:
    for find in (container, image, network, volume):
        try:
            return find(store, state, name)
        except Refused:
            continue
    raise Refused(f"Error: No such object: {name}")
