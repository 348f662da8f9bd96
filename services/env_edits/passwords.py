"""A role's password as PostgreSQL stores it, computed here: the clear password never travels to the server or its log."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata

from pydantic import SecretStr

_SCRAM = re.compile(
    r"SCRAM-SHA-256\$(?P<rounds>\d{1,7}):(?P<salt>[A-Za-z0-9+/=]+)\$(?P<stored>[A-Za-z0-9+/=]{44}):(?P<server>[A-Za-z0-9+/=]{44})"
)
_MD5 = re.compile(r"md5[0-9a-f]{32}")
ROUNDS = 4096
SALT = 16


def is_verifier(text: str) -> bool:
    """Whether it is what PostgreSQL stores: no character of it means anything to SQL or psql."""
    return bool(_SCRAM.fullmatch(text) or _MD5.fullmatch(text))


def matches(stored: str, password: SecretStr, role: str) -> bool:
    """Whether this password opens what the server stores."""
    if found := _SCRAM.fullmatch(stored):
        made = _scram(password, base64.b64decode(found["salt"]), int(found["rounds"]))
        return hmac.compare_digest(made, stored)
    return bool(_MD5.fullmatch(stored)) and hmac.compare_digest(_md5(password, role), stored)


def verifier(password: SecretStr, role: str, like: str) -> str:
    """What the server is to store, of the same kind as what it stores now: clients that log in today still can."""
    return (
        _md5(password, role) if _MD5.fullmatch(like) else _scram(password, secrets.token_bytes(SALT), ROUNDS)
    )


def _scram(password: SecretStr, salt: bytes, rounds: int) -> str:
    """RFC 5802 and 7677. Beyond ASCII the server normalises first; what has no normal form is taken as it is."""
    plain = unicodedata.normalize("NFKC", password.get_secret_value()).encode("utf-8", "surrogateescape")
    salted = hashlib.pbkdf2_hmac("sha256", plain, salt, rounds)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    salt64, stored64, server64 = (base64.b64encode(one).decode() for one in (salt, stored, server))
    return f"SCRAM-SHA-256${rounds}:{salt64}${stored64}:{server64}"


def _md5(password: SecretStr, role: str) -> str:
    plain = password.get_secret_value().encode("utf-8", "surrogateescape") + role.encode()
    return "md5" + hashlib.md5(plain, usedforsecurity=False).hexdigest()
