"""The days of a practice host: what each does, what its end puts back, and what is refused."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.client import Sim
from bot.sandbox.errors import Json
from bot.sandbox.people import ScriptError
from bot.sandbox.played import SimError
from bot.sandbox.practice.deployed import UnsafePassword
from bot.sandbox.practice.sample import SampleProject
from bot.sandbox.practice.sample.project import TEMPLATE
from bot.sandbox.process import LocalBotApi

ORDER = [
    *("build-fails", "never-healthy", "version-not-bumped", "slow-build", "new-release", "repaired"),
    *("ssh-drops", "ssh-drops-mid-upload", "host-unreachable", "host-key-changed", "slow-network"),
    *("disk-full", "hand-edited-file", "bad-db-password", "telegram-outage", "flood-wait"),
]
LASTING = {
    *("host-unreachable", "host-key-changed", "slow-network", "disk-full", "bad-db-password"),
    *("telegram-outage", "flood-wait"),
}


@dataclass
class Ground:
    """A practice host with its local Bot API, without a bot."""

    api: LocalBotApi
    told: Json

    @property
    def sim(self) -> Sim:
        return self.api.sim

    @property
    def project(self) -> SampleProject:
        return SampleProject(Path(self.told["source"]))

    @property
    def env_file(self) -> Path:
        return Path(self.told["path"]) / ".env.prod"

    def git(self, *words: str) -> str:
        argv = ["git", "-C", self.told["source"], *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    def df(self, *words: str) -> subprocess.CompletedProcess[str]:
        df = Path(self.told["home"]).parent / "bin" / "df"
        return subprocess.run([df, *words], check=False, capture_output=True, text=True)

    async def active(self) -> set[str]:
        return {day["name"] for day in await self.sim.days() if day["active"]}

    async def is_over(self, name: str) -> None:
        async with asyncio.timeout(10):
            while name in await self.active():
                await asyncio.sleep(0.05)

    async def told_of(self, since: int) -> list[tuple[str, bool]]:
        events = (await self.sim.events(since))["events"]
        return [(event["name"], event["active"]) for event in events if event["kind"] == "day"]

    async def bot_asks(self) -> Json:
        """What a bot that calls getMe is answered."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.api.url}/bot{self.api.token}/getMe") as answer,
        ):
            return dict(await answer.json())


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with LocalBotApi.in_process(practice=tmp_path / "host") as api:
        assert api.practice is not None
        yield Ground(api, api.practice)


async def test_the_days_are_offered_in_order_with_their_options(ground: Ground) -> None:
    days = await ground.sim.days()
    assert [day["name"] for day in days] == ORDER
    assert {day["name"] for day in days if day["kind"] == "lasting"} == LASTING
    options = {day["name"]: day["options"] for day in days if day["options"]}
    assert options["slow-network"] == {"latency_ms": 200, "bytes_per_second": 50_000}
    assert options["host-unreachable"] == {"seconds": 0}
    assert set(options) == {
        *("slow-network", "host-unreachable", "telegram-outage", "flood-wait"),
        *("ssh-drops", "ssh-drops-mid-upload"),
    }
    assert await ground.active() == set()


# --- what is refused ---


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("earthquake", {}, "there is no day named 'earthquake': there are build-fails"),
        ("disk-full", {"seconds": 3}, "disk-full has no option seconds: it takes none"),
        ("slow-network", {"bps": 3}, "it takes latency_ms, bytes_per_second"),
        ("telegram-outage", {"seconds": -1}, "must be a number, 0 or more, not -1"),
        ("telegram-outage", {"seconds": "soon"}, "not 'soon'"),
        ("telegram-outage", {"seconds": True}, "not True"),
    ],
)
async def test_what_is_unknown_is_refused_with_the_way_out(
    ground: Ground, name: str, options: Json, says: str
) -> None:
    with pytest.raises(SimError, match=says):
        await ground.sim.bad_day(name, **options)
    assert await ground.active() == set()


async def test_refusals_are_http_400_and_need_a_name(ground: Ground) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{ground.api.control}/sim/days/begin", json={}) as answer,
    ):
        assert answer.status == 400
        assert "there is no day named None" in (await answer.json())["error"]


async def test_a_page_of_another_site_cannot_begin_a_day(ground: Ground) -> None:
    headers = {"Origin": "http://example.org"}
    url = f"{ground.api.control}/sim/days/begin"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json={"name": "disk-full"}, headers=headers) as answer,
    ):
        assert answer.status == 403
    assert await ground.active() == set()


async def test_a_day_that_is_under_way_is_not_begun_again(ground: Ground) -> None:
    await ground.sim.bad_day("disk-full")
    with pytest.raises(SimError, match="disk-full is under way already: end it first"):
        await ground.sim.bad_day("disk-full")


