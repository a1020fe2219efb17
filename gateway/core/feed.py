"""What the gateway tells a business system about ratings: that a service has one. Never which.

A bad level is offered reasons, so its record comes later than a good one's. Told at once, the moment alone would tell
the level to whoever watches. Therefore a rating is told at a time that follows from the first press only: ``delay_ms``
after it, at the next whole ``STEP_MS``, and all that are told together are ordered by window and service.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.core import times
from protocol.record import Record

STEP_MS = 60_000
#: Longer than a citizen usually takes for the undo window and all pages of reasons.
DELAY_MS = 180_000


class Type(StrEnum):
    """``unrated``: the rating turned out to belong to another service, or to none that is known."""

    RATED = "rated"
    UNRATED = "unrated"


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the feed. Ids rise by the order of telling."""

    id: int
    type: Type
    at_ms: int
    window: str
    case_no: str
    service_no: int


def pressed_ms(record: Record, now_ms: int) -> int:
    """When the citizen first pressed a star, whichever it was.

    ``now_ms``, the time of its arrival, if the device did not know the time, or its clock is ahead.
    """
    if record.head.wall_ms is None:
        return now_ms
    return min(record.head.wall_ms - max((age_ms for age_ms, _ in record.body.changes), default=0), now_ms)


def due_ms(pressed_ms: int, decided_ms: int, delay_ms: int = DELAY_MS) -> int:
    """When a decision may be told: a whole step, the same for every level, and never before the decision."""
    return -(-max(pressed_ms + delay_ms, decided_ms) // STEP_MS) * STEP_MS


def last_step_ms(now_ms: int) -> int:
    """The step that was reached last: what is due by then is told."""
    return now_ms // STEP_MS * STEP_MS


def data(notice: Notice) -> dict:
    """A notice as JSON."""
    return {
        "id": notice.id,
        "type": str(notice.type),
        "at": times.text(notice.at_ms),
        "window": notice.window,
        "case_no": notice.case_no,
        "service_no": notice.service_no,
    }
