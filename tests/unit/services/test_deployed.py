from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from services.changes import SourceFacts
from services.commands.command import Command
from services.deployed import Deployed, changes, read_deployed
from services.facts.models import EnvFacts, Facts
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from tests.unit.checks.test_findings import RELEASE, empty, facts, pack, project

STATE = "/home/me/fitnessapp_opsgate/releases/20260101-000000-aaaaaaaa"
APP = b'{"expo": {"version": "1.0.2"}}'
MANIFEST = f"{'1' * 64}  644  mobile/app.json\n".encode()
PACK = pack(source=SourceFacts(frontend_version="1.0.3"))


async def deployed(
    lying: dict[str, bytes], seen: Facts, packed: Any = PACK, *, truncated: bool = False
) -> tuple[Deployed, list[str]]:
    """What is found on a host with these files, and what was read of it."""
    asked: list[str] = []

    async def run(command: Command, *, limit: int, check: bool) -> Completed:
        assert not check
        assert limit > 1 << 20
        asked.append(command.argv[-1])
        content = lying.get(command.argv[-1])
        return Completed(int(content is None), content or b"", b"", truncated=truncated)

    remote = cast("RemoteHost", SimpleNamespace(run=run))
    return await read_deployed(remote, project(), seen, packed), asked


async def test_the_releases_own_manifest_and_version_are_read() -> None:
    """R-FE-1: the frontend was built from the release's tree, whatever was edited in the deployed files since."""
    lying = {
        f"{STATE}/manifest": MANIFEST,
        f"{STATE}/tree/mobile/app.json": APP,
        "/home/me/fitnessapp/mobile/app.json": b"{}",
    }
    found, asked = await deployed(lying, facts())
    assert found == Deployed(MANIFEST, "1.0.2")
    assert len(asked) == 2


async def test_on_a_first_deploy_nothing_is_asked() -> None:
    """R-FE-1: a first deploy has no version to be higher than."""
    assert await deployed({}, empty()) == (Deployed(b""), [])


async def test_what_was_deployed_by_hand_has_a_version_and_no_manifest() -> None:
    found, asked = await deployed({"/home/me/fitnessapp/mobile/app.json": APP}, facts(current=None))
    assert found == Deployed(None, "1.0.2")
    assert len(asked) == 1


async def test_a_release_that_was_cleaned_away_leaves_the_deployed_files_to_ask() -> None:
    found, _ = await deployed({"/home/me/fitnessapp/mobile/app.json": APP}, facts(current=RELEASE))
    assert found == Deployed(None, "1.0.2")


async def test_a_source_without_an_app_asks_for_no_version() -> None:
    found, asked = await deployed({f"{STATE}/manifest": MANIFEST}, facts(), pack())
    assert (found, asked) == (Deployed(MANIFEST), [f"{STATE}/manifest"])


async def test_a_manifest_that_did_not_come_whole_is_not_known() -> None:
    found, _ = await deployed({f"{STATE}/manifest": MANIFEST}, facts(), pack(), truncated=True)
    assert found.manifest is None


def test_changes_carry_versions_and_fingerprints() -> None:
    seen = facts(env=EnvFacts(exists=True, fingerprints={"EXPO_PUBLIC_A": "1f"}))
    found = changes(Deployed(b"", "1.0.2"), MANIFEST, seen, PACK)
    assert (found.frontend, found.frontend_from, found.frontend_to) == (1, "1.0.2", "1.0.3")
    assert found.env == {"EXPO_PUBLIC_A": "1f"}
    gone = changes(Deployed(b""), None, facts(env=None), PACK)
    assert (gone.known, gone.env) == (False, {})
