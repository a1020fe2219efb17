"""Reading CloudEvents from a gateway (spec 9.1). JSON values in; an Event, or a Refused that says why, out.

Nothing in the input raises. Keys that this version does not know are ignored, so that a newer gateway loses nothing;
they still belong to the content.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from central.core.rating import Binding
from protocol import identity, topics
from protocol.errors import ProtocolError

MAX_ID = 200
MAX_RECORD = topics.MAX_SIZE["record"]
MAX_EVIDENCE = 4096
#: The largest integer that every database of ours holds.
MAX_INT = 2**63 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def read_time(value: object) -> int:
    """Milliseconds since 1970 of an RFC 3339 time in UTC. Raises ValueError, saying what was expected."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("expected an RFC 3339 time in UTC such as 2026-01-31T08:15:00.000Z")
    return (datetime.fromisoformat(value) - _EPOCH) // timedelta(milliseconds=1)


def _read_base64(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > 4 * MAX_RECORD:
        raise ValueError(f"expected base64 of at most {MAX_RECORD} bytes")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected base64 (RFC 4648 §4)") from None


def _read_id(value: str) -> str:
    try:
        return topics.check_id(value)
    except ProtocolError as error:
        raise ValueError(error.detail) from None


def _size(most: int) -> Callable[[bytes], bytes]:
    def check(value: bytes) -> bytes:
        if len(value) > most:
            raise ValueError(f"expected at most {most} bytes, got {len(value)}")
        return value

    return check


def _exactly(size: int) -> Callable[[bytes], bytes]:
    def check(value: bytes) -> bytes:
        if len(value) != size:
            raise ValueError(f"expected {size} bytes, got {len(value)}")
        return value

    return check


def _small(value: dict[str, Any]) -> dict[str, Any]:
    # central keeps it as it was told: what it judges by is the decision
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_EVIDENCE:
        raise ValueError(f"expected at most {MAX_EVIDENCE} bytes, got {size}")
    return value


# what the document of the interface says of a text that is read into something else
_TimeText = Annotated[str, Field(json_schema_extra={"format": "date-time", "pattern": f"^{_TIME.pattern}$"})]
_Base64Text = Annotated[str, Field(max_length=4 * MAX_RECORD, json_schema_extra={"contentEncoding": "base64"})]
# An RFC 3339 time becomes milliseconds since 1970.
Time = Annotated[int, BeforeValidator(read_time, json_schema_input_type=_TimeText)]
Bytes = Annotated[bytes, BeforeValidator(_read_base64, json_schema_input_type=_Base64Text)]
DeviceId = Annotated[str, AfterValidator(_read_id), Field(json_schema_extra={"pattern": "^[a-z0-9-]{1,20}$"})]
Text = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Prose = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]
Opaque = Annotated[str, StringConstraints(min_length=16, max_length=4096, pattern=r"^[A-Za-z0-9+/=_.-]+$")]
Seq = Annotated[int, Field(ge=1, le=MAX_INT)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Data(BaseModel):
    """The ``data`` of an event. Strict: a number is not a text, a text is not a number."""

    model_config = ConfigDict(frozen=True, strict=True)


class Enrolled(Data):
    """A device got its certificate (PEM) for a window."""

    device: DeviceId
    hall: DeviceId
    window: Text | None = None
    certificate: Annotated[str, StringConstraints(max_length=8192, pattern=r"^[\t\r\n -~]*$")]


class Case(Data):
    """One revision of a case 办件."""

    case_no: Text
    revision: Count
    item_code: Text | None = None
    item_name: Name | None = None
    status: Literal["accepted", "finished", "cancelled"]
    accepted_at: Time | None = None
    finished_at: Time | None = None


class Service(Data):
    """One revision of a service: the ``service_no``-th time somebody is served for a case (服务次数)."""

    case_no: Text
    service_no: Count
    revision: Count
    window: Text | None = None
    staff: Text | None = None
    called_at: Time | None = None
    served_at: Time | None = None
    finished_at: Time | None = None
    closed_at: Time | None = None
    status: Literal["called", "paused", "served", "finished", "cancelled", "transferred"]
    applicant_kind: Literal["self", "agent"] | None = None


class SealedIdentity(Data):
    """Who is to be called back after a service (spec 9.6): sealed to the central key ``key``, or ``opaque`` because
    the business system sealed it for somebody else. ``has_phone``: what is sealed holds a phone."""

    case_no: Text
    service_no: Count
    revision: Count
    has_phone: bool
    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] | None = None
    sealed: Annotated[Bytes, AfterValidator(_exactly(identity.SEALED_BYTES))] | None = None
    opaque: Opaque | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "SealedIdentity":
        if (self.sealed is None) == (self.opaque is None) or (self.sealed is None) != (self.key is None):
            raise ValueError("expected key and sealed, or opaque")
        if self.opaque is not None and self.has_phone:
            raise ValueError("has_phone: nobody knows what is in an opaque identity")
        return self


class Candidate(Data):
    """A service that a rating might belong to."""

    case_no: Text
    service_no: Count


