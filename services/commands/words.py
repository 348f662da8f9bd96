"""What may stand in a command as a name. Each check returns the word or raises ValueError; nothing is repaired."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.projects import HostPath, Identifier, Service

_SERVICE: Final = TypeAdapter[str](Service)
_IDENTIFIER: Final = TypeAdapter[str](Identifier)
_HOST_PATH: Final = TypeAdapter[PurePosixPath](HostPath)

_COMPOSE_PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]{0,254}")
_CONTAINER_ID = re.compile(r"[0-9a-f]{12,64}")
_CONTAINER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}")
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_IMAGE_NAME = re.compile(
    rf"(?:[a-zA-Z0-9][a-zA-Z0-9.-]{{0,252}}(?::[0-9]{{1,5}})?/)?{_IMAGE_PART}(?:/{_IMAGE_PART})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
)
_APPLICATION = re.compile(r"opsgate:[A-Za-z0-9_-]{1,54}")  # PostgreSQL keeps 63 bytes
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)")
_REF_LENGTH = 200

T = TypeVar("T")
Check = Callable[[str], str]


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ValueError(f"not {what}")
    return text


def _accepted(adapter: TypeAdapter[T], value: object, what: str) -> T:
    try:
        return adapter.validate_python(value)
    except (ValidationError, TypeError):
        raise ValueError(f"not {what}") from None


def service(text: str) -> str:
    return _accepted(_SERVICE, text, "the name of a service")


def identifier(text: str) -> str:
    """A database or role name; never a connection string, which pg tools accept in the same place."""
    return _accepted(_IDENTIFIER, text, "the name of a database or role")


def host_path(path: PurePosixPath) -> PurePosixPath:
    return _accepted(_HOST_PATH, str(path), "an absolute path on the host")


def compose_project(text: str) -> str:
    return _matching(_COMPOSE_PROJECT, text, "the name of a Compose project")


def container_id(text: str) -> str:
    """12 to 64 hex digits, as the Engine gives them: never a name, which could move to another container."""
    return _matching(_CONTAINER_ID, text, "a container id")


def container_name(text: str) -> str:
    return _matching(_CONTAINER_NAME, text, "a container name")


def image_id(text: str) -> str:
    return _matching(_IMAGE_ID, text, "an image id")


def image_name(text: str) -> str:
    """Repository with or without registry and tag, at most 255 characters."""
    if len(text) > 255:  # noqa: PLR2004 - the registry's own limit
        raise ValueError("not an image name")
    return _matching(_IMAGE_NAME, text, "an image name")


def application(text: str) -> str:
    """PostgreSQL's application_name for our sessions: opsgate:<operation>."""
    return _matching(_APPLICATION, text, "an application name of ours")


def commit(text: str) -> str:
    return _matching(_COMMIT, text, "a full commit id")


def git_ref(text: str) -> str:
    """A branch, tag or commit as a person types it: git's own rules for refs (git-check-ref-format), ≤ 200 characters."""
    if (
        not isinstance(text, str)
        or not 0 < len(text) <= _REF_LENGTH
        or text.startswith(("-", "/", "."))
        or text.endswith(("/", "."))
        or text == "@"
        or not text.isprintable()
        or _REF_FORBIDDEN.search(text)
    ):
        raise ValueError("not a git ref")
    return text
