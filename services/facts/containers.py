"""Containers, images and their labels, from the Engine's own JSON (Engine API and `docker inspect` print the same)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.facts.models import Container, Mount

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
CONFIG_FILES = "com.docker.compose.project.config_files"
WORKING_DIR = "com.docker.compose.project.working_dir"
ONEOFF = "com.docker.compose.oneoff"
CONFIG_HASH = "com.docker.compose.config-hash"

Json = Mapping[str, Any]


def labels_of(container: Json) -> dict[str, str]:
    """Of a summary (`Labels`) as well as of an inspected container (`Config.Labels`)."""
    return dict(container.get("Labels") or (container.get("Config") or {}).get("Labels") or {})


def parse_time(text: str | None) -> datetime | None:
    """RFC 3339 with nanoseconds → UTC. The Engine's zero time (year 1) and an absent one are None."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


def image_times(images: Iterable[Json]) -> dict[str, datetime | None]:
    """Image id → when it was built."""
    return {image["Id"]: parse_time(image.get("Created")) for image in images}


def parse_containers(inspected: Sequence[Json], images: Iterable[Json] = ()) -> tuple[Container, ...]:
    """The stack's containers by service and name. One-off ones (`compose run`) and strangers are left out."""
    created = image_times(images)
    found = [
        _container(one, labels, created)
        for one in inspected
        if SERVICE in (labels := labels_of(one)) and labels.get(ONEOFF, "False").lower() != "true"
    ]
    return tuple(sorted(found, key=lambda container: (container.service, container.name)))


def _container(one: Json, labels: Mapping[str, str], created: Mapping[str, datetime | None]) -> Container:
    state = one.get("State") or {}
    health = (state.get("Health") or {}).get("Status")
    mounts = one.get("Mounts") or ()
    policy = ((one.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name")
    return Container(
        id=one["Id"],
        name=one["Name"].removeprefix("/"),
        service=labels[SERVICE],
        image=(one.get("Config") or {}).get("Image", ""),
        image_id=one["Image"],
        state=state.get("Status", "dead"),
        health=health if health not in {"", "none"} else None,
        exit_code=state.get("ExitCode", 0),
        restarts=one.get("RestartCount", 0),
        restart_policy=policy or "no",
        started_at=parse_time(state.get("StartedAt")),
        image_created=created.get(one["Image"]),
        compose_file=labels.get(CONFIG_FILES, ""),
        compose_project=labels.get(PROJECT, ""),
        config_hash=labels.get(CONFIG_HASH, ""),
        volumes=tuple(
            mount["Name"] for mount in mounts if mount.get("Type") == "volume" and mount.get("Name")
        ),
        mounts=tuple(_mount(mount) for mount in mounts),
        user=(one.get("Config") or {}).get("User") or "",
    )


def _mount(one: Json) -> Mount:
    kind = str(one.get("Type", ""))
    source = one.get("Name") if kind == "volume" else one.get("Source")
    return Mount(
        kind=kind, source=source or "", target=one.get("Destination", ""), writable=bool(one.get("RW", True))
    )
