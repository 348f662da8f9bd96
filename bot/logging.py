"""Logs: structlog and the standard library through one chain, to stderr, with redaction after everything else.

Tracebacks are rendered to text first (never with the values of locals), so that redaction sees all that is printed.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from pydantic import SecretStr
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor

from services.redaction import MASK, Redactor, looks_secret

LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_QUIET = {
    "asyncssh": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "aiosqlite": logging.INFO,
    "botocore": logging.WARNING,  # debug: whole requests, with the bytes of a backup and what signs them
    "urllib3": logging.WARNING,
}

redactor = Redactor()
"""The process's one redactor. The composition root hands it to services that write text to disk."""


def register_secret(secret: str | SecretStr) -> None:
    """From now on this value leaves the process in no log line. Below six characters only its shape protects it."""
    redactor.add(secret)


def redact(text: str) -> str:
    """The text without registered secrets and what looks like one; for text that goes into a chat or onto the disk."""
    return redactor(text)


def configure(
    log_format: LogFormat = "console",
    level: LogLevel = "info",
    secrets: Iterable[str | SecretStr] = (),
    stream: TextIO | None = None,
) -> None:
    """Sets up logging for the process: again is fine, the last call wins. `stream` is stderr unless given."""
    for secret in secrets:
        register_secret(secret)
    stream = stream or sys.stderr
    shared = _shared()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redacted,
                _renderer(log_format, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Errors that asyncio finds nobody waiting for become one redacted log line each."""
    loop.set_exception_handler(_loop_error)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderer(log_format: LogFormat, stream: TextIO) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    plain = structlog.dev.plain_traceback  # the traceback is text already
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)


class _Handler(logging.StreamHandler[TextIO]):
    """A line that cannot be formatted must not fall back to the standard library's dump of its raw arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        error = sys.exc_info()[0]
        name = error.__name__ if error else "error"
        self.stream.write(f"a log line of {record.name}:{record.lineno} could not be written ({name})\n")


def _redacted(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The last processor before the renderer: afterwards the event holds only plain, clean data."""
    return {redact(str(key)): _clean(value, str(key)) for key, value in event.items()}


def _clean(value: Any, key: str = "") -> Any:
    if value is None or isinstance(value, bool):
        return value
    if key and looks_secret(key):
        return MASK
    if isinstance(value, Mapping):
        return {redact(str(k)): _clean(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    text = repr(value) if isinstance(value, BaseException) else str(value)
    clean = redact(text)
    return value if isinstance(value, int | float) and clean == text else clean


_log: Any = structlog.get_logger("opsgate")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _log.critical("uncaught error", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        where = repr(args.object)
        _log.error("ignored error", where=where, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))


def _loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    rest = {key: repr(value) for key, value in context.items() if key not in {"message", "exception"}}
    _log.error(str(context.get("message", "asyncio error")), **rest, exc_info=error)
