"""`docker compose up`: what the file says becomes containers, in the order and with the half-way states of Compose."""

import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.sandbox.practice.engine import lifecycle, naming
from bot.sandbox.practice.engine.compose_files import Project
from bot.sandbox.practice.engine.errors import Refused
from bot.sandbox.practice.engine.naming import PROJECT, SERVICE
from bot.sandbox.practice.engine.services import Service
from bot.sandbox.practice.engine.state import Container, Mount, State, Store
from bot.sandbox.practice.engine.vitals import Vitals, vitals
from bot.sandbox.practice.engine.waiting import take

COMPOSE_VERSION = "2.26.1"
_STRAY = re.compile(r"[0-9a-f]{12}_")
LOOK = 0.05
"""Seconds between two looks at a container that is waited for."""


@dataclass(frozen=True)
class Wishes:
    """`wait`: seconds to wait for health at the end, 0 for as long as it takes, None for not at all.

    `scale`: how many containers a service gets, where it is not one.
    """

    force_recreate: bool = False
    no_recreate: bool = False
    wait: int | None = None
    scale: Mapping[str, int] = field(default_factory=dict)


def tell(thing: str, what: str) -> None:
    """One line of Compose's plain progress."""
    sys.stderr.write(f" {thing}  {what}\n")
    sys.stderr.flush()


def image_name(project: Project, service: Service) -> str:
    return service.image or f"{project.name}-{service.name}"


def containers_of(state: State, project: str, service: str) -> list[Container]:
    """The service's containers, running or not; one that an interrupted `up` left under its own name is last."""
    wanted = [f"{PROJECT}={project}", f"{SERVICE}={service}"]
    found = [one for one in state.containers.values() if naming.matches(one.labels, wanted)]
    return sorted(found, key=lambda one: (_STRAY.match(one.name) is not None, one.created))


def up(store: Store, project: Project, names: Sequence[str], wishes: Wishes) -> None:
    """Creates and starts. Raises Refused with Compose's words and exit status."""
    services = project.with_dependencies(names)
    _network_and_volumes(store, project, services)
    replaced: set[str] = set()
    unnamed = replace(wishes, force_recreate=False)  # what the named ones depend on is only held to the file
    for service in services:
        wished = wishes if not names or service.name in names else unnamed
        if _converge(store, project, service, wished, anyway=not replaced.isdisjoint(service.depends_on)):
            replaced.add(service.name)
    for service in services:
        _wait_for_dependencies(store, project, service)
        _start(store, project, service)
    if wishes.wait is not None:
        _wait_for_all(store, project, services, wishes.wait)


def _network_and_volumes(store: Store, project: Project, services: Sequence[Service]) -> None:
    labels = {PROJECT: project.name, "com.docker.compose.version": COMPOSE_VERSION}
    network = f"{project.name}_default"
    if network not in store.read().networks:
        tell(f"Network {network}", "Creating")
        lifecycle.make_network(store, network, {**labels, "com.docker.compose.network": "default"})
        tell(f"Network {network}", "Created")
    for key in dict.fromkeys(key for one in services for key, _, _ in one.volumes if key):
        name = project.volumes[key]
        if name in store.read().volumes:
            continue
        if key in project.external:
            raise Refused(f'external volume "{name}" not found')
        tell(f'Volume "{name}"', "Creating")
        lifecycle.make_volume(store, name, {**labels, "com.docker.compose.volume": key})
        tell(f'Volume "{name}"', "Created")


# --- containers ---


def _converge(store: Store, project: Project, service: Service, wishes: Wishes, *, anyway: bool) -> bool:
    """Whether a container was put in the place of another; `anyway`: what the service depends on was."""
    state = store.read()
    found = containers_of(state, project.name, service.name)
    wanted = wishes.scale.get(service.name, 1)
    if wanted > 1 and service.container_name:
        said = f'WARNING: The "{service.name}" service is using the custom container name "{service.container_name}".'
        raise Refused(
            f"{said} Docker requires each container to have a unique name. Remove the custom name to scale the service"
        )
    for stray in found[wanted:]:  # the newest
        stop_one(store, stray)
        remove_one(store, stray)
    replaced = [_converge_one(store, project, service, one, wishes, anyway=anyway) for one in found[:wanted]]
    next_number = max((_number(one) for one in found), default=0) + 1
    for number in range(next_number, next_number + wanted - len(found)):
        name = _name(project, service, number)
        tell(f"Container {name}", "Creating")
        take(0.1)
        lifecycle.create(store, _container(project, service, name, number))
        tell(f"Container {name}", "Created")
    return any(replaced)


def _converge_one(
    store: Store, project: Project, service: Service, old: Container, wishes: Wishes, *, anyway: bool
) -> bool:
    if wishes.force_recreate or (
        not wishes.no_recreate and (anyway or _differs(store.read(), project, service, old))
    ):
        _recreate(store, project, service, old)
        return True
    if old.running:
        tell(f"Container {old.name}", "Running")
    elif old.started:
        tell(f"Container {old.name}", "Created")
    return False


def _number(one: Container) -> int:
    return int(one.labels.get("com.docker.compose.container-number", "1"))


def _differs(state: State, project: Project, service: Service, old: Container) -> bool:
    image = naming.image(state, image_name(project, service))
    return old.labels.get("com.docker.compose.config-hash") != service.hash or (
        image is not None and old.image != image.id
    )


