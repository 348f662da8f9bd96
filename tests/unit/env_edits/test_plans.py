from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from services import compose_file, envfile
from services.checks.env_edit import Before
from services.env_edits import plans, steps
from services.env_edits.models import EnvEdit, Role
from services.env_edits.passwords import verifier
from services.env_edits.reading import Built
from services.env_edits.wishes import Wishes
from services.env_edits.writing import differences, edited
from services.facts.models import Container, EnvFacts, Facts, HostFacts, Release
from services.models import Kind, Plan
from services.projects import Database, Project
from services.runs import StepDef
from tests.unit.services.stage import PROJECT

COMPOSE = b"""
services:
  db: {image: postgres, environment: {POSTGRES_PASSWORD: "${DB_PASSWORD}"}}
  backend: {build: ../backend, environment: {URL: "x:${DB_PASSWORD}@db", NOTE: "${NOTE:-}"}}
  frontend: {build: ../mobile, environment: ["PLAIN"]}
  worker: {image: x, env_file: [../.env.prod]}
"""
OLD = b"DB_PASSWORD=abcDEF123\nURL=postgres://u:abcDEF123@db/x\nEXPO_PUBLIC_A=1\n"
STORED = verifier(SecretStr("abcDEF123"), "fit", "SCRAM")
PROJECT_WITH_ENV: Project = PROJECT.model_copy(
    update={"env_file": PROJECT.compose_file, "database": Database(name="fit", user="fit")}
)


def container(service: str) -> Container:
    return Container(
        id="c" * 12, name=service, service=service, image=f"x-{service}", image_id=f"sha256:{service}", state="running",
        health="healthy",
    )  # fmt: skip


def facts(*, deployed: bool = True) -> Facts:
    services = ("db", "backend", "frontend", "worker") if deployed else ()
    host = HostFacts(
        load=(0, 0, 0), cpus=2, memory_total=10**10, memory_available=10**10, disk_total=10**12, disk_available=10**12,
        uptime=1, clock_skew=0, docker="24.0.0", compose="2.26.1", http_client="curl", user_home="/home/me",
    )  # fmt: skip
    env = envfile.parse(OLD).facts(b"key", "600")
    return Facts(
        project="fitnessapp", at=datetime.now(UTC), compose_project="fitnessapp", host=host, env=env,
        containers=tuple(container(one) for one in services), path_exists=True, has_deployed_files=deployed,
        current=Release(id="r1", project="fitnessapp", compose_project="fitnessapp") if deployed else None,
    )  # fmt: skip


def plan(
    key: str,
    value: str | None,
    *,
    old: bytes = OLD,
    role: Role | None = None,
    deployed: bool = True,
    undoes: str = "",
) -> Plan:
    new = edited(old, key, None if value is None else SecretStr(value))
    before, after = envfile.parse(old), envfile.parse(new)
    added, changed, removed = differences(before.values, after.values)
    about = EnvEdit(
        file="/srv/.env", wish="wish-1", undoes=undoes, added=added, changed=changed, removed=removed
    )
    found = compose_file.parse(COMPOSE)
    built = Built(found.services, found.builds, ("frontend",), tuple(compose_file.texts(COMPOSE).items()))
    seen = plans.Seen(Before(before, after, role, not deployed), built)
    return plans.edit(PROJECT_WITH_ENV, facts(deployed=deployed), about, seen)


def codes(made: Plan) -> set[str]:
    return {one.code for one in made.findings if one.code.startswith("env-")}


def test_a_changed_value_plans_a_backup_a_build_and_a_new_start_not_a_restart() -> None:
    """R-FE-2, R-DB-3."""
    made = plan("NOTE", "hello")
    assert made.kind is Kind.ENV
    assert made.backup
    assert made.editing is not None
    assert made.editing.added == ("NOTE",)
    assert made.editing.readers == ("backend", "worker")
    assert made.editing.built == ("backend", "frontend")
    order = [
        made.steps.index(one)
        for one in ("backup", "build", "swap-env", "role-password", "up", "health", "record")
    ]
    assert order == sorted(order)
    assert made.no_cache == ()


def test_a_changed_public_value_builds_the_frontend_without_cache_and_says_that_it_is_public() -> None:
    """R-FE-3."""
    made = plan("EXPO_PUBLIC_A", "2")
    assert [one.service for one in made.no_cache] == ["frontend"]
    assert "env-public" in codes(made)


