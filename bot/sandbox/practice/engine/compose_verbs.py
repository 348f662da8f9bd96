"""`docker compose <verb>`."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.sandbox.practice.engine import (
    base_images,
    bringing_up,
    building,
    compose_files,
    container_logs,
    executing,
    inspecting,
    lifecycle,
    naming,
    shown,
)
from bot.sandbox.practice.engine.bringing_up import COMPOSE_VERSION, Wishes, image_name, tell
from bot.sandbox.practice.engine.build_output import Progress
from bot.sandbox.practice.engine.compose_files import Project
from bot.sandbox.practice.engine.docker_verbs import last
from bot.sandbox.practice.engine.errors import Refused, cannot
from bot.sandbox.practice.engine.formats import compact
from bot.sandbox.practice.engine.naming import PROJECT, SERVICE
from bot.sandbox.practice.engine.services import Service
from bot.sandbox.practice.engine.state import Container, State, Store
from bot.sandbox.practice.engine.vitals import vitals
from bot.sandbox.practice.engine.words import Words

USAGE = 16
_PULL = 18
_VERSION = f"{COMPOSE_VERSION}+practice"
_GLOBAL = (
    "file f =",
    "project-name p =",
    "env-file =",
    "project-directory =",
    "ansi =",
    "progress =",
    "parallel =",
)


@dataclass(frozen=True)
class Call:
    """One call of Compose: the engine, the project, and what follows the verb."""

    store: Store
    project: Project
    argv: Sequence[str]

    def words(self, verb: str, *flags: str, ends_at_word: bool = False) -> Words:
        return Words(f"compose {verb}", self.argv, flags, status=USAGE, ends_at_word=ends_at_word)

    def containers(self, names: Sequence[str] = ()) -> list[tuple[Service, Container]]:
        """The project's containers in the order in which they are started, by service."""
        state = self.store.read()
        return [
            (service, one)
            for service in self.project.chosen(names)
            for one in bringing_up.containers_of(state, self.project.name, service.name)
        ]


def config(call: Call) -> int:
    words = call.words("config", "quiet q", "services", "volumes", "images", "profiles", "format =", "hash =")
    lists = {
        "services": list(call.project.services),
        "volumes": list(call.project.volumes),
        "images": [image_name(call.project, one) for one in call.project.services.values()],
        "profiles": [],
    }
    chosen = [name for name in lists if name in words]
    if wanted := words.one("hash"):
        found = call.project.chosen([] if wanted == "*" else wanted.split(","))
        sys.stdout.write(
            "".join(f"{one.name} {one.hash}\n" for one in sorted(found, key=lambda one: one.name))
        )
        return 0
    if "quiet" not in words and not chosen:
        raise cannot("print the resolved file: give --quiet, --services, --volumes or --images", USAGE)
    if "quiet" not in words:
        sys.stdout.write("".join(f"{one}\n" for one in lists[chosen[0]]))
    return 0


def build(call: Call) -> int:
    words = call.words("build", "no-cache", "quiet q", "progress =")
    services = [one for one in call.project.chosen(words.rest) if one.build]
    _build(call, services, Progress(quiet="quiet" in words), cache="no-cache" not in words)
    return 0


def _build(call: Call, services: Sequence[Service], progress: Progress, *, cache: bool = True) -> None:
    for service in services:
        if service.build is None:
            continue
        labels = {
            PROJECT: call.project.name,
            SERVICE: service.name,
            "com.docker.compose.version": COMPOSE_VERSION,
        }
        tag = image_name(call.project, service)
        building.build(call.store, service.name, service.build, tag, labels, progress, cache=cache)


def up(call: Call) -> int:
    flags = ("detach d", "build", "no-build", "force-recreate", "no-recreate", "wait", "wait-timeout =")
    words = call.words("up", *flags, "remove-orphans", "quiet-pull", "scale =")
    if "detach" not in words and "wait" not in words:
        raise cannot("stay attached to containers: give -d", USAGE)
    if "build" in words and "no-build" in words:
        raise Refused("--build and --no-build are incompatible")
    if "force-recreate" in words and "no-recreate" in words:
        raise Refused("--force-recreate and --no-recreate are incompatible")
    _ready_images(call, call.project.with_dependencies(words.rest), words)
    _orphans(call, remove="remove-orphans" in words)
    wishes = Wishes(
        force_recreate="force-recreate" in words,
        no_recreate="no-recreate" in words,
        wait=words.number("wait-timeout", 0) if "wait" in words else None,
        scale=_scales(call, words),
    )
    bringing_up.up(call.store, call.project, words.rest, wishes)
    return 0


