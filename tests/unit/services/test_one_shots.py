"""A stack with a service that runs to its end is brought up by one command: every `up` would run that again."""

from __future__ import annotations

from typing import Any

import pytest

from services.facts.models import Container
from tests.unit.services.test_strategies import TRAITS, backend, chosen, one, seen

ONCE: dict[str, Any] = {"image": "x", "command": "migrate"}


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ({}, []),
        ({"restart": False}, [one("migrate", "9", state="exited")]),
        ({"restart": "no"}, []),
        ({"restart": "on-failure:3"}, [one("migrate", "9", state="exited")]),
        ({"restart": "${POLICY}"}, []),
        ({"deploy": {"restart_policy": {"condition": "on-failure"}}}, []),
    ],
)
def test_with_a_service_that_runs_to_its_end_all_is_recreated_at_once(
    said: dict[str, Any], there: list[Container]
) -> None:
    """Every `up` would run it again; the card says why nothing is rolled."""
    about = seen(*(one(name) for name in TRAITS), *there)
    found = chosen({"backend": "rolling"}, about, migrate=ONCE | said)
    assert not any(choice.spared or choice.rolling for choice in found.values())
    reason = found["backend"].reason
    assert reason is not None
    assert (reason.id, reason.args) == ("strategy-one-shot", {"service": "migrate"})
    assert [choice.service for choice in found.values() if choice.reason] == ["backend"]


def test_what_another_waits_for_to_end_is_such_a_service_even_while_it_runs() -> None:
    waits = backend(depends_on={"migrate": {"condition": "service_completed_successfully"}})
    about = seen(*(one(name) for name in TRAITS), one("migrate", "9"))
    found = chosen({"backend": "rolling"}, about, backend=waits, migrate=ONCE | {"restart": "always"})
    assert not any(choice.spared or choice.rolling for choice in found.values())


@pytest.mark.parametrize(
    "said", [{"restart": "always"}, {"deploy": {"restart_policy": {"condition": "any"}}}, {}]
)
def test_a_service_that_runs_on_is_none(said: dict[str, Any]) -> None:
    running = [] if said else [one("worker", "9")]  # nothing is said about restarts, and it runs
    found = chosen(
        {"backend": "rolling"}, seen(*(one(name) for name in TRAITS), *running), worker=ONCE | said
    )
    assert (found["backend"].rolling, found["db"].spared) == (True, True)
