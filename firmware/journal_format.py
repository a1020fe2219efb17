"""How the journal lies on flash: bytes in, values out. ``journal`` decides what is written and when.

The partition is a set of blocks of 4096 bytes. A block in use has a generation, counted from 1, which gives the order
of blocks. All integers are little-endian. Every part starts at a multiple of 8; no byte is programmed twice between
erases. The first byte of an entry is programmed by itself, so the part must be without ECC of its own (quad NOR is).

    block   0     clean mark, 8 bytes: the erase of this block came to its end
            8     header, 48 bytes
            56    entries, one after the other, until
            4040  successor mark, 8 bytes: not blank as soon as the next block is in use
            4048  the header again, against bit rot

    header  magic "hcpj" | generation u32 | next seq u64 | hash of the record before it, 16 bytes | receipted seq u64
            | boot counter u32 | crc u32: the state of the journal when the block was opened

    entry   kind u8 | size u8 | low u16 | content (``size`` bytes) | crc u32 | blank up to a multiple of 8

    kind    content                                                          low: 16 bits of
    3       tentative press, up to 200 bytes of the application's             next seq
    5       record: signature (64) and payload without its trailing zeros     its seq
    6       record of an event: the same, but a tentative press stays         its seq
    9       receipt: u64, every record up to this seq is receipted            next seq
    10      boot: u32, the boot counter                                       next seq

The kind is programmed last, when the rest reads back as it should. So an unreadable entry that begins with 0xff was cut
off by the power, and nobody counts on it; one that begins otherwise was whole once, and rotted. Of a kind whose own
program was cut some bits still read as ones: each kind has two bits, so the crc tells which one it was to be.

Every crc is CRC-32 seeded with that of the device id; an entry's covers the generation too. So what an interrupted
erase left of an older generation is never taken for an entry, and another device's journal reads as an empty one.
"""

import binascii
import struct

BLOCK = 4096
CLEAN_MARK = b"hcpclean"
HEADER_AT = 8
ENTRIES_AT = 56
SUCCESSOR_AT = 4040  # also the end of the entries
COPY_AT = 4048  # of the header

SUCCESSOR_MARK = b"hcp-next"

TENTATIVE = 3
RECORD = 5
EVENT = 6
RECEIPT = 9
BOOT = 10
_KINDS = (TENTATIVE, RECORD, EVENT, RECEIPT, BOOT)
UNCOMMITTED = 0xFF
#: What ``Blocks.entries`` calls a stretch that cannot be read.
UNREADABLE = 1

MAX_TENTATIVE = 200
SIGNATURE_SIZE = 64
PAYLOAD_SIZE = 152
MAX_CONTENT = SIGNATURE_SIZE + PAYLOAD_SIZE

_HEADER = "<4sIQ16sQI"
HEADER_SIZE = 48
_MAGIC = b"hcpj"
_NOTHING = b"\xff" * 8
_OVERHEAD = 8


def room(size: int) -> int:
    """The bytes that an entry with ``size`` bytes of content takes in its block."""
    return (size + _OVERHEAD + 7) & ~7


MAX_ENTRY = room(MAX_CONTENT)


def device_salt(kid: str) -> int:
    """What every crc of this device id starts from."""
    return binascii.crc32(kid.encode())


def block_salt(salt: int, generation: int) -> int:
    """What the crc of the entries of one block starts from."""
    return binascii.crc32(struct.pack("<I", generation), salt)


def pack_header(salt: int, generation: int, next_seq: int, head_hash: bytes, receipted: int, boot: int) -> bytes:
    """The 48 bytes of a header."""
    body = struct.pack(_HEADER, _MAGIC, generation, next_seq, head_hash, receipted, boot)
    return body + struct.pack("<I", binascii.crc32(body, salt))


def unpack_header(salt: int, data):
    """``(generation, next_seq, head_hash, receipted, boot)``, or None if these 48 bytes are no header of ours."""
    if data[:4] != _MAGIC or struct.unpack_from("<I", data, 44)[0] != binascii.crc32(data[:44], salt):
        return None
    return struct.unpack(_HEADER, data[:44])[1:]


def pack_entry(salt: int, kind: int, seq: int, content: bytes) -> bytes:
    """An entry, without the blank bytes at its end. ``salt`` is the block's."""
    body = struct.pack("<BBH", kind, len(content), seq & 0xFFFF) + content
    return body + struct.pack("<I", binascii.crc32(body, salt))


def unpack_entry(salt: int, data):
    """``(kind, size, low)`` of the entry that ``data`` begins with, or None. Its content is ``data[4 : 4 + size]``."""
    found, size, low = struct.unpack_from("<BBH", data)
    if found == UNCOMMITTED or size + _OVERHEAD > len(data):
        return None
    for kind in _KINDS:
        if found & kind == kind and _is_whole(salt, kind, size, data):
            return kind, size, low
    return None


def _is_whole(salt, kind, size, data):
    crc = binascii.crc32(data[1 : 4 + size], binascii.crc32(bytes((kind,)), salt))
    return crc == struct.unpack_from("<I", data, 4 + size)[0]


def guess(data, size: int) -> int:
    """What ``size`` unreadable bytes were, by the head of an entry that they still seem to begin with.

    The kind of that one entry; UNCOMMITTED if the power cut it off; 0 if nothing can be said.
    """
    if data[0] == UNCOMMITTED:
        return UNCOMMITTED if size <= MAX_ENTRY or data == _NOTHING else 0
    return data[0] if data[0] in _KINDS and room(data[1]) == size else 0


def pack_record(payload: bytes, signature: bytes) -> bytes:
    """The content of a record: the padding at the end of a rating need not be on flash. Raises ValueError."""
    if len(payload) != PAYLOAD_SIZE or len(signature) != SIGNATURE_SIZE:
        raise ValueError("a record has 152 + 64 bytes, got %d + %d" % (len(payload), len(signature)))
    return bytes(signature) + bytes(payload).rstrip(b"\x00")


def unpack_record(content: bytes):
    """``(payload, signature)`` of a record's content."""
    payload = content[SIGNATURE_SIZE:]
    return payload + bytes(PAYLOAD_SIZE - len(payload)), content[:SIGNATURE_SIZE]