def stop_one(store: Store, one: Container, timeout: int | None = None) -> None:
    tell(f"Container {one.name}", "Stopping")
    lifecycle.stop(store, one.id, timeout)
    tell(f"Container {one.name}", "Stopped")


def remove_one(store: Store, one: Container, *, volumes: bool = False) -> None:
    tell(f"Container {one.name}", "Removing")
    lifecycle.remove(store, one.id, force=True, volumes=volumes)
    tell(f"Container {one.name}", "Removed")


def _name(project: Project, service: Service, number: int) -> str:
    return service.container_name or f"{project.name}-{service.name}-{number}"


def _recreate(store: Store, project: Project, service: Service, old: Container) -> None:
    """Like Compose: a new one under a name of its own, the old one ends and goes, the new one takes its name."""
    name = _name(project, service, _number(old))
    tell(f"Container {old.name}", "Recreate")
    new = _container(project, service, f"{naming.short(old.id)}_{name}", _number(old))
    new.labels["com.docker.compose.replace"] = old.id
    inherited = [one for one in old.mounts if len(one.volume) == len(old.id)]
    new.mounts += [one for one in inherited if all(one.target != mount.target for mount in new.mounts)]
    lifecycle.create(store, new)
    lifecycle.stop(store, old.id)
    lifecycle.remove(store, old.id)
    lifecycle.rename(store, new.id, name)
    tell(f"Container {old.name}", "Recreated")


def _container(project: Project, service: Service, name: str, number: int) -> Container:
    id_ = naming.new_id()
    waits = (f"{one}:{condition}:false" for one, condition in service.depends_on.items())
    labels = {
        "com.docker.compose.config-hash": service.hash,
        "com.docker.compose.container-number": str(number),
        "com.docker.compose.depends_on": ",".join(waits),
        "com.docker.compose.oneoff": "False",
        PROJECT: project.name,
        "com.docker.compose.project.config_files": str(project.file),
        "com.docker.compose.project.working_dir": str(project.folder),
        SERVICE: service.name,
        "com.docker.compose.version": COMPOSE_VERSION,
    }
    if project.env_files:
        labels["com.docker.compose.project.environment_file"] = ",".join(
            str(one) for one in project.env_files
        )
    return Container(
        id=id_,
        name=name,
        created=time.time(),
        image="",
        image_name=image_name(project, service),
        cmd=service.command or [],
        entrypoint=service.entrypoint or [],
        env=dict(service.environment),
        labels={**service.labels, **labels},
        workdir=service.working_dir,
        check=service.check,
        restart=service.restart,
        ports=list(service.ports),
        mounts=[Mount(project.volumes[key], target, ro) for key, target, ro in service.volumes if key],
        network=f"{project.name}_default",
        aliases=[name, service.name, naming.short(id_)],
        init=service.init,
        stop_timeout=service.stop_grace,
        stop_signal=service.stop_signal,
    )


def _start(store: Store, project: Project, service: Service) -> None:
    state = store.read()
    if not any(other.labels.get(PROJECT) == project.name for other in state.containers.values()):
        raise Refused(f'service "{service.name}" has no container to start')
    for one in containers_of(state, project.name, service.name):
        if not one.running:
            tell(f"Container {one.name}", "Starting")
            lifecycle.start(store, one.id)
            tell(f"Container {one.name}", "Started")


def start_in_order(store: Store, project: Project, services: Sequence[Service]) -> None:
    """`docker compose start`: what is there already, each after what it depends on."""
    for service in services:
        _wait_for_dependencies(store, project, service)
        _start(store, project, service)


# --- health ---


def _wait_for_dependencies(store: Store, project: Project, service: Service) -> None:
    for name, condition in service.depends_on.items():
        if condition != "service_healthy":
            continue
        found = containers_of(store.read(), project.name, name)
        if not found:
            raise Refused(f"{service.name} is missing dependency {name}")
        for one in found:
            _wait_for_dependency(store, one)


def _wait_for_dependency(store: Store, one: Container) -> None:
    tell(f"Container {one.name}", "Waiting")
    try:
        _wait_until_healthy(store, one, None)
    except Refused as error:
        tell(f"Container {one.name}", "Error")
        raise Refused(f"dependency failed to start: {error.message}") from None
    tell(f"Container {one.name}", "Healthy")


def _wait_for_all(store: Store, project: Project, services: Sequence[Service], seconds: int) -> None:
    deadline = time.monotonic() + seconds if seconds else None
    state = store.read()
    found = [one for service in services for one in containers_of(state, project.name, service.name)]
    for one in found:
        tell(f"Container {one.name}", "Waiting")
    for one in found:
        try:
            _wait_until_healthy(store, one, deadline)
        except TimeoutError:
            raise Refused(f"application not healthy after {seconds}s") from None
        except Refused:
            tell(f"Container {one.name}", "Error")
            raise
        tell(f"Container {one.name}", "Healthy")


def _wait_until_healthy(store: Store, one: Container, deadline: float | None) -> None:
    """Raises TimeoutError at the deadline, Refused when it will not become healthy."""
    while True:
        state = store.read()
        found = vitals(state, naming.container(state, one.id), time.time())
        if _is_well(one, found):
            return
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(LOOK)


def _is_well(one: Container, found: Vitals) -> bool:
    if found.status == "exited":
        raise Refused(f"container {one.name} exited ({found.exit_code})")
    if found.health is None:
        return found.status == "running" and found.restarts == 0
    if found.health.status == "unhealthy":
        raise Refused(f"container {one.name} is unhealthy")
    return found.status == "running" and found.health.status == "healthy"
