"""The env file put in place whole, brought back, and cleared away, under every shell that hosts have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.remote.local_agent import LocalAgent

OLD, NEW = b"A=1\r\n# it's $HOME\nB='x'", b"A=2\n"


@pytest.fixture
def live(local: LocalAgent) -> Path:
    """The env file, and beside it what an edit prepared."""
    local.live.mkdir()
    file = local.live / ".env.prod"
    file.write_bytes(OLD)
    file.chmod(0o640)
    for name, content in (("op-1", OLD), ("op-1.new", NEW)):
        local.run("write", local.state / "env" / name, stdin=content)
    return file


def words(local: LocalAgent, live: Path) -> tuple[Path, Path, Path]:
    return live, local.state / "env/op-1", local.state / "env/op-1.new"


def test_the_new_file_takes_the_old_ones_place_with_its_mode_and_can_go_back(
    local: LocalAgent, live: Path
) -> None:
    local.run("swap-env", *words(local, live))
    assert live.read_bytes() == NEW
    assert live.stat().st_mode & 0o777 == 0o640
    local.run("swap-env", *words(local, live))  # asked again after a crash
    assert live.read_bytes() == NEW
    local.run("unswap-env", live, local.state / "env/op-1")
    local.run("unswap-env", live, local.state / "env/op-1")
    assert live.read_bytes() == OLD
    assert live.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in local.live.iterdir()] == [".env.prod"]


def test_a_file_that_somebody_edited_meanwhile_is_not_replaced(local: LocalAgent, live: Path) -> None:
    live.write_bytes(b"A=3\n")
    done = local.try_("swap-env", *words(local, live))
    assert done.status == 65
    assert "A=" not in done.err
    assert live.read_bytes() == b"A=3\n"


def test_a_link_stays_a_link_and_its_file_changes(local: LocalAgent, live: Path, tmp_path: Path) -> None:
    real = tmp_path / "secrets" / "env"
    real.parent.mkdir()
    live.rename(real)
    live.symlink_to(real)
    local.run("swap-env", *words(local, live))
    assert live.is_symlink()
    assert real.read_bytes() == NEW


def test_a_file_that_may_not_be_written_is_replaced_all_the_same_and_stays_read_only(
    local: LocalAgent, live: Path
) -> None:
    live.chmod(0o400)
    local.run("swap-env", *words(local, live))
    assert live.read_bytes() == NEW
    assert live.stat().st_mode & 0o777 == 0o400


def test_what_a_killed_swap_was_writing_does_not_stay_beside_the_file(local: LocalAgent, live: Path) -> None:
    """Every value stands in it, in a folder that an image may be built from."""
    half = live.with_name(".env.prod.opsgate.4711")
    half.write_bytes(NEW)
    local.run(
        "unswap-env", live, local.state / "env/op-1"
    )  # the old file is still in place: nothing to bring back
    assert not half.exists()
    live.write_bytes(NEW)
    half.write_bytes(NEW)
    local.run("swap-env", *words(local, live))  # asked again: the new file is in place already
    assert not half.exists()
    assert live.read_bytes() == NEW


def test_where_nothing_was_prepared_nothing_goes_back(local: LocalAgent, live: Path) -> None:
    local.run("forget-env", local.state / "env/op-1", local.state / "env/op-1.new")
    local.run("unswap-env", live, local.state / "env/op-1")
    assert live.read_bytes() == OLD
    assert local.try_("swap-env", *words(local, live)).status == 4


def test_only_the_newest_previous_files_stay(local: LocalAgent, live: Path) -> None:
    for number in range(2, 6):
        local.run("write", local.state / f"env/op-{number}", stdin=OLD)
    local.run("tidy-env", local.state / "env", 2)
    assert sorted(one.name for one in (local.state / "env").iterdir()) == ["op-4", "op-5"]


@pytest.mark.parametrize("place", ["env/../current", "jobs/op-1", "env/.hidden"])
def test_what_is_not_in_its_own_folder_is_refused(local: LocalAgent, live: Path, place: str) -> None:
    assert local.try_("swap-env", live, local.state / place, local.state / "env/op-1.new").status in {64, 66}
    assert local.try_("forget-env", local.state / place, local.state / place).status in {64, 66}
    assert live.read_bytes() == OLD
