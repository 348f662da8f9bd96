from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import cast

import pytest

from services.changes import SourceFacts
from services.commands.command import Command
from services.deployed import Deployed, changes, read_blocking, read_deployed, read_loss
from services.drift import Blocking, Drift
from services.errors import CommandFailed
from services.facts.models import EnvFacts, Facts
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from tests.unit.checks.test_findings import RELEASE, empty, facts, pack, project

STATE = "/home/me/fitnessapp_opsgate/releases/20260101-000000-aaaaaaaa"
APP = b'{"expo": {"version": "1.0.2"}}'
MANIFEST = f"{'1' * 64}  644  mobile/app.json\n".encode()
PACK = pack(source=SourceFacts(frontend_version="1.0.3", version_fault="json"))


@dataclass
class Lying:
    """A host with these files. `verbs`: what the agent answers to each, None for a refusal."""

    files: dict[str, bytes]
    verbs: dict[str, bytes | None] = field(default_factory=lambda: {"intact": b"", "drift": b"0\n"})
    truncated: bool = False
    asked: list[str] = field(default_factory=list)
    told: list[bytes | None] = field(default_factory=list)
    words: list[tuple[object, ...]] = field(default_factory=list)

    async def run(self, command: Command, *, limit: int, check: bool) -> Completed:
        assert not check
        assert limit > 1 << 20
        self.asked.append(command.argv[-1])
        content = self.files.get(command.argv[-1])
        return Completed(int(content is None), content or b"", b"", truncated=self.truncated)

    async def verb(self, verb: str, *words: object, timeout: float, stdin: bytes | None = None) -> bytes:
        assert timeout > 60
        self.told.append(stdin)
        self.words.append(words)
        self.asked.append(verb)
        if (answer := self.verbs[verb]) is None:
            raise CommandFailed(verb, 1, "not as it was shipped")
        return answer

    async def deployed(self, seen: Facts) -> Deployed:
        return await read_deployed(cast("RemoteHost", self), project(), seen)


RELEASED = RELEASE.model_copy(update={"manifest_sha256": hashlib.sha256(MANIFEST).hexdigest()})
THERE = {
    f"{STATE}/manifest": MANIFEST,
    f"{STATE}/tree/mobile/app.json": APP,
    "/home/me/fitnessapp/mobile/app.json": b"{}",
}


async def test_the_releases_own_manifest_and_version_are_read() -> None:
    """R-FE-1: the frontend was built from the release's tree, whatever was edited in the deployed files since."""
    found = await Lying(THERE).deployed(facts(current=RELEASED))
    assert found == Deployed(MANIFEST, "1.0.2", whole=True)


async def test_on_a_first_deploy_nothing_is_asked() -> None:
    """R-FE-1: a first deploy has no version to be higher than."""
    host = Lying({})
    assert await host.deployed(empty()) == Deployed(b"")
    assert host.asked == []


async def test_what_was_deployed_by_hand_has_a_version_and_no_manifest() -> None:
    host = Lying({"/home/me/fitnessapp/mobile/app.json": APP})
    assert await host.deployed(facts(current=None)) == Deployed(None, "1.0.2")
    assert len(host.asked) == 1


async def test_a_release_that_was_cleaned_away_leaves_the_deployed_files_to_ask() -> None:
    host = Lying({"/home/me/fitnessapp/mobile/app.json": APP})
    assert await host.deployed(facts(current=RELEASED)) == Deployed(None, "1.0.2")


async def test_a_manifest_that_did_not_come_whole_is_not_known() -> None:
    found = await Lying({f"{STATE}/manifest": MANIFEST}, truncated=True).deployed(facts(current=RELEASED))
    assert found.manifest is None


@pytest.mark.parametrize("recorded", ["", "0" * 64])
async def test_a_release_whose_manifest_is_not_the_recorded_one_is_not_built_on(recorded: str) -> None:
    host = Lying(THERE)
    found = await host.deployed(facts(current=RELEASE.model_copy(update={"manifest_sha256": recorded})))
    assert not found.whole
    assert "intact" not in host.asked