async def test_what_happens_once_has_no_end(ground: Ground) -> None:
    with pytest.raises(SimError, match="build-fails happens once and has no end"):
        await ground.sim.good_day("build-fails")


async def test_without_a_practice_host_there_are_no_days() -> None:
    async with LocalBotApi.in_process() as api:
        with pytest.raises(
            SimError, match="there is no practice host: start the local Bot API with --practice"
        ):
            await api.sim.days()


# --- releases ---


async def test_each_release_is_one_commit_that_does_what_it_says(ground: Ground) -> None:
    project = ground.project
    release, version = project.release, project.app_version
    commits = int(ground.git("rev-list", "--count", "HEAD"))

    await ground.sim.bad_day("build-fails")
    assert "exit 17" in (project.path / "backend/Dockerfile").read_text()

    await ground.sim.bad_day("never-healthy")
    assert "exit 17" not in (project.path / "backend/Dockerfile").read_text()
    assert "ACCEPTS_TRAFFIC = False" in (project.path / "backend/app.py").read_text()

    before = project.app_version
    await ground.sim.bad_day("version-not-bumped")
    assert project.app_version == before
    assert "mobile/index.html" in ground.git("show", "--name-only", "--format=", "HEAD")

    await ground.sim.bad_day("slow-build")
    assert "compiling part $i of 12" in (project.path / "backend/Dockerfile").read_text()

    await ground.sim.bad_day("repaired")
    assert project.app_version != before
    for name in ("backend/Dockerfile", "backend/app.py"):
        assert (project.path / name).read_text() == (TEMPLATE / name).read_text()

    await ground.sim.bad_day("new-release")
    assert int(ground.git("rev-list", "--count", "HEAD")) == commits + 6
    assert ground.git("status", "--porcelain") == ""
    assert int(project.release.removeprefix("v")) == int(release.removeprefix("v")) + 6
    assert project.app_version != version


async def test_a_good_release_after_a_broken_one_is_good(ground: Ground) -> None:
    await ground.sim.bad_day("build-fails")
    await ground.sim.bad_day("new-release")
    assert "exit 17" not in ground.git("show", "HEAD:backend/Dockerfile")


async def test_a_source_that_cannot_be_changed_is_told_as_such(ground: Ground) -> None:
    (Path(ground.told["source"]) / ".git" / "index.lock").touch()
    with pytest.raises(SimError, match="the sample project cannot be changed"):
        await ground.sim.bad_day("new-release")


# --- the server ---


async def test_a_full_disk_is_what_df_tells_until_it_is_over(ground: Ground) -> None:
    honest = ground.df("-Pk", "/").stdout.splitlines()[1].split()
    await ground.sim.bad_day("disk-full")
    assert (Path(ground.told["home"]).parent / "days" / "disk-full").exists()
    for words in (["-Pk", "/"], ["-P", "-k", "/"], ["/"]):
        head, line = ground.df(*words).stdout.splitlines()
        assert "Available" in head
        device, total, used, available, share, mount = line.split()
        assert (device, total, mount) == (honest[0], honest[1], honest[5])
        assert (available, share) == ("5120", "100%")
        assert int(used) == int(total) - 5120
    await ground.sim.good_day("disk-full")
    assert ground.df("-Pk", "/").stdout.splitlines()[1].split()[1] == honest[1]
    assert ground.df("-Pk", "/").stdout.splitlines()[1].split()[3] != "5120"


async def test_a_full_disk_is_not_told_in_ways_that_are_not_known(ground: Ground) -> None:
    assert ground.df("-h", "/").returncode == 0
    await ground.sim.bad_day("disk-full")
    refused = ground.df("-h", "/")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "only with -Pk" in refused.stderr
    assert ground.df("-Pk", "/nowhere").returncode != 0


async def test_a_file_is_edited_by_hand_only_where_one_is_deployed(ground: Ground) -> None:
    with pytest.raises(SimError, match=r"backend/app\.py is not on the server\. Deploy first"):
        await ground.sim.bad_day("hand-edited-file")
    file = Path(ground.told["path"]) / "backend" / "app.py"
    file.parent.mkdir()
    file.write_text("print('deployed')\n")
    for times in (1, 2):
        await ground.sim.bad_day("hand-edited-file")
        assert file.read_text().startswith("print('deployed')\n")
        assert file.read_text().count("quick fix on the server") == times


