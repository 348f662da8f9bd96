"""R-DB-1: no builder can express the deletion of a volume, whatever it is fed, today or after a later addition."""

from __future__ import annotations

import ast
import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import services
from services.backups.models import Backup, Copy
from services.commands import (
    compose,
    docker,
    dumps,
    files,
    git,
    own_settings,
    postgres,
    roles,
    scratch,
    sqlite,
)
from services.commands.command import Command
from services.commands.compose import ComposeContext
from services.commands.shapes import Shape
from services.projects import Database

MODULES = (compose, docker, dumps, files, git, own_settings, postgres, roles, scratch, sqlite)
LOCAL_OR_FILES = {"git", "cat", "stat", "ln", "mkdir", "sha256sum", "mv", "rm", "test", "ls"}
LOOK = ("-exec", "stat", "-c", "%s %n", "{}", "+")
SERVICES = Path(services.__file__).parent

# Every word with a leading dash that a docker builder may say, before and behind the `--`.
FLAGS = {
    *("--ansi", "-p", "-f", "--env-file", "--quiet", "--services", "--no-cache", "-d", "--force-recreate"),
    *("--no-build", "--all", "--format", "--timeout", "--tail", "--no-trunc"),
    *("--filter", "--interactive", "--env", "--", "--hash", "--scale", "--no-recreate", "-t"),
}
INNER_FLAGS = {
    *(
        "--format=custom",
        "--compress=3",
        "--format=plain",
        "--no-password",
        "--file=/dev/null",
        "--quiet",
        "--no-psqlrc",
        "--no-align",
    ),
    *("--tuples-only", "--set=ON_ERROR_STOP=1", "--command", "--single-transaction"),
    *("--data-only", "--file=-", "--exit-on-error", "--no-owner", "--no-tablespaces", "--output=/dev/null"),
    "--host=127.0.0.1",
}
INNER_OPTIONS_WITH_NAMES = ("--username=", "--dbname=", "--role=", "--set=role=", "--command=SET ROLE ")
INNER_PROGRAMS = {"pg_dump", "pg_restore", "pg_isready", "psql"}
COMPOSE_VERBS = {"config", "build", "up", "ps", "stop", "start"}
DOCKER_VERBS = {
    *(
        ("tag",),
        ("image", "rm"),
        ("image", "inspect"),
        ("image", "ls"),
        ("start",),
        ("rename",),
        ("rm",),
        ("logs",),
    ),
    *(("restart",), ("stop",), ("container", "inspect"), ("ps",), ("volume", "ls"), ("version",), ("exec",)),
    ("info",),
}
SCRATCH = (
    *(
        "docker",
        "run",
        "--detach",
        "--rm",
        "--pull",
        "never",
        "--network",
        "none",
        "--shm-size",
        "1g",
        "--name",
    ),
)
"""How the one `docker run` begins: what Docker removes at its end is the volume that it made for this container itself."""
SCRATCH_ENV = ("HOST_AUTH_METHOD=trust", "PASSWORD=unused", "USER=", "DB=")
GLOBAL_FLAGS_WITH_VALUE = {"--ansi", "-p", "-f", "--env-file"}

MADE = re.compile(r".*/database/db-[0-9]{8}-[0-9]{6}-[a-z0-9]{4}\.dump")

HOSTILE = st.sampled_from(
    [
        *(
            "-v",
            "--volumes",
            "--volumes=1",
            "--volume",
            "-vt1",
            "-fsv",
            "-V",
            "--renew-anon-volumes",
            "-y",
            "--yes",
        ),
        *(
            "down",
            "down -v",
            "rm -v",
            "volume",
            "prune",
            "system",
            "--",
            "-",
            "db; docker volume rm x",
            "$(id)",
            "\n",
        ),
        *(
            "db\n-v",
            "db --volumes",
            "../x",
            "/srv/app",
            "/srv/app -v",
            "opsgate:op-1",
            "db",
            "app",
            "fitnessapp",
        ),
        *(
            "0" * 12,
            "a" * 64,
            "a" * 40,
            "sha256:" + "b" * 64,
            "opsgate-keep:a.b.c",
            "x=y",
            "postgresql://h/d",
        ),
    ]
)
TEXT = HOSTILE | st.text(max_size=20)
DATABASES = st.builds(Database.model_construct, service=TEXT, name=TEXT, user=TEXT)


