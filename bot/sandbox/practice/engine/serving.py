"""What of the engine must go on while no command runs: its API on a unix socket, and the published ports."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from aiohttp import web

from bot.sandbox.practice.background import background
from bot.sandbox.practice.engine.api import Api
from bot.sandbox.practice.engine.site import Site
from bot.sandbox.practice.engine.state import State, Store

_LOOK = 0.03
"""Seconds between two looks whether the state has changed."""
_HOST = "127.0.0.1"


class AlreadyServed(Exception):
    """Another process serves this folder's engine."""


@asynccontextmanager
async def serve(folder: Path) -> AsyncIterator[None]:
    """Raises AlreadyServed, or OSError where the socket cannot be made."""
    store = Store(folder.resolve() / "engine")
    socket = folder / "engine.sock"
    with _alone(store):
        socket.unlink(missing_ok=True)
        runner = await _runner(Api(store))
        ports = Ports(store)
        try:
            await web.UnixSite(runner, str(socket)).start()
            socket.chmod(0o600)
            await ports.follow(store.read())
            async with background() as tasks:
                watch = tasks.create_task(ports.watch())
                try:
                    yield
                finally:
                    watch.cancel()
        finally:
            await ports.close()
            await runner.cleanup()
            socket.unlink(missing_ok=True)


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    store.folder.mkdir(parents=True, exist_ok=True)
    with (store.folder / "serving").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServed(f"another process serves the engine in {store.folder}") from None
        yield


async def _runner(handler: Api | Site) -> web.ServerRunner:
    runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.2)
    await runner.setup()
    return runner


class Ports:
    """Open are the published ports of the containers that run, and no others."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[tuple[str, float, int], web.ServerRunner] = {}
        self._all_open = True

    async def watch(self) -> None:
        """Follows the state until it is cancelled."""
        seen = self._store.version()
        while True:
            await asyncio.sleep(_LOOK)
            now = self._store.version()
            if now != seen or not self._all_open:
                seen = now
                await self.follow(self._store.read())

    async def follow(self, state: State) -> None:
        """Opens and closes what the state asks for. A port that somebody else has is tried again."""
        wanted = {
            (one.id, one.started, port.published)
            for one in state.containers.values()
            if one.running and one.program is not None and not one.program.crash
            for port in one.ports
            if one.program.kind != "postgres"
        }
        for key in set(self._open) - wanted:
            await self._open.pop(key).cleanup()
        for key in wanted - set(self._open):
            with suppress(OSError):
                await self._begin(key)
        self._all_open = wanted == set(self._open)

    async def _begin(self, key: tuple[str, float, int]) -> None:
        runner = await _runner(Site(self._store, key[0]))
        try:
            await web.TCPSite(runner, _HOST, key[2]).start()
        except OSError:
            await runner.cleanup()
            raise
        self._open[key] = runner

    async def close(self) -> None:
        while self._open:
            await self._open.popitem()[1].cleanup()
