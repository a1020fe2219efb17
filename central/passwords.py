"""Passwords of accounts: made, hashed with scrypt, compared in constant time. Nobody else reads or keeps one."""

import base64
import secrets
import threading

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

LEAST, MOST = 10, 200
#: scrypt's cost, log n, r and p: 2^15 · 8 · 128 bytes = 32 MiB and about a quarter of a second each time.
COST = (15, 8, 3)
#: So many at once: a flood of sign-ins must not take the memory.
_room = threading.Semaphore(2)
#: Letters and digits that nobody confuses on paper.
_SIGNS = "abcdefghijkmnpqrstuvwxyz23456789"


def first() -> str:
    """A password for the first sign-in, 80 random bits."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4))


def problem(password: str, account: str) -> str | None:
    """Why this one will not do, as a sentence; None if it will."""
    if not LEAST <= len(password) <= MOST:
        return f"密码应为 {LEAST} 至 {MOST} 个字符"
    if account.lower() in password.lower():
        return "密码不得包含账号"
    if len(set(password)) < 5:
        return "密码中不同的字符太少"
    return None


def hashed(password: str) -> str:
    """As it is stored: ``scrypt$log n$r$p$salt$hash``."""
    salt, (log_n, r, p) = secrets.token_bytes(16), COST
    with _room:
        derived = Scrypt(salt=salt, length=32, n=1 << log_n, r=r, p=p).derive(password.encode())
    return _stored(salt, derived)


def matches(password: str, stored: str | None) -> bool:
    """Whether it is the one. None, for an account that is not there, takes as long and never matches."""
    _, log_n, r, p, salt, expected = (stored or _stored(bytes(16), bytes(32))).split("$")
    with _room:
        try:
            kdf = Scrypt(salt=base64.b64decode(salt), length=32, n=1 << int(log_n), r=int(r), p=int(p))
            kdf.verify(password.encode(), base64.b64decode(expected))
        except InvalidKey:
            return False
    return stored is not None


def _stored(salt: bytes, derived: bytes) -> str:
    return "$".join(["scrypt", *map(str, COST), _text(salt), _text(derived)])


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
