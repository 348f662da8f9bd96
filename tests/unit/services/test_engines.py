"""The seam between operations and engines: which one a project has, where its file lies, what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest

from services.backups.models import Backup
from services.checks import backup_findings, drill_findings, restore_findings
from services.commands import sqlite as commands
from services.commands.command import Command
from services.engines import aside, engine_at
from services.engines.postgres import Postgres
from services.engines.sqlite import NotInVolume, Sqlite, place, shares
from services.errors import HostError
from services.facts.cluster import Seen
from services.facts.containers import parse_containers
from services.facts.database_file import why_no_tools
from services.facts.models import Container, Mount, NoTools
from services.manual import acts
from services.plans import stopped_database
from services.projects import AnyDatabase, Database, Host, SqliteDatabase
from services.remote.channels import Completed
from tests.unit.checks.test_findings import facts, project
from tests.unit.services.backup_host import NO_BACKUP

LITE = SqliteDatabase(engine="sqlite", service="backend", file=PurePosixPath("/data/db/app.db"))
VOLUME = Mount(kind="volume", source="app_data", target="/data")


def container(*mounts: Mount, state: str = "running", user: str = "") -> Container:
    return Container(
        id="c" * 64,
        name="fit-backend-1",
        service="backend",
        image="fit-backend",
        image_id="sha256:" + "d" * 64,
        state=state,
        mounts=mounts,
        user=user,
    )


def lite(**changes: Any) -> Any:
    return project().model_copy(update={"database": LITE, **changes})


class Answering:
    def __init__(self, status: int, said: str = "") -> None:
        self.asked: list[Command] = []
        self._done = Completed(status, b"", said.encode(), truncated=False)

    async def run(self, command: Command, *, check: bool = True) -> Completed:
        assert not check
        self.asked.append(command)
        return self._done


# --- which engine, and where ---------------------------------------------------------------------


@pytest.mark.parametrize(("database", "kind"), [(Database(name="fit", user="fit"), Postgres), (LITE, Sqlite)])
def test_each_database_has_its_engine(database: AnyDatabase, kind: type) -> None:
    assert isinstance(engine_at(database, container(VOLUME)), kind)


def test_names_aside_are_the_engines_own_and_the_other_takes_none_of_them() -> None:
    assert aside("postgres", "fit", "before", "k3f9") == "fit_before_k3f9"
    assert aside("sqlite", "app.db", "before", "k3f9") == "app.db.opsgate_before_k3f9"
    working = engine_at(LITE, container(VOLUME))
    for name in ("fit_before_k3f9", "other.db.opsgate_before_k3f9", "app.db", "app.db.opsgate_before_../x"):
        with pytest.raises(ValueError, match="not the name"):
            working.drop(name)
    with pytest.raises(ValueError, match="drill"):
        working.swap(aside("sqlite", "app.db", "drill", "k3f9"), aside("sqlite", "app.db", "before", "k3f9"))


def test_the_innermost_mount_is_the_one_that_is_seen() -> None:
    inner = Mount(kind="bind", source="/srv/db", target="/data/db")
    assert place(LITE, container(VOLUME, inner)).source == "/srv/db"
    assert place(LITE, container(VOLUME)).source == "app_data"
    built = commands.facts(place(LITE, container(VOLUME, user="1000"))).argv
    assert "type=volume,source=app_data,target=/data,volume-nocopy" in built
    assert built[built.index("--user") + 1] == "1000"


@pytest.mark.parametrize(
    "mounts",
    [
        (),
        (Mount(kind="tmpfs", source="", target="/data"),),
        (Mount(kind="volume", source="v", target="/data", writable=False),),
        (VOLUME, Mount(kind="bind", source="/srv/app.db", target="/data/db/app.db")),
        (Mount(kind="volume", source="v", target="/database"),),
    ],
)
def test_what_does_not_lie_in_a_volume_is_not_worked_on(mounts: tuple[Mount, ...]) -> None:
    with pytest.raises(NotInVolume):
        engine_at(LITE, container(*mounts))


@pytest.mark.parametrize("source", ["x,readonly", "/srv,dst=/", '/srv"', "../x", "/srv/$(id)"])
def test_a_mount_with_a_hostile_name_is_refused(source: str) -> None:
    """R-DB-1: nothing can be slipped into the words of --mount."""
    for kind in ("volume", "bind"):
        with pytest.raises(ValueError, match="not a mount"):
            engine_at(LITE, container(Mount(kind=kind, source=source, target="/data"))).facts()


def test_a_tools_image_does_not_know_the_services_users() -> None:
    tools = LITE.model_copy(update={"tools_image": "python:3-slim"})
    assert place(tools, container(VOLUME, user="app")).user == "0:0"
    assert place(tools, container(VOLUME, user="1000:1000")).user == "1000:1000"
    assert place(LITE, container(VOLUME, user="app")).user == "app"


def test_who_shares_a_file_is_known_by_volume_and_by_folder() -> None:
    folder = Mount(kind="bind", source="/srv/data", target="/x")
    assert shares(VOLUME, VOLUME.model_copy(update={"target": "/elsewhere"}))
    assert not shares(VOLUME, VOLUME.model_copy(update={"source": "other"}))
    assert shares(folder, folder.model_copy(update={"source": "/srv"}))
    assert shares(folder, folder.model_copy(update={"source": "/srv/data/db"}))
    assert not shares(folder, folder.model_copy(update={"source": "/srv/data2"}))
    assert not shares(folder, VOLUME)


def test_the_tools_own_container_is_none_of_the_stacks() -> None:
    """An image that Compose built carries the stack's labels: the tool's container covers them."""
    words = commands.facts(place(LITE, container(VOLUME))).argv
    given = dict(word.removeprefix("--label=").split("=", 1) for word in words if word.startswith("--label="))
    inspected = {
        "Id": "e" * 64, "Name": "/x", "Image": "sha256:1", "Config": {"Labels": given}, "State": {"Status": "running"},
    }  # fmt: skip
    assert parse_containers([inspected]) == ()
    assert given["com.docker.compose.project"] == "opsgate-tool"


# --- what speaks against it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (0, None),
        (75, None),
        (1, "damaged"),
        (66, "missing"),
        (77, "closed"),
        (125, "tools"),
        (127, "python"),
        (9, "tools"),
    ],
)
async def test_the_facts_try_the_file_and_say_what_is_missing(status: int, problem: str | None) -> None:
    remote = Answering(status, "why not\nmore")
    found = await why_no_tools(remote, lite(), [container(VOLUME, state="exited")])
    assert (found.problem if found else None) == problem
    assert found is None or found.why == "why not"
    assert len(remote.asked) == 1


async def test_nothing_is_tried_for_other_engines_or_before_anything_is_deployed() -> None:
    remote = Answering(1)
    postgres = project().model_copy(update={"database": Database(service="backend", name="a", user="b")})
    assert await why_no_tools(remote, postgres, [container(VOLUME)]) is None
    assert await why_no_tools(remote, lite(), []) is None
    assert (await why_no_tools(remote, lite(), [container()])) == NoTools(problem="place")
    assert remote.asked == []


@pytest.mark.parametrize("problem", ["place", "python", "tools", "missing", "closed", "damaged"])
def test_a_file_that_cannot_be_worked_on_blocks_with_what_to_do(problem: Any) -> None:
    """R-UX-1, R-DB-3."""
    seen = facts(containers=(container(VOLUME),), tools=NoTools(problem=problem, why="so"))
    for found in (
        backup_findings(lite(), seen),
        drill_findings(lite(), seen, Seen(), NO_BACKUP),
        restore_findings(lite(), seen, Seen(), NO_BACKUP),
    ):
        assert f"sqlite-{problem}" in {one.code for one in found if one.severity == "blocker"}


def test_a_stopped_service_is_no_obstacle_and_is_not_started() -> None:
    seen = facts(containers=(container(VOLUME, state="exited"),))
    assert not [one for one in backup_findings(lite(), seen) if one.severity == "blocker"]
    assert stopped_database(lite(), seen) is None


def test_a_backup_of_another_engine_is_not_restored() -> None:
    seen, backup = facts(containers=(container(VOLUME),)), NO_BACKUP
    assert isinstance(backup, Backup)
    codes = {one.code for one in restore_findings(lite(), seen, Seen(), backup)}
    assert "restore-other-engine" in codes
    own = backup.model_copy(update={"engine": "sqlite"})
    assert "restore-other-engine" not in {one.code for one in restore_findings(lite(), seen, Seen(), own)}


def test_a_user_who_may_not_replace_the_file_is_told_before_anything_is_done() -> None:
    working = engine_at(LITE, container(VOLUME))
    said = b'{"user": "1:1", "may": false, "version": "3.40.1", "size": 1, "encoding": "UTF-8"}'
    seen = Seen(working.parse_facts(said))
    known = facts(containers=(container(VOLUME),))
    own = NO_BACKUP.model_copy(update={"engine": "sqlite"})
    for check in (restore_findings, drill_findings):
        assert "sqlite-rights" in {one.code for one in check(lite(), known, seen, own)}
        good = replace(seen, worker="1:1")
        assert "sqlite-rights" not in {one.code for one in check(lite(), known, good, own)}
    with pytest.raises(HostError):
        working.parse_facts(b"[]")


def test_the_hand_procedure_has_commands_for_a_file(tmp_path: object) -> None:
    host = Host(name="home", address="h", user="u")
    done = {act.name: "\n".join(act.commands) for act in acts(lite(), host, compose_project="fit")}
    assert "integrity_check" in done["dump"]
    assert "run --rm --no-deps -T --entrypoint python3 backend" in done["dump"]
    assert "before_" in done["back-database"]
    assert done["back-database"].rstrip().endswith("start backend < /dev/null")
    tools = lite(database=LITE.model_copy(update={"tools_image": "python:3-slim"}))
    done = {act.name: "\n".join(act.commands) for act in acts(tools, host, compose_project="fit")}
    assert "--volumes-from" in done["dump"]
    assert "pg_dump" not in str(done)
