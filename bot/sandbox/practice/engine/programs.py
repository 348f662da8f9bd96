"""What runs in a container: the sample project's three programs, recognised when a container starts.

Nothing of an image is ever executed. What is not one of the three is not run: the container crashes, and its log
says why.
"""

import ast
import re
import time
from pathlib import Path

from bot.sandbox.practice.engine import base_images
from bot.sandbox.practice.engine.base_images import TEMPLATE
from bot.sandbox.practice.engine.copying import inside
from bot.sandbox.practice.engine.state import Container, Image, Program, State, Store

_PLAYED = {
    base_images.POSTGRES: "postgres",
    base_images.FLASK: "backend",
    base_images.NGINX: "nginx",
}
_DATA = "/var/lib/postgresql/data"
_TIMES = re.compile(r"\b\d+(?:ms|[smh])\b")


def recognise(store: Store, image: Image, container: Container, pace: float) -> Program:
    """What the container runs, and why it cannot."""
    kind = _PLAYED[image.base]
    root = store.rootfs(image.id)
    if kind == "backend":
        return _backend(root, container, pace)
    if kind == "nginx":
        return Program(kind, _nginx_trouble(root, container), pace)
    return Program(kind, _postgres_trouble(store, container), pace)


def _cannot(what: str) -> str:
    return f"practice docker: cannot run {what}"


# --- the backend ---


def _backend(root: Path, container: Container, pace: float) -> Program:
    found = Program("backend", pace=pace)
    if container.cmd != ["python3", "app.py"] or container.entrypoint:
        found.crash = _cannot(f"{' '.join([*container.entrypoint, *container.cmd])}: only python3 app.py")
        return found
    folder = inside(root, container.workdir or "/", "/")
    app, version = folder / "app.py", folder / "VERSION.txt"
    if not app.is_file():
        shown = f"{container.workdir}/app.py"
        found.crash = f"python3: can't open file '{shown}': [Errno 2] No such file or directory"
        return found
    shape, found.accepts_traffic = _shape(app.read_bytes())
    if shape != _shape((TEMPLATE / "backend/app.py").read_bytes())[0]:
        found.crash = _cannot("this app.py: only the sample project's own, where ACCEPTS_TRAFFIC may differ")
    elif not version.is_file():
        found.crash = (
            f"FileNotFoundError: [Errno 2] No such file or directory: '{container.workdir}/VERSION.txt'"
        )
    elif "DATABASE_URL" not in container.env:
        found.crash = "KeyError: 'DATABASE_URL'"
    else:
        found.release = version.read_text().strip()
    return found


def _shape(source: bytes) -> tuple[str, bool]:
    """What a Python source does, comments and the value of ACCEPTS_TRAFFIC aside; and that value."""
    accepts = True
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return "", accepts
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ACCEPTS_TRAFFIC":
            accepts = ast.unparse(node.value) == "True"
            node.value = ast.Constant(value=True)
        elif isinstance(node, ast.Module) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree), accepts


# --- nginx ---


def _nginx_trouble(root: Path, container: Container) -> str:
    if container.cmd != ["nginx", "-g", "daemon off;"] or container.entrypoint:
        return _cannot(f"{' '.join([*container.entrypoint, *container.cmd])}: only nginx -g 'daemon off;'")
    file = root / "etc/nginx/conf.d/default.conf"
    if not file.is_file() or _directives(file) != _directives(TEMPLATE / "mobile/nginx.conf"):
        return _cannot("nginx with this configuration: only the sample project's own, where times may differ")
    return ""


def _directives(file: Path) -> str:
    lines = (line.split("#")[0] for line in file.read_text().splitlines())
    return " ".join(_TIMES.sub("TIME", " ".join(lines)).split())


# --- the database ---


def _postgres_trouble(store: Store, container: Container) -> str:
    if container.cmd != ["postgres"]:
        return _cannot(f"{' '.join(container.cmd)}: only postgres")
    if data_of(store, container) is None:
        return _cannot(f"postgres without a volume at {_DATA}")
    return ""


def data_of(store: Store, container: Container) -> Path | None:
    """The folder of the volume where the container's database lives."""
    for mount in container.mounts:
        if mount.target.rstrip("/") == _DATA:
            return store.data(mount.volume)
    return None


def volume_of(state: State, container: Container) -> str:
    """The name of that volume, empty where there is none."""
    found = [one.volume for one in container.mounts if one.target.rstrip("/") == _DATA]
    return found[0] if found and found[0] in state.volumes else ""


def initialise(store: Store, container: Container, program: Program) -> None:
    """Start of a database container: makes the database if there is none yet; a refusal crashes the program."""
    data = data_of(store, container)
    if data is None or program.crash:
        return
    from bot.sandbox.practice import postgres

    data.mkdir(parents=True, exist_ok=True)
    try:
        postgres.initialise(data, container.env)
    except postgres.InitialisationRefused as error:
        program.crash = str(error)


def greeting(container: Container) -> list[str]:
    """What the program logs when it starts."""
    program = container.program
    if program is None or program.crash:
        return [program.crash] if program else []
    if program.kind == "backend":
        return [f"backend {program.release}: listening on port 5000"]
    if program.kind == "nginx":
        return []
    at = time.strftime("%Y-%m-%d %H:%M:%S.000 UTC", time.gmtime(container.started))
    return [
        f"{at} [1] LOG:  starting PostgreSQL 15 (practice)",
        f'{at} [1] LOG:  listening on Unix socket "/var/run/postgresql/.s.PGSQL.5432"',
        f"{at} [1] LOG:  database system is ready to accept connections",
    ]
