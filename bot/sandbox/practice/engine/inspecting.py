"""The Engine's JSON about containers, images, volumes and networks; `docker inspect` and the Engine API print the same."""

import os
import platform
import time
from typing import Any
from zlib import crc32

from bot.sandbox.practice.engine import naming, shown
from bot.sandbox.practice.engine.state import Check, Container, Image, Network, State, Store, Volume
from bot.sandbox.practice.engine.vitals import Health, Vitals, vitals

Json = dict[str, Any]

VERSION, API_VERSION, LOWEST_API = "20.10.24+practice", "1.41", "1.12"
_NANO = 1_000_000_000


def container(store: Store, state: State, one: Container, now: float) -> Json:
    """What `docker container inspect` prints of it."""
    found = vitals(state, one, now)
    words = [*one.entrypoint, *one.cmd] or [""]
    return {
        "Id": one.id,
        "Created": shown.stamp(one.created),
        "Path": words[0],
        "Args": words[1:],
        "State": _state(one, found),
        "Image": one.image,
        "LogPath": str(store.log(one.id)),
        "Name": f"/{one.name}",
        "RestartCount": found.restarts,
        "Driver": "practice",
        "Platform": "linux",
        "ExecIDs": None,
        "HostConfig": _host_config(one),
        "Mounts": _mounts(store, one),
        "Config": _config(one),
        "NetworkSettings": {
            "Bridge": "",
            "Ports": _bound(one) if found.status == "running" else {},
            "Networks": {one.network: _endpoint(state, one, found)} if one.network else {},
        },
    }


def _state(one: Container, found: Vitals) -> Json:
    running = found.status == "running"
    answer: Json = {
        "Status": found.status,
        "Running": running or found.status == "restarting",
        "Paused": False,
        "Restarting": found.status == "restarting",
        "OOMKilled": False,
        "Dead": False,
        "Pid": 1000 + crc32(one.id.encode()) % 30_000 if running else 0,
        "ExitCode": found.exit_code,
        "Error": "",
        "StartedAt": shown.stamp(found.started),
        "FinishedAt": shown.stamp(found.finished),
    }
    if one.check is not None and found.status != "created":
        answer["Health"] = _health(found.health)
    return answer


def _health(health: Health | None) -> Json:
    if health is None:
        return {"Status": "unhealthy", "FailingStreak": 0, "Log": []}
    log = [
        {
            "Start": shown.stamp(probe.at),
            "End": shown.stamp(probe.at + 0.05),
            "ExitCode": probe.exit_code,
            "Output": probe.output,
        }
        for probe in health.log
    ]
    return {"Status": health.status, "FailingStreak": health.streak, "Log": log}


def _host_config(one: Container) -> Json:
    policy, _, most = one.restart.partition(":")
    answer: Json = {
        "Binds": None,
        "LogConfig": {"Type": "json-file", "Config": {}},
        "NetworkMode": one.network or "default",
        "PortBindings": {key: value for key, value in _bound(one).items() if value},
        "RestartPolicy": {"Name": policy, "MaximumRetryCount": int(most or 0)},
        "AutoRemove": False,
        "Privileged": False,
    }
    return answer | ({"Init": True} if one.init else {})


def _mounts(store: Store, one: Container) -> list[Json]:
    return [
        {
            "Type": "volume",
            "Name": mount.volume,
            "Source": str(store.data(mount.volume)),
            "Destination": mount.target,
            "Driver": "local",
            "Mode": "z",
            "RW": not mount.read_only,
            "Propagation": "",
        }
        for mount in one.mounts
    ]


def _config(one: Container) -> Json:
    answer: Json = {
        "Hostname": naming.short(one.id),
        "Domainname": "",
        "User": "",
        "Tty": False,
        "Env": [f"{name}={value}" for name, value in one.env.items()],
        "Cmd": one.cmd,
        "Image": one.image_name,
        "Volumes": {mount.target: {} for mount in one.mounts if len(mount.volume) == len(one.id)} or None,
        "WorkingDir": one.workdir,
        "Entrypoint": one.entrypoint or None,
        "OnBuild": None,
        "Labels": one.labels,
    }
    if one.exposed:
        answer["ExposedPorts"] = {port: {} for port in one.exposed}
    if one.check is not None:
        answer["Healthcheck"] = _check(one.check)
    if one.stop_signal:
        answer["StopSignal"] = one.stop_signal
    return answer | ({} if one.stop_timeout is None else {"StopTimeout": one.stop_timeout})


