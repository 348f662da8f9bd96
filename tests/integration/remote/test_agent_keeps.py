"""What a swap never takes away: files that the server owns, and what nobody can call a release's any more."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.integration.remote.deployment import NEW, OLD, Site
from tests.integration.remote.local_agent import LocalAgent

ENV = ".env.prod"


def test_an_env_file_that_an_old_release_carried_is_never_removed(local: LocalAgent) -> None:
    """R-DX-1: it was shipped before it was named as env_file; by now it is the server's only one."""
    site = Site(local, old={**OLD, ENV: "SECRET=1"})
    local.run(*site.copy_words())
    local.run(*site.swap_words(), ENV)
    assert (site.live / ENV).read_text() == "SECRET=1"
    assert not (site.live / "backend/gone.py").exists()
    local.run(*site.unswap_words())
    assert (site.live / ENV).read_text() == "SECRET=1"


def test_a_file_that_was_changed_since_its_release_is_left_in_place_and_named(local: LocalAgent) -> None:
    """R-RB-1: data that was in git once and is ignored now has lived on."""
    site = Site(local, old={**OLD, "data/app.db": "empty"})
    (site.live / "data/app.db").write_text("years of data")
    local.run(*site.copy_words())
    done = local.try_(*site.swap_words())
    assert done.status == 0
    assert f"changed after its release: {'data/app.db'}" in done.err
    assert (site.live / "data/app.db").read_text() == "years of data"
    assert not (site.live / "backend/gone.py").exists()
    local.run(*site.unswap_words())
    assert (site.live / "data/app.db").read_text() == "years of data"
    assert (site.live / "backend/gone.py").exists()


def test_a_manifest_that_was_cleaned_away_does_not_stop_the_next_deploy(local: LocalAgent) -> None:
    site = Site(local)
    assert site.old is not None
    shutil.rmtree(site.old)
    local.run(*site.copy_words())
    assert (site.backup / "files/uploads/photo.jpg").exists()  # all of it: nobody knows what is whose
    done = local.try_(*site.swap_words())
    assert done.status == 0
    assert "manifest is gone" in done.err
    assert (site.live / "compose.yaml").read_text() == "new"
    assert (site.live / "backend/gone.py").exists()
    left = {path for path in OLD if path not in NEW}
    assert all((site.live / path).exists() for path in left)


def test_a_path_below_a_folder_that_is_called_like_ours_is_written_where_it_belongs(
    local: LocalAgent, tmp_path: Path
) -> None:
    """A user's home may be called svc_opsgate: its permissions are none of our business."""
    home = tmp_path / "svc_opsgate"
    home.mkdir(mode=0o755)
    local.run("write", home / "app_opsgate" / "current", stdin=b"x")
    assert home.stat().st_mode & 0o777 == 0o755
    assert (home / "app_opsgate").stat().st_mode & 0o777 == 0o700
