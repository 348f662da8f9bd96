from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services import releases
from services.commands import docker
from services.commands.command import Command
from services.errors import Fenced, HostError, StepFailed, Unreachable
from services.facts.models import Release
from services.models import Kind, Pack, Plan, Returning
from services.remote.channels import Completed
from services.runs import Run
from tests.unit.bot.stage import NOW, release
from tests.unit.services.docker_host import inspected
from tests.unit.services.stage import PROJECT

OPERATIONS = [f"op-2026010{day}-120000-aaaa" for day in range(1, 4)]
TAGS = [docker.keep_tag("fitnessapp", service, one) for one in OPERATIONS for service in ("db", "web.api")]


def test_only_images_of_what_is_kept_keep_their_second_name() -> None:
    """R-RB-2: those can still be gone back to; the others no longer fill the disk."""
    assert releases.superfluous_tags(TAGS, {OPERATIONS[2]}) == sorted(TAGS[:4])
    assert releases.superfluous_tags(TAGS, set(OPERATIONS)) == []


# --- which trees may go --------------------------------------------------------------------------


def kept(name: str, **images: str) -> Release:
    return release(id=name, images=images or {"backend": f"sha256:{name}"})


NEWEST_FIRST = [kept("d"), kept("c"), kept("b"), kept("a")]
TREES = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("keep", "never", "gone"),
    [
        (4, set(), []),
        (2, set(), ["a", "b"]),
        (2, {"a"}, ["b"]),
        (2, {"a", "b"}, []),
        (0, {"d"}, ["a", "b", "c"]),
    ],
)
def test_old_releases_go_but_never_the_current_or_the_previous(
    keep: int, never: set[str], gone: list[str]
) -> None:
    assert releases.superfluous(TREES, NEWEST_FIRST, keep, never) == gone


def test_a_tree_that_never_served_takes_no_place_and_goes() -> None:
    """A failed deploy left it: five of them in a row must not push the good releases out."""
    assert releases.superfluous([*TREES, "x", "y"], NEWEST_FIRST, 3, set()) == ["a", "x", "y"]


def test_a_release_whose_image_still_runs_stays() -> None:
    assert releases.superfluous(TREES, NEWEST_FIRST, 2, set(), {"sha256:a"}) == ["b"]


def test_an_image_that_a_kept_release_has_too_is_no_reason_to_stay() -> None:
    """The database's image is in all of them: else none would ever go."""
    known = [kept(one, db="sha256:postgres", backend=f"sha256:{one}") for one in "dcba"]
    assert releases.superfluous(TREES, known, 2, set(), {"sha256:postgres", "sha256:d"}) == ["a", "b"]


# --- what the host keeps -------------------------------------------------------------------------


@dataclass
class Host:
    """A host with release records, trees, keep-tags and containers."""

    records: Mapping[str, str]
    tags: list[str] = field(default_factory=list)
    trees: list[str] = field(default_factory=list)
    listing: int = 0
    did: list[str] = field(default_factory=list)
    error: HostError | None = None

    async def verb(self, verb: str, *words: Any, **_: Any) -> bytes:
        if self.error:
            raise self.error
        if verb == "releases":
            return "".join(f"\x1e{name}\n{body}" for name, body in self.records.items()).encode()
        self.did.append(f"{verb} {words[-1]}")
        return b"7\n" if verb == "remove-tree" else b""

    async def run(self, command: Command, **_: Any) -> Completed:
        said, status = b"", 0
        if command.argv[0] == "ls":
            said = "\n".join(self.trees).encode()
        elif command.argv[1:3] == ("image", "ls"):
            said, status = "\n".join([*self.tags, "a:1.2.3"]).encode(), self.listing
        elif command.argv[1:3] == ("image", "rm"):
            self.did.append(f"rm {command.argv[-1]}")
            said = b"Untagged: x\nDeleted: sha256:0\n"
        else:
            self.did.append(f"tag {command.argv[-1]}")
        return Completed(status, said, b"", truncated=False)

    async def containers(self, _project: str) -> list[dict[str, Any]]:
        return [inspected("a", "fitness-backend-1")]


