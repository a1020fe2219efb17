"""Business events: what a queue or one-window system tells the gateway about its counters, read strictly."""

import hashlib
import json
from collections.abc import Mapping
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
    SERVED = "served"
    FINISHED = "finished"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"


RANK = {kind: rank for rank, kind in enumerate(Type)}
SHIFT = (Type.SIGN_IN, Type.SIGN_OUT)


@dataclass(frozen=True, slots=True)
class Event:
    """One business event. ``at_ms`` is the business system's own time; ``window`` may be None only after a call."""

    id: str
    type: Type
    at_ms: int
    window: str | None = None
    staff: str | None = None
    case_no: str | None = None
    service_no: int | None = None
    item_code: str | None = None
    item_name: str | None = None


class BusinessError(ValueError):
    """An event that cannot be taken: the sender's fault. ``code`` is stable, ``detail`` is for people."""

    def __init__(self, code: str, detail: str):
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


_FIELDS = {"id", "type", "at", "window", "staff", "case_no", "service_no", "item_code", "item_name"}
#: Which fields besides id, type and at a type must have, and may have.
_MUST = {Type.SIGN_IN: {"window", "staff"}, Type.SIGN_OUT: {"window"}, Type.CALLED: {"window", "case_no", "service_no"}}
_SERVICE_MUST = {"case_no", "service_no"}
_SHIFT_MAY = {"window", "staff"}


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
    )
    _check_fields(event)
    return event


def body_hash(event: Event) -> bytes:
    """SHA-256 over what the event says, the same for any spelling of one JSON object."""
    parts = [event.type, event.at_ms, event.window, event.staff, event.case_no, event.service_no]
    return hashlib.sha256(json.dumps([*parts, event.item_code, event.item_name]).encode()).digest()


def _check_fields(event: Event) -> None:
    have = {
        name
        for name in ("window", "staff", "case_no", "service_no", "item_code", "item_name")
        if getattr(event, name) is not None
    }
    missing = _MUST.get(event.type, _SERVICE_MUST) - have
    if missing:
        raise BusinessError("missing_field", f"{event.type} 缺少 {' '.join(sorted(missing))} (missing)")
    if event.type in SHIFT and have - _SHIFT_MAY:
        raise BusinessError("bad_field", f"{event.type} 不应有 {' '.join(sorted(have - _SHIFT_MAY))}")


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
