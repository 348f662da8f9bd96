"""How a container is, told from what it runs and the time since its start: nothing ticks in the background."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from bot.sandbox.practice.engine.state import Check, Container, Program, State
from bot.sandbox.practice.postgres.passwords import opens

_READY = {"postgres": 0.3, "backend": 0.35, "nginx": 0.1}
"""Seconds from its start until a program answers."""
_LIVES, _FIRST_PAUSE, _LONGEST_PAUSE = 0.3, 0.1, 60.0
"""A program that cannot run ends after so many seconds; the pause before the next try doubles."""
_LOOP = 3
"""So many restarts are a crash loop."""
_START_PERIOD = 1.0
"""A longer start period is cut to this: a release that never gets healthy is told so sooner than in earnest."""
_WATCHED = 64
"""Probes that are looked back at; more than the retries of any sane health check."""
_LOGGED = 5


@dataclass(frozen=True)
class Probe:
    """One run of a health check, begun at `at`."""

    at: float
    exit_code: int
    output: str


@dataclass(frozen=True)
class Health:
    """`log`: the last probes."""

    status: str
    streak: int
    log: list[Probe]


@dataclass(frozen=True)
class Vitals:
    """As docker reports it. `status`: created, running, restarting, exited."""

    status: str
    exit_code: int
    started: float
    finished: float
    restarts: int = 0
    health: Health | None = None


def vitals(state: State, one: Container, now: float) -> Vitals:
    """How a container is at that time."""
    if not one.started:
        return Vitals("created", 0, 0, 0)
    if not one.running:
        return Vitals("exited", one.exit_code, one.started, one.finished)
    if one.program is not None and one.program.crash:
        return _crashing(one, one.program, now)
    return Vitals("running", 0, one.started, one.finished, health=_health(state, one, now))


def _crashing(one: Container, program: Program, now: float) -> Vitals:
    """Ends soon, and is started again where the restart policy says so; after a few times it counts as unhealthy.

    With Docker such a container stays "starting", and `up` waits for it without end.
    """
    begun, pause, tries = one.started, _FIRST_PAUSE, 0
    policy, _, limit = one.restart.partition(":")
    while now >= begun + _LIVES * program.pace:
        ended = begun + _LIVES * program.pace
        if policy == "no" or (limit and tries >= int(limit)):
            return Vitals("exited", 1, begun, ended, tries)
        if now < ended + pause:
            return Vitals("restarting", 1, begun, ended, tries, _loop_health(one, tries))
        tries, begun, pause = tries + 1, ended + pause, min(pause * 2, _LONGEST_PAUSE)
    return Vitals("running", 0, begun, 0, tries, _loop_health(one, tries))


def _loop_health(one: Container, tries: int) -> Health | None:
    if one.check is None:
        return None
    return Health("unhealthy" if tries >= _LOOP else "starting", tries, [])


# --- probes ---


def _health(state: State, one: Container, now: float) -> Health | None:
    if one.check is None:
        return None
    check, program = one.check, one.program or Program("", "never started")
    grace = one.started + min(check.start_period, _START_PERIOD) * program.pace
    status, streak = "starting", 0
    probes = _probes(state, one, check, program, now)
    for probe in probes:
        if probe.exit_code == 0:
            status, streak = "healthy", 0
        elif status != "starting" or probe.at >= grace:
            streak += 1
            status = "unhealthy" if streak >= check.retries else status
    return Health(status, streak, probes[-_LOGGED:])


def probe_times(one: Container, until: float) -> list[float]:
    """When the health check ran, since the start; without any waiting as often as it takes to be sure."""
    if one.check is None or one.program is None:
        return []
    every = one.check.interval * one.program.pace
    if every <= 0:
        return [one.started] * (one.check.retries + 1)
    count = int(max(0.0, until - one.started) / every)
    return [one.started + every * number for number in range(1, count + 1)]


def _probes(state: State, one: Container, check: Check, program: Program, now: float) -> list[Probe]:
    return [_probe(state, one, check, program, at, now) for at in probe_times(one, now)[-_WATCHED:]]


def _probe(state: State, one: Container, check: Check, program: Program, at: float, now: float) -> Probe:
    test = check.test[1:] if check.test[:1] in (["CMD"], ["CMD-SHELL"]) else check.test
    words = test[0].split() if check.test[:1] == ["CMD-SHELL"] and test else test
    if program.kind == "postgres" and words[:1] == ["pg_isready"]:
        return Probe(at, 0 if answers(one, at) else 2, "")
    if program.kind in {"backend", "nginx"} and words[:1] == ["curl"]:
        return _curl(state, one, words, at, now)
    said = f"practice docker: cannot run this health check: {' '.join(words)}"
    return Probe(at, 127, said)


def _curl(state: State, one: Container, words: list[str], at: float, now: float) -> Probe:
    address = urlsplit(next((word for word in words if word.startswith("http")), ""))
    port = {"backend": 5000, "nginx": 80}[one.program.kind if one.program else ""]
    if not answers(one, at) or (address.port or 80) != port:
        said = f"curl: (7) Failed to connect to 127.0.0.1 port {address.port or 80}: Couldn't connect to server\n"
        return Probe(at, 7, said)
    status = 200 if port == 80 else backend_status(state, one, address.path, at if at > one.started else now)  # noqa: PLR2004 - nginx
    if status == 200:  # noqa: PLR2004 - OK
        return Probe(at, 0, "" if port == 80 or one.program is None else _well(one.program))  # noqa: PLR2004 - nginx
    return Probe(at, 22, f"curl: (22) The requested URL returned error: {status}\n")


def _well(program: Program) -> str:
    return f'{{"release":"{program.release}","status":"ok"}}\n'


def answers(one: Container, at: float) -> bool:
    """Whether the container's program took requests at that time, as far as its last start and stop tell."""
    program = one.program
    if program is None or program.crash or not one.started:
        return False
    since_start = at >= one.started + _READY[program.kind] * program.pace
    if one.running:
        return since_start or at < one.finished
    return since_start and at < one.finished


def backend_status(state: State, one: Container, path: str, at: float) -> int:
    """The HTTP status with which the backend answers."""
    if path == "/api/version":
        return 200
    if path not in {"/api/health", "/api/plans"}:
        return 404
    if path == "/api/health" and one.program is not None and not one.program.accepts_traffic:
        return 503
    return 200 if database_of(state, one, at) else 500


def database_of(state: State, one: Container, at: float) -> Container | None:
    """The database that DATABASE_URL leads to, if it lets the backend in."""
    try:
        url = urlsplit(one.env.get("DATABASE_URL", ""))
        host, port, user, password = url.hostname, url.port or 5432, url.username, unquote(url.password or "")
    except ValueError:
        return None
    for other in state.containers.values():
        if other.network != one.network or host not in other.aliases or port != 5432:  # noqa: PLR2004 - PostgreSQL's
            continue
        if other.program is None or other.program.kind != "postgres" or not answers(other, at):
            continue
        kept = [
            state.volumes[mount.volume].password for mount in other.mounts if mount.volume in state.volumes
        ]
        if any(password == one or opens(one, password) for one in kept) and user == other.env.get(
            "POSTGRES_USER", "postgres"
        ):
            return other
    return None