class Decision(Data):
    """A binding (spec 9.2): which service a rating belongs to, as decided the ``number``-th time."""

    device: DeviceId
    seq: Seq
    number: Count
    status: Annotated[Binding, Field(strict=False)]
    case_no: Text | None = None
    service_no: Count | None = None
    staff: Text | None = None
    window: Text | None = None
    rule: Literal["token", "interval", "no_service", "several_services", "no_window", "unknown_time"]
    error_ms: Annotated[int, Field(ge=0, le=MAX_INT)] | None = None
    candidates: Annotated[list[Candidate], Field(max_length=100)]
    decided_at: Time
    evidence: Annotated[dict[str, Any], AfterValidator(_small)] | None = None

    @model_validator(mode="after")
    def _names_its_service(self) -> "Decision":
        if self.status is Binding.BOUND and (self.case_no is None or self.service_no is None):
            raise ValueError("a bound rating names case_no and service_no")
        return self


class SignedRecord(Data):
    """A record as it travelled, and what the gateway says about it. ``binding`` is read by :func:`read_decision`."""

    record: Bytes
    received_at: Time
    binding: Any = None


class Incident(Data):
    """Something a gateway wants known. ``body`` are the bytes it is about."""

    code: Text
    device: Prose | None = None
    seq: Annotated[int, Field(ge=0, le=MAX_INT)] | None = None
    at: Time
    detail: Prose = ""
    body: Annotated[Bytes, AfterValidator(_size(512))] | None = None


#: What is wrong with an event of this kind is said without a byte of it: it may be somebody's name in clear.
IDENTITY = "cn.hcp.identity.v1"

TYPES: dict[str, type[Data]] = {
    "cn.hcp.device.enrolled.v1": Enrolled,
    "cn.hcp.case.v1": Case,
    "cn.hcp.service.v1": Service,
    "cn.hcp.record.v1": SignedRecord,
    "cn.hcp.binding.v1": Decision,
    "cn.hcp.incident.v1": Incident,
    IDENTITY: SealedIdentity,
}


@dataclass(frozen=True)
class Event:
    """A well-formed event. ``content`` is the SHA-256 (hex) of its type and data: a repeat has the same."""

    id: str
    type: str
    content: str
    data: Data
    body: bytes


@dataclass(frozen=True)
class Refused:
    """Not an event of spec 9.1: ``code`` of spec 10, and what was expected. ``body`` is the start of what came."""

    id: str
    code: str
    detail: str
    content: str
    body: bytes


def read(value: object, hall: str) -> Event | Refused:
    """One element of a batch that came with the key of ``hall``."""
    name = value.get("id") if isinstance(value, dict) else None
    shown = name if isinstance(name, str) else ""
    try:
        body = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return Refused(
            "", "bad_utf8", "a text holds half of a surrogate pair", _digest(json.dumps(value).encode()), b""
        )
    except RecursionError:
        return Refused("", "too_deep", "nested too deep", _digest(b"too deep"), b"")

    kind = value.get("type") if isinstance(value, dict) else None
    digest = _digest(body)
    if kind == IDENTITY:
        body = b""

    def refused(code: str, detail: str) -> Refused:
        return Refused(shown[:MAX_ID], code, detail[:500], digest, body[:512])

    if not isinstance(value, dict):
        return refused("bad_envelope", "expected a CloudEvent: an object")
    if value.get("specversion") != "1.0":
        return refused("bad_version", "expected specversion 1.0")
    if not shown or len(shown) > MAX_ID or not shown.isprintable():
        return refused("bad_field", f"id: expected a text of 1 to {MAX_ID} printable characters")
    if value.get("source") != f"/hall/{hall}":
        return refused("bad_field", f"source: this key belongs to /hall/{hall}")
    model = TYPES.get(kind) if isinstance(kind, str) else None
    if model is None:
        return refused("bad_kind", f"type: expected one of {', '.join(TYPES)}")
    try:
        data = model.model_validate(value.get("data"))
    except ValidationError as error:
        return refused("bad_field", explain(error))
    content = json.dumps([kind, value["data"]], ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    expected = _name(data)
    if expected is not None and expected != shown:
        return refused("bad_field", f"id: expected {expected} for this data")
    return Event(shown, str(kind), _digest(content), data, body)


def read_decision(value: object, device: str, seq: int) -> Decision:
    """The binding inside a record event. Raises ValueError, saying why, if it is not one for this record."""
    try:
        decision = Decision.model_validate(value)
    except ValidationError as error:
        raise ValueError("binding: " + explain(error)) from None
    if (decision.device, decision.seq) != (device, seq):
        raise ValueError(f"binding: is for {decision.device}/{decision.seq}, expected {device}/{seq}")
    return decision


def content_of(decision: Decision) -> str:
    """SHA-256 (hex) of a decision, whichever way it came."""
    # evidence joins only where there is some: the content of a decision that came before it existed stays what it was
    without = {"evidence"} if decision.evidence is None else None
    return _digest(decision.model_dump_json(exclude=without).encode())


def explain(error: ValidationError) -> str:
    """Every field that is wrong and what was expected; no values, they may be personal."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(".".join(map(str, problem["loc"])) + ": " + problem["msg"] for problem in problems[:5])


def _name(data: Data) -> str | None:
    # spec 9.1: the id names the fact. Records and certificates are named by ingest, which hashes them.
    if isinstance(data, Case):
        return f"case/{data.case_no}/{data.revision}"
    if isinstance(data, Service):
        return f"service/{data.case_no}/{data.service_no}/{data.revision}"
    if isinstance(data, SealedIdentity):
        return f"identity/{data.case_no}/{data.service_no}/{data.revision}"
    if isinstance(data, Decision):
        return f"binding/{data.device}/{data.seq}/{data.number}"
    return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
