"""Records: what a device signs (spec 3). Building a payload, and reading one that arrived.

A payload is built by ``rating_payload`` or ``event_payload``, signed, and packed into a record by ``cose.sign1_pack``.
It is read by ``parse``, which accepts exactly what the builders can make.
"""

import hashlib
from collections import namedtuple

from protocol import cbor, cose, topics
from protocol.errors import ProtocolError

VERSION = 1
PAYLOAD_SIZE = 152
HASH_IN_CHAIN = 16
GENESIS = bytes(HASH_IN_CHAIN)

RATING = 1
EVENT = 2
SELFTEST = 3

# keys of a payload (spec 3.2 to 3.4) that others ask for by number
KIND = 2
WALL_MS = 7
ERROR_MS = 8
TOKEN = 11
DETAIL = 17

# flags of a rating (spec 3.3, key 14)
UNARMED = 1
RECOVERED = 2
CLOSED_EARLY = 4
CHANGES_LEFT_OUT = 8
CLOCK_SET = 16
TWO_KEYS = 32
BURST = 64
UNSURE = 128

#: Event codes (spec 3.4).
EVENTS = {
    1: "boot",
    2: "recovered",
    3: "clock_stepped",
    4: "key_rotated",
    5: "records_lost",
    6: "journal_full",
    7: "tamper",
    8: "firmware",
    9: "fork_seen",
    10: "clock_set",
}
EVENT_CODES = {name: code for code, name in EVENTS.items()}

MAX_REASONS = 4
MAX_CHANGES = 4
MAX_DETAIL = 5
_U8 = 0xFF
_U16 = 0xFFFF
_U32 = 0xFFFFFFFF
_U64 = 0xFFFFFFFFFFFFFFFF
_PAD_MIN = 24
_PAD_MAX = 151

#: What every record has. ``wall_ms`` and ``error_ms`` are None together; ``prev`` has 16 bytes.
Head = namedtuple("Head", ("seq", "prev", "boot", "uptime_ms", "wall_ms", "error_ms"))

#: A record that was read. ``body`` is the rating's or the event's own part.
Record = namedtuple("Record", ("device", "kind", "head", "body", "signature", "to_be_signed"))

#: ``changes`` is a tuple of (ms before the press that counts, level), oldest first.
Rating = namedtuple("Rating", ("level", "reasons", "token", "indicators", "changes", "flags"))

#: ``code`` as in spec 3.4 (an unknown one is kept as it is), ``detail`` a dict.
Event = namedtuple("Event", ("code", "detail"))


def record_hash(data: bytes) -> bytes:
    """SHA-256 over a record's COSE bytes as they travelled (spec 4.1)."""
    return hashlib.sha256(data).digest()


def rating_payload(head: Head, rating: Rating, kind: int = RATING) -> bytes:
    """The 152 bytes to sign for a rating, or for a self-test with ``kind=SELFTEST``.

    Raises ProtocolError ``bad_field`` or ``bad_kind`` if a value breaks spec 3: the caller's mistake.
    """
    if kind not in (RATING, SELFTEST) or kind is True:
        raise ProtocolError("bad_kind", "expected 1 or 3, got %r" % (kind,))
    fields = _common(head, kind)
    changes: list = []
    for age_ms, level in rating.changes:
        changes.append(age_ms)
        changes.append(level)
    fields[9] = rating.level
    fields[10] = list(rating.reasons)
    fields[11] = rating.token
    fields[12] = rating.indicators
    fields[13] = changes
    fields[14] = rating.flags
    _read_rating(fields)
    return _padded(fields)


def event_payload(head: Head, event: Event) -> bytes:
    """The 152 bytes to sign for an event. Raises ProtocolError ``bad_field``."""
    fields = _common(head, EVENT)
    fields[16] = event.code
    fields[17] = event.detail
    _read_event(fields)
    return _padded(fields)


def parse(data: bytes) -> Record:
    """Read a record; its signature is not judged here (``protocol.signature``, or any COSE library, does).

    Raises ProtocolError with any code of spec 10 that concerns records.
    """
    topics.check_size("record", len(data))
    envelope = cose.sign1_unpack(data)
    device = topics.check_id(envelope.kid)
    payload = envelope.payload
    if len(payload) != PAYLOAD_SIZE:
        raise ProtocolError("bad_length", "a payload has %d bytes, got %d" % (PAYLOAD_SIZE, len(payload)))
    fields = cbor.decode(payload)
    if not isinstance(fields, dict):
        raise ProtocolError("bad_field", "a payload is a map")
    check_version(fields)
    kind = present(fields, 2, "kind")
    # a bool is not a kind, though True == 1
    if not is_uint(kind, SELFTEST) or not kind:
        raise ProtocolError("bad_kind", "expected 1, 2 or 3, got %r" % (kind,))
    head = _read_head(fields)
    if kind == RATING or kind == SELFTEST:
        _only(fields, 15)
        body = _read_rating(fields)
    else:
        _only(fields, 11, (9, 10, 11, 12, 13, 14))
        body = _read_event(fields)
    return Record(device, kind, head, body, envelope.signature, envelope.to_be_signed)


def own_fields(data: bytes) -> dict:
    """The fields (spec 3.2) of a record that the caller made itself and kept: nothing of it is checked again."""
    return cbor.decode(cbor.decode(data).value[2])


def _common(head, kind):
    fields = {
        1: VERSION,
        2: kind,
        3: head.seq,
        4: head.prev,
        5: head.boot,
        6: head.uptime_ms,
        7: head.wall_ms,
        8: head.error_ms,
    }
    _read_times(fields)
    return fields


