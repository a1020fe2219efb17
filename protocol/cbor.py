"""Deterministic CBOR (RFC 8949 §4.2.1), the part of it that spec 2.2 allows.

``encode`` and ``decode`` are inverses: decoding accepts only what encoding would have written.
"""

from collections import namedtuple

from protocol.errors import ProtocolError

MAX_DEPTH = 8
#: No message of ours comes near it; 4096 bytes of empty maps would fill a device's memory (spec 2.3).
MAX_ITEMS = 512

#: A tagged item: ``number`` and the ``value`` it is put on.
Tag = namedtuple("Tag", ("number", "value"))

_SIMPLE = {False: b"\xf4", True: b"\xf5", None: b"\xf6"}
_SIMPLE_VALUES = {0xF4: False, 0xF5: True, 0xF6: None}
# the shortest argument that may be written in 1, 2, 4, 8 bytes after the head (RFC 8949 §4.2.1)
_SMALLEST = {24: 24, 25: 0x100, 26: 0x10000, 27: 0x100000000}


def head(major: int, argument: int) -> bytes:
    """The first bytes of an item: major type 0…7 and its argument in the shortest form."""
    top = major << 5
    if argument < 24:
        return bytes((top | argument,))
    if argument < 0x100:
        return bytes((top | 24, argument))
    if argument < 0x10000:
        return bytes((top | 25,)) + argument.to_bytes(2, "big")
    if argument < 0x100000000:
        return bytes((top | 26,)) + argument.to_bytes(4, "big")
    if argument < 0x10000000000000000:
        return bytes((top | 27,)) + argument.to_bytes(8, "big")
    raise ValueError("integer needs more than 64 bits")


def encode(value) -> bytes:
    """The one encoding of ``value``: int, bytes, str, list or tuple, dict, Tag, bool or None.

    Raises TypeError for another type and ValueError for an integer beyond 64 bits: both are our own mistake.
    """
    parts: list = []
    _write(value, parts)
    return b"".join(parts)


def _write(value, parts) -> None:
    if value is None or value is True or value is False:
        parts.append(_SIMPLE[value])
    elif isinstance(value, int):
        parts.append(head(0, value) if value >= 0 else head(1, -1 - value))
    elif isinstance(value, (bytes, bytearray, memoryview)):
        parts.append(head(2, len(value)))
        parts.append(bytes(value))
    elif isinstance(value, str):
        text = value.encode()
        parts.append(head(3, len(text)))
        parts.append(text)
    elif isinstance(value, Tag):
        parts.append(head(6, value.number))
        _write(value.value, parts)
    elif isinstance(value, (list, tuple)):
        parts.append(head(4, len(value)))
        for item in value:
            _write(item, parts)
    elif isinstance(value, dict):
        parts.append(head(5, len(value)))
        for row in sorted([(encode(key), encode(item)) for key, item in value.items()]):
            parts.extend(row)
    else:
        raise TypeError("cannot encode " + type(value).__name__)


def decode(data: bytes):
    """The value that ``data`` encodes. Maps become dicts, arrays lists, tags ``Tag``.

    Raises ProtocolError: ``truncated``, ``trailing``, ``not_canonical``, ``unsupported``, ``too_deep``, ``too_large``
    or ``bad_utf8``.
    """
    value, end = decode_prefix(data, 0)
    if end != len(data):
        raise ProtocolError("trailing", "%d bytes after the end" % (len(data) - end))
    return value


def decode_prefix(data: bytes, start: int):
    """``(value, end)`` of the item at ``start``, for reading a CBOR sequence (RFC 8742). Raises as ``decode`` does."""
    return _read(data, start, 0, [MAX_ITEMS])


