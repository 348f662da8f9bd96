"""What a service of a compose file says about how it may be brought up (not interpolated: `${…}` stays as written)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from services.facts.models import Traits

_JOINS = ("network_mode", "ipc", "pid")
_DATA = ("/var/lib/", "/var/opt/", "/data", "/bitnami/", "/usr/share/elasticsearch")
"""Where images of databases keep their data."""
_SHARED_MODES = frozenset({"", "bridge", "default"})


def traits_of(service: Mapping[str, Any], bound: Collection[str] = ()) -> Traits:
    """Never raises: what has another shape than Compose's counts as not known. `bound`: named volumes that may be folders of the host."""
    given = _list(service.get("volumes"))
    mounts = [_mount(one) for one in given]
    data = {_mount(one)[0] for one in given if _target(one).startswith(_DATA)}
    return Traits(
        fixed_name=bool(service.get("container_name")),
        published=next(_published(service), ""),
        instances=_instances(service),
        healthcheck=_healthcheck(service),
        tied=_tied(service),
        shared=tuple(dict.fromkeys(source for source, writable in mounts if source and writable)),
        data=next((source for source, writable in mounts if source and writable and source in data), ""),
        anonymous=any(not source for source, _ in mounts),
        watched=not any(_is_hosts(one, bound) for one in given) and not any(_reads_files(service)),
        needs=tuple(str(one) for one in service.get("depends_on") or ()),
        uses=tuple(dict.fromkeys(_uses(service))),
        whole="extends" not in service and isinstance(service.get("volumes"), list | None),
        ends=_ends(service),
        completed=tuple(_completed(service.get("depends_on"))),
    )


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _published(service: Mapping[str, Any]) -> Iterator[str]:
    """Ports of the host: `80` alone lets Docker choose one, so that two instances find each its own."""
    for one in _list(service.get("ports")):
        if isinstance(one, Mapping):
            if one.get("published"):
                yield f"{one['published']}:{one.get('target', '')}"
        elif ":" in _without_variables(str(one)):
            yield str(one)


def _without_variables(text: str) -> str:
    """`${PORT:-80}` has a colon of its own."""
    plain, depth = [], 0
    for at, letter in enumerate(text):
        depth += letter == "{" and at > 0
        if not depth:
            plain.append(letter)
        depth -= letter == "}" and depth > 0
    return "".join(plain)


def _instances(service: Mapping[str, Any]) -> str:
    deploy = service.get("deploy")
    given = deploy.get("replicas") if isinstance(deploy, Mapping) else None
    return str(service.get("scale", 1) if given is None else given)


def _healthcheck(service: Mapping[str, Any]) -> bool | None:
    given = service.get("healthcheck")
    if not isinstance(given, Mapping):
        return None
    if given.get("disable") or given.get("test") in ("NONE", ["NONE"]):
        return False
    return True if given.get("test") else None


def _tied(service: Mapping[str, Any]) -> str:
    if str(service.get("network_mode") or "") not in _SHARED_MODES:
        return "network_mode"
    if service.get("mac_address"):
        return "mac_address"
    networks = service.get("networks")
    options = list(networks.values()) if isinstance(networks, Mapping) else []
    fixed = ("ipv4_address", "ipv6_address", "mac_address")
    return next((key for one in options if isinstance(one, Mapping) for key in fixed if one.get(key)), "")


def _uses(service: Mapping[str, Any]) -> Iterator[str]:
    for key in _JOINS:
        kind, _, name = str(service.get(key) or "").partition(":")
        if kind == "service":
            yield name
    for one in _list(service.get("volumes_from")):
        if not str(one).startswith("container:"):
            yield str(one).partition(":")[0]


def _mount(given: Any) -> tuple[str, bool]:
    """Its source ('' for a volume without a name), and whether it may be written."""
    if isinstance(given, Mapping):
        if given.get("type") == "tmpfs":
            return "tmpfs", False
        return str(given.get("source") or ""), not given.get("read_only")
    source, *rest = _without_defaults(str(given)).split(":")
    return (source, "ro" not in rest[-1].split(",")) if rest else ("", True)


def _target(given: Any) -> str:
    if isinstance(given, Mapping):
        return str(given.get("target") or "")
    _, *rest = _without_defaults(str(given)).split(":")
    return rest[0] if rest else ""


def _without_defaults(text: str) -> str:
    """`${DATA:-./data}:/data` → `${DATA}:/data`, so that it can be split at its colons."""
    kept, inside, skipping = [], False, False
    for letter in text:
        inside = (inside or letter == "{") and letter != "}"
        skipping = inside and (skipping or letter in ":-?+")
        if not skipping:
            kept.append(letter)
    return "".join(kept)


def _is_hosts(given: Any, bound: Collection[str]) -> bool:
    """Whether files of the host may lie behind a mount: whatever is not surely something else."""
    if isinstance(given, Mapping) and given.get("type") not in {"volume", "tmpfs"}:
        return True
    source, _ = _mount(given)
    return source.startswith((".", "/", "~", "$")) or source in bound


def _reads_files(service: Mapping[str, Any]) -> Iterator[bool]:
    yield from (bool(service.get(key)) for key in ("configs", "secrets", "volumes_from", "devices"))
    yield bool(service.get("credential_spec"))
    yield "seccomp" in str(service.get("security_opt"))


def _ends(service: Mapping[str, Any]) -> bool:
    """Whether it may run to its end and stay so: Docker would not start it again. `restart: no` is False in YAML."""
    given, deploy = service.get("restart"), service.get("deploy")
    policy = deploy.get("restart_policy") if isinstance(deploy, Mapping) else None
    if given is None and isinstance(policy, Mapping):
        return bool(policy.get("condition", "any") != "any")
    return given not in ("always", "unless-stopped")


def _completed(needs: Any) -> Iterator[str]:
    """What must have run to its end before this starts."""
    for name, one in needs.items() if isinstance(needs, Mapping) else ():
        if isinstance(one, Mapping) and one.get("condition") == "service_completed_successfully":
            yield str(name)
