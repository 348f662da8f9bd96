import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest
import structlog

from bot import logging as logs
from bot.logging import LogFormat, configure, redact, register_secret, watch_loop
from services.redaction import Redactor

SECRET = "correct-horse-battery"
TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging is the process's: each test gets its own redactor, and everything is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    monkeypatch.setattr(logs, "redactor", Redactor())
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    configure("json", "debug", [SECRET], stream)
    return lambda: [
        line for line in map(json.loads, stream.getvalue().splitlines()) if line.get("logger") != "asyncio"
    ]


def log() -> Any:
    return structlog.get_logger("opsgate.test")


def test_a_secret_in_an_event_and_in_nested_values_is_masked(lines: Lines) -> None:
    log().info(f"it is {SECRET}", deep={"a": [{"b": (f"<{SECRET}>", 7)}], SECRET: 1}, raw=SECRET.encode())
    (line,) = lines()
    assert line["event"] == "it is ***"
    assert line["deep"] == {"a": [{"b": ["<***>", 7]}], "***": 1}
    assert line["raw"] == "***"


def test_a_value_is_masked_for_its_key_alone(lines: Lines) -> None:
    log().info("env", DB_PASSWORD="abc", nested={"api_key": "x"}, port=80)
    (line,) = lines()
    assert (line["DB_PASSWORD"], line["nested"], line["port"]) == ("***", {"api_key": "***"}, 80)


def test_an_object_that_is_no_plain_data_is_logged_as_clean_text(lines: Lines) -> None:
    log().info("objects", error=ValueError(SECRET), number=1.5, nothing=None)
    (line,) = lines()
    assert (line["error"], line["number"], line["nothing"]) == ("ValueError('***')", 1.5, None)


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_neither_the_secret_nor_locals(log_format: LogFormat, stream: io.StringIO) -> None:
    configure(log_format, "info", [SECRET], stream)
    hidden_local = "value-of-a-local"
    try:
        raise ConnectionError(f"https://api.telegram.org/bot{TOKEN}/getMe with {SECRET}") from KeyError(
            SECRET
        )
    except ConnectionError:
        log().exception("failed")
    text = stream.getvalue()
    assert "Traceback" in text
    assert "api.telegram.org/bot***/getMe with ***" in text
    assert SECRET not in text
    assert TOKEN not in text
    assert text.count(hidden_local) == 0


async def test_an_address_in_an_error_of_aiohttp_loses_its_token(lines: Lines) -> None:
    async with aiohttp.ClientSession() as session:
        try:
            await session.get(
                f"http://127.0.0.1:1/bot{TOKEN}/getMe#{SECRET}", timeout=aiohttp.ClientTimeout(5)
            )
        except aiohttp.ClientError as error:
            wrapped = aiohttp.InvalidURL(f"http://x/bot{TOKEN}/getMe", str(error))
            logging.getLogger("aiogram.dispatcher").exception("failed: %s", wrapped)
    (line,) = lines()
    assert line["logger"] == "aiogram.dispatcher"
    assert "bot***/getMe" in line["event"]
    assert TOKEN not in json.dumps(line)


def test_the_standard_library_goes_through_the_same_chain(lines: Lines) -> None:
    structlog.contextvars.bind_contextvars(operation="op-1")
    logging.getLogger("somebody").warning("told %s", SECRET)
    (line,) = lines()
    assert (line["event"], line["level"], line["operation"]) == ("told ***", "warning", "op-1")


def test_a_line_that_cannot_be_formatted_does_not_dump_its_arguments(stream: io.StringIO) -> None:
    configure("console", "info", [SECRET], stream)
    logging.getLogger("somebody").info("%s and %s", SECRET)  # noqa: PLE1206 - the mistake under test
    assert "somebody" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_asyncssh_is_heard_from_warnings_on(lines: Lines) -> None:
    logging.getLogger("asyncssh").info("chatter")
    logging.getLogger("asyncssh").warning("news")
    assert [line["event"] for line in lines()] == ["news"]


def test_the_level_holds_for_everybody(stream: io.StringIO) -> None:
    configure("json", "error", stream=stream)
    log().warning("quiet")
    logging.getLogger("asyncssh").warning("quiet")
    log().error("loud")
    assert stream.getvalue().count("\n") == 1


def test_a_secret_registered_later_counts_from_then_on(lines: Lines) -> None:
    register_secret("learned-later")
    log().info("now learned-later")
    assert lines()[0]["event"] == "now ***"
    assert redact("learned-later too") == "*** too"


def test_an_uncaught_error_is_one_clean_line(lines: Lines) -> None:
    error = RuntimeError(SECRET)
    sys.excepthook(RuntimeError, error, None)
    (line,) = lines()
    assert line["level"] == "critical"
    assert line["exception"] == "RuntimeError: ***"


def test_an_error_in_a_thread_is_one_clean_line(lines: Lines) -> None:
    thread = threading.Thread(target=lambda: int(SECRET))
    thread.start()
    thread.join()
    (line,) = lines()
    assert line["exception"].endswith("'***'")


def test_ctrl_c_is_not_an_uncaught_error(lines: Lines) -> None:
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert lines() == []


async def test_an_error_that_nobody_awaited_is_one_clean_line(lines: Lines) -> None:
    loop = asyncio.get_running_loop()
    watch_loop(loop)
    loop.call_soon(int, SECRET)
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    (line,) = lines()
    assert line["level"] == "error"
    assert line["exception"].endswith("'***'")


def test_a_python_warning_is_logged_clean(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"old {SECRET}", stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "old ***" in lines()[0]["event"]


def test_configuring_again_replaces_instead_of_doubling(lines: Lines, stream: io.StringIO) -> None:
    configure("json", "debug", stream=stream)
    log().info("once")
    assert len(lines()) == 1


def test_the_requests_of_a_storage_never_reach_the_log(lines: Lines, stream: io.StringIO) -> None:
    """At level debug botocore prints whole requests: the bytes of a backup among them."""
    configure("json", "debug", stream=stream)
    logging.getLogger("botocore.endpoint").debug("Making request with params: %r", {"body": b"COPY rows"})
    logging.getLogger("urllib3.connectionpool").debug("PUT /bucket/key?X-Amz-Signature=1")
    assert lines() == []
