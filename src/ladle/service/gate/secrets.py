"""Secrets: made at random, shown once, and kept as hashes alone.

A token, a session and a link are 256 random bits, so SHA-256 is enough to keep them. A password is chosen by a person,
so it is kept by scrypt, which costs memory and time for each guess.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

LEAST_PASSWORD, LONGEST_PASSWORD = 10, 1_000  # characters
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}  # 16 MiB and about 50 ms a guess
_MARK = "scrypt"


def new_secret() -> str:
    """256 random bits as text that can stand in an address."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def hash_password(password: str) -> str:
    """What is kept of a password. Cost: about 50 ms."""
    salt = secrets.token_bytes(16)
    return f"{_MARK}${salt.hex()}${_scrypt(password, salt).hex()}"


def is_password(password: str, kept: str) -> bool:
    """Whether this is the password. An account without one costs the same time, so that it cannot be told."""
    mark, _, rest = (kept or f"{_MARK}${'00' * 16}$").partition("$")
    salt, _, wanted = rest.partition("$")
    found = _scrypt(password, bytes.fromhex(salt)).hex()
    return mark == _MARK and bool(wanted) and hmac.compare_digest(found, wanted)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, **_SCRYPT)