@pytest.mark.parametrize("deployed", [True, False])
def test_the_plan_names_the_very_steps_that_run(*, deployed: bool, tmp_path: Path) -> None:
    made = plan("NOTE", "hello", deployed=deployed)
    room = steps.Room(Wishes(tmp_path), b"key", lambda _env: None)
    run = steps.procedure(StepDef("lock", steps.swap_env), room)
    assert tuple(one.name for one in run.forward(made)) == made.steps
    begun = frozenset(made.steps) - {"unlock"}
    back = [one.name for one in run.rollback(made, begun)]
    assert back[0] == "restore-env"
    assert back[-2:] == ["forget-env", "unlock"]
    assert ("up-previous" in back) is deployed
    cut = ["end-dump"] if deployed else []  # without a stack there is none to be cut off
    assert [one.name for one in run.rollback(made, frozenset({"lock", "backup"}))] == [*cut, "unlock"]


def test_no_value_stands_in_a_plan() -> None:
    made = plan("SECRET_NOTE", "it's hunter2hunter2")
    assert "hunter2" not in made.model_dump_json()
    assert codes(made) == {"env-quoted"}


@pytest.mark.parametrize("value", ["p@ssword", "a b", "pass#1", "a:b", "ab/c", "", "пароль", "a$b"])
@pytest.mark.parametrize("key", ["DB_PASSWORD", "POSTGRES_PASSWORD", "PG_PASS"])
def test_a_password_that_breaks_the_connection_url_blocks(key: str, value: str) -> None:
    """R-DB-2."""
    made = plan(key, value, role=Role("fit", "fit", STORED))
    assert "env-password" in codes(made)
    assert made.blocked


def test_a_good_password_changes_the_role_too_and_names_where_the_old_one_still_stands() -> None:
    """R-DB-2."""
    made = plan("DB_PASSWORD", "newONE456", role=Role("fit", "postgres", STORED))
    assert made.editing is not None
    assert (made.editing.role, made.editing.worker) == ("fit", "postgres")
    assert codes(made) == {"env-role", "env-elsewhere"}
    assert not made.blocked
    assert made.risk == "high"


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (None, "env-role-unknown"),
        (Role("fit"), "env-role-rights"),
        (Role("fit", "fit", verifier(SecretStr("other"), "fit", "SCRAM")), "env-role-differs"),
    ],
)
def test_a_password_that_could_not_be_taken_back_is_refused(role: Role | None, code: str) -> None:
    made = plan("DB_PASSWORD", "newONE456", role=role)
    assert code in codes(made)
    assert made.blocked
    assert made.editing is not None
    assert made.editing.role == ""


def test_a_role_that_has_the_new_password_already_is_left_alone() -> None:
    made = plan(
        "DB_PASSWORD", "newONE456", role=Role("fit", "fit", verifier(SecretStr("newONE456"), "fit", "S"))
    )
    assert made.editing is not None
    assert made.editing.role == ""
    assert "env-role-already" in codes(made)
    assert not made.blocked


def test_a_bad_password_in_the_file_does_not_keep_it_from_being_mended() -> None:
    """R-DB-2: this is the mend that the finding asks for."""
    old = b"DB_PASSWORD=p@ss\n"
    env = EnvFacts(exists=True, keys=("DB_PASSWORD",), password_ok=False)
    role = Role("fit", "fit", verifier(SecretStr("p@ss"), "fit", "SCRAM"))
    made = plan("DB_PASSWORD", "good1", old=old, role=role)
    assert not made.blocked
    assert env.password_ok is False


def test_the_password_is_not_removed_while_there_is_a_database() -> None:
    made = plan("DB_PASSWORD", None, role=Role("fit", "fit", STORED))
    assert "env-role-removed" in codes(made)
    assert made.blocked


def test_before_the_first_deploy_only_the_file_changes() -> None:
    made = plan("DB_PASSWORD", "newONE456", deployed=False)
    assert made.first
    assert not {"build", "up", "role-password", "backup"} & set(made.steps)
    assert not made.blocked
    assert made.old_images == {}


@pytest.mark.parametrize(
    ("value", "code"),
    [("“smart”", "env-clever"), ('"wrapped"', "env-quotes"), ("a $b", "env-quoted")],
)
def test_what_was_perhaps_not_meant_is_said(value: str, code: str) -> None:
    assert code in codes(plan("NOTE", value))


def test_a_key_that_nobody_reads_is_said_where_no_whole_file_is_read() -> None:
    text = COMPOSE.replace(b"env_file: [../.env.prod]", b"init: true")
    built = Built(texts=tuple(compose_file.texts(text).items()))
    assert plans.readers(("UNREAD",), built) == ()
    assert plans.readers(("PLAIN",), built) == ("frontend",)
    assert plans.readers(("NOT",), built) == ()
