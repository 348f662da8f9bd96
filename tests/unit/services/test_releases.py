from __future__ import annotations

from services import releases
from services.commands import docker

OPERATIONS = [f"op-2026010{day}-120000-aaaa" for day in range(1, 4)]
TAGS = [docker.keep_tag("fitnessapp", service, one) for one in OPERATIONS for service in ("db", "web.api")]


def test_only_images_of_what_is_kept_keep_their_second_name() -> None:
    """R-RB-2: those can still be gone back to; the others no longer fill the disk."""
    assert releases.superfluous_tags(TAGS, {OPERATIONS[2]}) == sorted(TAGS[:4])
    assert releases.superfluous_tags(TAGS, set(OPERATIONS)) == []
