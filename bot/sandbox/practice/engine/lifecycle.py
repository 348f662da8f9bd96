"""Containers, networks and volumes come and go. Each function is one whole change of the state."""

import errno
import fcntl
import shutil
import socket
import time
from contextlib import closing

from bot.sandbox.practice.engine import base_images, container_logs, naming, programs
from bot.sandbox.practice.engine.errors import cannot, daemon
from bot.sandbox.practice.engine.services import valid_restart
from bot.sandbox.practice.engine.state import Container, Mount, Network, State, Store, Volume
from bot.sandbox.practice.engine.vitals import vitals
from bot.sandbox.practice.engine.waiting import pace, take

_PORT_WAIT = 3.0
"""Seconds within which the sandbox opens or closes a published port."""


def create(store: Store, one: Container) -> Container:
    """Adds a container that does not run yet. Raises Refused as the engine does."""
    with store.change() as state:
        base_images.add_to(state)
        image = naming.image(state, one.image_name)
        if image is None:
            full = naming.tagged(one.image_name)
            raise daemon(f"no such image: {one.image_name}: No such image: {full}")
        naming.free_name(state, one.name)
        if not valid_restart(one.restart):
            raise daemon(f"invalid restart policy '{one.restart}'")
        one.image = image.id
        one.cmd, one.entrypoint = one.cmd or image.cmd, one.entrypoint or image.entrypoint
        one.env = {**one.env, **{name: value for name, value in image.env.items() if name not in one.env}}
        one.labels = {**image.labels, **one.labels, "com.docker.compose.image": image.id}
        one.workdir = one.workdir or image.workdir
        one.stop_signal = one.stop_signal or image.stop_signal
        one.exposed = image.exposed
        _anonymous_volumes(state, one, image.volumes)
        state.containers[one.id] = one
    return one


def _anonymous_volumes(state: State, one: Container, targets: list[str]) -> None:
    for mount in one.mounts:
        state.volumes.setdefault(mount.volume, Volume(mount.volume, time.time()))
    for target in targets:
        if all(mount.target.rstrip("/") != target.rstrip("/") for mount in one.mounts):
            volume = Volume(naming.new_id(), time.time())
            state.volumes[volume.name] = volume
            one.mounts.append(Mount(volume.name, target))


def start(store: Store, id_: str) -> None:
    """Starts a container; one that runs stays as it is. Raises Refused."""
    state = store.read()
    one = naming.container(state, id_)
    if one.running:
        return
    take(0.2)
    _refuse_taken_ports(state, one)
    program = programs.recognise(store, state.images[one.image], one, pace())
    if program.kind == "postgres":
        programs.initialise(store, one, program)
    with store.change() as state:
        one = naming.container(state, id_)
        _refuse_taken_ports(state, one)
        one.program, one.running, one.started, one.exit_code = program, True, time.time(), 0
        if volume := programs.volume_of(state, one):
            state.volumes[volume].password = state.volumes[volume].password or one.env.get(
                "POSTGRES_PASSWORD", ""
            )
    _wait_for_ports(store, one)


def stop(store: Store, id_: str, timeout: int | None = None) -> None:
    """Stops a container; one that does not run stays as it is."""
    one = naming.container(store.read(), id_)
    if not one.running:
        return
    takes, exit_code = _ending(one, timeout)
    take(takes)
    with store.change() as state:
        one = naming.container(state, id_)
        if not one.running:
            return
        now = time.time()
        before = vitals(state, one, now)
        container_logs.keep(store, state, one, now)
        one.running, one.finished = False, now
        one.exit_code = before.exit_code if one.program and one.program.crash else exit_code


def _ending(one: Container, timeout: int | None) -> tuple[float, int]:
    """Seconds that the program takes to end when it is told to, and its exit status: it is killed at the timeout."""
    takes = 0.5 if one.program and one.program.kind == "backend" else 0.15  # it finishes its answers
    return (takes, 0) if timeout is None or timeout >= takes else (timeout, 137)


