"""A small stage for the chat side: a bot whose requests are recorded, a real store, scripted services."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

from aiogram import Bot, Dispatcher
from aiogram.client.session.base import BaseSession
from aiogram.methods import AnswerCallbackQuery, SendDocument, SendMessage, TelegramMethod
from aiogram.types import Chat, Message

from bot.admins import Admins
from bot.conversation import make_dispatcher
from bot.gateway import Gateway
from bot.texts import Catalogues
from services.backups.models import Backup
from services.backups.offsite import Offsite
from services.env_edits.room import EnvEdits
from services.facts.models import Release
from services.models import Finding, Kind, Operation, Origin, Pack, Person, Plan, State, Step
from services.offers import Make
from services.operations import Operations
from services.phrases import Phrase
from services.projects import Host, Project, TreeSource
from services.remote.hosts import Hosts
from services.retention import Judged, by_place
from services.sources.zipped import Zipped
from services.status import ProjectStatus, StatusReader
from services.store import Store
from services.taps import Tap

ANNA = Person(id=1001, name="Anna")
BORIS = Person(id=1002, name="Boris")
STRANGER = 6666
GROUP = -100777
TOKEN = "123456789:AAlocal-bot-api-token-for-tests-only"
CATALOGUES = Catalogues(strict=True)
ENGLISH, RUSSIAN = CATALOGUES["en"], CATALOGUES["ru"]
NOW = datetime(2026, 11, 23, 9, 15, tzinfo=UTC)


def project(name: str = "fitnessapp") -> Project:
    return Project(
        name=name, host="home", path=PurePosixPath(f"/srv/{name}"), source=TreeSource(path=Path("/nowhere"))
    )


def plan(**changes: Any) -> Plan:
    steps = ("lock", "backup", "upload", "build", "swap", "up", "health", "record", "unlock")
    pack = Pack(
        release_id="r2", file="r2.tar.gz", size=1_234_567, files=214, unpacked=4_000_000, manifest_sha256="0" * 64,
        label="a1b2c3d", build_services=("backend",),
    )  # fmt: skip
    values: dict[str, Any] = {"kind": Kind.DEPLOY, "project": "fitnessapp", "steps": steps, "pack": pack}
    return Plan(**values | changes)


def operation(**changes: Any) -> Operation:
    values: dict[str, Any] = {
        "id": "op-20261123-091500-k3f9",
        "kind": Kind.DEPLOY,
        "project": "fitnessapp",
        "state": State.PROPOSED,
        "plan": plan(),
        "nonce": "nonce_24_characters_long",
        "by": ANNA,
        "origin": Origin(chat_id=ANNA.id, message_id=7, update_id=70),
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=15),
    }
    return Operation(**values | changes)


class RecordingSession(BaseSession):
    """Answers every request as Telegram would when all is well, or raises what is scripted for the method."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[TelegramMethod[Any]] = []
        self.script: dict[str, list[Exception]] = {}
        self.closed = False

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        self.requests.append(method)
        if errors := self.script.get(method.__api_method__):
            raise errors.pop(0)
        if isinstance(method, SendMessage | SendDocument):
            chat_id = int(method.chat_id)
            chat = Chat(id=chat_id, type="private" if chat_id > 0 else "supergroup")
            return Message(message_id=500 + len(self.requests), date=NOW, chat=chat)
        return True

    async def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        yield b""

    async def close(self) -> None:
        self.closed = True

    def of(self, name: str) -> list[Any]:
        return [request for request in self.requests if request.__api_method__ == name]