async def test_a_release_whose_files_are_not_what_was_shipped_is_not_built_on() -> None:
    host = Lying(THERE, verbs={"intact": None, "drift": b"0\n"})
    assert not (await host.deployed(facts(current=RELEASED))).whole


async def test_what_was_edited_on_the_server_is_told() -> None:
    edited = f"{'2' * 64} 10 644 mobile/app.json\ngone - - gone.txt\n2\n".encode()
    found = await Lying(THERE, verbs={"intact": b"", "drift": edited}).deployed(facts(current=RELEASED))
    assert found.drift.total == 2
    assert [(one.path, one.size) for one in found.drift.files] == [("mobile/app.json", 10), ("gone.txt", 0)]


async def test_drift_that_cannot_be_told_stops_nothing_and_is_said() -> None:
    found = await Lying(THERE, verbs={"intact": b"", "drift": None}).deployed(facts(current=RELEASED))
    assert (found.whole, found.drift) == (True, Drift(known=False))


async def test_a_release_that_the_host_could_not_build_on_is_not_tried_again() -> None:
    host = Lying(THERE | {f"{STATE}/unusable": b""})
    assert not (await host.deployed(facts(current=RELEASED))).whole
    assert "intact" not in host.asked


async def test_files_that_only_the_next_release_has_are_looked_for_on_the_server() -> None:
    new = f"{'5' * 64}  644  conf/local\n".encode()
    host = Lying({}, verbs={"drift": f"{'6' * 64} 9 644 conf/local\n1\n".encode()})
    lost = await read_loss(cast("RemoteHost", host), project(), Drift(), MANIFEST, MANIFEST + new)
    assert (host.told, host.words) == ([new], [(project().path, "-", "-")])  # only what stands there
    assert [one.path for one in lost.files] == ["conf/local"]


async def test_where_nothing_is_new_nothing_more_is_asked() -> None:
    host = Lying({})
    assert await read_loss(cast("RemoteHost", host), project(), Drift(), MANIFEST, MANIFEST) == Drift()
    assert host.asked == []


def test_data_that_the_new_releases_dockerfile_copies_counts() -> None:
    """R-FE-4."""
    data = MANIFEST.replace(b"mobile/app.json", b"data/plans.csv")
    packed = pack(source=SourceFacts(backend_copies=("data",)))
    assert changes(Deployed(b""), data, facts(), packed).backend_inputs == 1
    assert changes(Deployed(b""), data, facts(), PACK).backend_inputs == 0


@pytest.mark.parametrize(
    ("answer", "lost", "expected"),
    [
        (b"conf/x\n1\n", None, Drift(blocking=Blocking(paths=("conf/x",), total=1))),
        (b"conf/x\n1\n", Drift(total=3), Drift(total=3, blocking=Blocking(paths=("conf/x",), total=1))),
        (b"0\n", Drift(total=3), Drift(total=3)),
        (b"0\n", None, None),
        (None, None, Drift(known=False)),
    ],
)
async def test_what_is_in_the_way_is_asked_with_the_manifest_that_comes(
    answer: bytes | None, lost: Drift | None, expected: Drift | None
) -> None:
    """R-UX-1. A host that cannot tell stops nothing, and that is said."""
    host = Lying({}, verbs={"blocking": answer})
    for seen in (facts(current=RELEASED), facts(current=None)):
        assert await read_blocking(cast("RemoteHost", host), project(), seen, lost, MANIFEST) == expected
    assert host.told == [MANIFEST, MANIFEST]


def test_changes_carry_versions_and_fingerprints() -> None:
    seen = facts(env=EnvFacts(exists=True, fingerprints={"EXPO_PUBLIC_A": "1f"}))
    found = changes(Deployed(b"", "1.0.2"), MANIFEST, seen, PACK)
    assert (found.frontend, found.frontend_from, found.frontend_to) == (1, "1.0.2", "1.0.3")
    assert found.version_fault == "json"
    assert found.env == {"EXPO_PUBLIC_A": "1f"}
    gone = changes(Deployed(b""), None, facts(env=None), PACK)
    assert (gone.known, gone.env) == (False, {})
