"""What containers have written: kept lines in a file, and the lines of the present run, told from the time."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.sandbox.practice.engine.programs import greeting
from bot.sandbox.practice.engine.state import Container, State, Store
from bot.sandbox.practice.engine.vitals import probe_times, vitals


class Line(NamedTuple):
    at: float
    text: str


def read(store: Store, state: State, one: Container) -> list[Line]:
    """Everything so far, oldest first."""
    return [*_kept(store, one), *(_present(state, one, time.time()) if one.running else ())]


def keep(store: Store, state: State, one: Container, until: float) -> None:
    """Writes down the present run, which ends now. To be called while the container still counts as running."""
    append(store, one, list(_present(state, one, until)))


def append(store: Store, one: Container, lines: Sequence[Line]) -> None:
    file = store.log(one.id)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as log:
        log.write("".join(f"{line.at:.6f} {line.text}\n" for line in lines))


def _kept(store: Store, one: Container) -> Iterator[Line]:
    file = store.log(one.id)
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            at, _, text = line.partition(" ")
            yield Line(float(at), text)


def _present(state: State, one: Container, until: float) -> Iterator[Line]:
    program = one.program
    if program is None:
        return
    times = vitals(state, one, until).restarts + 1 if program.crash else 1
    for text in greeting(one) * times:
        yield Line(one.started, text)
    if program.kind == "backend" and not program.crash and not program.accepts_traffic:
        for at in probe_times(one, until):
            yield Line(at, refusal(program.release))


def refusal(release: str) -> str:
    """What the backend prints each time it is asked for its health and refuses."""
    return f"backend {release}: plan catalogue is inconsistent, refusing traffic"
