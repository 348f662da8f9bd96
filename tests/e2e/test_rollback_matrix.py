"""`kill -9` of the bot, and a cut connection, at each step of a rollback and of its way back: made from the step lists."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import pytest_asyncio

from services.deploys import way_back
from services.models import Kind, Plan
from services.rollbacks.plans import ROLLBACK_STEPS
from tests.e2e.matrix import Case, arm, cases, each, strike, verdicts
from tests.e2e.stack.server import COMPOSE_FILE
from tests.e2e.test_rollback import Images, confirmed, deployed, images, rolled_back
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

JOB_STEPS = frozenset(
    {"backup", "verify-release", "safety-copy", "swap", "up", "restore-files", "up-previous"}
)
_some_images = Plan(kind=Kind.ROLLBACK, project="x", steps=ROLLBACK_STEPS, old_images={"backend": "sha256:0"})
BACK_STEPS = tuple(
    step.name for step in way_back(_some_images, frozenset(ROLLBACK_STEPS) - {"health", "record", "unlock"})
)
FORWARD, BACK = (
    [case for trouble in ("kill", "cut") for case in cases(trouble, phase, steps, JOB_STEPS)]
    for phase, steps in (("forward", ROLLBACK_STEPS), ("rollback", BACK_STEPS))
)
Releases = dict[str, tuple[str, Images]]
"""By version: label and images, as its deploy left them."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def releases(here: World) -> Releases:
    """Two. The earlier one publishes its site under a setting of its own, which can be made wrong."""
    await here.revive()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    here.server.write_env(OLD_PORT=str(here.server.http_port))
    compose = here.project.path / COMPOSE_FILE
    compose.write_text(compose.read_text().replace("${HTTP_PORT}", "${OLD_PORT}"))
    first = await deployed(here, "r1")
    compose.write_text(compose.read_text().replace("${OLD_PORT}", "${HTTP_PORT}"))
    return {"r1": first, "r2": await deployed(here, "r2")}


async def _troubled(here: World, label: str, case: Case) -> int:
    """A rollback that meets the trouble. The mark from which its messages come."""
    await arm(here, case)
    since = await confirmed(here, label)
    await strike(here, case[0])
    return since


async def _ends_well(here: World, since: int, expected: str, release: str, wanted: Images) -> None:
    """Healthy, of the very images, one verdict, no lock."""
    verdict = await here.verdict(since)
    assert expected in verdict.text.splitlines()[0], verdict.text
    assert here.server.served_version() == release
    assert images(here) == wanted
    assert here.server.is_healthy()
    assert here.lock_is_free()
    assert (await verdicts(here, since))[0] == 1


@pytest.mark.matrix
@each(FORWARD)
async def test_a_rollback_that_is_killed_or_cut_off_at_any_step_ends_with_the_earlier_release_and_one_verdict(
    here: World, releases: Releases, case: Case
) -> None:
    """R-RB-2: the very images, whatever happened on the way."""
    target = "r1" if here.server.served_version() == "r2" else "r2"
    label, wanted = releases[target]
    since = await _troubled(here, label, case)
    await _ends_well(here, since, "rollback succeeded", target, wanted)


@pytest.fixture(scope="module")
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))  # noqa: S104 - taken on every address, as the Engine wants it
        taken.listen()
        yield int(taken.getsockname()[1])


@pytest.mark.matrix
@each(BACK)
async def test_the_way_back_of_a_rollback_that_is_killed_or_cut_off_brings_back_what_served(
    here: World, releases: Releases, case: Case, taken_port: int
) -> None:
    """R-RB-3: the earlier release cannot come up any more, and the bot is troubled while it takes that back."""
    if here.server.served_version() == "r1":
        await here.revive()
        assert "succeeded" in (await rolled_back(here, releases["r2"][0])).text
    here.server.write_env(OLD_PORT=str(taken_port))
    since = await _troubled(here, releases["r1"][0], case)
    await _ends_well(here, since, "rolled back", "r2", releases["r2"][1])