SUMS = st.sampled_from(["ab", "cd"])
BACKUPS = st.builds(
    Backup.model_construct,
    id=TEXT | st.just("db-20261123-091500-k3f9"),
    size=st.integers(0, 1),
    sha256=SUMS,
    host_file=(TEXT | st.just("/b/database/db-20261123-091500-k3f9.dump")).map(PurePosixPath),
    copies=st.lists(
        st.builds(
            Copy.model_construct,
            where=st.sampled_from(["host", "local"]),
            size=st.integers(0, 1),
            sha256=SUMS,
            encrypted=st.booleans(),
        ),
        max_size=3,
    ),
)


@st.composite
def contexts(draw: st.DrawFn) -> ComposeContext | None:
    """A context fed anything, or None when it refuses."""
    try:
        env_file = draw(st.none() | TEXT.map(PurePosixPath))
        return ComposeContext(draw(TEXT), PurePosixPath(draw(TEXT)), env_file)
    except ValueError:
        return ComposeContext("app", PurePosixPath("/srv/app/compose.yaml"))


def _found(container: str, name: str, state: str) -> scratch.Found:
    """Fed anything; a good one where it refuses."""
    try:
        return scratch.Found(container, name, state)
    except ValueError:
        return scratch.Found("0" * 64, "opsgate-drill-k3f9", "running")


GOOD_PLACE = sqlite.Place(
    "sha256:" + "b" * 64, "1000:1000", "volume", "app_data", "/data", PurePosixPath("/data/app.db")
)
PLACES = st.just(GOOD_PLACE) | st.builds(
    sqlite.Place,
    image=TEXT | st.just("sha256:" + "b" * 64),
    user=TEXT | st.sampled_from(["", "1000:1000", "app"]),
    kind=st.sampled_from(["volume", "bind", "tmpfs"]),
    source=TEXT | st.sampled_from(["app_data", "/srv/data", "x,readonly", "/srv,type=bind"]),
    target=st.sampled_from(["/data", "/", "/data,x", "data"]),
    file=st.sampled_from(["/data/app.db", "/etc/passwd", "/data/../x", "/data/a b", "-v"]).map(PurePosixPath),
)


def strategy_for(annotation: Any) -> st.SearchStrategy[Any]:
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXT,
        bool: st.booleans(),
        int: st.integers(-5, 100_000) | TEXT,
        ComposeContext: contexts(),
        Database: DATABASES,
        scratch.Found: st.builds(_found, TEXT, TEXT | st.just("opsgate-drill-k3f9"), TEXT),
        Shape: st.builds(Shape, TEXT, TEXT, TEXT, *[st.none() | TEXT] * 5),
        sqlite.Place: PLACES,
        Path: TEXT.map(Path),
        Backup: BACKUPS,
        PurePosixPath: (TEXT | st.sampled_from(["/b/database/x.dump.part", "/b/database"])).map(
            PurePosixPath
        ),
    }
    if annotation in by_type:
        return by_type[annotation]
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Sequence:
        return st.lists(strategy_for(args[0]), max_size=3)
    if origin is Mapping:
        return st.dictionaries(TEXT, TEXT, max_size=2)
    if args and type(None) in args:
        return st.none() | strategy_for(next(a for a in args if a is not type(None)))
    raise AssertionError(f"this test does not know how to feed {annotation}: teach it")


def builders() -> list[Callable[..., Command]]:
    return [
        function
        for module in MODULES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and typing.get_type_hints(function).get("return") is Command
    ]