def _padded(fields):
    fields[15] = bytes(_PAD_MIN)
    missing = PAYLOAD_SIZE - len(cbor.encode(fields))
    if missing < 0:
        raise ProtocolError("bad_field", "%d bytes too many for one record" % -missing)
    fields[15] = bytes(_PAD_MIN + missing)
    return cbor.encode(fields)


def _only(fields, count, without=()):
    # spec 3.2: no key is left out and none is added; the readers below have asked for each one
    if len(fields) != count or any(key in fields for key in without):
        raise ProtocolError("bad_field", "keys that this kind does not have, or lacks: %r" % (sorted_keys(fields),))


def sorted_keys(fields):
    return sorted([key for key in fields if isinstance(key, int)])


def _read_head(fields):
    pad = fields.get(15)
    if not isinstance(pad, bytes) or not _PAD_MIN <= len(pad) <= _PAD_MAX or pad != bytes(len(pad)):
        raise ProtocolError("bad_field", "pad (15) is 24 to 151 zero bytes")
    return _read_times(fields)


def _read_times(fields):
    seq = uint(fields, 3, "seq", _U64, 1)
    prev = octets(fields, 4, "prev", HASH_IN_CHAIN)
    boot = uint(fields, 5, "boot", _U32, 1)
    uptime_ms = uint(fields, 6, "uptime_ms", _U64)
    wall_ms = error_ms = None
    if present(fields, 7, "wall_ms") is not None or present(fields, 8, "error_ms") is not None:
        wall_ms = uint(fields, 7, "wall_ms", _U64)
        error_ms = uint(fields, 8, "error_ms", _U32)
    return Head(seq, prev, boot, uptime_ms, wall_ms, error_ms)


def _read_rating(fields):
    level = uint(fields, 9, "level", 5, 1)
    reasons = array(fields, 10, "reasons", MAX_REASONS)
    for index, code in enumerate(reasons):
        if not is_uint(code, _U16) or (index and code <= reasons[index - 1]):
            raise ProtocolError("bad_field", "reasons (10) are rising codes up to 65535")
    token = present(fields, 11, "token")
    if token is not None:
        token = octets(fields, 11, "token", 8)
    indicators = uint(fields, 12, "indicators", _U32)
    flat = array(fields, 13, "changes", 2 * MAX_CHANGES)
    if len(flat) % 2:
        raise ProtocolError("bad_field", "changes (13) come in pairs")
    changes = []
    for at in range(0, len(flat), 2):
        if not is_uint(flat[at], _U16) or not is_uint(flat[at + 1], 5) or flat[at + 1] < 1:
            raise ProtocolError("bad_field", "changes (13) are pairs of ms and level")
        changes.append((flat[at], flat[at + 1]))
    flags = uint(fields, 14, "flags", _U8)
    if (token is None) != bool(flags & UNARMED):
        raise ProtocolError("bad_field", "flag 1 is set exactly if there is no token")
    return Rating(level, tuple(reasons), token, indicators, tuple(changes), flags)


def _read_event(fields):
    code = uint(fields, 16, "code", _U32, 1)
    detail = present(fields, 17, "detail")
    if not isinstance(detail, dict) or len(detail) > MAX_DETAIL:
        raise ProtocolError("bad_field", "detail (17) is a map of at most 5")
    for key, value in detail.items():
        if not isinstance(key, str) or len(key.encode()) > 12:
            raise ProtocolError("bad_field", "a key of detail is a text of at most 12 bytes")
        if not is_uint(value, _U64) and not (isinstance(value, str) and len(value.encode()) <= 24):
            raise ProtocolError("bad_field", "a value of detail is a uint or a text of at most 24 bytes")
    return Event(code, detail)


# --- field readers, shared with ``downlink`` ---


def check_version(fields) -> None:
    """Every map of this protocol says ``1: 1``. Raises ProtocolError ``bad_field`` or ``bad_version``."""
    if present(fields, 1, "version") != VERSION or fields[1] is True:
        raise ProtocolError("bad_version", "expected 1, got %r" % (fields[1],))


def present(fields, key, name):
    """The field ``key``, whatever it holds. Raises ProtocolError ``bad_field`` if it is missing."""
    if key not in fields:
        raise ProtocolError("bad_field", "%s (%d) is missing" % (name, key))
    return fields[key]


def is_uint(value, most) -> bool:
    """True for an int 0…most (a bool is not one)."""
    return isinstance(value, int) and value is not True and value is not False and 0 <= value <= most


def uint(fields, key, name, most, least=0) -> int:
    """The field ``key`` as an integer within ``least … most``. Raises ProtocolError ``bad_field``."""
    value = present(fields, key, name)
    if not is_uint(value, most) or value < least:
        raise ProtocolError("bad_field", "%s (%d) is a uint %d…%d" % (name, key, least, most))
    return value


def octets(fields, key, name, size) -> bytes:
    """The field ``key`` as a byte string of exactly ``size``. Raises ProtocolError ``bad_field``."""
    value = present(fields, key, name)
    if not isinstance(value, bytes) or len(value) != size:
        raise ProtocolError("bad_field", "%s (%d) has %d bytes" % (name, key, size))
    return value


def array(fields, key, name, most) -> list:
    """The field ``key`` as an array of at most ``most``. Raises ProtocolError ``bad_field``."""
    value = present(fields, key, name)
    if not isinstance(value, list) or len(value) > most:
        raise ProtocolError("bad_field", "%s (%d) is an array of at most %d" % (name, key, most))
    return value
