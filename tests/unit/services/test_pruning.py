"""Old backups go after a new one was proven and copied: file first, then record, only files that Opsgate made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.backups.models import Backup, Copy, backup_id
from services.backups.places import manifest_of
from services.backups.pruning import Pruning, no_places, outlook, prune_step
from services.backups.steps import procedure
from services.commands import dumps
from services.commands.command import Command
from services.errors import Fenced, HostError, Unreachable
from services.facts.models import Release
from services.models import Kind, Operation, Plan, Restoring, State, Step, StepState
from services.operation_log import OperationLogs
from services.projects import BackupRules, Keep, S3Target
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from services.runs import Run, StepDef
from services.store import Store
from tests.unit.services.stage import PROJECT, proposal

NEWEST = datetime(2026, 11, 23, 3, tzinfo=UTC)
TWO = Keep(last=2, daily=0, weekly=0, monthly=0, yearly=0)
NAS = S3Target(
    s3="https://s3.example.org",
    bucket="backups",
    credentials=Path("/nowhere"),
    keep=TWO.model_copy(update={"last": 3}),
)
PRUNED = PROJECT.model_copy(update={"backups": BackupRules(keep=TWO, offsite={"nas": NAS})})
DATABASE = PRUNED.backup_dir / "database"


def name(day: int) -> str:
    return f"db-{NEWEST - timedelta(days=day):%Y%m%d-%H%M%S}-abcd"


@dataclass
class Ground:
    """Three places with files, and the catalogue. What `trouble` scripts for a file is raised instead of removing it."""

    store: Store
    folder: Path
    host: set[str] = field(default_factory=set)
    nas: set[str] = field(default_factory=set)
    manifests: set[str] = field(default_factory=set)  # beside those of nas
    trouble: dict[str, Exception] = field(default_factory=dict)
    releases: tuple[Release, ...] = ()
    away: Exception | None = None
    now: datetime = NEWEST
    forgotten: list[str] = field(default_factory=list)
    """Of the host's files those that nobody wrote to for a day, as the host lists them."""

    async def backup(self, day: int, *places: str, **changes: Any) -> Backup:
        """One that was made so many days ago, with files in these places (all three without any)."""
        file = f"{name(day)}.dump"
        files = {
            "host": str(DATABASE / file),
            "local": f"backups/fitnessapp/{file}",
            "nas": f"fitnessapp/{file}",
        }
        at = NEWEST - timedelta(days=day)
        made = Backup(
            id=name(day), project="fitnessapp", operation=name(day).replace("db-", "op-"), at=at, size=7,
            sha256="0" * 64, host_file=DATABASE / file,
            copies=tuple(
                Copy(where=where, file=files[where], size=7, sha256="0" * 64, at=at) for where in places or files
            ),
        ).model_copy(update=changes)  # fmt: skip
        await self.store.backups.add(made)
        for copy in made.copies:
            self._put(copy)
        return made

    def _put(self, copy: Copy) -> None:
        if copy.where == "local":
            file = self.folder / copy.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"a dump\n")
            file.with_suffix(".json").write_bytes(b"{}")
        else:
            (self.host if copy.where == "host" else self.nas).add(copy.file)
            if copy.where == "nas":
                self.manifests.add(manifest_of(copy.file))

    @property
    def local(self) -> set[str]:
        return {str(file.relative_to(self.folder)) for file in (self.folder / "backups").rglob("*.dump")}

    def _remote(self) -> RemoteHost:
        async def run(command: Command, **_: object) -> Completed:
            if command == dumps.forgotten(DATABASE):
                self._raise("find")
                return Completed(0, "\n".join(self.forgotten).encode(), b"", truncated=False)
            assert command.argv[:3] == ("rm", "-f", "--")
            self._raise(str(command.argv[3]))
            self.host.discard(str(command.argv[3]))
            return Completed(0, b"", b"", truncated=False)

        async def verb(verb: str, *_: object) -> bytes:
            assert verb == "releases"
            if self.away:
                raise self.away
            parts = (f"\x1e{one.id}\n{one.model_dump_json()}" for one in self.releases)
            return "".join(parts).encode()

        return cast("RemoteHost", SimpleNamespace(run=run, verb=verb))

    def _raise(self, file: str) -> None:
        if error := self.trouble.get(PurePosixPath(file).name):
            raise error

    async def remove(self, file: str) -> None:
        self._raise(f"nas/{file}-nas")
        self.nas.discard(file)
        self.manifests.discard(file)

    async def prune(self, operation: Operation | None = None) -> dict[str, Any]:
        logs = OperationLogs(self.folder / "logs", lambda text: text)
        kind = Plan(kind=Kind.BACKUP, project="fitnessapp", steps=("prune",))
        about = operation or proposal(kind=Kind.BACKUP, plan=kind)
        run = Run(about, PRUNED, self._remote(), self.store, logs, lambda: None)
        return await Pruning(self.folder / "backups", lambda _project: {"nas": self}, lambda: self.now).prune(
            run
        )

    async def known(self) -> dict[str, set[str]]:
        """Day of each backup of the catalogue -> where it lies."""
        return {
            one.id: {copy.where for copy in one.copies} for one in await self.store.backups.of("fitnessapp")
        }

    async def agree(self) -> bool:
        """Whether catalogue and places tell the same."""
        files = {copy.file for one in await self.store.backups.of("fitnessapp") for copy in one.copies}
        return files == self.host | self.nas | self.local


