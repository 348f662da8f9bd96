"""Copies that leave are encrypted: opened here by the library and by age's own command line."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest

from services.backups.encryption import decrypt, encrypt, identities, is_encrypted, recipient_problem
from services.errors import BadInput, StepFailed

MB = 1 << 20


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    file = tmp_path / "db.dump"
    file.write_bytes(b"PGDMP" + os.urandom(3 * MB))
    return file


def keys(folder: Path, name: str = "key.txt") -> tuple[str, Path]:
    """As age-keygen writes them."""
    identity = pyrage.x25519.Identity.generate()
    file = folder / name
    file.write_text(f"# created: 2026-01-01\n# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public()), file


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


async def test_each_recipient_can_open_a_copy_alone(dump: Path, tmp_path: Path) -> None:
    first, first_key = keys(tmp_path)
    second, second_key = keys(tmp_path, "second.txt")
    size, sha256 = await encrypt(dump, tmp_path / "sealed", (first, second))
    assert (size, sha256) == ((tmp_path / "sealed").stat().st_size, digest(tmp_path / "sealed"))
    assert is_encrypted(tmp_path / "sealed")
    assert not is_encrypted(dump)
    assert b"PGDMP" not in (tmp_path / "sealed").read_bytes()
    for key in (first_key, second_key):
        assert await decrypt(tmp_path / "sealed", tmp_path / "open", key) == (
            dump.stat().st_size,
            digest(dump),
        )
        assert digest(tmp_path / "open") == digest(dump)
        (tmp_path / "open").unlink()


async def test_the_command_line_of_age_opens_a_copy(dump: Path, tmp_path: Path) -> None:
    """Nobody needs Opsgate for it."""
    if shutil.which("age") is None:
        reason = "age is not installed (make engine)"
        if os.environ.get("CI"):
            pytest.fail(f"in CI nothing is skipped, but: {reason}")
        pytest.skip(reason)
    made = subprocess.run(["age-keygen"], check=True, capture_output=True, text=True)
    (tmp_path / "key.txt").write_text(made.stdout)
    recipient = next(line for line in made.stdout.splitlines() if "public key: " in line).split(": ")[1]
    await encrypt(dump, tmp_path / "sealed", [recipient])
    argv: list[str | Path] = ["age", "--decrypt", "--identity", tmp_path / "key.txt", tmp_path / "sealed"]
    opened = subprocess.run(argv, check=True, capture_output=True).stdout
    assert hashlib.sha256(opened).hexdigest() == digest(dump)


async def test_nobody_but_its_owner_reads_what_is_written(dump: Path, tmp_path: Path) -> None:
    recipient, key = keys(tmp_path)
    await encrypt(dump, tmp_path / "sealed", [recipient])
    await decrypt(tmp_path / "sealed", tmp_path / "open", key)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("sealed", "open")} == {0o600}


async def test_another_key_opens_nothing(dump: Path, tmp_path: Path) -> None:
    recipient, _ = keys(tmp_path)
    _, other = keys(tmp_path, "other.txt")
    await encrypt(dump, tmp_path / "sealed", [recipient])
    with pytest.raises(BadInput) as caught:
        await decrypt(tmp_path / "sealed", tmp_path / "open", other)
    assert caught.value.phrase.id == "error-decrypt"
    assert not (tmp_path / "open").exists()


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.01])
async def test_a_cut_copy_is_refused_and_leaves_nothing(dump: Path, tmp_path: Path, kept: float) -> None:
    """R-DB-4: nothing that is not whole passes."""
    recipient, key = keys(tmp_path)
    await encrypt(dump, tmp_path / "sealed", [recipient])
    data = (tmp_path / "sealed").read_bytes()
    (tmp_path / "sealed").write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(BadInput):
        await decrypt(tmp_path / "sealed", tmp_path / "open", key)
    assert not (tmp_path / "open").exists()


async def test_a_flipped_bit_is_refused(dump: Path, tmp_path: Path) -> None:
    recipient, key = keys(tmp_path)
    await encrypt(dump, tmp_path / "sealed", [recipient])
    data = bytearray((tmp_path / "sealed").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "sealed").write_bytes(data)
    with pytest.raises(BadInput):
        await decrypt(tmp_path / "sealed", tmp_path / "open", key)


async def test_a_full_disk_leaves_no_half(dump: Path, tmp_path: Path) -> None:
    recipient, _ = keys(tmp_path)
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode:
        if os.environ.get("CI"):
            pytest.fail("in CI nothing is skipped, but: only root can make a small file system")
        pytest.skip("only root can make a small file system")
    try:
        with pytest.raises(StepFailed) as caught:
            await encrypt(dump, small / "sealed", [recipient])
        assert caught.value.phrase.id == "error-encrypt"
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


async def test_a_large_copy_takes_no_more_memory(tmp_path: Path) -> None:
    recipient, key = keys(tmp_path)
    large = tmp_path / "large"
    with large.open("wb") as written:
        for _ in range(60):
            written.write(os.urandom(MB))
    await encrypt(Path(__file__), tmp_path / "warm", [recipient])
    before = memory()
    await encrypt(large, tmp_path / "sealed", [recipient])
    await decrypt(tmp_path / "sealed", tmp_path / "open", key)
    assert memory() - before < 12 * MB


def memory() -> int:
    """The most that this process had resident at once, in bytes, since it was asked for the last time."""
    peak = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    Path("/proc/self/clear_refs").write_text("5")
    return int(peak.split()[1]) * 1024


@pytest.mark.parametrize("text", ["", "# only a comment\n", "AGE-SECRET-KEY-1WRONG\n", "\xff\n"])
def test_a_bad_key_file_is_told_without_its_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.txt").write_text(text, encoding="latin-1")
    with pytest.raises(BadInput) as caught:
        identities(tmp_path / "key.txt")
    assert caught.value.phrase.id == "error-identity"
    assert "WRONG" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_mistyped_recipient_is_seen_before_anything_is_encrypted_to_nobody(tmp_path: Path) -> None:
    recipient, _ = keys(tmp_path)
    swapped = recipient[:-1] + ("q" if recipient[-1] != "q" else "p")
    assert recipient_problem(recipient) is None
    assert "age-keygen" in str(recipient_problem(swapped))
