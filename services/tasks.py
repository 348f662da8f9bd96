"""The one owner of background work: nothing runs detached, every failure is logged, everything ends at close."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Tasks:
    """Starts named background tasks and ends them together. A name runs once at a time."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> bool:
        """Starts work under a name; False (and the work is dropped) when that name runs already or we are closing."""
        if self._closed or name in self._tasks:
            work.close()
            return False
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._ended)
        return True

    def running(self, name: str) -> bool:
        return name in self._tasks

    async def ended(self, name: str) -> None:
        """Waits until nothing runs under a name, however it ends."""
        if task := self._tasks.get(name):
            await asyncio.wait([task])

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task.get_name(), None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background task failed", task=task.get_name(), exc_info=error)

    async def close(self, grace: float = 0) -> None:
        """Waits up to `grace` seconds for what runs, then cancels it. No new work is taken."""
        self._closed = True
        if tasks := list(self._tasks.values()):
            if grace:
                await asyncio.wait(tasks, timeout=grace)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
