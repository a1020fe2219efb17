"""What a verdict asks the store to keep. One dataclass for each kind of fact; the store writes them in order."""

from dataclasses import dataclass

from central.core import events
from protocol.chain import Head
from protocol.record import Record


@dataclass(frozen=True)
class SeenEvent:
    """This event was accepted: a repeat of it is a duplicate, the same id with other content a conflict."""

    id: str
    type: str
    content: str


@dataclass(frozen=True)
class PinDevice:
    """The first key of a device (spec 7.4)."""

    device: str
    key: bytes


@dataclass(frozen=True)
class KeepCertificate:
    """A certificate of a pinned device, and the window it stands at from now on."""

    device: str
    fingerprint: str
    pem: str
    window: str | None


@dataclass(frozen=True)
class KeepRecord:
    """A record whose signature is good, in its place in the chain. ``arrived`` is ``linked`` or ``early``."""

    record: Record
    body: bytes
    hash: bytes
    arrived: str
    gateway_received_ms: int


@dataclass(frozen=True)
class MoveHead:
    """The head of a device after this event, and the highest seq held."""

    device: str
    head: Head
    top: int


@dataclass(frozen=True)
class KeepRotation:
    """Event 4: from the record after ``seq`` on the device signs with the key of this id (spec 7.6)."""

    device: str
    seq: int
    key: str


@dataclass(frozen=True)
class KeepLoss:
    """Event 5: the device no longer has these (spec 4.4)."""

    device: str
    first: int
    last: int
    declared_by: int


@dataclass(frozen=True)
class Quarantine:
    """A stored early record turned out not to link (spec 4.3): it leaves the chain and is kept apart."""

    device: str
    seq: int


@dataclass(frozen=True)
class KeepApart:
    """An incoming record that has no place in the chain: ``broken``, or ``conflict`` with the one that stands."""

    verdict: str
    device: str
    seq: int
    hash: bytes
    body: bytes
    event: bytes
    gateway_received_ms: int


@dataclass(frozen=True)
class KeepConflict:
    """Another content under an id that is taken. The first stands; this one is kept too."""

    id: str
    type: str
    content: str
    event: bytes


@dataclass(frozen=True)
class KeepCase:
    data: events.Case


@dataclass(frozen=True)
class KeepService:
    data: events.Service


@dataclass(frozen=True)
class KeepIdentity:
    data: events.SealedIdentity


@dataclass(frozen=True)
class KeepDecision:
    data: events.Decision
    content: str


@dataclass(frozen=True)
class KeepIncident:
    """Something to look into. ``about`` is the event it concerns: one incident for each (about, code)."""

    about: str
    code: str
    origin: str
    device: str | None
    seq: int | None
    at_ms: int | None
    detail: str
    body: bytes | None


Effect = (
    SeenEvent
    | PinDevice
    | KeepCertificate
    | KeepRecord
    | MoveHead
    | KeepRotation
    | KeepLoss
    | Quarantine
    | KeepApart
    | KeepConflict
    | KeepCase
    | KeepService
    | KeepIdentity
    | KeepDecision
    | KeepIncident
)