def _read(data, at, depth, room):
    # ``room`` is a list of one: how many items may still come
    if depth > MAX_DEPTH:
        raise ProtocolError("too_deep", "more than %d levels" % MAX_DEPTH)
    if at >= len(data):
        raise ProtocolError("truncated", "an item is missing at %d" % at)
    if not room[0]:
        raise ProtocolError("too_large", "more than %d items" % MAX_ITEMS)
    room[0] -= 1
    first = data[at]
    if first >= 0xE0:
        if first not in _SIMPLE_VALUES:
            raise ProtocolError("unsupported", "item 0x%02x at %d" % (first, at))
        return _SIMPLE_VALUES[first], at + 1
    major = first >> 5
    argument, at = _argument(data, at)
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major == 2 or major == 3:
        end = at + argument
        if end > len(data):
            raise ProtocolError("truncated", "a string of %d bytes at %d" % (argument, at))
        raw = bytes(data[at:end])
        return (raw if major == 2 else text(raw)), end
    if major == 6:
        value, at = _read(data, at, depth + 1, room)
        return Tag(argument, value), at
    # every item is at least one byte: refuse a count that cannot be there before making room for it
    if argument > (len(data) - at) // (1 if major == 4 else 2):
        raise ProtocolError("truncated", "%d items at %d" % (argument, at))
    return (_array if major == 4 else _map)(data, at, argument, depth, room)


def _argument(data, at):
    info = data[at] & 0x1F
    at += 1
    if info < 24:
        return info, at
    if info > 27:
        # 31 begins an indefinite length, which only strings, arrays and maps can have
        indefinite = info == 31 and 0x40 <= data[at - 1] < 0xC0
        raise ProtocolError("not_canonical" if indefinite else "unsupported", "head 0x%02x" % data[at - 1])
    size = 1 << (info - 24)
    if at + size > len(data):
        raise ProtocolError("truncated", "a head at %d" % (at - 1))
    argument = int.from_bytes(data[at : at + size], "big")
    if argument < _SMALLEST[info]:
        raise ProtocolError("not_canonical", "%d is not in its shortest form" % argument)
    return argument, at + size


def text(raw: bytes) -> str:
    """``raw`` read as UTF-8 (RFC 3629), equally strict on both runtimes. Raises ProtocolError ``bad_utf8``."""
    # MicroPython's decoder checks the form of sequences but lets some code points through: re-encoding is not enough,
    # so overlong forms, surrogates and what lies above U+10FFFF are looked for by hand.
    at = 0
    while at < len(raw):
        lead = raw[at]
        if lead < 0x80:
            at += 1
            continue
        size = 2 if 0xC2 <= lead <= 0xDF else 3 if 0xE0 <= lead <= 0xEF else 4 if 0xF0 <= lead <= 0xF4 else 0
        follow = raw[at + 1 : at + size]
        if not size or len(follow) != size - 1 or any(b & 0xC0 != 0x80 for b in follow):
            raise ProtocolError("bad_utf8", "byte 0x%02x" % lead)
        second = follow[0]
        if (
            (lead == 0xE0 and second < 0xA0)
            or (lead == 0xED and second > 0x9F)
            or (lead == 0xF0 and second < 0x90)
            or (lead == 0xF4 and second > 0x8F)
        ):
            raise ProtocolError("bad_utf8", "0x%02x%02x" % (lead, second))
        at += size
    return raw.decode()


def _array(data, at, count, depth, room):
    items = []
    for _ in range(count):
        item, at = _read(data, at, depth + 1, room)
        items.append(item)
    return items, at


def _map(data, at, count, depth, room):
    result = {}
    previous = None
    for _ in range(count):
        start = at
        key, at = _read(data, at, depth + 1, room)
        encoded = bytes(data[start:at])
        if previous is not None and encoded <= previous:
            raise ProtocolError("not_canonical", "map keys out of order or twice")
        previous = encoded
        if isinstance(key, (list, dict, Tag)):
            raise ProtocolError("unsupported", "a map key that is an array, a map or a tag")
        # 1, True and -0-like twins never meet here: bools are told from ints by their encoding
        if key is True or key is False:
            raise ProtocolError("unsupported", "a map key that is a truth value")
        result[key], at = _read(data, at, depth + 1, room)
    return result, at
