"""Finding things as docker does: containers by name or the beginning of an id, images by tag or id."""

import re
import secrets
from collections.abc import Iterable

from bot.sandbox.practice.engine.errors import Refused, cannot, daemon
from bot.sandbox.practice.engine.state import Container, Image, State

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
SHORT = 12

_ID = re.compile(r"[0-9a-f]{1,64}")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_TAGGED = re.compile(r"[a-z0-9][a-z0-9._/-]*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def new_id() -> str:
    return secrets.token_hex(32)


def short(id_: str) -> str:
    return id_.removeprefix("sha256:")[:SHORT]


def tagged(name: str) -> str:
    """The whole name of an image: with `:latest` where no tag is given. Raises Refused for what is no name."""
    full = name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"
    if not _TAGGED.fullmatch(full):
        raise daemon(f'invalid reference format: "{name}"')
    return full


def container(state: State, name: str) -> Container:
    """By id, name, or the beginning of an id. Raises Refused."""
    if name in state.containers:
        return state.containers[name]
    plain = name.removeprefix("/")
    found = [one for one in state.containers.values() if one.name == plain]
    if not found and _ID.fullmatch(name):
        found = [one for id_, one in state.containers.items() if id_.startswith(name)]
    if len(found) != 1:
        raise daemon(
            f"No such container: {name}" if not found else f"Multiple IDs found with provided prefix: {name}"
        )
    return found[0]


def image(state: State, name: str) -> Image | None:
    """By tag, id, or the beginning of an id."""
    digest = name.removeprefix("sha256:")
    if f"sha256:{digest}" in state.images:
        return state.images[f"sha256:{digest}"]
    try:
        full = tagged(name)
    except Refused:
        full = ""
    for one in state.images.values():
        if full in one.tags:
            return one
    found = [one for id_, one in state.images.items() if _ID.fullmatch(digest) and id_[7:].startswith(digest)]
    return found[0] if len(found) == 1 else None


def tag(state: State, target: Image, name: str) -> None:
    """Gives an image a name; the image that had it keeps its id."""
    full = tagged(name)
    for one in state.images.values():
        if full in one.tags:
            one.tags.remove(full)
    target.tags.append(full)


def free_name(state: State, name: str) -> None:
    """Raises Refused unless a container can be called so."""
    if not _NAME.fullmatch(name):
        raise daemon(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    for one in state.containers.values():
        if one.name == name:
            raise daemon(
                f'Conflict. The container name "/{name}" is already in use by container "{one.id}". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )


def matches(labels: dict[str, str], wanted: Iterable[str]) -> bool:
    """`wanted`: "name" or "name=value", all of which must be there."""
    for one in wanted:
        name, equals, value = one.partition("=")
        if name not in labels or (equals and labels[name] != value):
            return False
    return True


def filters(given: Iterable[str], known: Iterable[str]) -> dict[str, list[str]]:
    """`--filter name=value …` by name. Raises Refused for a filter that is not known here."""
    found: dict[str, list[str]] = {name: [] for name in known}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name not in found:
            raise cannot(f"filter by {one} (Invalid filter '{name}')")
        found[name].append(value)
    return found
