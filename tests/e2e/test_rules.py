"""The runbook's rules about frontend and build, each with a deploy that it stops or changes and one that passes."""

from __future__ import annotations

import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

NGINX, SEED, DOCKERFILE, PAGE = (
    "mobile/nginx.conf",
    "backend/scripts/seed_plans.py",
    "backend/Dockerfile",
    "mobile/index.html",
)


def change(here: World, name: str, old: str, new: str) -> None:
    """Edits a file of the source; not committed."""
    file = here.project.path / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


async def looked_at(here: World) -> SimMessage:
    """A plan card that can be confirmed, and is cancelled."""
    card, since = await here.card(), await here.sim.mark()
    await here.sim.tap(here.anna, card, "Cancel")
    await here.sim.wait_for(here.anna, "Cancelled by", since=since)
    return card


async def test_a_first_deploy_has_no_version_to_be_higher_than(here: World) -> None:
    """R-FE-1, R-FE-3, R-FE-4: everything is new, nothing is blocked."""
    await here.start_bot()
    await here.sim.start(here.anna)
    card = await here.card()
    assert "Changed files" not in card.text
    assert "frontend is built without cache" in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text


async def test_a_changed_app_without_a_higher_version_is_blocked_until_it_has_one(here: World) -> None:
    """R-FE-1: blocked with what to edit; the same change with a bump passes, and the card shows the versions."""
    version = here.project.app_version
    here.project.forget_bump()
    here.project.commit("tell where to meet")
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/deploy")
    card = await here.sim.wait_for(here.anna, "mobile/app.json", after=sent, timeout=60)
    assert not any(label.startswith("Confirm") for label in card.labels)
    assert '"version": "1.0.3"' in card.text
    here.project.release_commit("v2")
    card = await here.card()
    assert f"Frontend {version} → 1.0.3" in card.text
    assert "Changed files: mobile 2, top folder 1" in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text
    assert "Meeting point" in (here.server.get("/") or "")


async def test_a_changed_value_that_is_baked_in_builds_the_frontend_without_cache_and_is_served(
    here: World,
) -> None:
    """R-FE-2, R-FE-3: by name on the card, in the page after the deploy; the backend comes from the cache."""
    before = {one.service: one.image_id for one in here.server.containers()}
    here.server.write_env(EXPO_PUBLIC_API_URL="/api?baked")
    card = await here.card()
    assert "frontend is built without cache: EXPO_PUBLIC_API_URL changed" in card.text
    assert "baked" not in card.text
    assert "backend is built without cache" not in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text
    assert 'data-api="/api?baked"' in (here.server.get("/") or "")
    after = {one.service: one.image_id for one in here.server.containers()}
    assert after["backend"] == before["backend"]
    assert after["frontend"] != before["frontend"]


async def test_changed_data_builds_the_backend_without_cache_and_the_next_deploy_uses_it_again(
    here: World,
) -> None:
    """R-FE-4."""
    before = here.server.container("frontend").image_id
    with (here.project.path / "backend/plans.csv").open("a") as file:
        file.write("Evening stretch,3\n")
    here.project.commit("another plan")
    card = await here.card()
    assert "backend is built without cache: 1 data file or script changed" in card.text
    assert "frontend is built without cache" not in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text
    assert "Evening stretch" in (here.server.get("/api/plans") or "")
    assert here.server.container("frontend").image_id == before
    assert "without cache" not in (await looked_at(here)).text


@pytest.mark.parametrize(
    ("name", "old", "new", "part"),
    [
        (DOCKERFILE, "COPY backend/*.csv ./\n", "", "COPY backend/plans.csv ./"),
        (NGINX, " /index.html;", " =404;", "try_files $uri $uri/ /index.html;"),
        (SEED, "Path(__file__).resolve()", "Path(os.path.abspath(__file__))", f"{SEED}:11"),
        (PAGE, "</body>", "<script>fetch('/api/plans/')</script></body>", "/api/plans/ (mobile/index.html:8) → /api/plans"),
    ],
    ids=["R-FE-5", "R-DX-4", "R-DX-5", "R-DX-6"],
)  # fmt: skip
async def test_a_flaw_of_the_source_is_named_with_what_mends_it_and_mended_it_is_not(
    name: str, old: str, new: str, part: str, here: World
) -> None:
    """R-FE-5, R-DX-4, R-DX-5, R-DX-6: a warning, not a block."""
    change(here, name, old, new)
    here.project.write_release("flawed")
    here.project.commit("a flaw")
    assert part in (await looked_at(here)).text
    change(here, name, new, old) if new else change(
        here, name, "COPY backend/scripts", f"{old}COPY backend/scripts"
    )
    here.project.commit("mended")
    assert part not in (await looked_at(here)).text


async def test_the_mended_source_is_deployed(here: World) -> None:
    assert "succeeded" in (await here.deploy()).text
    assert here.server.is_healthy()
