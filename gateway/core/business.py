"""Business events: what a queue or one-window system tells the gateway about its counters, read strictly.

An event is never edited. Whoever was wrong sends another one that names the wrong one in ``corrects`` and stands in its
place, or a ``withdrawn`` that names it and puts nothing there. One event is corrected by at most one other; what was
wrong again is corrected by naming the correction. So what stands depends on the set of events, not on their arrival.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.core import times

MAX_TEXT = 64
MAX_ITEM_NAME = 200
MAX_SERVICE_NO = 9999


class Type(StrEnum):
    """What happened. In this order when several carry the same time."""

    SIGN_OUT = "sign_out"
    SIGN_IN = "sign_in"
    CALLED = "called"
    RECALLED = "recalled"
    RESUMED = "resumed"
    SERVED = "served"
    FINISHED = "finished"
    PAUSED = "paused"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


RANK = {kind: rank for rank, kind in enumerate(Type)}
SHIFT = (Type.SIGN_IN, Type.SIGN_OUT)
#: With a service they speak of it, without one of the window.
EITHER = (Type.PAUSED, Type.RESUMED)


class ApplicantKind(StrEnum):
    """Who came to the counter: 申请人本人, or 代办人. Never who that is."""

    SELF = "self"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Event:
    """One business event. ``at_ms`` is the business system's own time; ``window`` may be None only after a call.

    ``corrects``: the id of the event in whose place this one stands. ``shared``: the service does not leave the other
    windows where it stands (two windows, one case).
    """

    id: str
    type: Type
    at_ms: int
    window: str | None = None
    staff: str | None = None
    case_no: str | None = None
    service_no: int | None = None
    item_code: str | None = None
    item_name: str | None = None
    applicant_kind: ApplicantKind | None = None
    shared: bool = False
    corrects: str | None = None

    @property
    def of_window(self) -> bool:
        """Whether it speaks of a window and who is there, not of a service."""
        return self.case_no is None and self.type is not Type.WITHDRAWN


def standing(events: Iterable[Event]) -> list[Event]:
    """Those of a set that stand: no other corrects them. A withdrawal never stands itself."""
    told = list(events)
    corrected = {event.corrects for event in told}
    return [event for event in told if event.id not in corrected and event.type is not Type.WITHDRAWN]


class BusinessError(ValueError):
    """An event that cannot be taken: the sender's fault. ``code`` is stable, ``detail`` is for people."""

    def __init__(self, code: str, detail: str):
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


_SERVICE = frozenset({"case_no", "service_no"})
_OF_SERVICE = _SERVICE | {"window", "staff", "item_code", "item_name", "applicant_kind", "corrects"}
_OF_SHIFT = frozenset({"window", "staff", "corrects"})
_BEGINS = _OF_SERVICE | {"shared"}
#: Which fields besides id, type and at a type must have, and may have. ``paused`` and ``resumed``: those of a service.
_TABLE: dict[Type, tuple[frozenset[str], frozenset[str]]] = {
    Type.SIGN_IN: (frozenset({"window", "staff"}), _OF_SHIFT),
    Type.SIGN_OUT: (frozenset({"window"}), _OF_SHIFT),
    Type.CALLED: (_SERVICE | {"window"}, _BEGINS),
    Type.RECALLED: (_SERVICE, _BEGINS),
    Type.RESUMED: (_SERVICE, _BEGINS),
    Type.SERVED: (_SERVICE, _OF_SERVICE),
    Type.FINISHED: (_SERVICE, _OF_SERVICE),
    Type.PAUSED: (_SERVICE, _OF_SERVICE),
    Type.TRANSFERRED: (_SERVICE, _OF_SERVICE),
    Type.CANCELLED: (_SERVICE, _OF_SERVICE),
    Type.WITHDRAWN: (frozenset({"corrects"}), frozenset({"corrects"})),
}
_OF_WINDOW = (frozenset({"window"}), frozenset({"window", "corrects"}))
_DETAILS = frozenset().union(*(may for _, may in _TABLE.values()))
_FIELDS = {"id", "type", "at", *_DETAILS}


