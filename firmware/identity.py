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

# keys of the map; 4 and above are there once the device is enrolled
_VERSION = 1
_PRIVATE_KEY = 2
_PUBLIC_KEY = 3
_ENROLLED = (4, 5, 6, 7, 8, 9, 10)

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
    fields = {_VERSION: 1, _PRIVATE_KEY: identity.private_key, _PUBLIC_KEY: identity.public_key}
    for key, value in zip(_ENROLLED, identity[2:]):  # noqa: B905 (MicroPython has no strict)
        fields[key] = value
    _save(partition, fields)


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
