"""What stands below a card that names files edited on the server: their difference, and a plan that keeps them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import pytest

from services.changes import PATH_AT, manifest_lines
from services.commands.command import Command
from services.drift import Drift, Drifted
from services.env_secrets import EnvSecrets
from services.errors import BadInput, SourceError
from services.facts.models import Facts, Release
from services.models import Kind, Pack, Plan, Returning
from services.projects import Project
from services.proposals import Proposals
from services.redaction import Redactor
from services.remote.channels import Completed
from services.store import Store
from tests.unit.checks.test_findings import facts, project

COMPOSE = b"services:\n  backend:\n    image: x\n"
CONF = "conf/local.ini"
RELEASED = {"app.py": b"one\n", "compose.yaml": COMPOSE, "dropped.py": b"old\n", "gone.py": b"gone\n"}
SOURCE = {"app.py": b"two\n", "compose.yaml": COMPOSE, "gone.py": b"gone\n", CONF: b"port = 1\n"}
HANDMADE = b"port = 2\npassword = correct horse battery\n"


def listing(files: dict[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(content).hexdigest()}  644  {path}\n" for path, content in files.items()]
    return "".join(sorted(lines, key=lambda line: line[PATH_AT:])).encode()


def release(name: str, files: dict[str, bytes]) -> Release:
    return Release(
        id=f"20260101-000000-{name}",
        project="fitnessapp",
        label=name,
        manifest_sha256=hashlib.sha256(listing(files)).hexdigest(),
    )


CURRENT = release("aaaaaaaa", RELEASED)


@dataclass
class Server:
    """Deployed files, by path below the project's, and releases by id. Tells drift as the agent does."""

    live: dict[str, bytes] = field(default_factory=lambda: dict(RELEASED))
    releases: dict[str, dict[str, bytes]] = field(default_factory=lambda: {CURRENT.id: RELEASED})
    fetched: list[str] = field(default_factory=list)
    saved_while_fetched: bytes | None = None

    async def verb(self, verb: str, *words: Any, stdin: bytes | None = None, **_: Any) -> bytes:
        if verb == "intact":
            return b""
        manifest = stdin if words[1] == "-" else listing(self.releases[words[1].parent.name])
        said = [self._told(line) for line in manifest_lines(manifest or b"")]
        told = [line for line in said if line and not (len(words) > 2 and line.startswith("gone"))]
        return "".join(f"{line}\n" for line in [*told, len(told)]).encode()

    def _told(self, line: str) -> str:
        path = line[PATH_AT:]
        if path not in self.live:
            return f"gone - - {path}"
        found = hashlib.sha256(self.live[path]).hexdigest()
        return "" if found == line[:64] else f"{found} {len(self.live[path])} 644 {path}"

    async def run(self, command: Command, **_: Any) -> Completed:
        content = self._content(PurePosixPath(command.argv[-1]))
        return Completed(int(content is None), content or b"", b"", truncated=False)

    def _content(self, path: PurePosixPath) -> bytes | None:
        if path.is_relative_to("/home/me/fitnessapp"):
            return self.live.get(str(path.relative_to("/home/me/fitnessapp")))
        _, _, name, *rest = path.relative_to("/home/me").parts
        files = self.releases.get(name, {})
        return listing(files) if rest == ["manifest"] else files.get("/".join(rest[1:]))

    async def fetch(self, path: PurePosixPath, target: Path, *_: Any) -> tuple[int, str]:
        content = self.saved_while_fetched or self._content(path) or b""
        self.fetched.append(path.name)
        target.write_bytes(content)
        return len(content), hashlib.sha256(content).hexdigest()


class Known(Proposals):
    """With facts that are no matter here."""

    async def facts(self, project: Project, pack: Pack | None = None) -> Facts:
        return facts(current=CURRENT)


@dataclass
class Desk:
    proposals: Proposals
    project: Project
    server: Server
    source: Path

    async def plan(self) -> Plan:
        return await self.proposals.deploy(self.project, None)

    async def keeping(self, offered: Plan) -> Plan:
        return await self.proposals.deploy_keeping(self.project, None, offered)

    async def difference(self, plan: Plan) -> list[str]:
        return await self.proposals.difference(self.project, plan)


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    source = tmp_path / "source"
    for path, content in SOURCE.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content)
    server = Server()
    hosts: Any = SimpleNamespace(get=lambda _name: server)
    redactor = Redactor()
    redactor.add("correct horse battery")
    proposals = Known(hosts, tmp_path / "packs", tmp_path, b"key", EnvSecrets(redactor), store.past)
    where = {"source": {"path": str(source)}, "compose_file": "compose.yaml", "database": None}
    return Desk(proposals, project(**where), server, source)


def lost(plan: Plan) -> list[str]:
    return [one.path for one in plan.drift.files] if plan.drift else []


def codes(plan: Plan) -> set[str]:
    return {one.code for one in plan.findings if one.code.startswith("drift")}


async def test_a_file_that_only_the_new_release_has_is_kept_as_it_stands_on_the_server(desk: Desk) -> None:
    desk.server.live[CONF] = HANDMADE
    offered = await desk.plan()
    assert lost(offered) == [CONF]
    kept = await desk.keeping(offered)
    assert kept.pack is not None
    assert (kept.pack.kept, lost(kept), codes(kept)) == ((CONF,), [], {"drift-kept"})