@pytest.fixture
def ground(store: Store, tmp_path: Path) -> Ground:
    return Ground(store, tmp_path)


async def test_one_that_a_clock_dated_into_the_future_takes_no_real_one_with_it(ground: Ground) -> None:
    for day in (-5000, 0, 1, 2):
        await ground.backup(day, "host")
    result = await ground.prune()
    assert result["host"]["removed"] == 1
    assert set(await ground.known()) == {name(-5000), name(0), name(1)}


async def test_each_place_keeps_what_its_own_rule_says_and_tells_what_was_freed(ground: Ground) -> None:
    for day in range(5):
        await ground.backup(day)
    result = await ground.prune()
    assert result == {
        "host": {"removed": 3, "bytes": 21},
        "local": {"removed": 3, "bytes": 21},
        "nas": {"removed": 2, "bytes": 14},
    }
    three = {"host", "local", "nas"}
    assert await ground.known() == {name(0): three, name(1): three, name(2): {"nas"}}
    assert await ground.agree()
    assert len([*(ground.folder / "backups").rglob("*.json")]) == 2  # manifests go with their dumps
    assert ground.manifests == {manifest_of(file) for file in ground.nas}
    assert len(ground.manifests) == 3
    assert await ground.prune() == {}


async def test_records_of_older_versions_name_two_files(ground: Ground) -> None:
    for day in range(4):
        made = await ground.backup(day, "host", "local")
        await ground.store.backups.add(
            made.model_copy(update={"copies": (), "local_file": made.copies[1].file})
        )
    await ground.prune()
    assert [one.id for one in await ground.store.backups.of("fitnessapp")] == [name(0), name(1)]
    assert (len(ground.host), len(ground.local)) == (2, 2)


async def test_a_file_that_is_gone_already_is_no_trouble(ground: Ground) -> None:
    for day in range(4):
        await ground.backup(day)
    ground.host.clear()
    for file in (ground.folder / "backups").rglob("*.dump"):
        file.unlink()
    assert "left" not in await ground.prune()
    assert list(await ground.known()) == [name(0), name(1), name(2)]


class Killed(BaseException):
    """The process dies here."""


