"""HMAC-SHA-256 (RFC 2104, FIPS 198-1), and the comparison that a MAC needs.

MicroPython has SHA-256 in C and nothing above it. Runs on MicroPython and CPython.
"""

from hashlib import sha256

_BLOCK = 64  # bytes that SHA-256 takes at a time
_INNER = int.from_bytes(b"\x36" * _BLOCK, "big")
_OUTER = int.from_bytes(b"\x5c" * _BLOCK, "big")


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """The 32-byte HMAC of the parts joined. Nothing marks where one part ends: callers that need that add lengths."""
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    # One XOR of two long integers: a loop over 64 small ones costs the device about ten times as much.
    padded = int.from_bytes(bytes(key) + bytes(_BLOCK - len(key)), "big")
    inner = sha256((padded ^ _INNER).to_bytes(_BLOCK, "big"))
    for part in parts:
        inner.update(part)
    outer = sha256((padded ^ _OUTER).to_bytes(_BLOCK, "big"))
    outer.update(inner.digest())
    return outer.digest()


def same(a: bytes, b: bytes) -> bool:
    """Whether two byte strings are equal, in a time that depends on their length only (never where they differ)."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0
