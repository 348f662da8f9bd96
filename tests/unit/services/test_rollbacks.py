"""/rollback: what a plan rests on, which steps it has, and what its own steps ask of the host."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services import deploys
from services.commands.command import Command
from services.errors import BadInput, StepFailed
from services.facts.models import Facts, Release, Traits
from services.migrations.models import Ran, ScriptState
from services.models import Kind, Operation, Plan, Returning, Severity, State
from services.policy import LIVE_STEPS
from services.rollbacks import plans, steps
from services.rollbacks.plans import ROLLBACK_STEPS
from services.rollbacks.proposals import RollbackProposals
from services.runs import Run, StepDef
from services.store import Store
from tests.unit.bot.stage import backup, release
from tests.unit.checks.test_findings import container, facts, project
from tests.unit.services.docker_host import LOST, DockerHost, inspected, running
from tests.unit.services.stage import proposal

OLD = release(compose_project="fitness", image_names={"backend": "fitness-backend"})
IMAGE = OLD.images["backend"]
NEW = release(id="20261123-090000-bbbbbbbb", label="new", services=("backend", "worker"))


def returning(**changes: Any) -> Returning:
    return Returning(**{"release": OLD, "image_names": {"backend": "fitness-backend"}} | changes)


def planned(facts_now: Facts | None = None, present: set[str] | None = None, **changes: Any) -> Plan:
    now = facts_now or facts(current=NEW, compose_project="fitness")
    return plans.rollback(project(), now, returning(**changes), {IMAGE} if present is None else present)


# --- the plan ------------------------------------------------------------------------------------


def test_the_plan_names_the_very_steps_that_run_and_none_of_them_builds() -> None:
    """R-RB-2."""

    async def nothing(_run: Run) -> None: ...

    forward = steps.procedure(StepDef("lock", nothing)).forward(planned())
    assert tuple(step.name for step in forward) == ROLLBACK_STEPS == planned().steps
    assert not {"build", "upload"} & {*ROLLBACK_STEPS}


def test_backup_proof_and_safety_copy_come_before_anything_that_changes_the_running_stack() -> None:
    """R-DB-3, R-RB-1."""
    first_change = min(ROLLBACK_STEPS.index(step) for step in LIVE_STEPS & {*ROLLBACK_STEPS})
    for name in ("backup", "verify-release", "config", "keep-images", "safety-copy"):
        assert ROLLBACK_STEPS.index(name) < first_change


def test_the_way_back_is_a_deploy_s() -> None:
    """R-RB-3."""
    begun = frozenset({"lock", "backup", "safety-copy", "swap", "bring-images", "up", "health"})
    names = [step.name for step in deploys.way_back(planned(), begun)]
    assert names == ["restore-files", "restore-images", "up-previous", "health-previous", "unlock"]


def test_risk_is_medium_and_without_a_database_high() -> None:
    assert planned().risk == "medium"
    lonely = plans.rollback(project(database=None), facts(current=NEW), returning(), {IMAGE})
    assert (lonely.risk, lonely.backup) == ("high", False)


def test_each_service_comes_back_as_its_strategy_says_where_its_release_was_recorded_with_what_it_is_like() -> (
    None
):
    """Of releases that older versions brought nothing is known: they are recreated whole."""
    assert planned().strategies == ()
    known = OLD.model_copy(update={"traits": {"backend": Traits(healthcheck=True)}})
    (choice,) = planned(release=known).strategies
    assert (choice.service, choice.rolling) == ("backend", False)
    rolling = project(strategy={"backend": "rolling"})
    now = facts(containers=(container("backend", health="healthy"),), current=NEW, compose_project="fitness")
    (choice,) = plans.rollback(rolling, now, returning(release=known), {IMAGE}).strategies
    assert choice.rolling
    assert choice.old == tuple(one.id for one in now.containers)


def test_an_image_that_is_gone_blocks_and_says_what_to_do() -> None:
    plan = planned(present=set())
    (found,) = [one for one in plan.findings if one.code == "rollback-image-gone"]
    assert found.severity is Severity.BLOCKER
    assert found.args == {"services": "backend", "command": "/deploy fitnessapp"}
    assert plan.blocked
    assert not planned().blocked


def test_a_git_source_is_told_which_commit_to_deploy_instead() -> None:
    plan = plans.rollback(project(source={"git": "x"}), facts(current=NEW), returning(), set())
    (found,) = [one for one in plan.findings if one.code == "rollback-image-gone"]
    assert found.args["command"] == "/deploy fitnessapp 9f8e7d600000"


def test_a_release_of_another_stack_name_blocks() -> None:
    """R-DB-1's neighbour: it would come up beside the present one with empty volumes."""
    plan = planned(facts(current=NEW, compose_project="other"))
    assert "rollback-renamed" in {one.code for one in plan.findings}
    assert plan.blocked


