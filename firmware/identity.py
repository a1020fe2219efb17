"""The identity partition: the device's key, and what enrolment gave it (spec 7).

Two blocks, each with a whole copy: magic "hcpi", generation, size and crc, then a CBOR map. The newest good copy
counts. What changes them is in ``identity_changes``, for it is wanted seldom. What is stored is secret; nothing here
prints it.
"""

import binascii
import struct
from collections import namedtuple

from firmware.crypto.der import private_key_der
from protocol import cbor
from protocol.errors import ProtocolError

BLOCK = 4096
MAGIC = b"hcpi"
HEAD = "<4sIII"  # magic, generation, size of the map, crc of generation, size and map
HEAD_SIZE = 16
MAX_SIZE = BLOCK - HEAD_SIZE

# keys of the map; 4 to 10 are there once the device is enrolled, 11 and above while it turns to its next key (spec 7.6)
VERSION = 1
PRIVATE_KEY = 2
PUBLIC_KEY = 3
ENROLLED = (4, 5, 6, 7, 8, 9, 10)
CERTIFICATE = 8
NEXT_PRIVATE = 11
NEXT_PUBLIC = 12
NEXT_CERTIFICATE = 13
TURNING_AT = 14

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
        return private_key_der(self.private_key, self.public_key)


def load(partition) -> Identity | None:
    """The identity of an enrolled device, or None as long as it is not."""
    fields = newest(partition)
    if fields is None or ENROLLED[0] not in fields:
        return None
    return Identity(fields[PRIVATE_KEY], fields[PUBLIC_KEY], *[fields[key] for key in ENROLLED])


def load_keys(partition):
    """``(private_key, public_key)``, or None as long as no key was made."""
    fields = newest(partition)
    return None if fields is None else (fields[PRIVATE_KEY], fields[PUBLIC_KEY])


def is_turning(partition) -> bool:
    """Whether the next key has its certificate and is to be turned to."""
    return NEXT_CERTIFICATE in (newest(partition) or ())


def newest(partition):
    found = None
    for block in (0, 1):
        copy = stored(partition, block)
        if copy is not None and (found is None or copy[0] > found[0]):
            found = copy
    return None if found is None else found[1]


def stored(partition, block):
    # (generation, map) of a block, or None if it holds no good copy
    head = bytearray(HEAD_SIZE)
    partition.readblocks(block, head, 0)
    magic, generation, size, crc = struct.unpack(HEAD, head)
    if magic != MAGIC or size > MAX_SIZE:
        return None
    body = bytearray(size)
    partition.readblocks(block, body, HEAD_SIZE)
    if crc != crc_of(generation, body):
        return None
    try:
        fields = cbor.decode(bytes(body))
    except ProtocolError:
        return None
    return (generation, fields) if isinstance(fields, dict) and fields.get(VERSION) == 1 else None


def crc_of(generation, body):
    return binascii.crc32(body, binascii.crc32(struct.pack("<II", generation, len(body))))
