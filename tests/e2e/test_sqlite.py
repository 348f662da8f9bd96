"""A SQLite file in a volume behind the same seam as PostgreSQL: the real Engine, an application that writes all the time."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.played import SimMessage
from tests.e2e.conftest import require_real_parts
from tests.e2e.world import World, world

pytestmark = [
    pytest.mark.engine,
    pytest.mark.sshd,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

COMPOSE = """services:
  backend:
    build: {context: .., dockerfile: backend/Dockerfile}
    restart: unless-stopped
    init: true
    stop_grace_period: 2s
    ports: ["127.0.0.1:${HTTP_PORT}:5000"]
    volumes: ["app_data:/data"]
    healthcheck:
      test: [CMD, curl, --fail, --silent, --output, /dev/null, --max-time, "2", "http://127.0.0.1:5000/"]
      interval: 500ms
      timeout: 3s
      start_period: 5s
      retries: 4
volumes:
  app_data:
"""
APP = """import json, os, sqlite3, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer

os.makedirs("/data/db", exist_ok=True)


def opened():
    return sqlite3.connect("/data/db/app.db", timeout=10, isolation_level=None)


def write():
    database = opened()
    while True:
        database.execute("INSERT INTO beats (at) VALUES (?)", (time.time(),))
        time.sleep(0.01)


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        database = opened()
        if self.path.startswith("/note/"):
            database.execute("INSERT INTO notes (body) VALUES (?)", (self.path[6:],))
        notes = [row[0] for row in database.execute("SELECT body FROM notes ORDER BY id")]
        (beats,) = database.execute("SELECT count(*) FROM beats").fetchone()
        (mode,) = database.execute("PRAGMA journal_mode").fetchone()
        database.close()
        said = json.dumps({"notes": notes, "beats": beats, "mode": mode}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


first = opened()
first.execute("PRAGMA journal_mode = WAL")
first.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, body TEXT)")
first.execute("CREATE TABLE IF NOT EXISTS beats (id INTEGER PRIMARY KEY, at REAL)")
threading.Thread(target=write, daemon=True).start()
HTTPServer(("", 5000), Answers).serve_forever()
"""
DOCKERFILE = 'FROM opsgate-practice/flask:1\nCOPY backend/app.py /app.py\nCMD ["python3", "/app.py"]\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The stack is one service with its file in a volume, deployed by the bot itself."""
    require_real_parts()
    async with world(tmp_path_factory.mktemp("world")) as made:
        source = made.project.path
        (source / "docker/docker-compose.prod.yml").write_text(COMPOSE)
        (source / "backend/app.py").write_text(APP)
        (source / "backend/Dockerfile").write_text(DOCKERFILE)
        made.project.commit("Keep everything in one file")
        made.write_settings(database='{ engine = "sqlite", service = "backend", file = "/data/db/app.db" }')
        await made.start_bot()
        await made.sim.start(made.anna)
        assert "succeeded" in (await made.deploy()).text, made.bot_log()[-3000:]
        yield made


# --- what is there -------------------------------------------------------------------------------


def told(here: World, path: str = "/") -> dict[str, object]:
    answer = here.server.get(path)
    assert answer is not None, "the service does not answer"
    found: dict[str, object] = json.loads(answer)
    return found


def note(here: World, body: str) -> None:
    told(here, f"/note/{body}")


def notes(here: World) -> object:
    return told(here)["notes"]


def files(here: World) -> list[str]:
    """What lies in the file's folder, without the application's own log."""
    found = here.server.exec("backend", "ls", "/data/db").split()
    return [one for one in found if one not in {"app.db-wal", "app.db-shm"}]


def kept(here: World) -> list[str]:
    return sorted(one.split("_")[1] for one in files(here) if ".opsgate_" in one)


async def chosen(here: World) -> SimMessage:
    """/restore, the newest backup; its card."""
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/restore")
    choice = await here.sim.wait_for(here.anna, "Which backup", after=sent, timeout=30)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, choice, choice.labels[0])
    return await here.sim.wait_for(here.anna, "Restore the database", since=since, timeout=30)


async def typed(here: World, card: SimMessage, button: str) -> int:
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, button)
    await here.sim.wait_for(here.anna, "answer with the name", since=since)
    await here.sim.say(here.anna, "fitnessapp")
    return since


def dumps(here: World) -> list[Path]:
    return sorted((here.server.backup_path / "database").glob("*.dump"))


# --- the story -----------------------------------------------------------------------------------


async def test_a_backup_is_made_while_the_application_writes_and_its_drill_is_good(here: World) -> None:
    """R-DB-3, R-DB-4: read back whole, then tried out beside the live file, which goes on being written."""
    note(here, "first")
    verdict = await here.verdict(await here.confirmed("/backup"))
    assert "succeeded" in verdict.text
    assert len(dumps(here)) == 1
    before = told(here)["beats"]
    drilled = await here.verdict(await here.confirmed("/drill"))
    assert "drill succeeded" in drilled.text
    assert files(here) == ["app.db"]
    assert isinstance(before, int)
    assert before < int(str(told(here)["beats"]))


async def test_a_restore_brings_the_backup_back_undo_brings_the_rest_and_drop_takes_what_was_kept(
    here: World,
) -> None:
    """R-DB-5: the old file is kept beside the new one, with its owner; nothing of a log of the other is mixed in."""
    note(here, "second")
    card = await chosen(here)
    assert "notes: 2 → 1" in card.text
    assert "SQLite 3" in card.text
    assert "stopped for that moment" in card.text
    verdict = await here.verdict(await typed(here, card, "Confirm restore"))
    assert "restore succeeded" in verdict.text, here.bot_log()[-3000:]
    assert notes(here) == ["first"]
    assert told(here)["mode"] == "wal"
    assert kept(here) == ["before"]
    note(here, "third")

    since = await here.sim.mark()
    await here.sim.tap(here.anna, verdict, "Undo")
    card = await here.sim.wait_for(here.anna, button="Confirm undo", since=since, timeout=30)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm undo")
    undone = await here.verdict(since)
    assert "undo succeeded" in undone.text
    assert notes(here) == ["first", "second"]
    assert kept(here) == ["undone"]

    since = await here.sim.mark()
    await here.sim.tap(here.anna, undone, "Drop")
    card = await here.sim.wait_for(here.anna, button="Confirm drop", since=since, timeout=30)
    dropped = await here.verdict(await typed(here, card, "Confirm drop"))
    assert "drop succeeded" in dropped.text
    assert files(here) == ["app.db"]
    assert notes(here) == ["first", "second"]
    assert here.lock_is_free()


async def test_a_bot_that_is_killed_at_the_swap_leaves_one_live_file_and_a_service_that_runs(
    here: World,
) -> None:
    """Killed while the service is stopped for it: whatever was done is found in the names, the rest is done."""
    await here.arm("forward:swap-database:stopped")
    card = await chosen(here)
    note(here, "fourth")
    since = await typed(here, card, "Confirm restore")
    assert await here.wait_for_bot() == -signal.SIGKILL
    assert here.server.container("backend").state == "exited"
    await here.start_bot()
    verdict = await here.verdict(since)
    assert "restore succeeded" in verdict.text, here.bot_log()[-3000:]
    assert "fourth" not in str(notes(here))
    assert kept(here) == ["before"]
    assert here.server.container("backend").health == "healthy"
    assert here.lock_is_free()