def test_a_plan_stays_the_same_while_only_words_about_it_change() -> None:
    assert planned().digest == planned(more_gone=3, backup=backup()).digest
    assert planned().digest != planned(present=set()).digest
    assert planned().digest != planned(release=OLD.model_copy(update={"id": "other"})).digest
    restarted = facts(current=NEW, compose_project="fitness", containers=(container("db"),))
    assert planned().digest != planned(restarted).digest


def test_image_names_come_from_the_record_else_from_what_runs_else_from_compose() -> None:
    now = facts(containers=(container("backend"),), compose_project="fitness")
    old = release(
        images={"backend": "sha256:1", "db": "sha256:2", "web": "sha256:3"}, image_names={"db": "postgres:15"}
    )
    assert plans.names_for(now, old) == {"backend": "i", "db": "postgres:15", "web": "fitness-web"}


def test_services_of_the_present_release_that_the_earlier_one_lacks_stop() -> None:
    assert plans.services_that_stop(planned()) == ("worker",)
    assert plans.services_that_stop(planned(facts(current=None))) == ()


# --- its own steps -------------------------------------------------------------------------------


class KeepingHost(DockerHost):
    """`stored`: ids of the images that are there."""

    stored: tuple[str, ...] = (IMAGE,)

    async def images(self, ids: list[str]) -> list[dict[str, Any]]:
        return [{"Id": one} for one in ids if one in self.stored]


def rolling(host: DockerHost, store: Store, folder: Path, step: str) -> Run:
    operation = proposal(
        id="op", kind=Kind.ROLLBACK, plan=planned(facts(current=NEW, compose_project="fitness")), state=State.RUNNING, epoch=1,
    )  # fmt: skip
    run = running(host, store, folder, operation)
    run.step_name = step
    return run


async def test_the_kept_files_are_checked_on_the_host_and_every_image_by_its_id(
    store: Store, tmp_path: Path
) -> None:
    host = KeepingHost()
    result = await steps.verify_release(rolling(host, store, tmp_path, "verify-release"))
    assert result == {"images": 1}
    assert host.did == ["begin f-verify-release"]


async def test_an_image_that_went_meanwhile_fails_before_anything_changes(
    store: Store, tmp_path: Path
) -> None:
    host = KeepingHost()
    host.stored = ()
    with pytest.raises(StepFailed) as failed:
        await steps.verify_release(rolling(host, store, tmp_path, "verify-release"))
    assert failed.value.phrase.id == "error-images-gone"
    assert failed.value.phrase.args == {"services": "backend"}


async def test_files_that_cannot_be_proven_fail_too(store: Store, tmp_path: Path) -> None:
    host = KeepingHost()
    host.ends["f-verify-release"] = LOST
    with pytest.raises(StepFailed):
        await steps.verify_release(rolling(host, store, tmp_path, "verify-release"))


async def test_the_names_go_back_to_the_very_images(store: Store, tmp_path: Path) -> None:
    host = KeepingHost()
    await steps.bring_images(rolling(host, store, tmp_path, "bring-images"))
    assert host.did == [f"tag {IMAGE[:4]}"]


async def test_a_service_that_runs_another_image_than_recorded_is_not_well(
    store: Store, tmp_path: Path
) -> None:
    """R-RB-2: somebody moved the name between tag and up."""
    host = KeepingHost(inspected("a", "fitness-backend-1"))
    with pytest.raises(StepFailed) as failed:
        await steps.healthy(rolling(host, store, tmp_path, "health"))
    assert failed.value.phrase.id == "error-other-images"
    host.inspected[0]["Image"] = IMAGE
    assert await steps.healthy(rolling(host, store, tmp_path, "health")) == {}


async def test_up_removes_what_only_the_present_release_has(store: Store, tmp_path: Path) -> None:
    from services import stacks

    host = KeepingHost(
        inspected("a", "fitness-backend-1"),
        inspected("b", "fitness-worker-1", "exited", service="worker"),
        inspected("c", "by-hand", service="adminer"),
    )
    await stacks.up_previous(rolling(host, store, tmp_path, "up"))
    assert "rm bbbb" in host.did
    assert not {"rm aaaa", "rm cccc"} & {*host.did}