def _scales(call: Call, words: Words) -> dict[str, int]:
    found = {}
    for one in words.all("scale"):
        name, equals, count = one.partition("=")
        if not equals or not count.isdecimal():
            raise Refused(f'invalid --scale option "{one}". Should be SERVICE=NUM')
        if not call.project.chosen([name]) or count == "0":
            raise cannot(f"scale {name} to nothing", USAGE)
        found[name] = int(count)
    return found


def _ready_images(call: Call, services: Sequence[Service], words: Words) -> None:
    state = call.store.read()
    base_images.add_to(state)
    missing = [one for one in services if naming.image(state, image_name(call.project, one)) is None]
    for one in missing:
        if one.build is None:
            said = f"{one.image}: practice docker: cannot pull images, only opsgate-practice/* are here"
            sys.stderr.write(f" {one.name} Pulling \n {one.name} Error {said}\n")
            raise Refused(f"Error response from daemon: {said}", _PULL)
    if "no-build" not in words:
        _build(
            call, [one for one in services if one.build and ("build" in words or one in missing)], Progress()
        )


def _orphans(call: Call, *, remove: bool) -> None:
    state = call.store.read()
    found = [
        one
        for one in state.containers.values()
        if one.labels.get(PROJECT) == call.project.name
        and one.labels.get(SERVICE) not in call.project.services
    ]
    if found and not remove:
        names = " ".join(one.name for one in found)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        advice = "you can run this command with the --remove-orphans flag to clean it up."
        said = f"Found orphan containers ([{names}]) for this project. If you removed or renamed this service, {advice}"
        sys.stderr.write(f'time="{at}" level=warning msg="{said}"\n')
    for one in found if remove else ():
        bringing_up.stop_one(call.store, one)
        bringing_up.remove_one(call.store, one)


def stop(call: Call) -> int:
    words = call.words("stop", "timeout t =")
    limit = words.number("timeout", -1)
    for _, one in reversed(call.containers(words.rest)):
        bringing_up.stop_one(call.store, one, None if limit < 0 else limit)
    return 0


def start(call: Call) -> int:
    words = call.words("start")
    bringing_up.start_in_order(call.store, call.project, call.project.chosen(words.rest))
    return 0


def restart(call: Call) -> int:
    words = call.words("restart", "timeout t =", "no-deps")
    limit = words.number("timeout", -1)
    for _, one in call.containers(words.rest):
        tell(f"Container {one.name}", "Restarting")
        lifecycle.stop(call.store, one.id, None if limit < 0 else limit)
        lifecycle.start(call.store, one.id)
        tell(f"Container {one.name}", "Started")
    return 0


def down(call: Call) -> int:
    words = call.words("down", "volumes v", "timeout t =", "remove-orphans")
    limit = words.number("timeout", -1)
    for _, one in reversed(call.containers()):
        bringing_up.stop_one(call.store, one, None if limit < 0 else limit)
        bringing_up.remove_one(call.store, one, volumes=True)
    _orphans(call, remove="remove-orphans" in words)
    state = call.store.read()
    for key, name in call.project.volumes.items():
        if "volumes" in words and name in state.volumes and key not in call.project.external:
            tell(f"Volume {name}", "Removing")
            lifecycle.remove_volume(call.store, name)
            tell(f"Volume {name}", "Removed")
    network = f"{call.project.name}_default"
    if network in state.networks:
        tell(f"Network {network}", "Removing")
        lifecycle.remove_network(call.store, network)
        tell(f"Network {network}", "Removed")
    return 0


def logs(call: Call) -> int:
    words = call.words("logs", "tail n =", "timestamps t", "no-color", "no-log-prefix")
    found = [one for _, one in sorted(call.containers(words.rest), key=lambda pair: pair[1].name)]
    names = [one.name.removeprefix(f"{call.project.name}-") for one in found]
    width = max((len(one.name) for _, one in call.containers()), default=0) - len(call.project.name)
    state = call.store.read()
    for one, name in zip(found, names, strict=True):
        prefix = "" if "no-log-prefix" in words else f"{name.ljust(width)} | "
        for line in last(container_logs.read(call.store, state, one), words.one("tail", "all")):
            stamp = f"{shown.stamp(line.at)} " if "timestamps" in words else ""
            sys.stdout.write(f"{prefix}{stamp}{line.text}\n")
    return 0


