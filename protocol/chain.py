"""Judging a record against the chain of its device (spec 4). Pure: the caller keeps the heads and the records.

A head says "every record up to ``seq`` is here, or declared lost". Its ``hash`` is that of record ``seq`` (16 bytes),
or None when a declared loss hides it.
"""

from collections import namedtuple

from protocol.record import EVENT, EVENT_CODES, GENESIS

LINKED = "linked"
DUPLICATE = "duplicate"
CONFLICT = "conflict"
EARLY = "early"
BROKEN = "broken"

Head = namedtuple("Head", ("seq", "hash"))

#: The head of a device from which nothing has come (spec 4.5).
START = Head(0, GENESIS)


def judge(head: Head, seq: int, prev: bytes, full_hash: bytes, stored_hash: bytes | None) -> str:
    """The verdict of spec 4.3 on a record whose signature is good.

    ``full_hash`` is its SHA-256; ``stored_hash`` the one stored under the same (device, seq), or None.
    """
    if stored_hash is not None:
        return DUPLICATE if stored_hash == full_hash else CONFLICT
    if seq > head.seq + 1:
        return EARLY
    if seq == head.seq + 1:
        return LINKED if head.hash is None or prev == head.hash else BROKEN
    # below the head yet not stored: it lies in a declared loss, so nothing vouches for its place
    return BROKEN


def step(head: Head, seq: int, full_hash: bytes) -> Head:
    """The head after record ``seq`` was linked. Raises ValueError if it is not the next one."""
    if seq != head.seq + 1:
        raise ValueError("expected seq %d, got %d" % (head.seq + 1, seq))
    return Head(seq, full_hash[:16])


def step_over(head: Head, lost) -> Head:
    """The head after the declared losses ``(from, to)`` that begin at or before the next seq (spec 4.4)."""
    moved = True
    while moved:
        moved = False
        for first, last in lost:
            if first <= head.seq + 1 <= last:
                head = Head(last, None)
                moved = True
    return head


def next_key(record):
    """The id of the key that signs from the record after this one on, if it is a well-formed event 4, else None."""
    if record.kind != EVENT or record.body.code != EVENT_CODES["key_rotated"]:
        return None
    key = record.body.detail.get("key")
    if not isinstance(key, str) or len(key) != 24 or any(digit not in "0123456789abcdef" for digit in key):
        return None
    return key


def key_at(first: str, rotations, seq: int) -> str:
    """The id of the key in force at ``seq`` (spec 7.6), after ``rotations`` of (seq of the event 4, key it names)."""
    at, key = 0, first
    for rotated, following in rotations:
        if at < rotated < seq:
            at, key = rotated, following
    return key


def declared_loss(record):
    """``(from, to)`` if this record is a well-formed event 5, else None. A device can only lose what came before."""
    if record.kind != EVENT or record.body.code != EVENT_CODES["records_lost"]:
        return None
    first = record.body.detail.get("from")
    last = record.body.detail.get("to")
    if not isinstance(first, int) or not isinstance(last, int) or not 1 <= first <= last < record.head.seq:
        return None
    return first, last
