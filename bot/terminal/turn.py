"""Whose turn it is to carry operations out: of all processes on a data directory, the one that holds its lock."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.instance import AnotherInstance, only_instance


class Turn:
    """Taken when no bot and no other terminal has it, and given back when there is nothing to do, or at the end."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._held = ExitStack()
        self._ours = False

    def take(self) -> bool:
        """Whether it is ours, now or already."""
        if not self._ours:
            try:
                self._held.enter_context(only_instance(self._data_dir))
            except AnotherInstance:
                return False
            self._ours = True
        return True

    def give_back(self) -> None:
        """Only when nothing of ours is at work any more."""
        self._held.close()
        self._ours = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()
