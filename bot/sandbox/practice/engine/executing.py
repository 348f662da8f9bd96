"""`docker exec`: the database's tools in a database container, a few plain commands in the others."""

import io
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from bot.sandbox.practice.engine import naming, programs, scripts
from bot.sandbox.practice.engine.base_images import TEMPLATE
from bot.sandbox.practice.engine.copying import inside, joined
from bot.sandbox.practice.engine.errors import cannot, daemon
from bot.sandbox.practice.engine.state import Container, State, Store
from bot.sandbox.practice.engine.vitals import answers, database_of, vitals

_CANNOT = 126
_SCRIPTS = "backend/scripts"


def execute(
    store: Store,
    name: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    workdir: str = "",
    interactive: bool,
) -> int:
    """Runs argv in a running container; its exit status. Raises Refused."""
    state = store.read()
    one = naming.container(state, name)
    found = vitals(state, one, time.time())
    if found.status == "restarting":
        raise daemon(f"Container {one.id} is restarting, wait until the container is running")
    if found.status != "running" or one.program is None:
        raise daemon(f"Container {one.id} is not running")
    stdin: BinaryIO = sys.stdin.buffer if interactive else io.BytesIO()
    if one.program.kind == "postgres":
        return _database_tool(store, one, argv, env, stdin)
    return _plain(store, state, one, argv, workdir)


def _database_tool(
    store: Store, one: Container, argv: Sequence[str], env: Mapping[str, str], stdin: BinaryIO
) -> int:
    from bot.sandbox.practice import postgres

    data = programs.data_of(store, one)
    if data is None:
        raise daemon(f"Container {one.id} is not running")
    if not answers(one, time.time()):
        sys.stderr.write(_starting_up(argv))
        return 2 if argv[:1] in (["psql"], ["pg_isready"]) else 1
    environment = {**one.env, **env}
    status = postgres.run(
        argv,
        data=data,
        environment=environment,
        stdin=stdin,
        stdout=sys.stdout.buffer,
        stderr=sys.stderr.buffer,
    )
    if argv[:1] == ["psql"]:
        _note_password(store, one, data)
    return status


def _note_password(store: Store, one: Container, data: Path) -> None:
    """Who may log in is asked far more often than it changes: the engine remembers it."""
    from bot.sandbox.practice.postgres.cluster import Cluster
    from bot.sandbox.practice.postgres.passwords import opens

    stored = Cluster(data).verifiers().get(one.env.get("POSTGRES_USER", "postgres"), "")
    volume = programs.volume_of(store.read(), one)
    if volume and stored and store.read().volumes[volume].password not in {"", stored}:
        with store.change() as state:
            kept = state.volumes[volume]
            if not opens(stored, kept.password):
                kept.password = stored


def _starting_up(argv: Sequence[str]) -> str:
    if argv[:1] == ["pg_isready"]:
        return "" if "--quiet" in argv or "-q" in argv else "/var/run/postgresql:5432 - no response\n"
    socket = "/var/run/postgresql/.s.PGSQL.5432"
    return f'{argv[0]}: error: connection to server on socket "{socket}" failed: No such file or directory\n'


# --- other containers ---


def _plain(store: Store, state: State, one: Container, argv: Sequence[str], workdir: str) -> int:
    root, folder = store.rootfs(one.image), workdir or one.workdir or "/"
    words = list(argv)
    if words[0] in {"cat", "ls"} and not any(word.startswith("-") for word in words[1:]):
        act = _cat if words[0] == "cat" else _ls
        return max([act(root, word, folder) for word in words[1:] or ["."]], default=0)
    if words[0] == "printenv" and len(words) == 2:  # noqa: PLR2004 - a name
        value = one.env.get(words[1])
        _print("" if value is None else f"{value}\n")
        return int(value is None)
    if words[0] in {"python", "python3"} and len(words) == 2:  # noqa: PLR2004 - a script
        return _script(store, state, one, inside(root, words[1], folder))
    raise cannot(f"run {' '.join(words)} in {one.name}", _CANNOT)


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


def _cat(root: Path, path: str, folder: str) -> int:
    file = inside(root, path, folder)
    if file.is_dir():
        return _complain(f"cat: {path}: Is a directory")
    if not file.is_file():
        return _complain(f"cat: {path}: No such file or directory")
    sys.stdout.flush()
    sys.stdout.buffer.write(file.read_bytes())
    sys.stdout.buffer.flush()
    return 0


def _ls(root: Path, path: str, folder: str) -> int:
    """Only what the image's own build put there is known."""
    found = inside(root, path, folder)
    if not found.exists() or joined(folder, path) == "/":
        return 2 if _complain(f"ls: cannot access '{path}': No such file or directory") else 0
    names = sorted(one.name for one in found.iterdir()) if found.is_dir() else [path]
    _print("".join(f"{name}\n" for name in names))
    return 0


def _script(store: Store, state: State, one: Container, file: Path) -> int:
    """The sample project's own script for its data, and migrations that only execute SQL; no other is known here."""
    if not file.is_file():
        shown = f"{(one.workdir or '/').rstrip('/')}/scripts/{file.name}"
        sys.stderr.write(f"python: can't open file '{shown}': [Errno 2] No such file or directory\n")
        return 2
    content, ours = file.read_bytes(), TEMPLATE / _SCRIPTS / file.name
    if ours.is_file() and content == ours.read_bytes() and file.stem.startswith("seed_"):
        wanted = scripts.Script(sql=[_seeding(file)], printed=[f"{file.stem}: done"])
    elif (read := scripts.read(content)) is not None:
        wanted = read
    else:
        raise cannot(
            f"run {file.name} in {one.name}: only scripts that execute SQL, as the sample's do", _CANNOT
        )
    return _execute(store, state, one, wanted)


def _execute(store: Store, state: State, one: Container, wanted: scripts.Script) -> int:
    database = database_of(state, one, time.time())
    data = programs.data_of(store, database) if database else None
    if database is None or data is None:
        return _complain("psycopg2.OperationalError: connection to server failed")
    time.sleep(wanted.seconds)
    sql = ";\n".join(text.rstrip().rstrip(";") for text in wanted.sql)  # one command is one transaction
    if query(database, data, sql, sys.stderr.buffer)[0]:
        return 1
    _print("".join(f"{line}\n" for line in wanted.printed))
    return 0


def _seeding(script: Path) -> str:
    import csv

    with (script.parent.parent / "plans.csv").open(newline="") as file:
        rows = [(row["name"].replace("'", "''"), int(row["weeks"])) for row in csv.DictReader(file)]
    return " ".join(
        f"INSERT INTO plans (name, weeks) VALUES ('{name}', {weeks}) ON CONFLICT (name) DO NOTHING;"  # noqa: S608 - quoted
        for name, weeks in rows
    )


def query(database: Container, data: Path, sql: str, stderr: BinaryIO) -> tuple[int, str]:
    """Psql's exit status and its unaligned answer, of a database container whose volume is at `data`."""
    from bot.sandbox.practice import postgres

    env = database.env
    user = env.get("POSTGRES_USER", "postgres")
    login = [f"--username={user}", f"--dbname={env.get('POSTGRES_DB', user)}"]
    flags = ["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--set=ON_ERROR_STOP=1"]
    answer = io.BytesIO()
    status = postgres.run(
        ["psql", *flags, *login, "--command", sql],
        data=data,
        environment=env,
        stdin=io.BytesIO(),
        stdout=answer,
        stderr=stderr,
    )
    return status, answer.getvalue().decode()
