"""What PostgreSQL stores of a password (SCRAM-SHA-256), and whether a password opens it."""

import base64
import hashlib
import hmac
import re
import secrets

_STORED = re.compile(r"SCRAM-SHA-256\$(\d{1,7}):([A-Za-z0-9+/=]+)\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}")
_ROUNDS = 4096


def is_verifier(text: str) -> bool:
    """ALTER ROLE takes such a text as it is."""
    return _STORED.fullmatch(text) is not None


def verifier(password: str, salt: bytes = b"", rounds: int = _ROUNDS) -> str:
    """Made with a salt of its own unless one is given."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(one).decode() for one in (salt, stored, server))
    return f"SCRAM-SHA-256${rounds}:{salt64}${stored64}:{server64}"


def opens(stored: str, password: str) -> bool:
    """Whether this is the password."""
    found = _STORED.fullmatch(stored)
    return found is not None and verifier(password, base64.b64decode(found[2]), int(found[1])) == stored
