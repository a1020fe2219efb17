"""What a binding decision rests on: kept with it, sent to central with it (spec 9.2), told to people by ``explain``.

It names events, times, services and members of staff; never who the applicant is, and nothing of what was pressed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from gateway.core import times
from gateway.core.timeline import Serving

#: The most servings that are named, and the most bytes of all of it as JSON (spec 9.2).
MAX_SERVINGS = 4
MAX_BYTES = 4096
#: Names this short fit whatever letters they have: 4 bytes each, beside 2 KiB for all that is not a name.
_FEW_LETTERS = 400


class Clock(StrEnum):
    """Where the time of a press comes from: its own record, later records of its device (spec 8.4), or nowhere."""

    DEVICE = "device"
    DATED = "dated"
    UNKNOWN = "unknown"


class Use(StrEnum):
    """What the token of a press was worth."""

    VALID = "valid"
    EARLY = "early"  # the press was over before the token was issued
    LEFT = "left"  # its service no longer stood at the window
    ELSEWHERE = "elsewhere"  # it was issued for another window
    UNKNOWN = "unknown"  # this gateway did not issue it to this device


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A token and what it was worth; of an unknown one nothing else is known."""

    use: Use
    issued_ms: int | None = None
    window: str | None = None
    case_no: str | None = None
    service_no: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """``first_ms … last_ms``: when the press can have happened, on the clock of the business systems.

    ``servings``: how the services in question stood at the window, the nearest to the press, by their start; ``more``:
    how many others there were. ``rules``: the version of the rules that decided.
    """

    rules: int
    clock: Clock
    first_ms: int | None = None
    last_ms: int | None = None
    business_error_ms: int = 0
    token: TokenUse | None = None
    servings: tuple[Serving, ...] = ()
    more: int = 0


def nearest(servings: list[Serving], first_ms: int, last_ms: int) -> tuple[tuple[Serving, ...], int]:
    """The servings nearest to ``first_ms … last_ms``, by their start, and how many were left out."""
    if len(servings) <= 1:  # nearly always
        return tuple(servings), 0
    far = sorted(servings, key=lambda s: (max(s.start_ms - last_ms, first_ms - s.end_ms + 1, 0), s.start_ms, s.key))
    kept = sorted(far[:MAX_SERVINGS], key=lambda s: (s.start_ms, s.key))
    return tuple(kept), len(servings) - len(kept)


def data(evidence: Evidence) -> dict[str, Any]:
    """As JSON (spec 9.2). Where names are so long that it would not fit, the servings furthest back are left out."""
    found = _data(evidence)
    if sum(_letters(serving) for serving in evidence.servings) <= _FEW_LETTERS:
        return found
    while evidence.servings and len(json.dumps(found, ensure_ascii=False).encode()) > MAX_BYTES:
        evidence = replace(evidence, servings=evidence.servings[1:], more=evidence.more + 1)
        found = _data(evidence)
    return found


def _data(evidence: Evidence) -> dict[str, Any]:
    found: dict[str, Any] = {"rules": evidence.rules, "clock": str(evidence.clock)}
    if evidence.first_ms is not None and evidence.last_ms is not None:
        found |= {"from": _moment(evidence.first_ms), "to": _moment(evidence.last_ms)}
    if evidence.business_error_ms:
        found["business_error_ms"] = evidence.business_error_ms
    if evidence.token:
        found["token"] = _token(evidence.token)
    found["servings"] = [_serving(serving) for serving in evidence.servings]
    if evidence.more:
        found["more"] = evidence.more
    return found


def read(value: Mapping[str, Any], window: str | None) -> Evidence:
    """What :func:`data` wrote of a press at ``window``."""
    token = value.get("token")
    return Evidence(
        value["rules"],
        Clock(value["clock"]),
        _ms(value, "from"),
        _ms(value, "to"),
        value.get("business_error_ms", 0),
        token
        and TokenUse(
            Use(token["use"]),
            _ms(token, "issued_at"),
            token.get("window"),
            token.get("case_no"),
            token.get("service_no"),
        ),
        tuple(_read_serving(serving, str(window)) for serving in value["servings"]),
        value.get("more", 0),
    )


def _letters(serving: Serving) -> int:
    names = (serving.case_no, serving.staff, serving.begun_by, serving.served_by, serving.ended_by)
    return sum(len(name) for name in names if name)


def _moment(ms: int) -> str:
    """A device may state any time; a text has only those of a calendar."""
    return times.text(ms if 0 <= ms <= times.MAX_MS else 0 if ms < 0 else times.MAX_MS)


def _token(token: TokenUse) -> dict[str, Any]:
    found = {
        "use": str(token.use),
        "issued_at": None if token.issued_ms is None else times.text(token.issued_ms),
        "window": token.window,
        "case_no": token.case_no,
        "service_no": token.service_no,
    }
    return {name: value for name, value in found.items() if value is not None}


def _serving(serving: Serving) -> dict[str, Any]:
    found = {
        "case_no": serving.case_no,
        "service_no": serving.service_no,
        "staff": serving.staff,
        "from": times.text(serving.start_ms),
        "to": times.text(serving.end_ms),
        "served_at": None if serving.served_ms is None else times.text(serving.served_ms),
        "left_at": None if serving.left_ms is None else times.text(serving.left_ms),
        "begun_by": _event(serving.begun_by),
        "served_by": _event(serving.served_by) if serving.served_by != serving.begun_by else None,
        "ended_by": _event(serving.ended_by),
    }
    return {name: value for name, value in found.items() if value is not None}


def _read_serving(value: Mapping[str, Any], window: str) -> Serving:
    begun_by = _name(value.get("begun_by"))
    served_ms = _ms(value, "served_at")
    return Serving(
        window,
        value["case_no"],
        value["service_no"],
        value.get("staff"),
        times.parse(value["from"]),
        times.parse(value["to"]),
        served_ms,
        _ms(value, "left_at"),
        begun_by,
        _name(value["served_by"]) if "served_by" in value else begun_by if served_ms is not None else None,
        _name(value.get("ended_by")),
    )


def _event(name: str | None) -> list[str] | None:
    """A name of core.timeline is source and id of an event, with a line feed between them."""
    return None if name is None else name.split("\n", 1)


def _name(event: list[str] | None) -> str | None:
    return None if event is None else "\n".join(event)


def _ms(value: Mapping[str, Any], name: str) -> int | None:
    return times.parse(value[name]) if name in value else None
