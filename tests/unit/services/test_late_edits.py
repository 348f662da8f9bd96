"""What somebody edits on the server between the tap and the swap: told, not replaced."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from services import deploys
from services.drift import Drift, Drifted
from services.errors import CommandFailed, StepFailed
from services.models import State
from services.policy import verdict
from services.runs import Run
from services.store import Store
from tests.unit.services.docker_host import DockerHost, deploy, running
from tests.unit.services.test_rollbacks import OLD

ONE, TWO = "1" * 64, "2" * 64


class EditedHost(DockerHost):
    """`drift`: what the agent tells of what the swap would replace; None: it fails."""

    def __init__(self, *drift: str, total: int | None = None) -> None:
        super().__init__()
        self.drift: tuple[str, ...] | None = drift
        self.total = total
        self.asked: list[tuple[str, ...]] = []

    async def verb(self, verb: str, *words: Any, **_: Any) -> bytes:
        self.asked.append((verb, *(str(word) for word in words)))
        self.did.append(verb)
        if self.drift is None:
            raise CommandFailed(verb, 1, "no room")
        total = len(self.drift) if self.total is None else self.total
        return "".join(f"{line}\n" for line in [*self.drift, total]).encode()


def at(step: str, host: DockerHost, store: Store, folder: Path, drift: Drift | None) -> Run:
    run = running(host, store, folder, deploy(current=OLD, drift=drift))
    run.step_name = step
    return run


def told(*files: Drifted) -> Drift:
    return Drift(files=files, total=len(files))


EDITED = Drifted(path="app.py", sha256=ONE, size=9)
LINE = f"{ONE} 9 644 app.py"


async def test_what_the_plan_names_is_replaced_as_confirmed(store: Store, tmp_path: Path) -> None:
    host = EditedHost(LINE)
    await deploys.safety_copy(at("safety-copy", host, store, tmp_path, told(EDITED)))
    assert host.did == ["begin f-safety-copy", "drift"]
    releases = "/srv/fitnessapp_opsgate/releases"
    ((verb, *words),) = host.asked
    assert (verb, words[0]) == ("drift", "/srv/fitnessapp")
    assert words[1:] == [f"{releases}/20260101-new/manifest", f"{releases}/{OLD.id}/manifest"]


@pytest.mark.parametrize(
    "edited",
    [LINE.replace("app.py", "new.py"), LINE.replace(ONE, TWO), LINE.replace("644", "755")],
)
async def test_an_edit_after_the_plan_ends_the_deploy_before_the_swap(
    store: Store, tmp_path: Path, edited: str
) -> None:
    """Another file, or the named one with other content: after the safety copy, which has it then."""
    host = EditedHost(edited)
    with pytest.raises(StepFailed) as refused:
        await deploys.safety_copy(at("safety-copy", host, store, tmp_path, told(EDITED)))
    assert refused.value.phrase.id == "error-edited-since"
    assert refused.value.phrase.args["files"] == edited.split(" ", 3)[3]
    begun = frozenset({"lock", "build", "safety-copy"})
    assert verdict(begun, rolled_back=True) is State.FAILED


async def test_what_is_no_file_is_left_to_the_swap(store: Store, tmp_path: Path) -> None:
    """A folder where the release has a file: of the release before it makes way, any other one is refused there."""
    host = EditedHost("odd - - app.py")
    await deploys.safety_copy(at("safety-copy", host, store, tmp_path, told(EDITED)))


async def test_what_was_set_back_meanwhile_is_no_edit(store: Store, tmp_path: Path) -> None:
    await deploys.safety_copy(at("safety-copy", EditedHost(), store, tmp_path, told(EDITED)))


async def test_more_than_can_be_named_is_more_than_was_told(store: Store, tmp_path: Path) -> None:
    host = EditedHost(LINE, total=300)
    with pytest.raises(StepFailed) as refused:
        await deploys.safety_copy(at("safety-copy", host, store, tmp_path, told(EDITED)))
    assert refused.value.phrase.args["count"] == 299


@pytest.mark.parametrize("drift", [None, Drift(known=False), Drift(files=(EDITED,), total=300)])
async def test_a_card_that_did_not_name_everything_was_confirmed_as_it_is(
    store: Store, tmp_path: Path, drift: Drift | None
) -> None:
    host = EditedHost(f"{TWO} 9 644 other.py")
    await deploys.safety_copy(at("safety-copy", host, store, tmp_path, drift))
    assert host.asked == []


async def test_a_host_that_cannot_tell_any_more_ends_it_too(store: Store, tmp_path: Path) -> None:
    host = EditedHost()
    host.drift = None
    with pytest.raises(CommandFailed):
        await deploys.safety_copy(at("safety-copy", host, store, tmp_path, Drift()))


async def test_right_after_the_look_the_swap_asks_for_nothing(store: Store, tmp_path: Path) -> None:
    host = EditedHost()
    run = at("safety-copy", host, store, tmp_path, Drift())
    await deploys.safety_copy(run)
    run.step_name = "swap"
    await deploys.swap(run)
    assert host.did == ["begin f-safety-copy", "drift", "begin f-swap"]


@pytest.mark.parametrize("looked_ago", [None, 3600])
async def test_after_a_restart_or_an_outage_the_swap_looks_again_before_it_begins(
    store: Store, tmp_path: Path, looked_ago: int | None
) -> None:
    host = EditedHost(LINE)
    run = at("swap", host, store, tmp_path, Drift())
    run.looked_at = None if looked_ago is None else time.monotonic() - looked_ago
    with pytest.raises(StepFailed) as refused:
        await deploys.swap(run)
    assert refused.value.phrase.id == "error-edited-since"
    assert host.did == ["drift"]


async def test_once_begun_a_swap_goes_on_whatever_stands_there(store: Store, tmp_path: Path) -> None:
    """Half of the files may be the new ones: killed and taken up again, it is not asked about them."""
    host = EditedHost(LINE)
    host.here["f-swap"] = ("exited", 0, b"")
    await deploys.swap(at("swap", host, store, tmp_path, Drift()))
    assert host.did == []
