"""`kill -9` of the bot, and a cut connection, at each step of a rollback and of its way back: made from the step lists."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator, Sequence

import pytest
import pytest_asyncio

from services.deploys import way_back
from services.models import Kind, Plan
from services.rollbacks.plans import ROLLBACK_STEPS
from tests.e2e.stack.server import COMPOSE_FILE
from tests.e2e.test_kill_matrix import of_this_operation
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
Case = tuple[str, str, str, str]
"""What happens, in which phase, at which step, at which moment of it."""


def cases(trouble: str, phase: str, steps: Sequence[str]) -> Iterator[Case]:
    """Of a job its middle, too. A connection is cut before a step's first word, or in the middle of its job."""
    for step in steps:
        if trouble == "cut":
            yield trouble, phase, step, "working" if step in JOB_STEPS else "begun"
        elif phase == "forward":
            yield from ((trouble, phase, step, moment) for moment in _moments(step))
        else:
            yield trouble, phase, step, _moments(step)[0]


def _moments(step: str) -> tuple[str, ...]:
    if step == ROLLBACK_STEPS[0]:
        return ("begun", "done")
    return ("working", "done") if step in JOB_STEPS else ("done",)


FORWARD = [*cases("kill", "forward", ROLLBACK_STEPS), *cases("cut", "forward", ROLLBACK_STEPS)]
BACK = [*cases("kill", "rollback", BACK_STEPS), *cases("cut", "rollback", BACK_STEPS)]
Releases = dict[str, tuple[str, Images]]
"""By version: label and images, as its deploy left them."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def releases(here: World) -> Releases:
    """Two. The earlier one publishes its site under a setting of its own, which can be made wrong."""
    await here.start_bot()
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
    trouble, *at = case
    held = here.folder / "held"
    for file in (held, held.with_suffix(".go")):
        file.unlink(missing_ok=True)
    await here.stop_bot(signal.SIGKILL)
    if trouble == "kill":
        await here.start_bot(kill_at=":".join(at))
        since = await confirmed(here, label)
        assert await here.wait_for_bot() == -signal.SIGKILL
        await here.start_bot()
        return since
    await here.start_bot(kill_at=":".join(at), HOLD=str(held))
    since = await confirmed(here, label)
    async with asyncio.timeout(60):
        while not held.exists():
            await asyncio.sleep(0.02)
    assert here.sshd.cut() > 0
    held.with_suffix(".go").touch()
    return since


async def _ends_well(here: World, since: int, expected: str, release: str, wanted: Images) -> None:
    """Healthy, of the very images, one verdict, no lock."""
    verdict = await here.verdict(since)
    assert expected in verdict.text.splitlines()[0], verdict.text
    assert here.server.served_version() == release
    assert images(here) == wanted
    assert here.server.is_healthy()
    assert here.lock_is_free()
    await asyncio.sleep(0.3)
    assert len(of_this_operation(here, await here.verdicts(since))) == 1


@pytest.mark.matrix
@pytest.mark.parametrize("case", FORWARD, ids=["-".join(case) for case in FORWARD])
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
@pytest.mark.parametrize("case", BACK, ids=["-".join(case) for case in BACK])
async def test_the_way_back_of_a_rollback_that_is_killed_or_cut_off_brings_back_what_served(
    here: World, releases: Releases, case: Case, taken_port: int
) -> None:
    """R-RB-3: the earlier release cannot come up any more, and the bot is troubled while it takes that back."""
    if here.server.served_version() == "r1":
        await here.stop_bot()
        await here.start_bot()
        assert "succeeded" in (await rolled_back(here, releases["r2"][0])).text
    here.server.write_env(OLD_PORT=str(taken_port))
    since = await _troubled(here, releases["r1"][0], case)
    await _ends_well(here, since, "rolled back", "r2", releases["r2"][1])
