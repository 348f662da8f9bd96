from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from services import deploys, stacks
from services.backups import steps as backups
from services.backups.offsite import Offsite
from services.models import Kind, Plan
from services.plans import BACKUP_STEPS, DEPLOY_STEPS
from services.policy import LIVE_STEPS
from services.remote.hosts import Hosts
from services.runs import Run, StepDef

OLD = {"db": "sha256:" + "1" * 64, "backend": "sha256:" + "2" * 64}


def plan(**changes: Any) -> Plan:
    wanted = {"kind": Kind.DEPLOY, "project": "fitnessapp", "steps": DEPLOY_STEPS} | changes
    return Plan(**wanted)


def back(begun: set[str], **changes: Any) -> list[str]:
    return [step.name for step in deploys.way_back(plan(**changes), frozenset(begun))]


def test_the_plan_names_the_very_steps_that_run() -> None:
    async def nothing(_run: Run) -> None: ...

    lock = StepDef("lock", nothing)
    forward = deploys.procedure(lock, Path()).forward(plan())
    assert tuple(step.name for step in forward) == DEPLOY_STEPS
    backup = plan(kind=Kind.BACKUP, steps=BACKUP_STEPS)
    offsite = Offsite(Hosts({}, Path()), Path())
    assert (
        tuple(step.name for step in backups.procedure(lock, Path(), offsite).forward(backup)) == BACKUP_STEPS
    )


def test_the_backup_and_the_safety_copy_come_before_anything_that_changes_the_running_stack() -> None:
    """R-DB-3, R-RB-1: the order is the promise."""
    first_change = min(DEPLOY_STEPS.index(step) for step in LIVE_STEPS & {*DEPLOY_STEPS})
    assert DEPLOY_STEPS.index("backup") < DEPLOY_STEPS.index("build") < first_change
    assert DEPLOY_STEPS.index("safety-copy") < first_change


def test_nothing_begun_means_nothing_to_undo_but_the_lock() -> None:
    assert back({"lock"}, old_images=OLD) == ["unlock"]


def test_a_failed_build_gives_the_image_names_back_and_touches_nothing_else() -> None:
    assert back({"lock", "backup", "build"}, old_images=OLD) == ["restore-images", "unlock"]


def test_a_failure_after_up_brings_back_files_then_images_then_containers() -> None:
    """R-RB-3."""
    begun = {"lock", "build", "safety-copy", "swap", "up", "health"}
    assert back(begun, old_images=OLD) == [
        "restore-files",
        "restore-images",
        "up-previous",
        "health-previous",
        "unlock",
    ]


def test_a_failed_first_deploy_stops_what_it_started_before_its_compose_file_goes() -> None:
    begun = {"lock", "build", "swap", "up"}
    assert back(begun, first=True) == ["stop-new", "restore-files", "unlock"]


class Names:
    """A host that knows containers by name and records what was asked of it."""

    def __init__(self, *containers: tuple[str, str, str]) -> None:
        self.inspected = [
            {
                "Id": identity * 64,
                "Name": f"/{name}",
                "Image": "sha256:" + "0" * 64,
                "Created": "2026-11-23T00:00:00Z",
                "RestartCount": 0,
                "Config": {
                    "Image": "backend",
                    "Labels": {
                        "com.docker.compose.service": "backend",
                        "com.docker.compose.project": "fitness",
                    },
                },
                "HostConfig": {"RestartPolicy": {"Name": "no"}},
                "State": {"Status": state, "StartedAt": "2026-11-23T00:00:00Z", "ExitCode": 0},
                "Mounts": [],
            }
            for identity, name, state in containers
        ]
        self.did: list[list[str]] = []

    async def containers(self, _project: str) -> list[dict[str, Any]]:
        return self.inspected

    async def run(self, command: Any, **_: Any) -> None:
        self.did.append([word for word in command.argv if not word.startswith("-")])


async def mended(*containers: tuple[str, str, str]) -> list[list[str]]:
    names = Names(*containers)
    run = SimpleNamespace(remote=names, plan=SimpleNamespace(compose_project="fitness"))
    await stacks.mend_names(cast("Run", run))
    return names.did


async def test_a_stray_container_gets_its_name_back() -> None:
    did = await mended(("a", "0123456789ab_fitness-backend-1", "running"))
    assert did == [["docker", "rename", "a" * 64, "fitness-backend-1"]]


async def test_a_running_stray_takes_the_place_of_the_half_made_one() -> None:
    did = await mended(
        ("a", "0123456789ab_fitness-backend-1", "running"), ("b", "fitness-backend-1", "created")
    )
    assert [line[1] for line in did] == ["rm", "rename"] or [line[2] for line in did] == ["rm", "rename"]
    assert "b" * 64 in did[0]
    assert "a" * 64 in did[1]


async def test_a_dead_stray_goes_when_its_successor_runs() -> None:
    did = await mended(
        ("a", "0123456789ab_fitness-backend-1", "exited"), ("b", "fitness-backend-1", "running")
    )
    assert len(did) == 1
    assert "a" * 64 in did[0]
    assert "rm" in did[0]


async def test_ordinary_names_are_left_alone() -> None:
    assert await mended(("a", "fitness-backend-1", "running"), ("b", "deadbeef_other", "running")) == []
