"""One service of a compose file: its keys checked, its short forms made long."""

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.practice.engine import env_files
from bot.sandbox.practice.engine.errors import Refused, cannot
from bot.sandbox.practice.engine.interpolation import INVALID
from bot.sandbox.practice.engine.state import Check, Port

NOT_FOUND = 14
_DONE = {
    *(
        "image",
        "build",
        "command",
        "entrypoint",
        "environment",
        "env_file",
        "depends_on",
        "healthcheck",
        "restart",
    ),
    *("init", "ports", "volumes", "networks", "stop_grace_period", "stop_signal", "labels", "container_name"),
    *("profiles", "working_dir"),
}
# Nothing in this engine can notice them.
_UNSEEN = {
    *(
        "cpus",
        "cpu_shares",
        "cap_add",
        "cap_drop",
        "expose",
        "hostname",
        "logging",
        "mem_limit",
        "mem_reservation",
    ),
    *("memswap_limit", "oom_score_adj", "pids_limit", "platform", "pull_policy", "read_only", "security_opt"),
    *("shm_size", "stdin_open", "sysctls", "tmpfs", "tty", "ulimits", "user", "dns", "userns_mode"),
}
_KNOWN_TO_COMPOSE = {
    *(
        "annotations",
        "attach",
        "blkio_config",
        "cgroup",
        "cgroup_parent",
        "configs",
        "cpu_count",
        "cpu_percent",
    ),
    *("cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpuset", "credential_spec", "deploy"),
    *("develop", "device_cgroup_rules", "devices", "dns_opt", "dns_search", "domainname", "extends"),
    *(
        "external_links",
        "extra_hosts",
        "group_add",
        "ipc",
        "isolation",
        "links",
        "mac_address",
        "mem_swappiness",
    ),
    *("network_mode", "oom_kill_disable", "pid", "privileged", "runtime", "scale", "secrets", "storage_opt"),
    *("uts", "volumes_from"),
}
_CHECK_KEYS = {"test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"}
_CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
_RESTARTS = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)")
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Build:
    context: Path
    dockerfile: str
    args: dict[str, str]


