"""`docker ps`, `image ls`, `network ls`, `volume ls`, `stats`: what there is, as docker lists it."""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from zlib import crc32

from bot.sandbox.practice.engine import naming, shown
from bot.sandbox.practice.engine.errors import cannot
from bot.sandbox.practice.engine.formats import render
from bot.sandbox.practice.engine.state import Container, Image, State, Store
from bot.sandbox.practice.engine.vitals import vitals
from bot.sandbox.practice.engine.words import Words

Rows = Sequence[Mapping[str, str]]


def ps(store: Store, argv: Sequence[str]) -> int:
    flags = ("all a", "quiet q", "no-trunc", "filter f =", "format =", "latest l", "last n =")
    words = Words("ps", argv, flags)
    _nothing_more("ps", words)
    now, state = time.time(), store.read()
    found = sorted(select(state, words, now), key=lambda one: one.created, reverse=True)
    if "quiet" in words:
        return _ids([one.id for one in found], whole="no-trunc" in words)
    _print_rows([_container_row(state, one, now, whole="no-trunc" in words) for one in found], words)
    return 0


def select(state: State, words: Words, now: float) -> Iterable[Container]:
    """What --all and --filter of `ps` leave."""
    wanted = naming.filters(words.all("filter"), ("label", "name", "status", "id", "volume"))
    for one in state.containers.values():
        status = vitals(state, one, now).status
        if (
            ("all" in words or wanted["status"] or status in {"running", "restarting"})
            and naming.matches(one.labels, wanted["label"])
            and (not wanted["status"] or status in wanted["status"])
            and all(name in one.name for name in wanted["name"])
            and all(one.id.startswith(id_) for id_ in wanted["id"])
            and all(name in [mount.volume for mount in one.mounts] for name in wanted["volume"])
        ):
            yield one


def _container_row(state: State, one: Container, now: float, *, whole: bool) -> dict[str, str]:
    found = vitals(state, one, now)
    row = {
        "CONTAINER ID": one.id if whole else naming.short(one.id),
        "IMAGE": one.image_name,
        "COMMAND": f'"{shown.command(one)}"' if whole else shown.short_command(one),
        "CREATED": shown.ago(one.created, now),
        "STATUS": shown.status(found, now),
        "PORTS": shown.ports(one, found),
        "NAMES": one.name,
    }
    return row | {
        "State": found.status,
        "Labels": ",".join(f"{key}={value}" for key, value in one.labels.items()),
    }


_FIELDS = {
    "CONTAINER ID": "ID",
    "IMAGE ID": "ID",
    "NETWORK ID": "ID",
    "VOLUME NAME": "Name",
    "CREATED": "RunningFor",
    "NAME": "Name",
}


def _print_rows(rows: Rows, words: Words, headings: Sequence[str] = ()) -> None:
    """As a table, or with --format in the few forms known here."""
    columns = headings or ("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES")
    template = words.one("format")
    if not template or template == "table":
        sys.stdout.write(shown.table(columns, [[row[column] for column in columns] for row in rows]))
        return
    if template.startswith("table "):
        raise cannot(f"format with {template}", 64)
    for row in rows:
        fields = {
            _FIELDS.get(key, key.title() if key.isupper() else key): value for key, value in row.items()
        }
        sys.stdout.write(f"{render(template, fields)}\n")


def _ids(ids: Iterable[str], *, whole: bool = False) -> int:
    for id_ in ids:
        sys.stdout.write(f"{id_ if whole else naming.short(id_)}\n")
    return 0


def _nothing_more(verb: str, words: Words) -> None:
    if words.rest:
        raise cannot(f'understand "docker {verb} {words.rest[0]}": it takes no such word')
    for flag in ("latest", "last"):
        if words.all(flag):
            raise cannot(f"carry out docker {verb} --{flag}")


