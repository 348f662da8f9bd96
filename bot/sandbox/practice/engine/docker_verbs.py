"""`docker <verb>` for single containers, images, volumes and networks."""

import shutil
import sys
from collections.abc import Callable, Sequence

from bot.sandbox.practice.engine import (
    container_logs,
    docker_inspect,
    docker_listings,
    executing,
    inspecting,
    lifecycle,
    naming,
    shown,
)
from bot.sandbox.practice.engine.docker_inspect import inspector
from bot.sandbox.practice.engine.errors import Refused, cannot, daemon
from bot.sandbox.practice.engine.formats import render
from bot.sandbox.practice.engine.state import Store
from bot.sandbox.practice.engine.words import Words

Verb = Callable[[Store, Sequence[str]], int]


def each(names: Sequence[str], act: Callable[[str], object], *, quiet: bool = False, also: str = "") -> int:
    """Does one thing after the other; prints each name that went well, complains about the rest, exits with 1 then."""
    bad = []
    for name in names:
        try:
            act(name)
        except Refused as error:
            bad.append(name)
            sys.stderr.write(f"{error.message}\n")
        else:
            if not quiet:
                sys.stdout.write(f"{name}\n")
    if bad and also:
        sys.stderr.write(f"{also}: {', '.join(bad)}\n")
    return int(bool(bad))


# --- containers ---


def start(store: Store, argv: Sequence[str]) -> int:
    words = Words("start", argv, ())
    names = words.some("start")
    return each(names, lambda name: lifecycle.start(store, name), also="Error: failed to start containers")


def stop(store: Store, argv: Sequence[str]) -> int:
    words = Words("stop", argv, ("time t =", "timeout ="))
    limit = words.number("timeout", words.number("time", -1))
    return each(words.some("stop"), lambda name: lifecycle.stop(store, name, None if limit < 0 else limit))


def restart(store: Store, argv: Sequence[str]) -> int:
    words = Words("restart", argv, ("time t =", "timeout ="))
    limit = words.number("timeout", words.number("time", -1))

    def act(name: str) -> None:
        lifecycle.stop(store, name, None if limit < 0 else limit)
        lifecycle.start(store, name)

    return each(words.some("restart"), act)


def remove(store: Store, argv: Sequence[str]) -> int:
    words = Words("rm", argv, ("force f", "volumes v"))
    force, volumes = "force" in words, "volumes" in words
    status = 0
    for name in words.some("rm"):
        try:
            lifecycle.remove(store, name, force=force, volumes=volumes)
            sys.stdout.write(f"{name}\n")
        except Refused as error:
            sys.stderr.write(f"{error.message}\n")
            status = status or int(not (force and "No such container" in error.message))
    return status


def rename(store: Store, argv: Sequence[str]) -> int:
    words = Words("rename", argv, ())
    if len(words.rest) != 2:  # noqa: PLR2004 - old and new
        raise Refused('"docker rename" requires exactly 2 arguments.')
    old, new = words.rest
    try:
        lifecycle.rename(store, old, new)
    except Refused as error:
        said = error.message.replace("daemon: Conflict", "daemon: Error when allocating new name: Conflict")
        raise Refused(f"{said}\nError: failed to rename container named {old}") from None
    return 0


def logs(store: Store, argv: Sequence[str]) -> int:
    words = Words("logs", argv, ("tail n =", "timestamps t"))
    if len(words.rest) != 1:
        raise Refused('"docker logs" requires exactly 1 argument.')
    state = store.read()
    one = naming.container(state, words.rest[0])
    lines = container_logs.read(store, state, one)
    stream = sys.stderr if one.program is not None and one.program.kind == "postgres" else sys.stdout
    for line in last(lines, words.one("tail", "all")):
        stamp = f"{shown.stamp(line.at)} " if "timestamps" in words else ""
        stream.write(f"{stamp}{line.text}\n")
    return 0


def last(lines: list[container_logs.Line], tail: str) -> list[container_logs.Line]:
    """The last so many; "all" and what is no number mean all of them."""
    if not tail.isdecimal():
        return lines
    return lines[-int(tail) :] if int(tail) else []


def exec_(store: Store, argv: Sequence[str]) -> int:
    flags = ("interactive i", "env e =", "user u =", "workdir w =")
    words = Words("exec", argv, flags, ends_at_word=True)
    name, *command = words.some("exec", 2)
    env = dict(one.split("=", 1) for one in words.all("env") if "=" in one)
    interactive = "interactive" in words
    return executing.execute(store, name, command, env, workdir=words.one("workdir"), interactive=interactive)


# --- images, volumes, networks ---


def tag(store: Store, argv: Sequence[str]) -> int:
    words = Words("tag", argv, ())
    if len(words.rest) != 2:  # noqa: PLR2004 - source and target
        raise Refused('"docker tag" requires exactly 2 arguments.')
    source, target = words.rest
    with store.change() as state:
        found = naming.image(state, source)
        if found is None:
            raise daemon(f"No such image: {naming.tagged(source)}")
        naming.tag(state, found, target)
    return 0


def remove_image(store: Store, argv: Sequence[str]) -> int:
    words = Words("image rm", argv, ("force f",))
    status = 0
    for name in words.some("image rm"):
        try:
            said = _remove_image(store, name, force="force" in words)
            sys.stdout.write("".join(f"{line}\n" for line in said))
        except Refused as error:
            sys.stderr.write(f"{error.message}\n")
            status = status or int(not ("force" in words and "No such image" in error.message))
    return status


