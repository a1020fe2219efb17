"""Making the device's private key, and keeping a poor random source from spoiling it.

os.urandom of an ESP32 is truly random only while its radio runs. So two draws of it are mixed with whatever else the
caller can offer: the chip's unique id, ticks between key presses, noise of an ADC. The result is as good as the best of
them. Runs on MicroPython and CPython.
"""

from os import urandom

from firmware.crypto.p256 import N
from protocol.hmac import hmac_sha256


def first_in_range(candidates):
    """The first of the 32-byte candidates that is a private key, 1 <= d < n. RuntimeError if there is none."""
    for candidate in candidates:
        if 0 < int.from_bytes(candidate, "big") < N:
            return candidate
    raise RuntimeError("private key: no candidate is from 1 to n-1; SHA-256 of this build is broken")


def make_private_key(*extra: bytes, random=urandom) -> bytes:
    """A new P-256 private key of 32 bytes, 1 <= d < n.

    `extra` are byte strings that an attacker would find hard to know; order and lengths count. `random(count)` is the
    main source. RuntimeError if that source is plainly broken (it repeats itself).
    """
    salt, seed = random(32), random(32)
    if len(salt) != 32 or len(seed) != 32 or salt == seed:
        raise RuntimeError("random source: two draws of 32 bytes should differ, got the same; no key was made")
    lengths = b"".join([len(part).to_bytes(4, "big") for part in extra])
    # HKDF's shape (RFC 5869): extract into one key, then expand; rejection keeps the result even (FIPS 186-5 A.2.2).
    pool = hmac_sha256(salt, seed, lengths, *extra)
    return first_in_range(hmac_sha256(pool, b"hcp private key", bytes([counter])) for counter in range(256))
