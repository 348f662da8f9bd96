"""Frozen sources go when nobody needs them any more, and not before."""

from __future__ import annotations

import os
from pathlib import Path

from services.models import Kind, Operation, Pack, Plan, State
from services.packs import FORGOTTEN, Packs
from tests.unit.services.stage import Stage, proposal


def of(file: Path, **changes: object) -> Operation:
    pack = Pack(
        release_id="r", file=str(file), size=1, files=1, unpacked=1, manifest_sha256="0" * 64, label="r"
    )
    plan = Plan(kind=Kind.DEPLOY, project="fitnessapp", steps=(), pack=pack)
    return proposal(plan=plan, **changes)


def old(file: Path) -> Path:
    file.touch()
    os.utime(file, (1, file.stat().st_mtime - FORGOTTEN - 60))
    return file


async def test_what_another_offer_may_still_ship_stays(stage: Stage) -> None:
    packs, file = Packs(stage.folder, stage.store), stage.folder / "r.tar.gz"
    file.touch()
    gone = of(file, state=State.DISMISSED)
    other = await stage.store.operations.propose(of(file))
    await packs.drop(gone)
    assert file.exists()
    await stage.store.operations.dismiss(other.nonce, other.by, other.origin.chat_id, other.created_at)
    await packs.drop(gone)
    assert not file.exists()


async def test_what_another_process_removes_meanwhile_does_not_stop_the_sweep(stage: Stage) -> None:
    """A name that is listed and leads nowhere is what such a moment looks like."""
    for name in ("a.tar.gz", "kept-a"):
        (stage.folder / name).symlink_to("gone")
    left, used = old(stage.folder / "b.tar.gz"), old(stage.folder / "c.tar.gz")
    await stage.store.operations.propose(of(used))
    await Packs(stage.folder, stage.store).sweep()
    assert (left.exists(), used.exists()) == (False, True)
