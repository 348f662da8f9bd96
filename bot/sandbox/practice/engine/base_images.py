"""The images that are there from the beginning: the same three as on a machine prepared with `make engine`."""

import hashlib
from pathlib import Path

from bot.sandbox.practice.engine.state import Image, State

TEMPLATE = Path(__file__).resolve().parents[1] / "sample" / "template"
"""The project whose programs and scripts are known here."""
POSTGRES, FLASK, NGINX = "opsgate-practice/postgres:1", "opsgate-practice/flask:1", "opsgate-practice/nginx:1"

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MADE = 1_760_000_000.0
_MB = 1_000_000


def _image(name: str, size: int, *, path: str = _PATH, env: dict[str, str] | None = None) -> Image:
    layers = [
        f"sha256:{hashlib.sha256(part.encode()).hexdigest()}" for part in ("opsgate-practice/base:1", name)
    ]
    id_ = hashlib.sha256("".join(layers).encode()).hexdigest()
    variables = {"LANG": "C.UTF-8", "PATH": path, **(env or {})}
    return Image(f"sha256:{id_}", _MADE, name, size, [name], variables, layers=layers)


def _images() -> list[Image]:
    data = "/var/lib/postgresql/data"
    bin_ = f"/usr/lib/postgresql/current/bin:{_PATH}"
    postgres = _image(POSTGRES, 369 * _MB, path=bin_, env={"PGDATA": data})
    postgres.entrypoint = ["sh", "/usr/local/bin/docker-entrypoint.sh"]
    postgres.cmd, postgres.volumes, postgres.exposed = ["postgres"], [data], ["5432/tcp"]
    postgres.stop_signal = "SIGINT"
    flask = _image(FLASK, 129 * _MB, env={"PYTHONUNBUFFERED": "1"})
    nginx = _image(NGINX, 94 * _MB)
    nginx.cmd, nginx.exposed, nginx.stop_signal = ["nginx", "-g", "daemon off;"], ["80/tcp"], "SIGTERM"
    return [postgres, flask, nginx]


def add_to(state: State) -> None:
    """Adds those that are missing; their ids are the same everywhere."""
    for image in _images():
        state.images.setdefault(image.id, image)