async def test_a_release_that_comes_back_keeps_who_brought_it_and_serves_from_now_on(
    store: Store, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    recorded = await deploys._release(rolling(KeepingHost(), store, tmp_path, "record"), now)
    assert (recorded.id, recorded.by, recorded.at) == (OLD.id, OLD.by, OLD.at)
    assert (recorded.since, recorded.until) == (now, None)
    assert recorded.images == OLD.images


# --- from a choice to a plan ---------------------------------------------------------------------


@dataclass
class Host:
    """What the host keeps; `current` is what its pointer says."""

    kept: list[Release]
    current: str = NEW.id
    manifests: dict[str, bytes] = field(default_factory=dict)
    drift: bytes = b"0\n"
    blocking: bytes = b"0\n"
    migrated: tuple[Ran, ...] = ()
    asked: list[str] = field(default_factory=list)

    async def verb(self, verb: str, *words: Any, **__: Any) -> bytes:
        self.asked.append(verb)
        if verb == "blocking":
            return self.blocking
        if verb == "drift":
            return b"0\n" if words[-1] == "-" else self.drift
        return "".join(f"\x1e{one.id}\n{one.model_dump_json(indent=1)}" for one in self.kept).encode()

    async def run(self, command: Command, **_: Any) -> Any:
        path = PurePosixPath(command.argv[-1])
        if path.name == "manifest":
            found = self.manifests.get(path.parent.name)
            return SimpleNamespace(exit_status=int(found is None), stdout=found or b"", truncated=False)
        if "find" in command.argv:
            said = "".join(f"{one.model_dump_json()}\n" for one in self.migrated)
            return SimpleNamespace(exit_status=0, stdout=said.encode(), truncated=False)
        return SimpleNamespace(exit_status=0, stdout=f"{self.current}\n".encode())

    async def images(self, ids: list[str]) -> list[dict[str, Any]]:
        return [{"Id": one} for one in ids]


def proposals(host: Host, store: Store) -> RollbackProposals:
    async def facts_of(_project: object) -> Facts:
        return facts(current=NEW, compose_project="fitness")

    hosts = cast("Any", SimpleNamespace(get=lambda _name: host))
    return RollbackProposals(facts_of, hosts, store, {"fitnessapp": project()}, Path("/nowhere"))


async def test_the_list_leaves_out_what_serves_and_is_noted_in_the_store(store: Store) -> None:
    found = await proposals(Host([OLD, NEW]), store).earlier("fitnessapp")
    assert [one.id for one in found] == [OLD.id]
    assert await store.releases.get(OLD.id) == OLD
    assert await store.releases.get("other") is None


async def test_a_project_that_nobody_configured_is_told_kindly(store: Store) -> None:
    with pytest.raises(BadInput) as refused:
        await proposals(Host([]), store).earlier("shop")
    assert refused.value.phrase.id == "error-no-project"


def listing(files: dict[str, str]) -> bytes:
    """A manifest; contents are one digit that stands for a hash."""
    return "".join(f"{content * 64}  644  {path}\n" for path, content in files.items()).encode()


MIGRATION = "backend/scripts/migrate_002_more.py"
NOW = listing({"a": "1", "b": "1", MIGRATION: "1", "c": "1"})
THEN = listing({"a": "2", "b": "1", "came": "1"})
MANIFESTS = {NEW.id: NOW, OLD.id: THEN}


async def test_a_plan_brings_images_files_and_the_newest_backup_of_that_time(store: Store) -> None:
    for number, of in enumerate([OLD.id, OLD.id, NEW.id]):
        made = backup(id=f"db-{number}", release=of)
        await store.backups.add(made.model_copy(update={"at": made.at.replace(minute=number)}))
    plan = await proposals(Host([OLD, NEW], manifests=MANIFESTS), store).rollback(project(), OLD.id)
    about = plan.returning
    assert about is not None
    assert about.release == OLD
    assert about.files == {"changed": 1, "added": 1, "removed": 2}
    assert about.backup is not None
    assert about.backup.id == "db-1"
    assert about.gone is None  # no repository here that knows the commits
    again = await proposals(Host([OLD, NEW], manifests=MANIFESTS), store).rollback_again(project(), plan)
    assert again.digest == plan.digest


async def test_migrations_that_came_since_are_a_warning_and_no_blocker(store: Store) -> None:
    """R-RB-2, R-DB-6: where nobody knows whether they ran, that is said; the matching backup is offered."""
    plan = await proposals(Host([OLD, NEW], manifests=MANIFESTS), store).rollback(project(), OLD.id)
    (found,) = [one for one in plan.findings if one.code == "rollback-migrations"]
    assert found.severity is Severity.WARNING
    said = {"count": 1, "scripts": "migrate_002_more.py", "more": 0, "backup": 0}
    assert found.args == said | {"ran": "", "known": 0}
    assert not plan.blocked
    back = await proposals(Host([OLD, NEW], manifests={NEW.id: THEN, OLD.id: NOW}), store).rollback(
        project(), OLD.id
    )
    assert "rollback-migrations" not in {one.code for one in back.findings}


@pytest.mark.parametrize(
    ("became", "code", "ran"),
    [
        (ScriptState.DONE, "rollback-migrations", ("migrate_002_more.py",)),
        (ScriptState.FAILED, "rollback-migrations", ("migrate_002_more.py",)),
        (ScriptState.NEW, "rollback-migrations-none", ()),
    ],
)
async def test_a_rollback_says_which_of_them_really_ran(
    store: Store, became: ScriptState, code: str, ran: tuple[str, ...]
) -> None:
    """R-RB-2, R-DB-6: one that failed may have done a part of its work."""
    known = Ran(
        script="migrate_002_more.py", sha256="1" * 64, state=became, operation="op", by="Anna",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    host = Host([OLD, NEW], manifests=MANIFESTS, migrated=(known,))
    plan = await proposals(host, store).rollback(project(), OLD.id)
    assert plan.returning is not None
    assert plan.returning.migrations_ran == ran
    assert code in {one.code for one in plan.findings}


async def test_what_was_edited_on_the_server_is_not_lost_unseen(store: Store) -> None:
    """A rollback swaps files as a deploy does. An edit after the card makes another plan."""
    edited = f"{'3' * 64} 9 644 a\n1\n".encode()
    plan = await proposals(Host([OLD, NEW], manifests=MANIFESTS, drift=edited), store).rollback(
        project(), OLD.id
    )
    (found,) = [one for one in plan.findings if one.code == "drift"]
    assert (found.severity, found.args["files"]) == (Severity.WARNING, "a")
    later = await proposals(Host([OLD, NEW], manifests=MANIFESTS), store).rollback_again(project(), plan)
    assert later.digest != plan.digest


@pytest.mark.parametrize("manifests", [MANIFESTS, {OLD.id: MANIFESTS[OLD.id]}], ids=["both", "its own only"])
async def test_what_is_in_the_way_of_a_rollback_blocks_it(store: Store, manifests: dict[str, bytes]) -> None:
    """R-UX-1."""
    host = Host([OLD, NEW], manifests=manifests, blocking=b"conf/theirs\n1\n")
    plan = await proposals(host, store).rollback(project(), OLD.id)
    (found,) = [one for one in plan.findings if one.code == "in-the-way"]
    assert (found.severity, found.args["files"]) == (Severity.BLOCKER, "conf/theirs")


async def test_what_is_not_known_of_the_files_is_left_out(store: Store) -> None:
    plan = await proposals(Host([OLD, NEW]), store).rollback(project(), OLD.id)
    assert plan.returning is not None
    assert (plan.returning.files, plan.returning.migrations) == (None, ())


@pytest.mark.parametrize(
    ("ref", "code"),
    [("gone", "error-no-release"), (None, "error-no-release"), (NEW.id, "error-release-serves")],
)
async def test_what_cannot_come_back_is_refused_with_a_reason(
    ref: str | None, code: str, store: Store
) -> None:
    with pytest.raises(BadInput) as refused:
        await proposals(Host([OLD, NEW]), store).rollback(project(), ref)
    assert refused.value.phrase.id == code


def test_the_step_that_proves_the_files_names_the_recorded_hash() -> None:
    asked: list[tuple[Any, ...]] = []

    def told(*words: Any) -> Any:
        asked.append(words)
        raise StepFailed("error-internal")

    run = SimpleNamespace(
        plan=planned(), project=project(), operation=cast("Operation", SimpleNamespace(epoch=1)),
        remote=SimpleNamespace(agent_command=told), job_id=lambda: "job",
    )  # fmt: skip
    coroutine = steps.verify_release(cast("Run", run))
    with pytest.raises(StepFailed):
        coroutine.send(None)
    folder = PurePosixPath("/home/me/fitnessapp_opsgate/releases") / OLD.id
    assert asked == [("intact", folder / "tree", folder / "manifest", "aaaaaaaa")]
