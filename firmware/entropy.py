"""What a key is mixed from besides the random source of the chip (see crypto.keygen)."""

import hashlib
import time


def chip_id() -> bytes:
    import machine

    return machine.unique_id() if hasattr(machine, "unique_id") else b""


def jitter() -> bytes:
    """How long the same work takes depends on caches, radio and flash: little entropy, but of another source."""
    work = hashlib.sha256()
    for _ in range(256):
        work.update(str(time.ticks_us()).encode())
    return work.digest()
