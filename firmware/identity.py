"""The identity partition: the device's key, and what enrolment gave it (spec 7).

Two blocks, each with a whole copy: magic "hcpi", generation, size and crc, then a CBOR map. The newest good copy
counts. A save writes the older block first and then the other, so at any moment one good copy is on flash, and normally
two: a power cut or a worn bit never costs the key. What is stored is secret; nothing here prints it.
"""

import binascii
import struct
from collections import namedtuple

from firmware.crypto import csr
from protocol import cbor
from protocol.errors import ProtocolError

_BLOCK = 4096
_MAGIC = b"hcpi"
_HEAD = "<4sIII"  # magic, generation, size of the map, crc of generation, size and map
_HEAD_SIZE = 16
MAX_SIZE = _BLOCK - _HEAD_SIZE

# keys of the map; 4 to 10 are there once the device is enrolled, 11 and above while it turns to its next key (spec 7.6)
_VERSION = 1
_PRIVATE_KEY = 2
_PUBLIC_KEY = 3
_ENROLLED = (4, 5, 6, 7, 8, 9, 10)
_CERTIFICATE = 8
_NEXT_PRIVATE = 11
_NEXT_PUBLIC = 12
_NEXT_CERTIFICATE = 13
_TURNING_AT = 14

_Fields = namedtuple(
    "Identity",
    ("private_key", "public_key", "device", "hall", "host", "port", "certificate", "ca", "downlink_key"),
)


class Identity(_Fields):
    """Who the device is. ``private_key`` (32 bytes) and ``downlink_key`` (32 bytes) are secret.

    ``public_key`` has 65 bytes; ``certificate`` and ``ca`` are DER.
    """

    def __repr__(self):
        return "Identity(device=%r, hall=%r, host=%r, port=%r)" % (self.device, self.hall, self.host, self.port)

    __str__ = __repr__

    def private_key_der(self) -> bytes:
        """The key as TLS wants it (RFC 5915). Secret."""
        return csr.private_key_der(self.private_key, self.public_key)


def load(partition) -> Identity | None:
    """The identity of an enrolled device, or None as long as it is not."""
    fields = _newest(partition)
    if fields is None or _ENROLLED[0] not in fields:
        return None
    return Identity(fields[_PRIVATE_KEY], fields[_PUBLIC_KEY], *[fields[key] for key in _ENROLLED])


def load_keys(partition):
    """``(private_key, public_key)``, or None as long as no key was made."""
    fields = _newest(partition)
    return None if fields is None else (fields[_PRIVATE_KEY], fields[_PUBLIC_KEY])


def save_keys(partition, private_key: bytes, public_key: bytes) -> None:
    """Store the keys of a device that has none. Raises ValueError if it has: a key is never replaced here."""
    if _newest(partition) is not None:
        raise ValueError("this device has a key; it stays")
    _save(partition, {_VERSION: 1, _PRIVATE_KEY: private_key, _PUBLIC_KEY: public_key})


def save(partition, identity: Identity) -> None:
    """Store what enrolment gave. Raises ValueError if it does not fit, or is for another key than the stored one."""
    if load_keys(partition) != (identity.private_key, identity.public_key):
        raise ValueError("this device has another key")
    fields = _newest(partition)
    fields.update(dict(zip(_ENROLLED, identity[2:])))  # noqa: B905 (MicroPython has no strict)
    _save(partition, fields)


def next_keys(partition):
    """``(private_key, public_key)`` of the next key, or None if none was made."""
    fields = _newest(partition)
    return (fields[_NEXT_PRIVATE], fields[_NEXT_PUBLIC]) if fields and _NEXT_PRIVATE in fields else None


def save_next_keys(partition, private_key: bytes, public_key: bytes) -> None:
    """Keep the next key beside the one in force. Raises ValueError if there is one, or no key in force."""
    fields = _newest(partition)
    if fields is None or _NEXT_PRIVATE in fields:
        raise ValueError("no key, or a next one already")
    fields[_NEXT_PRIVATE], fields[_NEXT_PUBLIC] = private_key, public_key
    _save(partition, fields)


def save_next(partition, identity: Identity) -> bool:
    """Store what enrolling the next key gave; False if it was stored before. It counts from ``turn`` on."""
    fields = _newest(partition)
    if fields[_NEXT_PRIVATE] != identity.private_key:
        raise ValueError("this device has another next key")
    values = dict(zip(_ENROLLED, identity[2:]))  # noqa: B905
    values[_NEXT_CERTIFICATE], values[_CERTIFICATE] = identity.certificate, fields[_CERTIFICATE]
    if all(fields.get(key) == value for key, value in values.items()):
        return False
    fields.update(values)
    _save(partition, fields)
    return True


def is_turning(partition) -> bool:
    """Whether the next key has its certificate and is to be turned to."""
    return _NEXT_CERTIFICATE in (_newest(partition) or ())


def turning_at(partition) -> int | None:
    """The seq that the event 4 has, if it was appended."""
    return (_newest(partition) or {}).get(_TURNING_AT)


def set_turning_at(partition, seq: int | None) -> None:
    fields = _newest(partition)
    fields[_TURNING_AT] = seq
    if seq is None:
        del fields[_TURNING_AT]
    _save(partition, fields)


def turn(partition) -> Identity:
    """Let the next key be the key, and forget the old one."""
    fields = _newest(partition)
    fields[_PRIVATE_KEY] = fields.pop(_NEXT_PRIVATE)
    fields[_PUBLIC_KEY] = fields.pop(_NEXT_PUBLIC)
    fields[_CERTIFICATE] = fields.pop(_NEXT_CERTIFICATE)
    fields.pop(_TURNING_AT, None)
    _save(partition, fields)
    return load(partition)


def _newest(partition):
    found = None
    for block in (0, 1):
        copy = _copy(partition, block)
        if copy is not None and (found is None or copy[0] > found[0]):
            found = copy
    return None if found is None else found[1]


def _save(partition, fields):
    body = cbor.encode(fields)
    if len(body) > MAX_SIZE:
        raise ValueError("an identity has up to %d bytes, got %d" % (MAX_SIZE, len(body)))
    generations = [copy[0] if copy else 0 for copy in (_copy(partition, 0), _copy(partition, 1))]
    older = 0 if generations[0] <= generations[1] else 1
    generation = max(generations)
    for block in (older, 1 - older):
        generation += 1
        head = struct.pack(_HEAD, _MAGIC, generation, len(body), _crc(generation, body))
        partition.ioctl(6, block)
        partition.writeblocks(block, head + body, 0)


def _copy(partition, block):
    # (generation, map) of a block, or None if it holds no good copy
    head = bytearray(_HEAD_SIZE)
    partition.readblocks(block, head, 0)
    magic, generation, size, crc = struct.unpack(_HEAD, head)
    if magic != _MAGIC or size > MAX_SIZE:
        return None
    body = bytearray(size)
    partition.readblocks(block, body, _HEAD_SIZE)
    if crc != _crc(generation, body):
        return None
    try:
        fields = cbor.decode(bytes(body))
    except ProtocolError:
        return None
    return (generation, fields) if isinstance(fields, dict) and fields.get(_VERSION) == 1 else None


def _crc(generation, body):
    return binascii.crc32(body, binascii.crc32(struct.pack("<II", generation, len(body))))
