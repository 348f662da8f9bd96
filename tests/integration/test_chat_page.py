"""The chat page over HTTP: what it serves, to whom, and what it reads from the scripting side."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from bot.sandbox.page.routes import POLICY, STATIC
from bot.sandbox.played import SimUser
from bot.sandbox.process import LocalBotApi

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\x02\0\0\0\x03" + b"\x08\x02\0\0\0"


@dataclass
class Served:
    """One sandbox with its page, a browser's bare connection, and Ann, who pressed Start."""

    api: LocalBotApi
    http: aiohttp.ClientSession
    ann: SimUser

    async def get(self, path: str, **headers: str) -> tuple[int, CIMultiDictProxy[str], bytes]:
        """Status, headers and body of a path taken as it is spelled."""
        url = URL(f"{self.api.control}{path}", encoded=True)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.get(url, headers=named) as response:
            return response.status, response.headers, await response.read()

    async def send(self, method: str, field: str, name: str, content: bytes, mime: str) -> dict[str, Any]:
        """The bot sends Ann a file; the message."""
        form = aiohttp.FormData({"chat_id": "1001"})
        form.add_field(field, content, filename=name, content_type=mime)
        async with self.http.post(f"{self.api.url}/bot{self.api.token}/{method}", data=form) as response:
            return dict((await response.json())["result"])

    async def call(self, method: str, **parameters: Any) -> Any:
        """A call of the bot."""
        async with self.http.post(
            f"{self.api.url}/bot{self.api.token}/{method}", json=parameters
        ) as response:
            return (await response.json())["result"]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with LocalBotApi.in_process() as api, aiohttp.ClientSession() as http:
        yield Served(api, http, await api.sim.user(1001, "Ann", start=True))


async def test_the_page_is_served_with_a_strict_policy_and_never_kept(served: Served) -> None:
    status, headers, body = await served.get("/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body == (STATIC / "index.html").read_bytes()
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


async def test_the_page_is_served_on_both_addresses(served: Served) -> None:
    async with served.http.get(f"{served.api.url}/") as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_every_part_of_the_page_has_its_type_and_the_same_headers(
    served: Served, name: str, kind: str
) -> None:
    status, headers, body = await served.get(f"/page/{name}")
    assert (status, headers["Content-Type"]) == (200, kind)
    assert body == (STATIC / name).read_bytes()
    assert (headers["Content-Security-Policy"], headers["Cache-Control"]) == (POLICY, "no-store")


@pytest.mark.parametrize(
    "path",
    [
        "/page/../routes.py",
        "/page/..%2froutes.py",
        "/page/%2e%2e%2froutes.py",
        "/page/..%5croutes.py",
        "/page/static%2f..%2f..%2froutes.py",
        "/page/%2fetc%2fpasswd",
        "/page//etc/passwd",
        "/page/app.js%00",
        "/page/.",
        "/page/..",
        "/page/absent.js",
    ],
)
async def test_no_spelling_of_a_path_leads_out_of_the_page(served: Served, path: str) -> None:
    status, _, body = await served.get(path)
    assert status == 404
    assert b"root:" not in body
    assert b"aiohttp" not in body


@pytest.mark.parametrize("path", ["/", "/page/app.js", "/sim/file/LOCAL00000000", "/sim/events"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Host": "evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},  # another port of this machine, such as the practised site
    ],
)
async def test_pages_of_other_origins_read_nothing(
    served: Served, path: str, headers: dict[str, str]
) -> None:
    await served.send("sendDocument", "document", "a.log", b"secret", "text/plain")
    status, _, body = await served.get(path, **headers)
    assert (status, b"secret" in body) == (403, False)


async def test_a_link_from_elsewhere_opens_the_page(served: Served) -> None:
    status, _, _ = await served.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")
    assert status == 200


async def test_a_document_is_saved_and_never_shown_as_a_page(served: Served) -> None:
    message = await served.send("sendDocument", "document", "x.html", b"<script>1</script>", "text/html")
    status, headers, body = await served.get(f"/sim/file/{message['document']['file_id']}")
    assert (status, body) == (200, b"<script>1</script>")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment"
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_a_photo_is_shown(served: Served) -> None:
    message = await served.send("sendPhoto", "photo", "load.png", PNG, "image/png")
    status, headers, body = await served.get(f"/sim/file/{message['photo'][0]['file_id']}")
    assert (status, headers["Content-Type"], body) == (200, "image/png", PNG)


async def test_a_file_that_does_not_exist_is_not_found(served: Served) -> None:
    assert (await served.get("/sim/file/LOCAL99999999"))[0] == 404


async def test_people_are_listed_in_the_order_they_came(served: Served) -> None:
    await served.api.sim.ask("users", id=6666, first_name="Mallory", role="stranger")
    await served.api.sim.user(7, "Robot", is_bot=True)
    listed = await served.api.sim.ask("users")
    assert [(one["id"], one["role"]) for one in listed] == [(1001, None), (6666, "stranger")]


async def test_only_what_changed_is_read_again_and_without_its_history(served: Served) -> None:
    sent = await served.call("sendMessage", chat_id=1001, text="running")
    (_, old) = await served.api.sim.ask("messages", chat_id=1001)
    await served.call("editMessageText", chat_id=1001, message_id=sent["message_id"], text="done")
    since = old["touched"]
    (changed,) = await served.api.sim.ask("messages", chat_id=1001, since=since, looks=False)
    assert (changed["text"], changed["history"]) == ("done", [])
    assert await served.api.sim.ask("messages", chat_id=1001, since=changed["touched"]) == []


async def test_the_feed_tells_of_people_chats_and_what_the_bot_is_doing(served: Served) -> None:
    mark = await served.api.sim.mark()
    bob = await served.api.sim.user(1002, "Bob")
    group = await served.api.sim.group("ops", [served.ann, bob])
    await served.call("sendChatAction", chat_id=1001, action="typing")
    events = (await served.api.sim.events(mark))["events"]
    told = [(event["kind"], event.get("user_id"), event.get("chat_id")) for event in events]
    assert told[:3] == [("person", 1002, None), ("chat", None, group.id), ("action", None, 1001)]


async def test_a_sandbox_started_anew_can_be_told_from_the_one_before(served: Served) -> None:
    born = (await served.api.sim.summary())["born"]
    assert (await served.api.sim.summary())["born"] == born
    async with LocalBotApi.in_process() as other:
        assert (await other.sim.summary())["born"] != born


async def test_a_reader_of_the_feed_may_leave_without_a_word(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.http.get(f"{served.api.control}/sim/events") as stream:
        await stream.content.readline()
        stream.close()
    for _ in range(5):
        await served.api.sim.say(served.ann, "hello")
        await asyncio.sleep(0.02)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