def exec_(call: Call) -> int:
    flags = ("no-TTY T", "interactive i", "env e =", "user u =", "workdir w =", "index =")
    words = call.words("exec", *flags, ends_at_word=True)
    if len(words.rest) < 2:  # noqa: PLR2004 - a service and a program
        raise Refused("requires at least 2 arg(s), only received 1", USAGE)
    name, *command = words.rest
    found = [one for _, one in call.containers([name]) if one.running]
    if not found:
        raise Refused(f'service "{name}" is not running')
    env = dict(one.split("=", 1) for one in words.all("env") if "=" in one)
    return executing.execute(
        call.store, found[0].id, command, env, workdir=words.one("workdir"), interactive=True
    )


# --- ps ---


def ps(call: Call) -> int:
    words = call.words("ps", "all a", "quiet q", "services", "format =")
    now, state = time.time(), call.store.read()
    found = sorted((one for _, one in call.containers(words.rest)), key=lambda one: one.name)
    if "all" not in words:
        found = [one for one in found if vitals(state, one, now).status in {"running", "restarting"}]
    if "quiet" in words:
        sys.stdout.write("".join(f"{one.id}\n" for one in found))
    elif "services" in words:
        sys.stdout.write("".join(f"{name}\n" for name in sorted({one.labels[SERVICE] for one in found})))
    elif words.one("format") == "json":
        sys.stdout.write("".join(f"{compact(_row(state, one, now))}\n" for one in found))
    elif words.one("format") in {"", "table"}:
        headings = ("NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS")
        fields = ("Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports")
        rows = [_row(state, one, now) for one in found]
        sys.stdout.write(shown.table(headings, [[str(row[field]) for field in fields] for row in rows]))
    else:
        raise cannot(f"format with {words.one('format')}", USAGE)
    return 0


def _row(state: State, one: Container, now: float) -> inspecting.Json:
    found = vitals(state, one, now)
    published = [
        {"URL": port.host, "TargetPort": port.target, "PublishedPort": port.published, "Protocol": "tcp"}
        for port in (one.ports if found.status == "running" else ())
    ]
    return {
        "Command": shown.short_command(one),
        "CreatedAt": time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(one.created)),
        "ExitCode": found.exit_code,
        "Health": found.health.status if found.health else "",
        "ID": naming.short(one.id),
        "Image": one.image_name,
        "Labels": ",".join(f"{key}={value}" for key, value in one.labels.items()),
        "LocalVolumes": str(len(one.mounts)),
        "Mounts": ",".join(mount.volume for mount in one.mounts),
        "Name": one.name,
        "Names": one.name,
        "Networks": one.network,
        "Ports": shown.ports(one, found),
        "Project": one.labels[PROJECT],
        "Publishers": published or None,
        "RunningFor": shown.ago(one.created, now),
        "Service": one.labels[SERVICE],
        "Size": "0B",
        "State": found.status,
        "Status": shown.status(found, now),
    }


_VERBS: dict[str, Callable[[Call], int]] = {
    "config": config,
    "build": build,
    "up": up,
    "ps": ps,
    "stop": stop,
    "start": start,
    "restart": restart,
    "down": down,
    "logs": logs,
    "exec": exec_,
}


def run(store: Store, argv: Sequence[str]) -> int:
    """`docker compose argv...`; the exit status. Raises Refused."""
    words = Words("compose", argv, _GLOBAL, status=USAGE, ends_at_word=True)
    verb, *rest = words.rest or [""]
    if verb == "version":
        short = "short" in Words("compose version", rest, ("short",), status=USAGE)
        sys.stdout.write(f"{_VERSION}\n" if short else f"Docker Compose version {_VERSION}\n")
        return 0
    if verb not in _VERBS:
        raise cannot(f"docker compose {verb}: not a command of this engine", USAGE)
    project = compose_files.load(
        name=words.one("project-name"),
        files=words.all("file"),
        env_paths=words.all("env-file"),
        folder=words.one("project-directory"),
    )
    return _VERBS[verb](Call(store, project, rest))