async def test_an_edited_file_and_one_of_the_new_release_are_kept_together(desk: Desk) -> None:
    desk.server.live |= {"app.py": b"by hand\n", CONF: HANDMADE}
    kept = await desk.keeping(await desk.plan())
    assert kept.pack is not None
    assert (kept.pack.kept, lost(kept)) == (("app.py", CONF), [])


async def test_what_a_plan_kept_already_is_kept_again(desk: Desk) -> None:
    """It is no drift any more, and another plan of it (a raised version, say) must not lose it."""
    desk.server.live[CONF] = HANDMADE
    kept = await desk.keeping(await desk.keeping(await desk.plan()))
    assert kept.pack is not None
    assert kept.pack.kept == (CONF,)


async def test_a_file_that_was_set_back_meanwhile_comes_from_the_source(desk: Desk) -> None:
    """To keep it would ship the old release's."""
    desk.server.live["app.py"] = b"by hand\n"
    offered = await desk.plan()
    desk.server.live["app.py"] = RELEASED["app.py"]
    kept = await desk.keeping(offered)
    assert kept.pack is not None
    assert (kept.pack.kept, desk.server.fetched) == ((), [])


async def test_what_changed_after_the_card_is_kept_as_it_is_now(desk: Desk) -> None:
    desk.server.live["app.py"] = b"by hand\n"
    offered = await desk.plan()
    desk.server.live["app.py"] = b"by hand, better\n"
    kept = await desk.keeping(offered)
    assert (lost(kept), codes(kept)) == ([], {"drift-kept"})


async def test_a_file_that_changes_while_it_is_fetched_stops_it(desk: Desk) -> None:
    desk.server.live[CONF] = HANDMADE
    offered = await desk.plan()
    desk.server.saved_while_fetched = b"port = 4\n"
    with pytest.raises(SourceError) as refused:
        await desk.keeping(offered)
    assert refused.value.phrase.id == "error-drift-changing"


@pytest.mark.parametrize("drift", [Drift(total=300), Drift(known=False)])
async def test_more_than_can_be_named_is_not_kept_file_by_file(desk: Desk, drift: Drift) -> None:
    offered = (await desk.plan()).model_copy(update={"drift": drift})
    with pytest.raises(BadInput) as refused:
        await desk.keeping(offered)
    assert refused.value.phrase.id == "error-drift-many"


async def test_the_difference_of_such_a_file_is_to_the_one_that_comes(desk: Desk) -> None:
    desk.server.live[CONF] = HANDMADE
    lines = await desk.difference(await desk.plan())
    assert lines[:2] == [f"--- new/{CONF}", f"+++ server/{CONF}"]
    assert {"-port = 1", "+port = 2"} <= set(lines)
    assert "horse" not in "".join(lines)


async def test_the_difference_of_an_edited_file_is_to_the_one_that_was_released(desk: Desk) -> None:
    desk.server.live["app.py"] = b"by hand\n"
    lines = await desk.difference(await desk.plan())
    assert lines == ["--- released/app.py", "+++ server/app.py", "@@ -1 +1 @@", "-one", "+by hand"]


async def test_without_the_packed_source_the_rest_is_still_shown(desk: Desk) -> None:
    """Of a card that expired."""
    desk.server.live |= {"app.py": b"by hand\n", CONF: HANDMADE}
    plan = await desk.plan()
    assert plan.pack is not None
    Path(plan.pack.file).unlink()
    assert "+by hand" in (lines := await desk.difference(plan))
    assert CONF not in "".join(lines)


async def test_where_nothing_differs_there_is_no_line(desk: Desk) -> None:
    plan = await desk.plan()
    assert await desk.difference(plan) == []
    assert await desk.difference(plan.model_copy(update={"current": None})) == []


async def test_of_a_rollback_the_other_side_is_the_release_that_comes_back(desk: Desk) -> None:
    earlier = release("bbbbbbbb", {CONF: b"port = 3\n"})
    desk.server.releases[earlier.id] = {CONF: b"port = 3\n"}
    desk.server.live[CONF] = HANDMADE
    plan = Plan(
        kind=Kind.ROLLBACK,
        project="fitnessapp",
        steps=("lock",),
        current=CURRENT,
        returning=Returning(release=earlier, image_names={}),
        drift=Drift(files=(Drifted(path=CONF, sha256="1" * 64),), total=1),
    )
    lines = await desk.difference(plan)
    assert lines[:2] == [f"--- new/{CONF}", f"+++ server/{CONF}"]
    assert {"-port = 3", "+port = 2"} <= set(lines)


async def test_what_stays_and_what_comes_back_is_on_the_card(desk: Desk) -> None:
    """Neither is lost, so neither asks for anything."""
    desk.server.live["dropped.py"] = b"edited\n"
    del desk.server.live["gone.py"]
    plan = await desk.plan()
    assert (lost(plan), codes(plan)) == ([], {"drift-stays", "drift-back"})
    said = {one.code: one.args["files"] for one in plan.findings if one.code in codes(plan)}
    assert (said["drift-stays"], said["drift-back"]) == ("dropped.py", "gone.py")