def images(store: Store, argv: Sequence[str]) -> int:
    words = Words("image ls", argv, ("all a", "quiet q", "no-trunc", "filter f =", "format ="))
    wanted = naming.filters(words.all("filter"), ("label", "dangling", "reference"))
    if len(words.rest) > 1:
        raise cannot("list images by several names")
    state, now = store.read(), time.time()
    found = [
        one
        for one in sorted(state.images.values(), key=lambda one: one.created, reverse=True)
        if naming.matches(one.labels, wanted["label"])
        and (not wanted["dangling"] or str(not one.tags).lower() in wanted["dangling"])
    ]
    rows = [row for one in found for row in _image_rows(one, now, whole="no-trunc" in words)]
    if words.rest:
        rows = [
            row for row in rows if words.rest[0] in {row["REPOSITORY"], f"{row['REPOSITORY']}:{row['TAG']}"}
        ]
    if wanted["reference"]:
        rows = [row for row in rows if any(_referred(row, pattern) for pattern in wanted["reference"])]
    if "quiet" in words:
        whole = "no-trunc" in words
        return _ids((row["IMAGE ID"] for row in rows), whole=whole)
    _print_rows(rows, words, ("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"))
    return 0


def _referred(row: dict[str, str], pattern: str) -> bool:
    """Whether a name is meant by `--filter reference=`: with its tag or without, `*` never across a slash."""
    names = (row["REPOSITORY"], f"{row['REPOSITORY']}:{row['TAG']}")
    return any(PurePosixPath(name).match(pattern) and name.count("/") == pattern.count("/") for name in names)


def _image_rows(one: Image, now: float, *, whole: bool) -> Iterable[dict[str, str]]:
    for name in one.tags or ["<none>:<none>"]:
        repository, _, tag = name.rpartition(":")
        yield {
            "REPOSITORY": repository,
            "TAG": tag,
            "IMAGE ID": one.id if whole else naming.short(one.id),
            "CREATED": shown.ago(one.created, now),
            "SIZE": shown.size(one.size),
        }


def networks(store: Store, argv: Sequence[str]) -> int:
    words = Words("network ls", argv, ("quiet q", "no-trunc", "filter f =", "format ="))
    _nothing_more("network ls", words)
    wanted = naming.filters(words.all("filter"), ("label", "name"))
    found = [
        one
        for one in store.read().networks.values()
        if naming.matches(one.labels, wanted["label"]) and all(name in one.name for name in wanted["name"])
    ]
    whole = "no-trunc" in words
    if "quiet" in words:
        return _ids((one.id for one in found), whole=whole)
    rows = [
        {
            "NETWORK ID": one.id if whole else naming.short(one.id),
            "NAME": one.name,
            "DRIVER": "bridge",
            "SCOPE": "local",
        }
        for one in found
    ]
    _print_rows(rows, words, ("NETWORK ID", "NAME", "DRIVER", "SCOPE"))
    return 0


def volumes(store: Store, argv: Sequence[str]) -> int:
    words = Words("volume ls", argv, ("quiet q", "filter f =", "format ="))
    _nothing_more("volume ls", words)
    wanted = naming.filters(words.all("filter"), ("label", "name"))
    found = sorted(
        one.name
        for one in store.read().volumes.values()
        if naming.matches(one.labels, wanted["label"]) and all(name in one.name for name in wanted["name"])
    )
    if "quiet" in words:
        return _ids(found, whole=True)
    _print_rows(
        [{"DRIVER": "local", "VOLUME NAME": name} for name in found], words, ("DRIVER", "VOLUME NAME")
    )
    return 0


def stats(store: Store, argv: Sequence[str]) -> int:
    """The numbers are made up: nothing runs that could be measured."""
    words = Words("stats", argv, ("no-stream", "all a", "no-trunc", "format ="))
    if "no-stream" not in words:
        raise cannot("show stats that go on: give --no-stream")
    state, now = store.read(), time.time()
    chosen = [naming.container(state, name) for name in words.rest] or list(state.containers.values())
    rows = []
    for one in chosen:
        if vitals(state, one, now).status != "running":
            continue
        seed = crc32(f"{one.id}{int(now)}".encode())
        memory = 3 + crc32(one.name.encode()) % 40 + seed % 100 / 100
        rows.append(
            {
                "CONTAINER ID": naming.short(one.id),
                "NAME": one.name,
                "CPU %": f"{seed % 500 / 100:.2f}%",
                "MEM USAGE / LIMIT": f"{memory:.2f}MiB / 4GiB",
                "MEM %": f"{memory / 4096 * 100:.2f}%",
                "NET I/O": "0B / 0B",
                "BLOCK I/O": "0B / 0B",
                "PIDS": str(2 + seed % 5),
            }
        )
    headings = ("CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS")
    _print_rows(rows, words, headings)
    return 0