def read(value: object, now_ms: int, future_ms: int) -> Event:
    """The event in a JSON value; ``at`` may lie at most ``future_ms`` after ``now_ms``.

    Raises BusinessError ``bad_event``, ``unknown_field``, ``missing_field``, ``bad_field``, ``unknown_type``,
    ``future_event``. A field that is not in the list is refused: what a citizen is called has no place here.
    """
    if not isinstance(value, Mapping):
        raise BusinessError("bad_event", "事件应为 JSON 对象 (an event is a JSON object)")
    for name in value:
        if name not in _FIELDS:
            raise BusinessError("unknown_field", f"不接受字段 {str(name)[:40]!r}; 请勿提交申请人信息 (unknown field)")
    event_id = _text(value, "id", MAX_TEXT)
    if event_id is None:
        raise BusinessError("missing_field", "缺少 id (id is missing)")
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in set(Type):
        raise BusinessError("unknown_type", "type 应为 " + " ".join(Type))
    at = value.get("at")
    try:
        at_ms = times.parse(at) if isinstance(at, str) else None
    except ValueError:
        at_ms = None
    if at_ms is None:
        raise BusinessError("bad_field", "at 应为带时区的 RFC 3339 时间, 例如 2026-03-04T13:06:07+08:00")
    if at_ms > now_ms + future_ms:
        raise BusinessError("future_event", "at 晚于网关当前时间, 请校准业务系统时钟 (at lies in the future)")
    event = Event(
        event_id,
        Type(kind),
        at_ms,
        _text(value, "window", MAX_TEXT),
        _text(value, "staff", MAX_TEXT),
        _text(value, "case_no", MAX_TEXT),
        _service_no(value),
        _text(value, "item_code", MAX_TEXT),
        _text(value, "item_name", MAX_ITEM_NAME),
        _applicant_kind(value),
        _shared(value),
        _text(value, "corrects", MAX_TEXT),
    )
    _check_fields(event)
    return event


def body_hash(event: Event) -> bytes:
    """SHA-256 over what the event says, the same for any spelling of one JSON object."""
    parts: list[object] = [event.type, event.at_ms, event.window, event.staff, event.case_no, event.service_no]
    parts += [event.item_code, event.item_name]
    # what came later in this format joins only where it is said: the hash of an older event stays what it was
    later = {"applicant_kind": event.applicant_kind, "shared": event.shared, "corrects": event.corrects}
    said = {name: value for name, value in later.items() if value}
    return hashlib.sha256(json.dumps([*parts, said] if said else parts).encode()).digest()


def _check_fields(event: Event) -> None:
    have = {name for name in _DETAILS if getattr(event, name) not in (None, False)}
    must, may = _OF_WINDOW if event.type in EITHER and not have & _SERVICE else _TABLE[event.type]
    if must - have:
        raise BusinessError("missing_field", f"{event.type} 缺少 {' '.join(sorted(must - have))} (missing)")
    if have - may:
        raise BusinessError("bad_field", f"{event.type} 不应有 {' '.join(sorted(have - may))}")
    if event.corrects == event.id:
        raise BusinessError("bad_field", "corrects 应为另一事件的 id (an event cannot correct itself)")


def _applicant_kind(value: Mapping) -> ApplicantKind | None:
    kind = value.get("applicant_kind")
    if kind is None:
        return None
    if not isinstance(kind, str) or kind not in set(ApplicantKind):
        raise BusinessError("bad_field", "applicant_kind 应为 self (申请人本人) 或 agent (代办人)")
    return ApplicantKind(kind)


def _shared(value: Mapping) -> bool:
    shared = value.get("shared", False)
    if not isinstance(shared, bool):
        raise BusinessError("bad_field", "shared 应为 true 或 false")
    return shared


def _text(value: Mapping, name: str, most: int) -> str | None:
    text = value.get(name)
    if text is None:
        return None
    # names are keys and go on screens: no control characters, no blanks at the ends, no half of a surrogate pair
    good = isinstance(text, str) and 1 <= len(text) <= most and text.isprintable() and text == text.strip()
    if not good:
        raise BusinessError("bad_field", f"{name} 应为 1 至 {most} 个可见字符 (1 to {most} printable characters)")
    return text


def _service_no(value: Mapping) -> int | None:
    number = value.get("service_no")
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MAX_SERVICE_NO:
        raise BusinessError("bad_field", f"service_no 应为 1 至 {MAX_SERVICE_NO} 的整数")
    return number