def remove(store: Store, id_: str, *, force: bool = False, volumes: bool = False) -> None:
    """Raises Refused for one that runs, unless forced. `volumes`: its anonymous volumes go too."""
    one = naming.container(store.read(), id_)
    if one.running and not force:
        raise daemon(
            f"You cannot remove a running container {one.id}. Stop the container before attempting removal or force remove"
        )
    with store.change() as state:
        one = state.containers.pop(naming.container(state, id_).id)
        gone = [mount.volume for mount in one.mounts if volumes and len(mount.volume) == len(one.id)]
        for name in gone:
            state.volumes.pop(name, None)
    for name in gone:
        shutil.rmtree(store.data(name).parent, ignore_errors=True)
    store.log(one.id).unlink(missing_ok=True)


def rename(store: Store, id_: str, name: str) -> None:
    """Raises Refused when the name is taken."""
    with store.change() as state:
        one = naming.container(state, id_)
        plain = name.removeprefix("/")
        if one.name == plain:
            raise daemon("Renaming a container with the same name as its current name")
        naming.free_name(state, plain)
        if one.name in one.aliases:
            one.aliases[one.aliases.index(one.name)] = plain
        one.name = plain


# --- networks and volumes ---


def make_network(store: Store, name: str, labels: dict[str, str]) -> bool:
    """Whether it was not there before."""
    with store.change() as state:
        if name in state.networks:
            return False
        state.networks[name] = Network(naming.new_id(), name, time.time(), labels)
        return True


def remove_network(store: Store, name: str) -> None:
    """Raises Refused while a running container is in it."""
    with store.change() as state:
        found = [one for one in state.networks.values() if name == one.name or one.id.startswith(name)]
        if not found:
            raise daemon(f"network {name} not found")
        network = found[0]
        if any(one.network == network.name and one.running for one in state.containers.values()):
            raise daemon(
                f"error while removing network: network {network.name} id {network.id} has active endpoints"
            )
        del state.networks[network.name]


def make_volume(store: Store, name: str, labels: dict[str, str]) -> bool:
    """Whether it was not there before."""
    with store.change() as state:
        if name in state.volumes:
            return False
        state.volumes[name] = Volume(name, time.time(), labels)
        return True


def remove_volume(store: Store, name: str) -> None:
    """Raises Refused while a container holds it, running or not."""
    with store.change() as state:
        if name not in state.volumes:
            raise daemon(f"get {name}: no such volume")
        users = [
            one.id for one in state.containers.values() if any(mount.volume == name for mount in one.mounts)
        ]
        if users:
            raise daemon(f"remove {name}: volume is in use - [{', '.join(users)}]")
        del state.volumes[name]
    shutil.rmtree(store.data(name).parent, ignore_errors=True)


# --- published ports ---


def _refuse_taken_ports(state: State, one: Container) -> None:
    for port in one.ports:
        if not port.published:
            raise cannot(
                f"choose a port of the host for {port.target} by itself: publish it as 127.0.0.1:8080:80"
            )
        for other in state.containers.values():
            if (
                other.id != one.id
                and other.running
                and any(p.published == port.published for p in other.ports)
            ):
                raise daemon(
                    f"driver failed programming external connectivity on endpoint {one.name}: "
                    f"Bind for {port.host}:{port.published} failed: port is already allocated"
                )
        _wait_until_free(one, port.published)


def _wait_until_free(one: Container, port: int) -> None:
    """The container that had it may have ended just now; a stranger on this machine stays."""
    deadline = time.monotonic() + _PORT_WAIT
    while _in_use(port):
        if time.monotonic() > deadline:
            raise daemon(
                f"driver failed programming external connectivity on endpoint {one.name}: Error starting userland "
                f"proxy: listen tcp4 127.0.0.1:{port}: bind: address already in use"
            )
        time.sleep(0.02)


def _in_use(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise daemon(f"listen tcp4 127.0.0.1:{port}: bind: permission denied") from None
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _wait_for_ports(store: Store, one: Container) -> None:
    """Docker's port listens once the container is started; here the sandbox opens it, if it is there to do so."""
    deadline = time.monotonic() + _PORT_WAIT
    for port in one.ports:
        while being_served(store) and not _in_use(port.published) and time.monotonic() < deadline:
            time.sleep(0.02)


def being_served(store: Store) -> bool:
    """Whether a sandbox serves this engine's ports and API."""
    file = store.folder / "serving"
    if not file.exists():
        return False
    with file.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
