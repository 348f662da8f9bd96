from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services import plans
from services.checks import backup_findings, deploy_findings
from services.checks.database import DatabaseState, database_container, database_state, is_first
from services.facts.models import Container, EnvFacts, Facts, HostFacts, Release
from services.models import Finding, Pack, Severity
from services.phrases import Phrase
from services.projects import Project

GIB = 1024**3
HOST: dict[str, Any] = {
    "load": (0.1, 0.1, 0.1),
    "cpus": 2,
    "memory_total": GIB,
    "memory_available": GIB,
    "disk_total": 100 * GIB,
    "disk_available": 50 * GIB,
    "uptime": 1.0,
    "clock_skew": 0.5,
    "docker": "28.0.1",
    "compose": "2.26.1",
    "http_client": "curl",
    "user_home": "/home/me",
}
RELEASE = Release(id="20260101-000000-aaaaaaaa", project="fitnessapp", label="abc1234")


def project(**settings: Any) -> Project:
    base: dict[str, Any] = {
        "name": "fitnessapp",
        "host": "home",
        "path": "/home/me/fitnessapp",
        "compose_file": "docker/docker-compose.prod.yml",
        "env_file": ".env.prod",
        "source": {"path": "/src"},
        "database": {"name": "fitnessapp", "user": "fitnessapp_user"},
        "health": [{"url": "http://127.0.0.1:8080/"}],
    }
    return Project.model_validate(base | settings)


def container(service: str, state: str = "running", health: str | None = None) -> Container:
    name = f"fitnessapp-{service}-1"
    return Container(
        id="a" * 64,
        name=name,
        service=service,
        image="i",
        image_id="sha256:1",
        state=state,
        health=health,
        compose_project="fitnessapp",
    )


def facts(host: dict[str, Any] | None = None, **rest: Any) -> Facts:
    base: dict[str, Any] = {
        "project": "fitnessapp",
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "host": HostFacts(**(HOST | (host or {}))),
        "env": EnvFacts(exists=True, mode="600", password_ok=True),
        "containers": (container("db", health="healthy"), container("backend")),
        "current": RELEASE,
        "path_exists": True,
        "has_deployed_files": True,
        "volumes": ("fitnessapp_data",),
    }
    return Facts(**(base | rest))


def empty(**rest: Any) -> Facts:
    nothing = {"containers": (), "current": None, "volumes": (), "has_deployed_files": False}
    return facts(**(nothing | rest))


def pack(**rest: Any) -> Pack:
    base: dict[str, Any] = {
        "release_id": "20260102-000000-bbbbbbbb",
        "file": "f",
        "size": 1,
        "files": 1,
        "unpacked": 1000,
        "manifest_sha256": "b" * 64,
        "label": "def5678",
        "compose_services": ("db", "backend"),
    }
    return Pack(**(base | rest))


def found(findings: list[Finding]) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in findings}


def the(findings: list[Finding], code: str) -> Finding:
    return next(finding for finding in findings if finding.code == code)


def test_a_sound_server_and_a_new_release_raise_nothing() -> None:
    assert deploy_findings(project(), facts(), pack()) == []
    assert backup_findings(project(), facts()) == []


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ({"docker": None}, "docker-missing"),
        ({"compose": None}, "compose-missing"),
        ({"compose": "1.29.2"}, "compose-old"),
        ({"compose": "v"}, "compose-old"),
        ({"disk_available": GIB - 1}, "disk-low"),
        ({"http_client": None}, "http-client-missing"),
    ],
)
def test_a_missing_prerequisite_blocks_a_deploy(host: dict[str, Any], code: str) -> None:
    """R-DX-1, R-UX-1: prerequisites first."""
    assert found(deploy_findings(project(), facts(host), pack())) == {code: Severity.BLOCKER}


@pytest.mark.parametrize("version", ["2.0.0", "2.26.1-4", "5.1.0"])
def test_every_compose_from_2_on_will_do(version: str) -> None:
    assert deploy_findings(project(), facts({"compose": version}), pack()) == []