def _remove_image(store: Store, name: str, *, force: bool) -> list[str]:
    """By name: the name goes, and the image with its last name. By id: all of it."""
    with store.change() as state:
        one = naming.image(state, name)
        if one is None:
            raise daemon(f"No such image: {naming.tagged(name) if ':' not in name else name}")
        by_name = _tag_of(name, one.tags)
        users = [used for used in state.containers.values() if used.image == one.id]
        running = [used for used in users if used.running]
        gone = [by_name] if by_name else list(one.tags)
        last_name = len(gone) == len(one.tags)
        if last_name and users and (not force or (running and not by_name)):
            raise daemon(
                _in_use(name, one.id, (running or users)[0].id, by_name=bool(by_name), running=bool(running))
            )
        if not by_name and len(one.tags) > 1 and not force:
            said = f"unable to delete {naming.short(one.id)} (must be forced) - image is referenced in multiple repositories"
            raise daemon(f"conflict: {said}")
        one.tags = [other for other in one.tags if other not in gone]
        said_lines = [f"Untagged: {other}" for other in gone]
        if one.tags or users:
            return said_lines
        del state.images[one.id]
    shutil.rmtree(store.rootfs(one.id), ignore_errors=True)
    return [*said_lines, f"Deleted: {one.id}"]


def _tag_of(name: str, tags: Sequence[str]) -> str:
    try:
        full = naming.tagged(name)
    except Refused:
        return ""
    return full if full in tags else ""


def _in_use(name: str, image: str, container: str, *, by_name: bool, running: bool) -> str:
    if by_name:
        why = f"container {naming.short(container)} is using its referenced image {naming.short(image)}"
        return f'conflict: unable to remove repository reference "{name}" (must force) - {why}'
    how = "cannot" if running else "must"
    kind = "running" if running else "stopped"
    return f"conflict: unable to delete {naming.short(image)} ({how} be forced) - image is being used by {kind} container {naming.short(container)}"


def remove_volume(store: Store, argv: Sequence[str]) -> int:
    words = Words("volume rm", argv, ("force f",))

    def act(name: str) -> None:
        try:
            lifecycle.remove_volume(store, name)
        except Refused as error:
            if "force" not in words or "no such volume" not in error.message:
                raise

    return each(words.some("volume rm"), act)


def remove_network(store: Store, argv: Sequence[str]) -> int:
    words = Words("network rm", argv, ("force f",))
    status = each(words.some("network rm"), lambda name: lifecycle.remove_network(store, name))
    if status:
        sys.stderr.write("exit status 1\n")
    return status


def version(store: Store, argv: Sequence[str]) -> int:
    del store
    words = Words("version", argv, ("format f =",))
    engine = inspecting.version()
    client = {"Version": inspecting.VERSION, "ApiVersion": inspecting.API_VERSION, "Os": "linux"}
    template = words.one("format")
    if template:
        sys.stdout.write(f"{render(template, {'Client': client, 'Server': engine})}\n")
        return 0
    for side in ("Client", "Server"):
        sys.stdout.write(f"{side}: Opsgate's practice engine\n Version:           {inspecting.VERSION}\n")
        sys.stdout.write(f" API version:       {inspecting.API_VERSION}\n\n")
    return 0


_CONTAINER: dict[str, Verb] = {
    "start": start,
    "stop": stop,
    "restart": restart,
    "rm": remove,
    "rename": rename,
    "logs": logs,
    "exec": exec_,
    "stats": docker_listings.stats,
}
_VERBS: dict[str, Verb] = {
    **_CONTAINER,
    "ps": docker_listings.ps,
    "images": docker_listings.images,
    "rmi": remove_image,
    "tag": tag,
    "version": version,
    "inspect": inspector(docker_inspect.anything),
}
_GROUPS: dict[str, dict[str, Verb]] = {
    "container": _CONTAINER
    | dict.fromkeys(("ls", "ps", "list"), docker_listings.ps)
    | {"inspect": inspector(docker_inspect.container)},
    "image": {
        "ls": docker_listings.images,
        "list": docker_listings.images,
        "rm": remove_image,
        "tag": tag,
        "inspect": inspector(docker_inspect.image),
    },
    "volume": {
        "ls": docker_listings.volumes,
        "rm": remove_volume,
        "inspect": inspector(docker_inspect.volume),
    },
    "network": {
        "ls": docker_listings.networks,
        "rm": remove_network,
        "inspect": inspector(docker_inspect.network),
    },
}


def run(store: Store, argv: Sequence[str]) -> int:
    """`docker argv...`; the exit status. Raises Refused."""
    verb, *rest = argv or [""]
    if verb in _GROUPS and rest and rest[0] in _GROUPS[verb]:
        return _GROUPS[verb][rest[0]](store, rest[1:])
    if verb in _VERBS:
        return _VERBS[verb](store, rest)
    if verb in {"-v", "--version"} and not rest:
        sys.stdout.write(f"Docker version {inspecting.VERSION}, Opsgate's practice engine\n")
        return 0
    raise cannot(
        f"docker {' '.join(argv[:2] if verb in _GROUPS else argv[:1])}: not a command of this engine"
    )
