"""The gate and the way to the verdict, at a terminal: plan, question, progress, end."""

from __future__ import annotations

import asyncio
import shlex
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.app import Core
from bot.terminal import DETACHED, FAILED, NOT_CONFIRMED
from bot.terminal.turn import Turn
from bot.texts import Texts
from bot.views.card import whole
from bot.views.parts import title
from bot.views.terminal import news, plan_digest
from bot.views.verdict import verdict
from services.models import TERMINAL, Kind, Operation, Origin, Person, State, Step
from services.taps import Tap

Ask = Callable[[str], Awaitable[str]]
MOST_PLANS = 3
EVERY = 1.0
"""Seconds between two looks at a running operation."""
_UNDER_WAY = {State.WAITING, State.QUEUED, State.RUNNING}
_NOT_TYPED = {"typed-ask", "typed-wrong"}
_LEAVING = (signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class _Signals:
    """Ctrl-C asks to stop, a second one leaves; so does the end of the terminal."""

    interrupts: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def interrupt(self, times: int = 1) -> None:
        self.interrupts += times
        self.came.set()

    @contextmanager
    def heard(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self.interrupt)
        for number in _LEAVING:
            loop.add_signal_handler(number, self.interrupt, 2)
        try:
            yield
        finally:
            for number in (signal.SIGINT, *_LEAVING):
                loop.remove_signal_handler(number)


@dataclass(slots=True)
class Gate:
    """`ask` is None when nobody can be asked; `say` prints."""

    core: Core
    turn: Turn
    texts: Texts
    person: Person
    ask: Ask | None
    say: Callable[[str], None]
    every: float = EVERY

    async def carry_out(self, kind: Kind, project: str, ref: str | None, digest: str | None) -> int:
        """From the plan to the exit status: 0 only when it succeeded. Raises OpsgateError before anything changes.

        When facts change between question and start nothing has run: then the new plan is shown.
        """
        if await self._finish_older(project) == DETACHED:
            return DETACHED
        for _ in range(MOST_PLANS):
            status = await self._once(kind, project, ref, digest)
            if status is not None:
                return status
        self.say(self.texts("terminal-overtaken", count=MOST_PLANS))
        return FAILED

    async def _once(self, kind: Kind, project: str, ref: str | None, digest: str | None) -> int | None:
        """None when its plan was overtaken."""
        self.say(self.texts("looking", host=self.core.operations.project(project).host))
        operation = await self.core.operations.propose(
            kind, project, self.person, Origin(chat_id=TERMINAL), ref
        )
        try:
            host = self.core.settings.projects[project].host
            self.say(f"\n{whole(operation, self.texts, host)}")
            status = FAILED if operation.plan.blocked else await self._confirm(operation, digest)
        finally:  # also after a Ctrl-C at the question; without effect on what was confirmed
            await self.core.operations.dismiss(operation.nonce, self.person, TERMINAL, 0)
        return await self._follow(operation.id) if status == 0 else status

    async def _finish_older(self, project: str) -> int | None:
        """What a process that is gone left unfinished comes first. While one lives, proposing says who is busy."""
        status = None
        for older in await self.core.store.operations.active(project):
            if status != DETACHED and self.turn.take():
                self.say(self.texts("terminal-unfinished", title=title(older, self.texts)))
                status = await self._follow(older.id)
        return status

    # --- the question ---

    async def _confirm(self, operation: Operation, digest: str | None) -> int:
        known = plan_digest(operation.plan)
        if digest is not None and digest != known:
            self.say(self.texts("terminal-other-plan", command=_command(operation, known)))
            return NOT_CONFIRMED
        if digest is None and operation.kind is not Kind.BACKUP:
            if self.ask is None:
                nobody = "terminal-nobody-types" if operation.kind.typed else "terminal-nobody"
                self.say(self.texts(nobody, command=_command(operation, known)))
                return NOT_CONFIRMED
            answer = (await self.ask(self.texts("terminal-ask"))).strip().casefold()
            if answer not in {"yes", self.texts("terminal-yes")}:
                self.say(self.texts("terminal-declined"))
                return NOT_CONFIRMED
        tap = await self.core.operations.confirm(operation.nonce, self.person, TERMINAL, 0)
        if tap.operation is not None and tap.operation.state is State.PROPOSED:
            tap = await self._type_the_name(operation, tap)
        if not tap.won:
            self.say(self.texts.phrase(tap.phrase))
            return NOT_CONFIRMED if tap.phrase.id in _NOT_TYPED else FAILED
        return 0

    async def _type_the_name(self, operation: Operation, tap: Tap) -> Tap:
        """R-UX-2: where a yes is not enough, and only where somebody can type."""
        if self.ask is None:
            return Tap(tap.phrase, won=False)
        typed = await self.ask(self.texts.phrase(tap.phrase))
        return await self.core.operations.confirm_typed(operation.nonce, self.person, TERMINAL, typed)

    # --- the way to the end ---

    async def _follow(self, operation_id: str) -> int | None:
        """Whoever holds the turn carries it out; when that process ends, this one does. None: it never ran.

        The turn is given back with the verdict: a question may come next, and nobody knows for how long it stands.
        """
        signals, shown, told = _Signals(), set[str](), False
        with signals.heard():
            while True:
                ours = self.turn.take()
                if ours:
                    await self.core.operations.recover(operation_id)
                if not told:
                    self.say(self.texts("terminal-here" if ours else "terminal-bot"))
                    told = True
                operation = await self._show(operation_id, shown)
                if operation.state not in _UNDER_WAY:
                    await self.core.operations.rest(operation_id)
                    self.turn.give_back()
                    return self._end_of(operation, await self.core.store.operations.steps(operation_id))
                if signals.interrupts > 1:
                    self.say(self.texts("terminal-detached", operation=operation_id))
                    return DETACHED
                await self._wait(operation, signals)

    async def _wait(self, operation: Operation, signals: _Signals) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(signals.came.wait(), self.every)
            signals.came.clear()
            if signals.interrupts == 1:
                tap = await self.core.operations.cancel(operation.id, self.person)
                self.say(self.texts.phrase(tap.phrase))
                self.say(self.texts("terminal-again"))

    async def _show(self, operation_id: str, shown: set[str]) -> Operation:
        operation, steps = await self.core.operations.get(operation_id)
        for key, line in news(operation, steps, self.texts, datetime.now(UTC)):
            if key not in shown:
                shown.add(key)
                self.say(line)
        return operation

    def _end_of(self, operation: Operation, steps: list[Step]) -> int | None:
        if not operation.state.is_verdict:
            self.say(self.texts.phrase(operation.reason) if operation.reason else "")
            return None
        self.say(f"\n{verdict(operation, steps, self.texts, datetime.now(UTC)).text}")
        return 0 if operation.state is State.SUCCEEDED else FAILED


def _command(operation: Operation, digest: str) -> str:
    """What to type so that exactly this plan runs."""
    words = ["opsgate", str(operation.kind), operation.project, *([operation.ref] if operation.ref else [])]
    return shlex.join([*words, "--confirm", digest])