def test_room_is_needed_for_three_copies_of_the_source() -> None:
    finding = the(
        deploy_findings(project(), facts({"disk_available": 5 * GIB}), pack(unpacked=2 * GIB)), "disk-low"
    )
    assert (finding.args["needed"], finding.args["free"]) == (6144, 5120)
    assert deploy_findings(project(), facts({"disk_available": 6 * GIB}), pack(unpacked=2 * GIB)) == []


def test_an_http_client_is_needed_only_for_probes_of_a_deploy() -> None:
    without = facts({"http_client": None}, containers=(container("db", health="healthy"),))
    assert deploy_findings(project(health=[]), without, pack()) == []
    assert backup_findings(project(), without) == []


@pytest.mark.parametrize(
    ("skew", "codes"), [(30.0, {}), (-30.0, {}), (31.0, {"clock-skew"}), (-4000.0, {"clock-skew"})]
)
def test_a_wrong_clock_is_a_warning(skew: float, codes: set[str]) -> None:
    """R-DX-1: the clock."""
    findings = deploy_findings(project(), facts({"clock_skew": skew}), pack())
    assert set(found(findings)) == set(codes)
    assert all(finding.severity is Severity.WARNING for finding in findings)


def test_a_held_lock_blocks_and_names_its_holder() -> None:
    held = Phrase(id="error-lock-held", args={"owner": "other", "operation": "op-1", "age": 5})
    for findings in (
        deploy_findings(project(), facts(lock=held), pack()),
        backup_findings(project(), facts(lock=held)),
    ):
        assert the(findings, "lock-held").args == {"owner": "other", "operation": "op-1", "age": 5}
        assert the(findings, "lock-held").severity is Severity.BLOCKER


def test_a_missing_env_file_blocks() -> None:
    """R-DX-1: the env file is present."""
    findings = deploy_findings(project(), facts(env=EnvFacts(exists=False)), pack())
    assert found(findings) == {"env-missing": Severity.BLOCKER}
    assert findings[0].args["file"] == "/home/me/fitnessapp/.env.prod"


def test_a_project_without_an_env_file_needs_none() -> None:
    assert deploy_findings(project(env_file=None), facts(env=None), pack()) == []


@pytest.mark.parametrize(("ok", "codes"), [(True, set()), (None, set()), (False, {"password-unsafe"})])
def test_a_password_that_breaks_the_url_blocks_every_deploy(ok: bool | None, codes: set[str]) -> None:
    """R-DB-2."""
    findings = deploy_findings(project(), facts(env=EnvFacts(exists=True, password_ok=ok)), pack())
    assert set(found(findings)) == codes
    assert all(finding.severity is Severity.BLOCKER for finding in findings)


def test_lines_of_the_env_file_that_cannot_be_read_are_named() -> None:
    env = EnvFacts(exists=True, unreadable_lines=(3, 7))
    finding = the(deploy_findings(project(), facts(env=env), pack()), "env-unreadable")
    assert (finding.severity, finding.args["lines"]) == (Severity.BLOCKER, "3, 7")


def test_an_empty_server_has_no_database_to_back_up_and_says_so() -> None:
    """R-DB-3: the one deploy without a backup."""
    assert found(deploy_findings(project(), empty(), pack())) == {"first-deploy": Severity.INFO}
    assert found(backup_findings(project(), empty())) == {"backup-nothing-deployed": Severity.BLOCKER}


def half_way(*containers: Container) -> Facts:
    """What a first deploy that never succeeded leaves."""
    return empty(containers=containers, volumes=("v",), has_deployed_files=True, first_unfinished=True)


@pytest.mark.parametrize("containers", [(), (container("db", "created"),), (container("backend", "exited"),)])
def test_a_first_deploy_that_never_succeeded_is_still_the_first(containers: tuple[Container, ...]) -> None:
    """R-DB-3: otherwise a first deploy with a broken database could never be mended by the next one."""
    left = half_way(*containers)
    assert is_first(left)
    assert "first-deploy" in found(deploy_findings(project(), left, pack()))
    assert not plans.deploy(project(), left, pack()).backup


