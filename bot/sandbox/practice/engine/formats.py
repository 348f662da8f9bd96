"""`--format`: the few Go templates that people and tests write."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.sandbox.practice.engine.errors import cannot

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"(json )?(\.(?:\w+(?:\.\w+)*)?)")
_INDEX = re.compile(r'index (\.\w+(?:\.\w+)*) "([^"]*)"')


def render(template: str, value: Any) -> str:
    """`{{.A.B}}`, `{{json .A}}`, `{{index .A "key"}}` with text around them. Raises Refused for anything else."""
    if template == "json":
        return compact(value)
    return _PLACE.sub(lambda match: _one(match[1].strip(), value, template), template)


def compact(value: Any) -> str:
    """JSON as Go writes it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _one(expression: str, value: Any, template: str) -> str:
    if match := _INDEX.fullmatch(expression):
        found = _walk(value, match[1], template)
        return _plain((found or {}).get(match[2], ""))
    match = _PATH.fullmatch(expression)
    if match is None:
        raise cannot(f"format with {template}", 64)
    found = _walk(value, match[2], template)
    return compact(found) if match[1] else _plain(found)


def _walk(value: Any, path: str, template: str) -> Any:
    for name in path.split(".")[1:]:
        if not name:
            return value
        if not isinstance(value, Mapping) or name not in value:
            raise cannot(f'format with {template}: there is no entry "{name}"', 1)
        value = value[name]
    return value


def _plain(value: Any) -> str:
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{_plain(one)}' for key, one in sorted(value.items()))}]"
    return f"[{' '.join(_plain(one) for one in value)}]" if isinstance(value, list) else str(value)