async def test_the_password_becomes_unsafe_and_comes_back_to_the_byte(ground: Ground) -> None:
    before = ground.env_file.read_bytes()
    await ground.sim.bad_day("bad-db-password")
    spoilt = ground.env_file.read_text()
    assert spoilt.count("@") == 1
    assert spoilt.splitlines()[0].replace("@", "") == before.decode().splitlines()[0]
    assert spoilt.splitlines()[1:] == before.decode().splitlines()[1:]
    await ground.sim.good_day("bad-db-password")
    assert ground.env_file.read_bytes() == before
    assert ground.env_file.stat().st_mode & 0o777 == 0o600


def test_a_password_that_somebody_else_wrote_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / ".env.prod"
    file.write_text("A=1\nDB_PASSWORD=secret\nB=2\n")
    unsafe = UnsafePassword(file)
    unsafe.begin()
    assert file.read_text() == "A=1\nDB_PASSWORD=sec@ret\nB=2\n"
    file.write_text("DB_PASSWORD=mine\n")
    unsafe.end()
    assert file.read_text() == "DB_PASSWORD=mine\n"


def test_an_env_file_without_a_password_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / ".env.prod").write_text("A=1\n")
    for name in (".env.prod", "missing"):
        with pytest.raises(ScriptError, match="there is no DB_PASSWORD"):
            UnsafePassword(tmp_path / name).begin()


# --- Telegram ---


async def test_an_outage_ends_by_itself_and_the_control_side_stays_reachable(ground: Ground) -> None:
    since = await ground.sim.mark()
    await ground.sim.bad_day("telegram-outage", seconds=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await ground.bot_asks()
    assert await ground.active() == {"telegram-outage"}
    await ground.is_over("telegram-outage")
    assert (await ground.bot_asks())["ok"] is True
    assert await ground.told_of(since) == [("telegram-outage", True), ("telegram-outage", False)]


async def test_an_outage_without_seconds_lasts_until_it_is_ended(ground: Ground) -> None:
    await ground.sim.bad_day("telegram-outage", seconds=0)
    await asyncio.sleep(0.3)
    with pytest.raises(aiohttp.ClientConnectionError):
        await ground.bot_asks()
    await ground.sim.good_day("telegram-outage")
    assert (await ground.bot_asks())["ok"] is True


async def test_a_flood_wait_counts_down_and_ends(ground: Ground) -> None:
    await ground.sim.bad_day("flood-wait", seconds=3)
    first = await ground.bot_asks()
    assert first["error_code"] == 429
    assert first["parameters"]["retry_after"] in {2, 3}
    await asyncio.sleep(1.1)
    assert (await ground.bot_asks())["parameters"]["retry_after"] < first["parameters"]["retry_after"]
    await ground.is_over("flood-wait")
    assert (await ground.bot_asks())["ok"] is True


# --- begin and end ---


async def test_options_in_force_are_shown_and_the_defaults_come_back(ground: Ground) -> None:
    begun = await ground.sim.bad_day("slow-network", latency_ms=5)
    assert begun["options"] == {"latency_ms": 5, "bytes_per_second": 50_000}
    await ground.sim.good_day("slow-network")
    slow = next(day for day in await ground.sim.days() if day["name"] == "slow-network")
    assert slow["options"]["latency_ms"] == 200


async def test_an_end_by_hand_forestalls_the_one_by_itself(ground: Ground) -> None:
    since = await ground.sim.mark()
    await ground.sim.bad_day("host-unreachable", seconds=1)
    await ground.sim.good_day("host-unreachable")
    await ground.sim.bad_day("host-unreachable")
    await asyncio.sleep(1.2)
    assert await ground.active() == {"host-unreachable"}
    assert [active for _, active in await ground.told_of(since)] == [True, False, True]


async def test_one_call_ends_everything_that_is_under_way(ground: Ground) -> None:
    before = ground.env_file.read_bytes()
    for name in sorted(LASTING):
        await ground.sim.bad_day(name)
    await ground.sim.bad_day("ssh-drops-mid-upload")
    assert await ground.active() == LASTING | {"ssh-drops-mid-upload"}
    await ground.sim.good_day()
    assert await ground.active() == set()
    assert ground.env_file.read_bytes() == before
    assert (await ground.bot_asks())["ok"] is True


async def test_an_end_of_what_is_not_under_way_changes_nothing(ground: Ground) -> None:
    since = await ground.sim.mark()
    await ground.sim.good_day("disk-full")
    await ground.sim.good_day()
    assert await ground.told_of(since) == []


async def test_the_end_of_the_host_does_not_wait_for_days(tmp_path: Path) -> None:
    async with LocalBotApi.in_process(practice=tmp_path / "host") as api:
        await api.sim.bad_day("host-unreachable", seconds=60)
        await api.sim.bad_day("telegram-outage", seconds=60)
        began = time.monotonic()
    assert time.monotonic() - began < 5