def test_a_stack_that_runs_is_no_first_deploy_whatever_an_older_one_left() -> None:
    """R-DB-3: somebody brought the stack up by hand after a first deploy had failed."""
    live = half_way(container("db"), container("backend"))
    plan = plans.deploy(project(), live, pack())
    assert (plan.first, plan.backup, set(plan.old_images)) == (False, True, {"db", "backend"})


def test_a_stopped_database_that_a_first_deploy_left_is_backed_up_too() -> None:
    """R-DB-3: only a person can say that it holds nothing, and learns how to say it."""
    left = half_way(container("db", "exited"), container("backend", "exited"))
    plan = plans.deploy(project(), left, pack())
    assert (plan.backup, plan.start_database) == (True, "a" * 64)
    finding = the(list(plan.findings), "database-left")
    assert (finding.severity, finding.args["command"]) == (Severity.WARNING, "docker rm fitnessapp-db-1")


def test_once_a_release_stood_there_it_is_never_a_first_deploy_again() -> None:
    assert not is_first(empty(current=RELEASE, first_unfinished=True))


@pytest.mark.parametrize(
    "left",
    [
        {"volumes": ("fitnessapp_data",)},
        {"containers": (container("backend"),)},
        {"has_deployed_files": True},
        {"current": RELEASE},
    ],
    ids=lambda left: next(iter(left)),
)
def test_a_deployed_stack_without_its_database_container_blocks_and_gives_the_command(
    left: dict[str, Any],
) -> None:
    """R-DB-3: no proven backup, no change; data may lie in a volume or folder that only the service can open."""
    for findings in (
        deploy_findings(project(), empty(**left), pack()),
        backup_findings(project(), empty(**left)),
    ):
        finding = the(findings, "database-missing")
        assert finding.severity is Severity.BLOCKER
        assert str(finding.args["command"]).endswith(
            " -f /home/me/fitnessapp/docker/docker-compose.prod.yml --env-file /home/me/fitnessapp/.env.prod up -d db"
        )


def test_a_stopped_database_is_started_first() -> None:
    stopped = facts(containers=(container("db", "exited"), container("backend", health="healthy")))
    assert database_state(project(), stopped) is DatabaseState.STOPPED
    assert found(deploy_findings(project(), stopped, pack())) == {"database-stopped": Severity.INFO}
    assert found(backup_findings(project(), stopped)) == {"database-stopped": Severity.INFO}


def test_of_several_database_containers_a_running_one_is_taken() -> None:
    running = container("db").model_copy(update={"id": "b" * 64, "name": "fitnessapp-db-2"})
    chosen = database_container(project(), facts(containers=(container("db", "exited"), running)))
    assert chosen is running


def test_a_project_without_a_database_is_warned_of_and_cannot_be_backed_up() -> None:
    """R-DB-3."""
    assert found(deploy_findings(project(database=None), facts(), pack())) == {
        "no-database": Severity.WARNING
    }
    assert found(backup_findings(project(database=None), facts())) == {"backup-no-database": Severity.BLOCKER}


def test_a_database_service_that_the_compose_file_does_not_have_blocks() -> None:
    finding = the(
        deploy_findings(project(), facts(), pack(compose_services=("backend",))), "database-unknown"
    )
    assert finding.severity is Severity.BLOCKER
    assert finding.args == {"service": "db", "file": "docker/docker-compose.prod.yml", "known": "backend"}


def test_nothing_is_said_about_the_database_of_a_host_without_docker() -> None:
    """R-DB-3: no containers seen is not no containers there."""
    blind = empty(host={"docker": None})
    assert found(deploy_findings(project(), blind, pack())) == {"docker-missing": Severity.BLOCKER}
    assert found(backup_findings(project(), blind)) == {"docker-missing": Severity.BLOCKER}


