"""Intake: what a frame from a device is worth (spec 3, 4, 10). Rubbish gives a ``Refused`` with a code, never an error.

``examine`` looks at a frame alone, ``place`` at its place in the chain, ``advance`` moves a head over what was waiting.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from protocol import chain, record, signature, topics
from protocol.errors import ProtocolError

#: The highest seq this gateway's database can hold; no device will ever count so far.
MAX_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What intake must know of a device. ``window`` is None if it has none.

    ``keys`` are all keys it has a certificate for, by id, the first one first; ``key`` is the id of the one that the
    register takes to be in force.
    """

    keys: Mapping[str, EllipticCurvePublicKey]
    key: str
    revoked: bool
    window: str | None


@dataclass(frozen=True, slots=True)
class Genuine:
    """A record that follows spec 3 and was signed with a key of its device, ``key`` (its id).

    ``first_key`` and ``register_key`` are from its ``DeviceFacts``: for ``in_force``.
    """

    record: record.Record
    body: bytes
    hash: bytes
    window: str | None
    key: str = ""
    first_key: str = ""
    register_key: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame that is kept in quarantine with the code of spec 10 that names what is wrong."""

    code: str
    detail: str
    device: str | None
    topic: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Advance:
    """A head that moved: the waiting records it took with it, and those that turned out not to fit."""

    head: chain.Head
    linked: tuple[int, ...]
    broken: tuple[int, ...]


def examine(hall: str, topic: str, body: bytes, lookup: Callable[[str], DeviceFacts | None]) -> Genuine | Refused:
    """Judge a frame that came on a ``record`` topic. ``lookup`` gives the facts of a device id, None if it is
    unknown."""
    device = None
    try:
        of_hall, device, leaf = topics.split(topic)
        if of_hall != hall or leaf != "record":
            raise ProtocolError("bad_topic", f"expected {hall} and record, got {of_hall} and {leaf}")
        topics.check_size("record", len(body))
        facts = lookup(device)
        if facts is None:
            raise ProtocolError("unknown_device", "this hall has not enrolled it")
        if facts.revoked:
            raise ProtocolError("revoked_device", "its certificate was revoked")
        found = record.parse(body)
        if found.device != device:
            raise ProtocolError("bad_device", f"the topic says {device}, the record {found.device}")
        key = _signer(facts, found)
        if found.head.seq > MAX_SEQ:
            raise ProtocolError("bad_field", f"seq {found.head.seq} is beyond {MAX_SEQ}")
    except ProtocolError as error:
        return Refused(error.code, error.detail, device, topic, body)
    return Genuine(found, body, record.record_hash(body), facts.window, key, next(iter(facts.keys)), facts.key)


def in_force(genuine: Genuine, rotations: Sequence[tuple[int, str]]) -> bool:
    """Whether the record was signed by the key in force at its seq (spec 7.6); ``rotations`` are all that are stored.

    A new database has none: then the register's word stands, or no device that had rotated could ever speak again.
    """
    first = genuine.first_key if rotations else genuine.register_key
    return genuine.key == chain.key_at(first, rotations, genuine.record.head.seq)


def _signer(facts: DeviceFacts, found: record.Record) -> str:
    # the newest first: a device that has rotated stays with it
    for key in reversed(list(facts.keys)):
        try:
            signature.verify(facts.keys[key], found.to_be_signed, found.signature)
            return key
        except ProtocolError:
            continue
    raise ProtocolError("bad_signature", "no key of this device signed these bytes")


def place(genuine: Genuine, head: chain.Head, stored_hash: bytes | None) -> str:
    """The verdict of spec 4.3: ``linked``, ``duplicate``, ``conflict``, ``early`` or ``broken``."""
    return chain.judge(head, genuine.record.head.seq, genuine.record.head.prev, genuine.hash, stored_hash)


def advance(head: chain.Head, losses: Iterable[tuple[int, int]], waiting: Mapping[int, tuple[bytes, bytes]]) -> Advance:
    """Move ``head`` over declared losses and over ``waiting`` records, seq -> (prev, full hash), as far as they fit."""
    losses = tuple(losses)
    linked: list[int] = []
    broken: list[int] = []
    while True:
        head = chain.step_over(head, losses)
        seq = head.seq + 1
        if seq not in waiting or seq in broken:
            return Advance(head, tuple(linked), tuple(broken))
        prev, full_hash = waiting[seq]
        if chain.judge(head, seq, prev, full_hash, None) == chain.LINKED:
            head = chain.step(head, seq, full_hash)
            linked.append(seq)
        else:
            broken.append(seq)