@dataclass(frozen=True)
class Service:
    """Resolved. `volumes`: (key in the file or "" for an anonymous one, target, read only). `hash` tells a change."""

    name: str
    image: str
    build: Build | None
    command: list[str] | None = None
    entrypoint: list[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    depends_on: dict[str, str] = field(default_factory=dict)
    check: Check | None = None
    restart: str = "no"
    init: bool = False
    ports: list[Port] = field(default_factory=list)
    volumes: list[tuple[str, str, bool]] = field(default_factory=list)
    stop_grace: int | None = None
    stop_signal: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    container_name: str = ""
    profiles: list[str] = field(default_factory=list)
    working_dir: str = ""
    hash: str = ""


def read_service(name: str, given: Any, folder: Path, file: Path, variables: Mapping[str, str]) -> Service:
    """Raises Refused for what Compose refuses, and for what this engine cannot carry out."""
    where = f"services.{name}"
    if not isinstance(given, dict):
        raise _invalid(file, f"{where} must be a mapping")
    _check_keys(given, where, file)
    build = _build(given.get("build"), folder, where, file, variables)
    image = str(given.get("image") or "")
    if not image and build is None:
        said = f'service "{name}" has neither an image nor a build context specified: invalid compose project'
        raise Refused(said, INVALID)
    grace = given.get("stop_grace_period")
    return Service(
        name=name,
        image=image,
        build=build,
        command=_words(given.get("command"), where),
        entrypoint=_words(given.get("entrypoint"), where),
        environment=_environment(given, folder, variables),
        depends_on=_depends_on(given.get("depends_on") or {}, where, file),
        check=_check(given.get("healthcheck"), where, file),
        restart=_restart(given, where, file),
        init=bool(given.get("init")),
        ports=[_port(one) for one in given.get("ports") or []],
        volumes=[_volume(one) for one in given.get("volumes") or []],
        stop_grace=None if grace is None else round(_seconds(grace, f"{where}.stop_grace_period", file)),
        stop_signal=str(given.get("stop_signal") or ""),
        labels=_pairs(given.get("labels")),
        container_name=str(given.get("container_name") or ""),
        profiles=[str(one) for one in given.get("profiles") or []],
        working_dir=str(given.get("working_dir") or ""),
        hash=_hash(given, _environment(given, folder, variables)),
    )


def _hash(given: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    kept = {key: value for key, value in given.items() if key not in {"build", "depends_on", "env_file"}}
    text = json.dumps({**kept, "environment": environment}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _invalid(file: Path, said: str) -> Refused:
    return Refused(f"validating {file}: {said}", INVALID)


def _check_keys(given: Mapping[str, Any], where: str, file: Path) -> None:
    for key in given:
        if key in _DONE or key in _UNSEEN or str(key).startswith("x-"):
            continue
        if key in _KNOWN_TO_COMPOSE:
            raise cannot(f"carry out {where}.{key}", INVALID)
        raise _invalid(file, f"{where} Additional property {key} is not allowed")
    networks = given.get("networks") or []
    if other := sorted(set(networks) - {"default"}):
        name = where.removeprefix("services.")
        raise Refused(
            f'service "{name}" refers to undefined network {other[0]}: invalid compose project', INVALID
        )


def _build(given: Any, folder: Path, where: str, file: Path, variables: Mapping[str, str]) -> Build | None:
    if given is None:
        return None
    options = {"context": given} if isinstance(given, str) else given
    if not isinstance(options, dict):
        raise _invalid(file, f"{where}.build must be a mapping")
    if unknown := sorted(set(options) - {"context", "dockerfile", "args"}):
        raise cannot(f"build with {where}.build.{unknown[0]}", INVALID)
    context = Path(str(options.get("context") or "."))
    args = _pairs(options.get("args"), variables)
    return Build((folder / context).resolve(), str(options.get("dockerfile") or "Dockerfile"), args)


def _pairs(given: Any, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """A mapping, or a list of NAME=value. A name without a value takes it from `variables`, or is left out."""
    known = variables or {}
    if isinstance(given, list):
        split = [str(one).partition("=") for one in given]
        return {
            name: value if equals else known[name] for name, equals, value in split if equals or name in known
        }
    return {
        str(name): known.get(str(name), "") if value is None else _plain(value)
        for name, value in (given or {}).items()
        if value is not None or str(name) in known
    }


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _environment(given: Mapping[str, Any], folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    names = given.get("env_file") or []
    for name in [names] if isinstance(names, str) else names:
        if not isinstance(name, str):
            raise cannot("read an env_file that is not a plain path", INVALID)
        path = folder / name
        if not path.is_file():
            said = f"env file {path} not found: stat {path}: no such file or directory"
            raise Refused(said, NOT_FOUND)
        found |= env_files.read(path, {**variables, **found})
    return found | _pairs(given.get("environment"), variables)


def _words(given: Any, where: str) -> list[str] | None:
    if given is None:
        return None
    if isinstance(given, str):
        try:
            return shlex.split(given)
        except ValueError as error:
            raise Refused(f"{where}: {error}", INVALID) from None
    return [str(one) for one in given]


def _depends_on(given: Any, where: str, file: Path) -> dict[str, str]:
    if isinstance(given, list):
        return {str(name): _CONDITIONS[0] for name in given}
    found = {str(name): str((one or {}).get("condition", "")) for name, one in given.items()}
    for name, condition in found.items():
        path = f"{where}.depends_on.{name}.condition"
        if condition not in _CONDITIONS:
            choice = ", ".join(f'"{one}"' for one in _CONDITIONS)
            raise _invalid(file, f"{path} {path} must be one of the following: {choice}")
        if condition == _CONDITIONS[2]:
            raise cannot(f"wait for {path}: nothing here runs to its end", INVALID)
    return found


def _check(given: Any, where: str, file: Path) -> Check | None:
    if given is None:
        return None
    path = f"{where}.healthcheck"
    if not isinstance(given, dict):
        raise _invalid(file, f"{path} must be a mapping")
    for key in given:
        if key not in _CHECK_KEYS:
            raise _invalid(file, f"{path} Additional property {key} is not allowed")
    if given.get("disable"):
        return None
    test = given.get("test") or []
    times = {
        key: _seconds(given[key], f"{path}.{key}", file)
        for key in ("interval", "timeout", "start_period")
        if key in given
    }
    words = ["CMD-SHELL", test] if isinstance(test, str) else [str(one) for one in test]
    return None if words == ["NONE"] else Check(words, retries=int(given.get("retries", 3)), **times)


def _seconds(given: Any, path: str, file: Path) -> float:
    if not isinstance(given, str):
        raise _invalid(file, f"{path} must be a string")
    if not re.fullmatch(f"(?:{_DURATION.pattern})+", given):
        raise Refused(f'{path}: time: invalid duration "{given}"', INVALID)
    return sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION.findall(given))


def _restart(given: Mapping[str, Any], where: str, file: Path) -> str:
    restart = given.get("restart", "no")
    if not isinstance(restart, str):
        raise _invalid(file, f"{where}.restart must be a string")
    return restart or "no"


def valid_restart(policy: str) -> bool:
    return _RESTARTS.fullmatch(policy) is not None


def _port(given: Any) -> Port:
    if isinstance(given, dict):
        host, published, target = given.get("host_ip"), given.get("published"), given.get("target")
        given = f"{host or ''}:{published or ''}:{target}/{given.get('protocol', 'tcp')}"
    address, _, protocol = str(given).partition("/")
    host, published, target = _three(address.rsplit(":", 2))
    if protocol not in {"", "tcp"}:
        raise cannot(f"publish {given}: only tcp", INVALID)
    for kind, number in (("hostPort", published), ("containerPort", target)):
        if number and not (number.isdecimal() and 0 < int(number) <= _HIGHEST_PORT):
            raise Refused(f"Invalid {kind}: {number}", INVALID)
    return Port(host.strip("[]") or "0.0.0.0", int(published or 0), int(target))  # noqa: S104 - as docker writes "all"


def _three(parts: Sequence[str]) -> tuple[str, str, str]:
    host, published, target = ["", "", *parts][-3:]
    return host, published, target


def _volume(given: Any) -> tuple[str, str, bool]:
    if isinstance(given, dict):
        if given.get("type") != "volume":
            raise cannot(f"mount a {given.get('type')}: only named volumes", INVALID)
        return str(given.get("source") or ""), str(given["target"]), bool(given.get("read_only"))
    source, target, mode = [*str(given).split(":"), "", ""][:3]
    if not target:
        return "", source, False
    if source.startswith((".", "/", "~")):
        raise cannot(f"mount {source}, a folder of the host: only named volumes", INVALID)
    return source, target, "ro" in mode.split(",")
