"""Changing what is in the identity partition (see ``identity``): at enrolment, and when the key is turned (spec 7.6).

A save writes the older block first and then the other, so at any moment one good copy is on flash, and normally two: a
power cut or a worn bit never costs the key. Whoever changes it finds the reading half here as well.
"""

import struct

from firmware.identity import (
    CERTIFICATE,
    ENROLLED,
    HEAD,
    MAGIC,
    MAX_SIZE,
    NEXT_CERTIFICATE,
    NEXT_PRIVATE,
    NEXT_PUBLIC,
    PRIVATE_KEY,
    PUBLIC_KEY,
    TURNING_AT,
    VERSION,
    Identity,
    crc_of,
    is_turning,
    load,
    load_keys,
    newest,
    stored,
)
from protocol import cbor

__all__ = ("Identity", "is_turning", "load", "load_keys")


def save_keys(partition, private_key: bytes, public_key: bytes) -> None:
    """Store the keys of a device that has none. Raises ValueError if it has: a key is never replaced here."""
    if newest(partition) is not None:
        raise ValueError("this device has a key; it stays")
    _save(partition, {VERSION: 1, PRIVATE_KEY: private_key, PUBLIC_KEY: public_key})


def save(partition, identity: Identity) -> None:
    """Store what enrolment gave. Raises ValueError if it does not fit, or is for another key than the stored one."""
    if load_keys(partition) != (identity.private_key, identity.public_key):
        raise ValueError("this device has another key")
    fields = newest(partition)
    fields.update(dict(zip(ENROLLED, identity[2:])))  # noqa: B905 (MicroPython has no strict)
    _save(partition, fields)


def next_keys(partition):
    """``(private_key, public_key)`` of the next key, or None if none was made."""
    fields = newest(partition)
    return (fields[NEXT_PRIVATE], fields[NEXT_PUBLIC]) if fields and NEXT_PRIVATE in fields else None


def save_next_keys(partition, private_key: bytes, public_key: bytes) -> None:
    """Keep the next key beside the one in force. Raises ValueError if there is one, or no key in force."""
    fields = newest(partition)
    if fields is None or NEXT_PRIVATE in fields:
        raise ValueError("no key, or a next one already")
    fields[NEXT_PRIVATE], fields[NEXT_PUBLIC] = private_key, public_key
    _save(partition, fields)


def save_next(partition, identity: Identity) -> bool:
    """Store what enrolling the next key gave; False if it was stored before. It counts from ``turn`` on."""
    fields = newest(partition)
    if fields[NEXT_PRIVATE] != identity.private_key:
        raise ValueError("this device has another next key")
    values = dict(zip(ENROLLED, identity[2:]))  # noqa: B905
    values[NEXT_CERTIFICATE], values[CERTIFICATE] = identity.certificate, fields[CERTIFICATE]
    if all(fields.get(key) == value for key, value in values.items()):
        return False
    fields.update(values)
    _save(partition, fields)
    return True


def turning_at(partition) -> int | None:
    """The seq that the event 4 has, if it was appended."""
    return (newest(partition) or {}).get(TURNING_AT)


def set_turning_at(partition, seq: int | None) -> None:
    fields = newest(partition)
    fields[TURNING_AT] = seq
    if seq is None:
        del fields[TURNING_AT]
    _save(partition, fields)


def turn(partition) -> Identity:
    """Let the next key be the key, and forget the old one."""
    fields = newest(partition)
    fields[PRIVATE_KEY] = fields.pop(NEXT_PRIVATE)
    fields[PUBLIC_KEY] = fields.pop(NEXT_PUBLIC)
    fields[CERTIFICATE] = fields.pop(NEXT_CERTIFICATE)
    fields.pop(TURNING_AT, None)
    _save(partition, fields)
    return load(partition)


def _save(partition, fields):
    body = cbor.encode(fields)
    if len(body) > MAX_SIZE:
        raise ValueError("an identity has up to %d bytes, got %d" % (MAX_SIZE, len(body)))
    generations = [copy[0] if copy else 0 for copy in (stored(partition, 0), stored(partition, 1))]
    older = 0 if generations[0] <= generations[1] else 1
    generation = max(generations)
    for block in (older, 1 - older):
        generation += 1
        head = struct.pack(HEAD, MAGIC, generation, len(body), crc_of(generation, body))
        partition.ioctl(6, block)
        partition.writeblocks(block, head + body, 0)