def _check(check: Check) -> Json:
    times = {"Interval": check.interval, "Timeout": check.timeout, "StartPeriod": check.start_period}
    return {"Test": check.test, **{key: int(value * _NANO) for key, value in times.items() if value}} | {
        "Retries": check.retries
    }


def _bound(one: Container) -> dict[str, list[Json] | None]:
    answer: dict[str, list[Json] | None] = dict.fromkeys(one.exposed)
    for port in one.ports:
        answer[f"{port.target}/tcp"] = [{"HostIp": port.host, "HostPort": str(port.published)}]
    return answer


def _endpoint(state: State, one: Container, found: Vitals) -> Json:
    network = state.networks.get(one.network)
    running = found.status == "running"
    return {
        "Aliases": one.aliases,
        "NetworkID": network.id if network else "",
        "Gateway": "172.18.0.1" if running else "",
        "IPAddress": f"172.18.0.{2 + sorted(state.containers).index(one.id) % 250}" if running else "",
        "IPPrefixLen": 16 if running else 0,
    }


def summary(store: Store, state: State, one: Container, now: float) -> Json:
    """What the Engine API lists of a container."""
    found = vitals(state, one, now)
    ports = [
        {"IP": port.host, "PrivatePort": port.target, "PublicPort": port.published, "Type": "tcp"}
        for port in one.ports
    ]
    return {
        "Id": one.id,
        "Names": [f"/{one.name}"],
        "Image": one.image_name,
        "ImageID": one.image,
        "Command": shown.command(one),
        "Created": int(one.created),
        "Ports": ports if found.status == "running" else [],
        "Labels": one.labels,
        "State": found.status,
        "Status": shown.status(found, now),
        "HostConfig": {"NetworkMode": one.network or "default"},
        "NetworkSettings": {"Networks": {one.network: _endpoint(state, one, found)} if one.network else {}},
        "Mounts": _mounts(store, one),
    }


def image(one: Image) -> Json:
    return {
        "Id": one.id,
        "RepoTags": one.tags,
        "RepoDigests": [],
        "Parent": "",
        "Comment": "practice",
        "Created": shown.stamp(one.created),
        "DockerVersion": "",
        "Author": "",
        "Config": {
            "User": "",
            **({"ExposedPorts": {port: {} for port in one.exposed}} if one.exposed else {}),
            "Env": [f"{name}={value}" for name, value in one.env.items()],
            "Cmd": one.cmd,
            "Volumes": {path: {} for path in one.volumes} or None,
            "WorkingDir": one.workdir,
            "Entrypoint": one.entrypoint or None,
            "OnBuild": None,
            "Labels": one.labels or None,
        },
        "Architecture": "amd64",
        "Os": "linux",
        "Size": one.size,
        "VirtualSize": one.size,
        "RootFS": {"Type": "layers", "Layers": one.layers},
        "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"},
    }


def volume(store: Store, one: Volume) -> Json:
    return {
        "CreatedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.created)),
        "Driver": "local",
        "Labels": one.labels or None,
        "Mountpoint": str(store.data(one.name)),
        "Name": one.name,
        "Options": None,
        "Scope": "local",
    }


def network(state: State, one: Network) -> Json:
    members = {
        key: found for key, found in state.containers.items() if found.network == one.name and found.running
    }
    return {
        "Name": one.name,
        "Id": one.id,
        "Created": shown.stamp(one.created),
        "Scope": "local",
        "Driver": "bridge",
        "Internal": False,
        "Containers": {key: {"Name": found.name} for key, found in members.items()},
        "Options": {},
        "Labels": one.labels,
    }


def version() -> Json:
    """What the Engine API answers to /version."""
    kernel = os.uname().release
    details = {"ApiVersion": API_VERSION, "Arch": "amd64", "KernelVersion": kernel, "Os": "linux"}
    return {
        "Platform": {"Name": "Opsgate's practice engine"},
        "Components": [{"Name": "Engine", "Version": VERSION, "Details": details}],
        "Version": VERSION,
        "ApiVersion": API_VERSION,
        "MinAPIVersion": LOWEST_API,
        "GitCommit": "",
        "GoVersion": "",
        "Os": "linux",
        "Arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        "KernelVersion": kernel,
        "BuildTime": "",
    }