def test_without_probes_and_healthchecks_health_is_a_guess() -> None:
    bare = facts(containers=(container("db"), container("backend")))
    assert found(deploy_findings(project(health=[]), bare, pack())) == {"no-health": Severity.WARNING}
    assert deploy_findings(project(), bare, pack()) == []


def test_what_the_source_says_is_passed_on() -> None:
    new = pack(dirty=True, manifest_sha256="a" * 64)
    assert found(deploy_findings(project(), facts(), new)) == {
        "source-dirty": Severity.INFO,
        "nothing-new": Severity.INFO,
    }


def test_other_stacks_in_the_path_are_a_warning() -> None:
    finding = the(deploy_findings(project(), facts(others=("dev", "old")), pack()), "other-stacks")
    assert (finding.severity, finding.args["names"]) == (Severity.WARNING, "dev, old")


def test_what_blocks_comes_first() -> None:
    bad = facts({"clock_skew": 99, "docker": None}, env=EnvFacts(exists=False))
    severities = [finding.severity for finding in deploy_findings(project(), bad, pack(dirty=True))]
    assert severities == [Severity.BLOCKER, Severity.BLOCKER, Severity.WARNING, Severity.INFO]


def test_another_name_for_the_stack_than_its_release_had_blocks_all_that_would_use_it() -> None:
    """R-DB-1: Compose would start a second, empty database beside the data."""
    was = RELEASE.model_copy(update={"compose_project": "fitness"})
    renamed = facts(current=was, compose_project="docker")
    for findings in (deploy_findings(project(), renamed, pack()), backup_findings(project(), renamed)):
        finding = the(findings, "stack-renamed")
        assert finding.severity is Severity.BLOCKER
        assert finding.args == {"name": "docker", "recorded": "fitness"}
    same = facts(current=was, compose_project="fitness")
    assert deploy_findings(project(), same, pack()) == []


def test_a_release_without_its_record_is_a_warning() -> None:
    findings = deploy_findings(project(), facts(current_known=False), pack())
    assert found(findings) == {"release-unknown": Severity.WARNING}


def test_the_next_dump_needs_room_beside_the_release() -> None:
    """R-DX-1: or the backup fills the disk of the live database."""
    dumped = facts({"disk_available": 8 * GIB}, last_dump=4 * GIB)
    assert the(deploy_findings(project(), dumped, pack(unpacked=GIB)), "disk-low").args["needed"] == 11264
    assert the(backup_findings(project(), facts({"disk_available": 7 * GIB}, last_dump=4 * GIB)), "disk-low")
    assert backup_findings(project(), facts({"disk_available": 8 * GIB}, last_dump=4 * GIB)) == []


@pytest.mark.parametrize("findings", [deploy_findings, backup_findings])
def test_dumps_with_a_disk_of_their_own_need_room_there(findings: Any) -> None:
    """R-DX-1: and then they take none beside the deployment path."""
    rest = (pack(),) if findings is deploy_findings else ()
    own = {"disk_available": 2 * GIB, "dumps_available": 7 * GIB}
    found = the(findings(project(), facts(own, last_dump=4 * GIB), *rest), "dumps-disk-low")
    assert (found.severity, found.args["free"], found.args["needed"]) == (Severity.BLOCKER, 7168, 8192)
    assert findings(project(), facts(own | {"dumps_available": 8 * GIB}, last_dump=4 * GIB), *rest) == []
    without = project(database=None)
    codes = {one.code for one in findings(without, facts(own, last_dump=4 * GIB), *rest)}
    assert "dumps-disk-low" not in codes


def test_a_copy_that_is_fetched_needs_room_here() -> None:
    cramped = facts(last_dump=4 * GIB, local_available=8 * GIB - 1)
    assert the(backup_findings(project(), cramped), "local-disk-low").severity is Severity.BLOCKER
    assert backup_findings(project(), facts(last_dump=4 * GIB, local_available=8 * GIB)) == []
    assert backup_findings(project(), facts(last_dump=4 * GIB)) == []