def docker_verb(words: list[str]) -> tuple[str, ...]:
    return tuple(words[:2]) if words[0] in {"image", "container", "volume"} else (words[0],)


def compose_verb(words: list[str]) -> str:
    while words[0] in GLOBAL_FLAGS_WITH_VALUE:
        words = words[2:]
    return words[0]


def assert_harmless(argv: tuple[str, ...]) -> None:
    if (
        argv[0] == "rm"
    ):  # files: one dump in the making, or one that Opsgate made with its manifest; nothing recursive
        assert argv[1:3] == ("-f", "--")
        assert argv[3].endswith(".dump.part") or MADE.fullmatch(argv[3])
        assert argv[4:] in {(), (argv[3].replace(".dump", ".json"),)}
    if argv[0] == "env":  # nothing but the language for one that looks
        assert argv[1:5] == ("LC_ALL=C", "stat", "-L", "-c")
        return
    if argv[0] == "find":  # only looks, at dumps
        assert argv[1].endswith("/database")
        assert argv[2:6] == ("-maxdepth", "1", "-type", "f")
        assert argv[6:] in {("-name", "*.dump", *LOOK), ("-name", "db-*.dump*", "-mmin", "+1440")}
        return
    if argv[0] in LOCAL_OR_FILES:
        return
    assert argv[0] == "docker"
    if argv[1] == "run":
        guard = assert_scratch if "--detach" in argv else assert_sees_one_mount_only
        guard(argv)
        return
    outer, inner = list(argv[1:]), []
    if outer[0] == "exec":
        cut = outer.index("--") + 2  # the container's id
        outer, inner = outer[:cut], outer[cut:]
    assert {word for word in outer if word.startswith("-")} <= FLAGS
    if outer[0] == "compose":
        assert compose_verb(outer[1:]) in COMPOSE_VERBS
    else:
        assert docker_verb(outer) in DOCKER_VERBS
    if outer[0] == "rm":
        assert outer[1] == "--", "rm takes no flag at all"
    for word in inner:
        assert not word.startswith("-") or word in INNER_FLAGS or word.startswith(INNER_OPTIONS_WITH_NAMES)


def assert_scratch(argv: tuple[str, ...]) -> None:
    """No mount, no port, no network, no rights: every word stands where it must, and the image is an id."""
    name, label, *rest = argv[len(SCRATCH) :][:1] + argv[len(SCRATCH) + 2 :]
    assert argv[: len(SCRATCH)] == SCRATCH
    assert re.fullmatch(r"opsgate-drill-[a-z0-9]+", name)
    assert argv[len(SCRATCH) + 1] == "--label"
    assert label.startswith("opsgate.drill=/")
    assert tuple(rest[: len(scratch.APART)]) == scratch.APART
    rest = rest[len(scratch.APART) :]
    assert rest[0:8:2] == ["--env"] * 4
    for word, start in zip(rest[1:8:2], SCRATCH_ENV, strict=True):
        assert word.startswith(f"POSTGRES_{start}")
    assert rest[8] == "--"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", rest[9])
    assert len(rest) == 10


RUN_ALWAYS = (
    "--rm", "--pull=never", "--network=none", "--log-driver=none", "--security-opt=no-new-privileges",
    "--workdir=/", "--entrypoint=python3", "--label=com.docker.compose.project=opsgate-tool",
    "--label=com.docker.compose.service=opsgate-tool", "--label=com.docker.compose.oneoff=True",
)  # fmt: skip
RUN_MOUNT = re.compile(
    r"type=volume,source=[A-Za-z0-9][A-Za-z0-9_.-]*,target=[^,]+,volume-nocopy|type=bind,source=/[^,]+,target=[^,]+"
)


