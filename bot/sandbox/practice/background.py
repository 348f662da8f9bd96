"""Tasks that belong to an `async with`, for as long as its body runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def background() -> AsyncIterator[asyncio.TaskGroup]:
    """A TaskGroup, except that what the body raises comes out as it is, not in a group.

    The body ends what it started before it ends itself. What a task raises ends the body, and comes out in a group.
    """
    raised: BaseException | None = None
    async with asyncio.TaskGroup() as group:
        try:
            yield group
        except BaseException as error:  # noqa: BLE001 it is raised again below
            raised = error
    if raised is not None:
        raise raised
