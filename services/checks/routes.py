"""R-DX-6: the frontend calls each Flask route with the slash at its end that the route has, or without."""

from __future__ import annotations

from collections.abc import Iterable

from services.changes import BACKEND, FRONTEND
from services.checks.tree import SourceTree, within
from services.facts.flask_routes import ANY, Path, flask_routes
from services.facts.frontend_calls import Call, frontend_calls
from services.models import Finding, Severity

CALLING_FILES = (".js", ".jsx", ".mjs", ".ts", ".tsx", ".html")
MOST_NAMED = 5
_MOST_BEFORE = 2
"""Segments such as /api/v1 that a base address may bring before a called path."""


def route_findings(tree: SourceTree) -> list[Finding]:
    routes = flask_routes(tree.python(BACKEND))
    calling = {
        path: text
        for path, text in tree.texts.items()
        if within(path, FRONTEND) and path.endswith(CALLING_FILES)
    }
    wrong = mismatches(routes, frontend_calls(calling)) if routes else []
    if not wrong:
        return []
    shown = [f"{call.path} ({call.file}:{call.line}) → {route}" for call, route in wrong[:MOST_NAMED]]
    args = {"calls": ", ".join(shown), "more": len(wrong) - len(shown)}
    return [Finding(code="route-slash", severity=Severity.WARNING, args=args)]


def mismatches(routes: Iterable[Path], calls: Iterable[Call]) -> list[tuple[Call, Path]]:
    """Calls that match routes, but all of them with the other slash; each with the route as it is declared."""
    known = [route for route in routes if route.segments]
    found = []
    for call in calls:
        matching = _matching(known, call)
        if matching and all(route.slash != call.path.slash for route in matching):
            found.append((call, matching[0]))
    return found


def _matching(routes: list[Path], call: Call) -> list[Path]:
    """The routes at this very address; where there is none, those that a base address may lead to.

    What a base brings is literal, and so is where the call begins: `/<id>` is no route for every word.
    """
    exact = [route for route in routes if _same(route.segments, call.path.segments)]
    if exact or call.whole:
        return exact
    count = len(call.path.segments)
    return [
        route
        for route in routes
        if 0 < len(route.segments) - count <= _MOST_BEFORE
        and ANY not in route.segments[: 1 - count or None]
        and _same(route.segments[-count:], call.path.segments)
    ]


def _same(route: tuple[str, ...], called: tuple[str, ...]) -> bool:
    return len(route) == len(called) and all(
        mine in {ANY, theirs} for mine, theirs in zip(route, called, strict=True)
    )