def run_on(host: Host, current: str = "c") -> Run:
    plan = SimpleNamespace(compose_project="fitness", current=kept(current))
    project = PROJECT.model_copy(update={"keep_releases": 2})
    return cast(
        "Run", SimpleNamespace(remote=host, project=project, plan=plan, operation=SimpleNamespace(id="op-9"))
    )


def records(*names: str) -> dict[str, str]:
    at = {name: NOW.replace(day=number) for number, name in enumerate(sorted(names), 1)}
    image = "sha256:" + "2" * 64
    return {
        name: release(id=name, since=at[name], images={"backend": image}, size=1000).model_dump_json()
        for name in names
    }


def tag_of(owner: str) -> str:
    return docker.keep_tag("fitness", "backend", owner)


async def test_the_host_s_records_are_read_the_one_that_served_last_first() -> None:
    host = Host(records("a", "b", "c") | {"damaged": "{", "moved": records("z")["z"]})
    found = await releases.recorded(cast("Any", host), PROJECT)
    assert [one.id for one in found] == ["c", "b", "a"]


async def test_what_goes_is_said_and_the_images_of_what_stays_get_a_name_of_their_own() -> None:
    """R-RB-2: no pruning takes them."""
    tags = [tag_of("a"), tag_of("op-1"), tag_of("op-9"), tag_of("b")]
    host = Host(records("a", "b", "c", "d"), tags, ["a", "b", "c", "d", "failed"])
    freed = await releases.keep_house(run_on(host), kept("d"))
    assert freed == {"removed": 3, "bytes": 3 * 7, "images": 3}  # as the host says, not as the records do
    removed = [f"remove-tree releases/{one}" for one in ("a", "b", "failed")]
    named = [f"tag {tag_of('d')}", f"tag {tag_of('c')}"]
    assert host.did == [
        *removed,
        *named,
        *(f"rm {tag}" for tag in sorted([tag_of("a"), tag_of("b"), tag_of("op-1")])),
    ]


@pytest.mark.parametrize("error", [Unreachable(host="home"), Fenced(), HostError()])
async def test_only_a_lost_host_or_lock_keeps_a_healthy_release_from_being_recorded(error: HostError) -> None:
    host = Host(records("c", "d"), [], ["c", "d"])
    host.error = error
    if type(error) is HostError:
        assert await releases.keep_house(run_on(host), kept("d")) == {}
    else:
        with pytest.raises(type(error)):
            await releases.keep_house(run_on(host), kept("d"))


async def test_tags_that_cannot_be_listed_are_no_failure() -> None:
    host = Host(records("c", "d"), [tag_of("a")], ["c", "d"], listing=125)
    assert (await releases.keep_house(run_on(host), kept("d")))["images"] == 0
    assert not [line for line in host.did if line.startswith("rm")]


# --- what a plan brings --------------------------------------------------------------------------


def test_a_plan_brings_a_pack_or_an_earlier_release_or_nothing() -> None:
    packed = Pack(
        release_id="new", file="x", size=1, files=1, unpacked=1, manifest_sha256="0", label="new",
        compose_services=("db", "backend"),
    )  # fmt: skip
    deploy = Plan(kind=Kind.DEPLOY, project="x", steps=(), pack=packed)
    back = Returning(release=kept("old"), image_names={})
    rollback = Plan(kind=Kind.ROLLBACK, project="x", steps=(), returning=back)
    assert (releases.coming(deploy), releases.services_of(deploy)) == ("new", ("db", "backend"))
    assert (releases.coming(rollback), releases.services_of(rollback)) == ("old", ("backend",))
    nothing = Plan(kind=Kind.BACKUP, project="x", steps=())
    assert releases.services_of(nothing) == ()
    with pytest.raises(StepFailed):
        releases.coming(nothing)


def test_a_record_of_an_older_version_still_reads() -> None:
    old = json.dumps({"id": "r1", "project": "fitnessapp", "images": {"web": "sha256:1", "db": "sha256:2"}})
    assert releases.services_in(Release.model_validate_json(old)) == ("db", "web")