class ScriptedOperations:
    """Records what handlers ask for; answers what the test put there."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.tap = Tap(Phrase(id="tap-confirmed"), won=True)
        self.listed: list[Operation] = []
        self.steps: list[Step] = []
        self.log: Path | None = None
        self.awaited: Operation | None = None
        self.awaited_of = (ANNA.id, ANNA.id)

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.error:
            raise self.error

    async def propose(
        self, kind: Kind, name: str, by: Person, origin: Origin, ref: str | None = None
    ) -> Operation:
        self._note("propose", kind, name, by.id, origin, ref)
        return operation()

    async def confirm(self, nonce: str, by: Person, chat_id: int, message_id: int) -> Tap:
        self._note("confirm", nonce, by.id, chat_id, message_id)
        return self.tap

    async def dismiss(self, nonce: str, by: Person, chat_id: int, message_id: int) -> Tap:
        self._note("dismiss", nonce, by.id, chat_id, message_id)
        return self.tap

    async def queue(
        self, nonce: str, by: Person, chat_id: int, message_id: int, replaces: str | None = None
    ) -> Tap:
        self._note("queue", nonce, by.id, chat_id, message_id, replaces)
        return self.tap

    async def awaiting(self, by: Person, chat_id: int) -> Operation | None:
        return self.awaited if (by.id, chat_id) == self.awaited_of else None

    async def confirm_typed(self, nonce: str, by: Person, chat_id: int, typed: str) -> Tap:
        self._note("confirm_typed", nonce, by.id, chat_id, typed)
        return self.tap

    async def propose_instead(self, nonce: str, by: Person, chat_id: int, make: Make) -> Tap:
        self._note("propose_instead", nonce, by.id, chat_id, make)
        return self.tap

    async def cancel(self, operation_id: str, by: Person) -> Tap:
        self._note("cancel", operation_id, by.id)
        return Tap(Phrase(id="tap-cancelling"), won=True)

    async def recent(self, limit: int = 10) -> list[Operation]:
        return self.listed[:limit]

    async def running(self) -> list[Operation]:
        return self.listed

    async def get(self, operation_id: str) -> tuple[Operation, list[Step]]:
        self._note("get", operation_id)
        return operation(id=operation_id), self.steps

    async def log_file(self, operation_id: str) -> Path | None:
        return self.log


class ScriptedStatus:
    def __init__(self) -> None:
        self.answer: list[ProjectStatus] = []
        self.asked: list[Sequence[str]] = []

    async def read(self, projects: Sequence[str]) -> list[ProjectStatus]:
        self.asked.append(projects)
        return self.answer


class NothingSealed:
    """Updates in which nothing was hidden."""

    @staticmethod
    def sealed(_update_id: int) -> None:
        return None


@dataclass
class Stage:
    """Feeds updates as people cause them, and shows what the bot asked of Telegram."""

    store: Store
    projects: dict[str, Project] = field(default_factory=lambda: {"fitnessapp": project()})
    admin_ids: tuple[int, ...] = (ANNA.id, BORIS.id)
    now: float = NOW.timestamp()
    session: RecordingSession = field(default_factory=RecordingSession)
    operations: ScriptedOperations = field(default_factory=ScriptedOperations)
    status: ScriptedStatus = field(default_factory=ScriptedStatus)
    update_id: int = 100
    waited: float = 0.0
    env: object = field(default_factory=lambda: SimpleNamespace(sealing=NothingSealed()))
    releases: list[Release] = field(default_factory=list)
    host_error: Exception | None = None
    zip_size: int = 2
    drift: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session.middleware(Gateway(lambda: self.waited, self._wait))
        self.bot = Bot(TOKEN, session=self.session)
        self.admins = Admins(self.admin_ids, self.store, self.clock)

    async def _wait(self, seconds: float) -> None:
        """The gateway's waiting costs the tests no time."""
        self.waited += seconds

    def clock(self) -> float:
        return self.now

    @property
    def dispatcher(self) -> Dispatcher:
        return make_dispatcher(
            cast("Operations", self.operations),
            cast("StatusReader", self.status),
            self.admins,
            self.projects,
            self.store,
            CATALOGUES,
            self.releases_of,
            self.clock,
            bumped=self.bumped,
            keeping=self.bumped,
            difference=self.difference,
            zip_of=self.zip_of,
            outlook_of=self.outlook_of,
            migrations_chosen=self.migrations_chosen,
            env=cast("EnvEdits", self.env),
            leaving=Offsite(Hosts({}, Path("/nowhere")), Path("/nowhere")).leaving,
            hosts={"home": Host(name="home", address="192.168.28.90", user="me")},
        )

    async def zip_of(self, _project: Project, ref: str | None, target: Path) -> Zipped:
        """A zip of a scripted size, with nothing in it."""
        if self.host_error:
            raise self.host_error
        target.write_bytes(b"PK")
        return Zipped(target, self.zip_size, "ab" * 32, 3, ref or "a1b2c3d")

    async def outlook_of(self, project: Project) -> dict[str, list[Judged]]:
        """What retention would do, when nothing refers to a backup."""
        if self.host_error:
            raise self.host_error
        return by_place(project, await self.store.backups.of(project.name), {}, NOW)

    async def difference(self, _offered: Operation) -> list[str]:
        return self.drift

    async def migrations_chosen(self, _project: Project, choice: str) -> Plan:
        self.choices.append(choice)
        return plan()

    async def bumped(self, offered: Operation) -> Plan:
        """A plan that the version no longer blocks."""
        return plan(project=offered.project)

    async def releases_of(self, name: str) -> list[Release]:
        """What the host keeps of a project, or what it says instead."""
        if self.host_error:
            raise self.host_error
        return [one for one in self.releases if one.project == name]

    async def feed(self, kind: str, event: dict[str, Any], received_at: float | None = None) -> None:
        from aiogram.types import Update

        self.update_id += 1
        update = Update.model_validate({"update_id": self.update_id, kind: event}, context={"bot": self.bot})
        await self.dispatcher.feed_update(self.bot, update, received_at=received_at or self.now)

    def person(self, user_id: int, **changes: Any) -> dict[str, Any]:
        return {"id": user_id, "is_bot": False, "first_name": "Anna", "language_code": "en"} | changes

    def chat(self, chat_id: int) -> dict[str, Any]:
        return {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup", "title": "x"}

    def message(
        self, text: str | None, user_id: int = ANNA.id, chat_id: int | None = None, **changes: Any
    ) -> dict[str, Any]:
        words = (text or "").split()
        entities = (
            [{"type": "bot_command", "offset": 0, "length": len(words[0])}] if text and text[0] == "/" else []
        )
        said: dict[str, Any] = {
            "message_id": 7,
            "date": int(self.now),
            "chat": self.chat(chat_id or user_id),
            "from": self.person(user_id),
            "text": text,
            "entities": entities,
        }
        return {key: value for key, value in (said | changes).items() if value is not None}

    async def say(
        self, text: str | None, user_id: int = ANNA.id, chat_id: int | None = None, **changes: Any
    ) -> None:
        await self.feed("message", self.message(text, user_id, chat_id, **changes))

    async def tap(
        self,
        data: str,
        user_id: int = ANNA.id,
        chat_id: int | None = None,
        *,
        received_at: float | None = None,
        user: dict[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        shown = {
            "message_id": 42,
            "date": int(self.now),
            "chat": self.chat(chat_id or user_id),
            "text": "card",
        }
        query = {
            "id": "q1", "from": self.person(user_id) | (user or {}), "chat_instance": "1", "data": data, "message": shown,
        }  # fmt: skip
        await self.feed("callback_query", query | changes, received_at)

    @property
    def texts(self) -> list[str]:
        """What was sent, oldest first."""
        return [request.text for request in self.session.of("sendMessage")]

    @property
    def toasts(self) -> list[str | None]:
        return [
            cast("AnswerCallbackQuery", request).text for request in self.session.of("answerCallbackQuery")
        ]

    async def proposed(self, **changes: Any) -> Operation:
        """A stored proposal whose card is message 42 of Anna's chat."""
        stored = await self.store.operations.propose(operation(**changes))
        for row in await self.store.outbox.due(self.now):
            await self.store.outbox.sending(row.id)
            await self.store.outbox.sent(row.id, 42, "")
        return stored


def finding(code: str, severity: str = "warning", **args: Any) -> Finding:
    return Finding.model_validate({"code": code, "severity": severity, "args": args})


def release(**changes: Any) -> Release:
    values: dict[str, Any] = {
        "id": "20261122-080000-aaaaaaaa", "project": "fitnessapp", "label": "9f8e7d6", "commit": "9f8e7d6" + "0" * 33,
        "images": {"backend": "sha256:" + "1" * 64}, "services": ("backend",), "by": "Anna",
        "at": NOW - timedelta(days=1), "since": NOW - timedelta(days=1), "until": NOW - timedelta(hours=21),
    }  # fmt: skip
    return Release(**values | changes)


def backup(**changes: Any) -> Backup:
    values: dict[str, Any] = {
        "id": "db-1", "project": "fitnessapp", "operation": "op-1", "at": NOW - timedelta(hours=2), "size": 12_345_678,
        "sha256": "ab" * 32, "host_file": PurePosixPath("/srv/fitnessapp_backup/database/db-1.dump"),
    }  # fmt: skip
    return Backup(**values | changes)
