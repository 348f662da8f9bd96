"""Logs and whole plans as documents: packed when they are long, refused when Telegram would refuse them."""

from __future__ import annotations

import asyncio
import gzip
import io
import shutil
from collections.abc import Sequence
from pathlib import Path

from aiogram.types import BufferedInputFile, InputFile

from bot.logging import redactor
from services.errors import BadInput

PACK_FROM = 1024 * 1024
"""Bytes above which a log is sent packed."""
MOST_BYTES = 50 * 1024 * 1024 - 64 * 1024
"""What Telegram takes from a bot, less the form around it."""
UPLOAD_SECONDS = 300


async def log_document(file: Path, operation_id: str) -> InputFile:
    """The log as `<operation>.log`, or packed as `.log.gz`. Raises BadInput when even that is too big."""
    name = f"{operation_id}.log"
    if file.stat().st_size <= PACK_FROM:
        return BufferedInputFile(await asyncio.to_thread(file.read_bytes), filename=name)
    packed = await asyncio.to_thread(_packed, file)
    if len(packed) > MOST_BYTES:
        raise BadInput("log-too-big", size=len(packed), operation=operation_id)
    return BufferedInputFile(packed, filename=f"{name}.gz")


def difference_document(lines: Sequence[str], operation_id: str) -> InputFile:
    """`<operation>.diff`, without what the redactor knows to be secret."""
    text = redactor("\n".join(lines))[: 4 * PACK_FROM]
    return BufferedInputFile(f"{text}\n".encode("utf-8", "replace"), filename=f"{operation_id}.diff")


def plan_document(text: str, operation_id: str) -> InputFile:
    """`<operation>-plan.txt`."""
    return BufferedInputFile(text.encode("utf-8", "replace"), filename=f"{operation_id}-plan.txt")


def _packed(file: Path) -> bytes:
    out = io.BytesIO()
    with file.open("rb") as source, gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=0) as packer:
        shutil.copyfileobj(source, packer, 1024 * 1024)
    return out.getvalue()
