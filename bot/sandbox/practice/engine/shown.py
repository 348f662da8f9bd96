"""Times, sizes and states in docker's words."""

import time
from collections.abc import Sequence

from bot.sandbox.practice.engine.state import Container
from bot.sandbox.practice.engine.vitals import Vitals

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS = ("B", "kB", "MB", "GB", "TB")
_SHELL_PLAIN = 20


def duration(seconds: float) -> str:
    """As `docker ps` says it: "3 seconds", "About an hour"."""
    whole = int(seconds)
    minutes, hours = whole // _MINUTE, round(seconds / _HOUR)
    if whole < 1:
        return "Less than a second"
    if whole < _MINUTE:
        return "1 second" if whole == 1 else f"{whole} seconds"
    if minutes < 60:  # noqa: PLR2004 - an hour
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    if hours < 48:  # noqa: PLR2004 - two days
        return "About an hour" if hours == 1 else f"{hours} hours"
    days = whole // _DAY
    for limit, length, name in ((14, 1, "days"), (60, 7, "weeks"), (730, 30, "months")):
        if days < limit:
            return f"{days // length} {name}"
    return f"{days // 365} years"


def ago(at: float, now: float) -> str:
    return f"{duration(now - at)} ago"


def size(count: float) -> str:
    """Three digits and a unit: 93.6MB."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - decimal units
        count, unit = count / 1000, unit + 1
    return f"{count:.3g}{_UNITS[unit]}"


def status(found: Vitals, now: float) -> str:
    """The STATUS column."""
    if found.status == "created":
        return "Created"
    if found.status == "exited":
        return f"Exited ({found.exit_code}) {ago(found.finished, now)}"
    if found.status == "restarting":
        return f"Restarting ({found.exit_code}) {ago(found.finished, now)}"
    health = {"": "", "starting": " (health: starting)"}
    said = found.health.status if found.health else ""
    return f"Up {duration(now - found.started)}{health.get(said, f' ({said})')}"


def command(one: Container) -> str:
    """Entry point and arguments on one line; what holds a blank is quoted as docker quotes it."""
    words = [*one.entrypoint, *one.cmd]
    return " ".join(f"'{word}'" if " " in word else word for word in words)


def short_command(one: Container) -> str:
    """The COMMAND column: quoted and cut."""
    text = command(one)
    return f'"{text if len(text) <= _SHELL_PLAIN else text[: _SHELL_PLAIN - 1] + "…"}"'


def ports(one: Container, found: Vitals) -> str:
    """The PORTS column, empty while the container does not run."""
    if found.status != "running":
        return ""
    published = [f"{port.host}:{port.published}->{port.target}/tcp" for port in one.ports]
    targets = {f"{port.target}/tcp" for port in one.ports}
    return ", ".join([*(port for port in one.exposed if port not in targets), *published])


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns three blanks apart, as docker aligns them; the last one is not filled up."""
    lines = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) + 3 for column in range(len(headings))]
    shown = (
        "".join(text.ljust(width) for text, width in zip(line[:-1], widths[:-1], strict=True)) + line[-1]
        for line in lines
    )
    return "".join(f"{line}\n" for line in shown)


def stamp(at: float) -> str:
    """RFC 3339 with nanoseconds; 0 is docker's zero time."""
    if not at:
        return "0001-01-01T00:00:00Z"
    fraction = f"{at % 1:.9f}"[2:] if at % 1 < 1 else "0"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at))}.{fraction}Z"
