"""What an nginx configuration says about where it passes requests on to."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"#[^\n]*")
_QUOTES = str.maketrans("", "", "\"'")
_PASSED = re.compile(r"\b(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s+(?:[a-z]+://)?([^\s;/:]+)")
_UPSTREAM = re.compile(r"\bupstream\s+([^\s{]+)\s*\{([^}]*)\}")
_SERVER = re.compile(r"\bserver\s+([^\s;:]+)([^;]*);")


def static_upstreams(conf: str) -> tuple[str, ...]:
    """Names that nginx resolves once, when it starts: plain ones, as passed to or as servers of an upstream.

    What holds a variable is resolved while it serves; so is a server with `resolve`.
    """
    text = _COMMENT.sub("", conf).translate(_QUOTES)
    groups: dict[str, str] = dict(_UPSTREAM.findall(text))
    servers = [(name, options) for body in groups.values() for name, options in _SERVER.findall(body)]
    names = [name for name in _PASSED.findall(text) if name not in groups]
    names += [name for name, options in servers if "resolve" not in options.split()]
    return tuple(sorted({name for name in names if "$" not in name and not name.startswith(("unix", "["))}))
