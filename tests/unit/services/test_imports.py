"""R-DB-4: dumps made by hand become backups only when they are whole; else nothing is kept, here or on the host."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pyrage
import pytest

from services.backups import manifest
from services.backups.imports import Imports
from services.commands.command import Command, Word
from services.errors import BadInput, CommandFailed, OpsgateError
from services.facts.models import Facts, Mount
from services.projects import BackupRules, Database, Project, SqliteDatabase
from services.remote.host import RemoteHost
from services.store import Store
from tests.unit.checks.test_findings import container, facts
from tests.unit.services.stage import PROJECT as BARE

PLAIN = b"SET x = 1;\nCOPY public.t (a) FROM stdin;\n1\n2\n\\.\n-- PostgreSQL database dump complete\n"
ARCHIVE = b"PGDMP an archive"
PROJECT = BARE.model_copy(update={"database": Database(name="fitnessapp", user="fitnessapp_user")})
FACTS = facts(containers=(container("db"),))
IDENTITY = pyrage.x25519.Identity.generate()


class Host:
    """Takes dumps and reads archives, as told."""

    def __init__(self) -> None:
        self.dumps: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.proven: list[bytes] = []
        self.unreadable = False

    @staticmethod
    def agent_command(verb: str, *words: Word) -> Command:
        return Command(("agent", verb, *(str(word) for word in words)))

    async def run(self, _command: Command, **_options: Any) -> None: ...

    async def verb(self, _verb: str, file: PurePosixPath, stdin: bytes) -> None:
        self.manifests[str(file)] = stdin

    async def send(
        self, command: Command, source: Path, _progress: Callable[[int], None], _within: float
    ) -> None:
        data = source.read_bytes()
        if command.argv[1] == "take-dump":
            file, size, sha256 = command.argv[2:]
            assert (int(size), sha256) == (len(data), hashlib.sha256(data).hexdigest())
            self.dumps[file] = data
            return
        assert {"pg_restore", "prove"} & set(command.argv)
        self.proven.append(data)
        if self.unreadable:
            raise CommandFailed("docker exec", 1, "pg_restore: error: could not read from input file")


class Desk:
    def __init__(self, store: Store, folder: Path) -> None:
        self.host, self.store, self.data, self.folder = Host(), store, folder / "data", folder
        self.project: Project = PROJECT
        self.facts: Facts = FACTS

    async def take(self, content: bytes, name: str = "some.sql", identity: Path | None = None) -> Any:
        file = self.folder / name
        file.write_bytes(content)
        imports = Imports(cast("RemoteHost", self.host), self.store, self.data)
        return await imports.take(self.project, self.facts, file, identity)

    async def refused(self, content: bytes, **words: Any) -> str:
        with pytest.raises(OpsgateError) as caught:
            await self.take(content, **words)
        assert self.host.dumps == {}
        assert await self.store.backups.newest("fitnessapp") == []
        assert not [one for one in (self.data / "backups").rglob("*") if one.is_file()]
        return caught.value.phrase.id

    def rules(self, **rules: Any) -> None:
        self.project = self.project.model_copy(update={"backups": BackupRules.model_validate(rules)})


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


async def test_an_archive_is_read_back_by_the_stacks_own_database(desk: Desk) -> None:
    backup = await desk.take(ARCHIVE, "some.dump")
    assert desk.host.proven == [ARCHIVE]
    assert (backup.form, backup.imported, backup.rows) == ("custom", True, None)
    assert desk.host.dumps == {str(backup.host_file): ARCHIVE}
    assert (desk.data / backup.local_file).read_bytes() == ARCHIVE
    assert {one.where for one in backup.copies} == {"host", "local"}
    assert await desk.store.backups.get(backup.id) == backup
    assert manifest.parse(next(iter(desk.host.manifests.values()))) == backup


@pytest.mark.parametrize("packed", [False, True])
async def test_plain_sql_is_taken_as_what_it_holds(desk: Desk, *, packed: bool) -> None:
    """.sql and .sql.gz, whatever the file is called."""
    backup = await desk.take(gzip.compress(PLAIN) if packed else PLAIN)
    assert (backup.form, backup.rows) == ("plain", {"public.t": 2})
    assert list(desk.host.dumps.values()) == [PLAIN]
    assert (backup.size, backup.sha256) == (len(PLAIN), hashlib.sha256(PLAIN).hexdigest())
    assert desk.host.proven == []


@pytest.mark.parametrize("packed", [False, True])
async def test_a_sqlite_file_is_taken_where_that_is_the_engine_and_nothing_else_is(
    desk: Desk, *, packed: bool
) -> None:
    """A copy that a person made: proven by the same program as our own dumps."""
    content = b"SQLite format 3\0 and so on"
    database = SqliteDatabase(engine="sqlite", service="backend", file=PurePosixPath("/data/app.db"))
    mount = Mount(kind="volume", source="data", target="/data")
    lying = container("backend").model_copy(
        update={"mounts": (mount,), "id": "c" * 64, "image_id": "sha256:" + "d" * 64}
    )
    assert await desk.refused(content) == "error-import-unknown"
    desk.project, desk.facts = (
        desk.project.model_copy(update={"database": database}),
        facts(containers=(lying,)),
    )
    assert await desk.refused(PLAIN) == "error-import-unknown"
    assert await desk.refused(ARCHIVE) == "error-import-unknown"
    backup = await desk.take(gzip.compress(content) if packed else content)
    assert desk.host.proven == [content]
    assert (backup.engine, backup.form, backup.rows) == ("sqlite", "custom", None)


async def test_an_encrypted_file_wants_its_key(desk: Desk, tmp_path: Path) -> None:
    sealed = pyrage.encrypt(gzip.compress(PLAIN), [IDENTITY.to_public()])
    assert await desk.refused(sealed) == "error-import-encrypted"
    (tmp_path / "key.txt").write_text(f"{IDENTITY}\n")
    backup = await desk.take(sealed, identity=tmp_path / "key.txt")
    assert list(desk.host.dumps.values()) == [PLAIN]
    assert backup.form == "plain"


async def test_another_key_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(f"{pyrage.x25519.Identity.generate()}\n")
    sealed = pyrage.encrypt(PLAIN, [IDENTITY.to_public()])
    assert await desk.refused(sealed, identity=tmp_path / "key.txt") == "error-decrypt"


async def test_what_is_kept_here_is_encrypted_where_that_is_wanted(desk: Desk) -> None:
    desk.rules(encrypt_to=[str(IDENTITY.to_public())])
    backup = await desk.take(ARCHIVE, "some.dump")
    assert pyrage.decrypt((desk.data / backup.local_file).read_bytes(), [IDENTITY]) == ARCHIVE
    assert list(desk.host.dumps.values()) == [ARCHIVE]
    assert [one.name for one in (desk.data / "backups").rglob("*.dump")] == []
    assert {one.where: one.recipients for one in backup.copies} == {
        "host": (),
        "local": (str(IDENTITY.to_public()),),
    }


async def test_where_no_copy_is_wanted_here_none_is_kept(desk: Desk) -> None:
    desk.rules(copies=["host"])
    backup = await desk.take(ARCHIVE, "some.dump")
    assert backup.local_file == ""
    assert not [one for one in (desk.data / "backups").rglob("*") if one.is_file()]


async def test_an_archive_that_cannot_be_read_whole_is_refused(desk: Desk) -> None:
    desk.host.unreadable = True
    assert await desk.refused(ARCHIVE) == "error-import-archive"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "error-import-unknown"),
        (b"\x00\x01\x02", "error-import-unknown"),
        (b"PK\x03\x04\x00 a zip", "error-import-unknown"),
        (PLAIN[:-5], "error-import-cut"),
        (gzip.compress(PLAIN, mtime=0)[:-9], "error-import-gzip"),
        (gzip.compress(PLAIN, mtime=0)[:-8] + b"\0" * 8, "error-import-gzip"),
        (gzip.compress(PLAIN[:-5], mtime=0), "error-import-cut"),
        (b"\\! id\n" + PLAIN, "error-import-line"),
        (gzip.compress(b"\\! id\n" + PLAIN, mtime=0), "error-import-line"),
    ],
)
async def test_what_is_no_whole_dump_is_refused(desk: Desk, content: bytes, said: str) -> None:
    assert await desk.refused(content) == said


async def test_without_a_running_database_nothing_begins(desk: Desk) -> None:
    desk.facts = desk.facts.model_copy(update={"containers": ()})
    assert await desk.refused(ARCHIVE) == "error-import-no-database"


async def test_a_file_that_is_not_there_is_said(desk: Desk, tmp_path: Path) -> None:
    imports = Imports(cast("RemoteHost", desk.host), desk.store, desk.data)
    with pytest.raises(BadInput) as caught:
        await imports.take(desk.project, desk.facts, tmp_path / "nothing.sql")
    assert caught.value.phrase.id == "error-import-file"


async def test_what_changes_meanwhile_is_not_what_is_used(desk: Desk, tmp_path: Path) -> None:
    """Checked and sent are the same bytes: our own copy."""
    original = desk.host.send

    async def send(command: Command, source: Path, *words: Any) -> None:
        (tmp_path / "some.sql").write_bytes(b"\\! id\n")
        await original(command, source, *words)

    desk.host.send = send  # type: ignore[method-assign, assignment]  # somebody else writes at the worst moment
    await desk.take(ARCHIVE)
    assert list(desk.host.dumps.values()) == [ARCHIVE]
