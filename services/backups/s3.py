"""S3-compatible storage through botocore, which is imported when it is first used: it takes 40 MB and most of a second.

Path-style addresses and plain parts, signed with the SHA-256 of what they hold: every server of this kind knows
them, and refuses a part that changed on its way.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from services.backups.keys import Learn, untold, usable
from services.backups.places import Progress, Stored, is_copy, own
from services.errors import StorageAway, StorageError
from services.projects import S3Target

PART = 8 * 1024 * 1024
"""Bytes: smaller files go in one request. 5 MiB is the least that storage takes, 10,000 parts the most."""
MOST_PARTS = 10_000
ANSWER = 30
"""Seconds without a byte from the storage, after which a request is given up."""
_REFUSED = {
    "AccessDenied", "AuthorizationHeaderMalformed", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403",
}  # fmt: skip
_FULL = {
    "EntityTooLarge",
    "QuotaExceeded",
    "InsufficientStorage",
    "XMinioStorageFull",
    "ServiceUnavailableNoSpace",
    "507",
}
_CODES = {
    "NoSuchBucket": "error-storage-bucket",
    "RequestTimeTooSkewed": "error-storage-clock",
    "NoSuchKey": "error-storage-missing",
    "404": "error-storage-missing",
    "XAmzContentSHA256Mismatch": "error-storage-differs",
    "BadDigest": "error-storage-differs",
    **dict.fromkeys(_REFUSED, "error-storage-refused"),
    **dict.fromkeys(_FULL, "error-storage-full"),
}
_MD5_OF_PARTS = re.compile(r'"?([0-9a-f]{32})-([0-9]+)"?')


@dataclass(frozen=True, slots=True)
class _Sent:
    """A part that the storage has taken."""

    etag: str
    md5: bytes


Parts = list[_Sent]
Page = list[Stored]


class S3Place:
    """One bucket, below a prefix. Calls block in threads, one at a time."""

    def __init__(self, target: S3Target, learn: Learn = untold) -> None:
        """`learn` is told every key before it is used."""
        self._target = target
        self._learn = learn
        self._made: Any = None
        self._keys: tuple[str, SecretStr] | None = None

    async def put(self, source: Path, file: str, progress: Progress, within: float) -> None:
        """What earlier, interrupted calls left of this project goes first: parts cost money and nobody sees them."""
        key, size = self._key(file), source.stat().st_size
        try:
            async with asyncio.timeout(within):
                with suppress(StorageError):  # keys may be allowed to write only
                    await self._sweep(key.rpartition("/")[0] + "/")
                if size <= PART:
                    await self._put_small(source, key)
                    progress(size)
                else:
                    await self._put_in_parts(source, key, size, progress)
                await self._see(key, size)
        except TimeoutError as error:
            raise StorageAway(detail="the deadline passed", **self._words()) from error

    async def fetch(self, file: str, target: Path, progress: Progress, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                body = (await self._call("get_object", Key=self._key(file)))["Body"]
                done = 0
                with target.open("xb") as written:
                    while data := await self._thread(lambda: body.read(PART)):
                        await asyncio.to_thread(written.write, data)
                        done += len(data)
                        progress(done)
        except TimeoutError as error:
            raise StorageAway(detail="the deadline passed", **self._words()) from error

    async def list(self, project: str) -> tuple[Stored, ...]:
        prefix, more = f"{self._target.prefix}{project}/", dict[str, str]()
        found: Page = []
        while True:
            page = await self._call("list_objects_v2", Prefix=prefix, **more)
            for one in page.get("Contents", ()):
                if is_copy(file := one["Key"].removeprefix(self._target.prefix)):
                    found.append(Stored(file, one["Size"], one["LastModified"]))
            if not page.get("IsTruncated"):
                return tuple(sorted(found, key=lambda one: one.file))
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def remove(self, file: str) -> None:
        await self._call("delete_object", Key=self._key(file))

    # --- inside ---

    async def _put_small(self, source: Path, key: str) -> None:
        data = await asyncio.to_thread(source.read_bytes)
        await self._call("put_object", Key=key, Body=data)

    async def _put_in_parts(self, source: Path, key: str, size: int, progress: Progress) -> None:
        upload = (await self._call("create_multipart_upload", Key=key))["UploadId"]
        at: dict[str, Any] = {"Key": key, "UploadId": upload}
        try:
            done = await self._parts(source, at, size, progress)
            parts = [{"PartNumber": number, "ETag": one.etag} for number, one in enumerate(done, 1)]
            answer = await self._call("complete_multipart_upload", **at, MultipartUpload={"Parts": parts})
            _compare(done, str(answer.get("ETag", "")), self._words())
        except BaseException:
            with suppress(StorageError, TimeoutError):
                async with asyncio.timeout(ANSWER):
                    await self._call("abort_multipart_upload", **at)
            raise

    async def _parts(self, source: Path, at: dict[str, Any], size: int, progress: Progress) -> Parts:
        step, sent = max(PART, -(-size // MOST_PARTS)), 0
        done: Parts = []
        with source.open("rb") as file:
            while data := await asyncio.to_thread(file.read, step):
                answer = await self._call("upload_part", **at, PartNumber=len(done) + 1, Body=data)
                md5 = await asyncio.to_thread(hashlib.md5, data, usedforsecurity=False)
                done.append(_Sent(answer["ETag"], md5.digest()))
                sent += len(data)
                progress(sent)
        return done

    async def _see(self, key: str, size: int) -> None:
        head = await self._call("head_object", Key=key)
        if head["ContentLength"] != size:
            raise StorageError("error-storage-differs", **self._words())

    async def _sweep(self, prefix: str) -> None:
        page = await self._call("list_multipart_uploads", Prefix=prefix)
        for one in page.get("Uploads", ()):
            await self._call("abort_multipart_upload", Key=one["Key"], UploadId=one["UploadId"])

    def _key(self, file: str) -> str:
        return self._target.prefix + own(file)

    def _words(self) -> dict[str, str]:
        return {"place": self._target.s3, "bucket": self._target.bucket}

    async def _call(self, operation: str, **words: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self._thread(
            lambda: getattr(self._client(), operation)(Bucket=self._target.bucket, **words)
        )
        return answer

    async def _thread(self, work: Callable[[], Any]) -> Any:
        """Raises StorageError for whatever the storage, the network or the file of keys has to say."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return await asyncio.to_thread(work)
        except ClientError as error:
            said = error.response.get("Error", {})
            code, status = (
                str(said.get("Code", "")),
                error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
            )
            detail = f"{error.operation_name}: {code}: {said.get('Message', '')}"
            cls = StorageAway if status >= 500 and code not in _FULL else StorageError  # noqa: PLR2004 - the server's own
            raise cls(_CODES.get(code, cls.code), detail=detail, why=code, **self._words()) from error
        except (BotoCoreError, OSError) as error:
            raise StorageAway(detail=str(error), why=type(error).__name__, **self._words()) from error
        except ValueError as error:
            raise StorageError("error-storage-keys", detail=str(error), **self._words()) from error

    def _client(self) -> Any:
        """Nothing is taken from ~/.aws or the environment: what counts is what is configured.

        The file is read each time: keys that were exchanged work, and others no longer do, from the next request on.
        Raises ValueError.
        """
        keys = usable(self._target.credentials)
        if keys != self._keys:
            import botocore.config
            import botocore.session

            for one in keys:
                self._learn(one)
            key, secret = keys
            config = botocore.config.Config(
                signature_version="s3v4",
                s3={"addressing_style": "path", "payload_signing_enabled": True},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=10,
                read_timeout=ANSWER,
                retries={"mode": "standard", "total_max_attempts": 3},
                proxies={},
            )
            session = botocore.session.Session(
                session_vars={
                    "profile": (None, None, None, None),
                    "config_file": (None, None, os.devnull, None),
                    "credentials_file": (None, None, os.devnull, None),
                }
            )
            if self._made is not None:
                self._made.close()
            self._made = session.create_client(
                "s3",
                region_name=self._target.region,
                endpoint_url=self._target.s3,
                aws_access_key_id=key,
                aws_secret_access_key=secret.get_secret_value(),
                config=config,
            )
            self._keys = keys
        return self._made


def _compare(parts: Sequence[_Sent], told: str, words: dict[str, str]) -> None:
    """Storage that names a file by its parts' MD5 must name ours; storage that encrypts names them otherwise."""
    found = _MD5_OF_PARTS.fullmatch(told)
    plain = all(one.etag.strip('"') == one.md5.hex() for one in parts)
    expected = hashlib.md5(b"".join(one.md5 for one in parts), usedforsecurity=False).hexdigest()
    if found and plain and (found[1], int(found[2])) != (expected, len(parts)):
        raise StorageError("error-storage-differs", **words)