def assert_sees_one_mount_only(argv: tuple[str, ...]) -> None:
    """`docker run` has one shape: our own program on one mount that is named, which `--rm` never takes away."""
    cut, begin = argv.index("--"), 2 + len(RUN_ALWAYS)
    words, inner = [word for word in argv[begin:cut] if word != "--interactive"], argv[cut + 1 :]
    assert argv[2:begin] == RUN_ALWAYS
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    assert len(words) == 2 * len(pairs)
    assert set(pairs) <= {"--mount", "--user", "--name"}
    assert RUN_MOUNT.fullmatch(pairs["--mount"])
    assert pairs.get("--name", "opsgate-tool-").startswith("opsgate-tool-")
    assert inner[1:4] == ("-I", "-c", sqlite.program())
    assert inner[4] in SQLITE_VERBS


def test_every_verb_of_sqlite_is_one_run_on_one_mount() -> None:
    """R-DB-1: the guard above is not passed by refusing everything."""
    name, kept = sqlite.aside("app.db", "restore", "k3f9"), sqlite.aside("app.db", "before", "k3f9")
    built = [
        sqlite.dump(GOOD_PLACE, "opsgate:op-1"),
        sqlite.prove(GOOD_PLACE),
        sqlite.archive_data(GOOD_PLACE),
        sqlite.data(GOOD_PLACE, "app.db"),
        sqlite.facts(GOOD_PLACE),
        sqlite.databases(GOOD_PLACE),
        sqlite.rows(GOOD_PLACE, name, 20),
        sqlite.load(GOOD_PLACE, name, "opsgate:op-1"),
        sqlite.swap(GOOD_PLACE, incoming=name, outgoing=kept),
        sqlite.unswap(GOOD_PLACE, kept),
        sqlite.drop(GOOD_PLACE, kept),
    ]
    for one in built:
        assert_harmless(one.argv)
    assert {one.argv[one.argv.index("--") + 5] for one in built} == SQLITE_VERBS


SQLITE_VERBS = {
    *("dump", "prove", "archive-data", "data", "facts", "databases", "rows", "load", "swap", "unswap", "drop")
}


@pytest.mark.parametrize(
    "build", [b for b in builders() if b is not docker.exec_], ids=lambda b: f"{b.__module__}.{b.__name__}"
)
def test_no_builder_fed_anything_yields_a_flag_or_verb_outside_the_closed_set(
    build: Callable[..., Command],
) -> None:
    """R-DB-1: a builder either refuses its words or says only flags and verbs that cannot delete a volume."""
    hints = {k: v for k, v in typing.get_type_hints(build).items() if k != "return"}

    @settings(max_examples=60, deadline=None)
    @given(st.fixed_dictionaries({name: strategy_for(hint) for name, hint in hints.items()}))
    def holds(arguments: dict[str, Any]) -> None:
        try:
            built = build(**arguments)
        except (ValueError, TypeError):
            return
        assert_harmless(built.argv)

    holds()


def test_the_closed_sets_hold_nothing_that_deletes_volumes() -> None:
    """R-DB-1: the guard itself is not widened by mistake."""
    assert not FLAGS & FORBIDDEN
    assert not {"down", "rm", "run", "kill", "exec"} & COMPOSE_VERBS
    assert (
        not {("volume", "rm"), ("volume", "prune"), ("system", "prune"), ("container", "prune"), ("run",)}
        & DOCKER_VERBS
    )


def test_programs_run_inside_containers_are_the_four_of_postgresql() -> None:
    """R-DB-1: exec_ is called with literal programs only, by the builders of PostgreSQL's tools only."""
    calls = [
        (path.name, call)
        for path, call in calls_in_services()
        if getattr(call.func, "attr", getattr(call.func, "id", None)) == "exec_"
    ]
    assert calls
    assert {name for name, _ in calls} == {"postgres.py", "own_settings.py", "roles.py", "scratch.py"}
    database = Database(name="app", user="app")
    built = [
        roles.script("0" * 12, database, "app"),
        own_settings.copy("0" * 12, database, "app_restore_abcd"),
        postgres.dump("0" * 12, database, "opsgate:op-1"),
        postgres.prove("0" * 12),
        postgres.is_ready("0" * 12, database),
        postgres.terminate("0" * 12, database, "opsgate:op-1"),
        postgres.server_version("0" * 12, database),
        postgres.database_exists("0" * 12, database),
        scratch.is_ready("0" * 12, database),
        scratch.roles("0" * 12, database),
        scratch.make_roles("0" * 12, database, ["app"]),
    ]
    assert {one.argv[one.argv.index("0" * 12) + 1] for one in built} == INNER_PROGRAMS