async def test_killed_after_a_file_went_the_next_one_clears_its_record_away(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(4):
        await ground.backup(day)

    async def dies(_backup: str, _where: str) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(ground.store.backups, "lost", dies)
        with pytest.raises(Killed):
            await ground.prune()
    assert not await ground.agree()
    await ground.prune()
    assert await ground.agree()


async def test_what_is_in_the_way_in_one_place_keeps_no_other_place_from_pruning(ground: Ground) -> None:
    for day in range(5):
        await ground.backup(day)
    ground.trouble[f"{name(2)}.dump"] = HostError("error-command", name="rm")
    result = await ground.prune()
    assert result["left"] == ["host"]
    assert result["local"]["removed"] == 3
    assert len(ground.host) == 5
    assert await ground.agree()


async def test_a_host_that_is_gone_keeps_everything_and_spoils_nothing(ground: Ground) -> None:
    """The kept releases are not known then, so that nothing is known to be superfluous."""
    for day in range(5):
        await ground.backup(day)
    ground.away = Unreachable(host="home")
    assert await ground.prune() == {"left": ["host"]}
    assert len(await ground.known()) == 5


async def test_a_newer_claim_on_the_host_stops_it(ground: Ground) -> None:
    for day in range(3):
        await ground.backup(day)
    ground.trouble[f"{name(2)}.dump"] = Fenced()
    with pytest.raises(Fenced):
        await ground.prune()


async def test_what_a_kept_release_the_last_change_or_an_open_operation_needs_stays(ground: Ground) -> None:
    """R-RB-2 and R-DB-5: their buttons must lead to something."""
    made = [await ground.backup(day, "host") for day in range(8)]
    ground.releases = (Release(id="r1", project="fitnessapp", backup_id=name(4)),)
    change = proposal(id=made[5].operation, kind=Kind.DEPLOY, state=State.PROPOSED)
    await ground.store.operations.propose(change)
    await ground.store.operations.dismiss(change.nonce, change.by, change.origin.chat_id, NEWEST)
    await ground.store._database.write(
        "UPDATE operations SET state = 'succeeded', body = json_set(body, '$.state', 'succeeded')"
    )
    plan = Plan(
        kind=Kind.RESTORE, project="fitnessapp", steps=(), restoring=Restoring(database="x", backup=made[6])
    )
    await ground.store.operations.propose(proposal(kind=Kind.RESTORE, plan=plan))
    judged = (await outlook(ground.store, ground._remote(), PRUNED, NEWEST))["host"]
    stays = {one.backup.id: one.why for one in judged if one.stays}
    assert list(stays) == [name(0), name(1), name(4), name(5), name(6)]
    assert [stays[name(day)] for day in (4, 5, 6)] == [("release",), ("verdict",), ("in-use",)]
    await ground.prune()
    assert [*await ground.known()] == list(stays)


@pytest.mark.parametrize(
    "where",
    [
        Copy(where="local", file="backups/../opsgate.db", size=1, sha256="", at=NEWEST),
        Copy(where="local", file="opsgate.db", size=1, sha256="", at=NEWEST),
        Copy(where="local", file="/etc/passwd", size=1, sha256="", at=NEWEST),
        Copy(where="host", file="/srv/other_backup/database/db-20261101-030000-abcd.dump", size=1, sha256="", at=NEWEST),
        Copy(where="host", file=str(DATABASE / "by-hand.dump"), size=1, sha256="", at=NEWEST),
    ],
)  # fmt: skip
async def test_a_record_that_names_a_foreign_file_removes_nothing(ground: Ground, where: Copy) -> None:
    for day in range(2):
        await ground.backup(day, where.where)
    await ground.backup(40, where.where, copies=())
    await ground.store.backups.add(
        (await ground.backup(40, where.where)).model_copy(update={"copies": (where,)})
    )
    (ground.folder / "opsgate.db").touch()
    ground.host.add(where.file)
    result = await ground.prune()
    assert result["left"] == [where.where]
    assert where.file in ground.host
    assert (ground.folder / "opsgate.db").exists()


# --- what never became a backup ------------------------------------------------------------------


async def unfinished(
    ground: Ground, day: int, dump: StepState = StepState.FAILED, state: State = State.FAILED, **changes: Any
) -> str:
    """A dump on the host of an operation of so many days ago, in whose journal its step stands so; its path."""
    made = proposal(id=name(day).replace("db-", "op-"), kind=Kind.BACKUP, **changes)
    await ground.store.operations.propose(made)
    step = Step(name="backup", phase="forward", state=dump, started_at=NEWEST)
    await ground.store.operations.step(made.id, 1, step)
    await ground.store._database.write(
        "UPDATE operations SET state = ?1, body = json_set(body, '$.state', ?1) WHERE id = ?2",
        (state, made.id),
    )
    return str(DATABASE / f"{name(day)}.dump")


async def lists(ground: Ground, *files: str) -> None:
    ground.host |= {*files}
    ground.forgotten += files


@pytest.mark.parametrize("suffix", ["", ".part"])
async def test_what_a_dump_left_that_never_became_a_backup_goes_after_a_day(
    ground: Ground, suffix: str
) -> None:
    """The host was away for longer than its own way back could wait for it."""
    await lists(ground, await unfinished(ground, 3) + suffix)
    assert await ground.prune() == {}
    assert ground.host == set()


async def test_no_dump_goes_of_which_our_journal_does_not_say_that_it_never_came_about(
    ground: Ground,
) -> None:
    """R-DB-3: imported ones, those of another Opsgate or of a lost catalogue, what people brought back, what was set aside."""
    await lists(
        ground,
        str(DATABASE / f"{name(1)}.dump"),  # nobody knows its operation
        await unfinished(ground, 2, state=State.QUEUED),
        await unfinished(ground, 3, dump=StepState.DONE),  # was a backup, and went from the catalogue
        await unfinished(ground, 4, project="other"),
        await unfinished(ground, 5) + ".damaged-20261123-030000-abcd",
        str(DATABASE / "by-hand.dump"),
        str(DATABASE / "by-hand.dump.part"),
        (await unfinished(ground, 6)).replace("/database/", "/elsewhere/"),
    )
    await unfinished(ground, 0)
    await ground.backup(0, "host")
    await lists(ground, str(DATABASE / f"{name(0)}.dump"))
    before = set(ground.host)
    assert await ground.prune() == {}
    assert ground.host == before


async def test_a_host_that_cannot_list_its_old_files_spoils_no_backup(ground: Ground) -> None:
    for day in range(3):
        await ground.backup(day, "host")
    ground.trouble["find"] = HostError("error-command", name="find")
    assert (await ground.prune())["host"]["removed"] == 1
    ground.trouble["find"] = Fenced()
    with pytest.raises(Fenced):
        await ground.prune()


@given(st.text(max_size=60))
def test_only_names_that_opsgate_makes_can_be_removed(text: str) -> None:
    for path in (
        text,
        f"/srv/x/database/{text}",
        f"/srv/x/database/{text}.dump",
        f"{text}/database/db-1.dump",
    ):
        with pytest.raises(ValueError, match="is not a dump"):
            dumps.remove(PurePosixPath(path))
    good = dumps.remove(DATABASE / f"{backup_id('op-20261123-030000-k3f9')}.dump")
    assert good.argv[:3] == ("rm", "-f", "--")
    with pytest.raises(ValueError, match="is not a dump"):
        dumps.remove(PurePosixPath("/srv/x/files/db-20261123-030000-k3f9.dump"))


def test_old_ones_go_only_after_the_new_one_was_proven_and_copied() -> None:
    async def nothing(_run: Run) -> None: ...

    plan = Plan(kind=Kind.BACKUP, project="fitnessapp", steps=("fetch",))
    names = [step.name for step in procedure(StepDef("lock", nothing), Path("backups")).forward(plan)]
    assert names[-2:] == ["prune", "unlock"]
    assert {"backup", "fetch"} < {*names[:-2]}
    assert prune_step(Path("backups"), no_places).name == "prune"
