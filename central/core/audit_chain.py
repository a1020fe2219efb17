"""The audit as a chain: each entry holds the hash of the one before, so that nobody edits, removes or reorders one.

The hash of an entry is SHA-256 over the deterministic CBOR of ``["hcp-audit-1", number, at_ms, actor, kind, about,
words, prev]``; the first entry is number 1 and its ``prev`` is 32 zero bytes. Taking entries off the end leaves a chain
that is whole: only who noted a head (number and hash) elsewhere sees it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from protocol import cbor

START = bytes(32)


class Kind(StrEnum):
    """``read``: something sealed was looked at. ``refused``: somebody tried what he may not."""

    WRITE = "write"
    READ = "read"
    REFUSED = "refused"


@dataclass(frozen=True)
class Entry:
    """``actor``: the account, a hall, or the operator's name on the host. ``about``: what was touched, as a path."""

    number: int
    at_ms: int
    actor: str
    kind: str
    about: str
    words: str
    prev: bytes
    hash: bytes


@dataclass(frozen=True)
class Head:
    """Where the chain ends. Noted outside of the database it proves that nothing was cut off."""

    number: int = 0
    hash: bytes = START


@dataclass(frozen=True)
class Fault:
    """``number``: the entry at which the chain does not hold."""

    code: str
    number: int
    detail: str


def following(head: Head, at_ms: int, actor: str, kind: Kind, about: str, words: str) -> Entry:
    """The entry after this head."""
    number = head.number + 1
    made = _hash(number, at_ms, actor, kind.value, about, words, head.hash)
    return Entry(number, at_ms, actor, kind.value, about, words, head.hash, made)


def check(entries: Iterable[Entry], known: Iterable[Head] = ()) -> Iterator[Fault]:
    """Every fault of a chain that is read from its beginning. ``known``: heads that were noted elsewhere."""
    noted = {head.number: head.hash for head in known if head.number}
    head = Head()
    for entry in entries:
        if entry.number != head.number + 1:
            yield Fault("audit_gap", entry.number, f"expected entry {head.number + 1}: entries are missing or moved")
        if entry.prev != head.hash:
            yield Fault("audit_broken", entry.number, "prev is not the hash of the entry before it")
        whole = _hash(entry.number, entry.at_ms, entry.actor, entry.kind, entry.about, entry.words, entry.prev)
        if entry.hash != whole:
            yield Fault("audit_edited", entry.number, "the hash does not fit what the entry says")
        if noted.pop(entry.number, entry.hash) != entry.hash:
            yield Fault("audit_replaced", entry.number, "a head that was noted has another hash")
        head = Head(entry.number, entry.hash)
    for number in sorted(noted):
        yield Fault("audit_cut_off", number, f"a head that was noted is at {number}, the entries end at {head.number}")


def _hash(number: int, at_ms: int, actor: str, kind: str, about: str, words: str, prev: bytes) -> bytes:
    return hashlib.sha256(cbor.encode(["hcp-audit-1", number, at_ms, actor, kind, about, words, prev])).digest()