FORBIDDEN = {
    *(
        "down",
        "prune",
        "-v",
        "-V",
        "--volumes",
        "--volume",
        "--renew-anon-volumes",
        "-y",
        "--yes",
        "-fv",
        "-fsv",
    ),
    *("--remove-orphans", "--rmi", "run", "kill", "sh", "bash", "-c", "eval"),
}
"""Words that no docker command of ours may hold. (`-c` and shells: a free shell could say all the others.)"""


DOCKER_BUILDERS = {"compose.py", "docker.py", "own_settings.py", "postgres.py", "roles.py", "scratch.py"}
RUN = {"scratch.py": {"run"}, "sqlite.py": {"run"}}
"""The builders that may say `run`: `assert_scratch` and `assert_sees_one_mount_only` hold every word of it."""


def calls_in_services() -> list[tuple[Path, ast.Call]]:
    return [
        (path, node)
        for path in sorted(SERVICES.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]


def literal_words(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def docker_word_sets() -> list[tuple[str, set[str]]]:
    """Literals of each builder function, and of each `command(…)`/`Command(…)` call anywhere, that speak to docker."""
    found = []
    for path in sorted((SERVICES / "commands").glob("*.py")):
        found += [
            (
                f"{path.name}:{node.name}",
                {w for stmt in node.body[1:] or node.body for w in literal_words(stmt)},
            )
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef) and path.name in DOCKER_BUILDERS
        ]
    found += [
        (f"{path.name}:{call.lineno}", words)
        for path, call in calls_in_services()
        if getattr(call.func, "attr", getattr(call.func, "id", None))
        in {"command", "Command", "exec_", "run"}
        and (words := literal_words(call)) & {"docker", "compose"}
    ]
    return found


def test_no_source_of_services_holds_a_forbidden_word_for_docker() -> None:
    """R-DB-1: a later addition of `down`, `-v`, `prune` and the like fails here, before anybody runs it."""
    sets = docker_word_sets()
    assert len(sets) > 20
    said = {name.partition(":")[0]: words & FORBIDDEN for name, words in sets if words & FORBIDDEN}
    assert said == RUN
    assert {name for name, words in sets if "volume" in words and "ls" not in words} == set()


def test_docker_is_spoken_to_only_by_builders() -> None:
    """R-DB-1: no other file of services makes a docker command of its own."""
    outside = {
        path.relative_to(SERVICES).as_posix()
        for path, call in calls_in_services()
        if getattr(call.func, "attr", getattr(call.func, "id", None)) in {"command", "Command"}
        and call.args
        and "docker" in literal_words(call)
        and path.parent.name != "commands"
    }
    assert outside == set()


def test_the_agent_on_the_host_never_speaks_of_volumes() -> None:
    """R-DB-1: the shell part has no line that could delete one."""
    for script in SERVICES.rglob("*.sh"):
        for line in script.read_text().replace("command -v docker", "").splitlines():
            if "docker" in line and not line.lstrip().startswith("#"):
                assert not {"rm", "down", "prune", "--volumes", "-v", "-V", "volume"} & set(line.split()), (
                    line
                )


def test_the_engine_api_is_only_read() -> None:
    """R-DB-1: through the forwarded socket there are only GET requests (the client's default)."""
    calls = [
        call
        for path, call in calls_in_services()
        if path.name == "engine.py"
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value).split(".")[-1].lstrip("_") == "docker"
    ]
    assert calls
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        assert call.func.attr in {"_query_json", "close"}, ast.unparse(call)
        assert {keyword.arg for keyword in call.keywords} <= {"params"}, ast.unparse(call)
