"""Points of time for people: in Beijing time, and how far away a due time is."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from central.core.calendar import WEEKDAYS, ZONE

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
#: Due on one of so many days after today: look at it now.
SOON_DAYS = 2


class Urgency(StrEnum):
    """``none``: nothing is due, or nobody has said when."""

    OVERDUE = "overdue"
    TODAY = "today"
    SOON = "soon"
    LATER = "later"
    NONE = "none"


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True)
class Left:
    """How far a due time is away, or how long it has passed: ``number`` of ``unit``. The days are those of the
    calendar between today and the last day."""

    urgency: Urgency
    number: int = 0
    unit: Unit = Unit.DAYS


def at(ms: int) -> datetime:
    """The Beijing time."""
    return datetime.fromtimestamp(ms / 1000, ZONE)


def moment(ms: int, now_ms: int) -> str:
    """10月9日 15:20; with the year where it is another one than now."""
    when = at(ms)
    return f"{day(when.date(), at(now_ms).date())} {when:%H:%M}"


def day(when: date, today: date) -> str:
    """10月9日, with the year where it is another one than today's."""
    return f"{f'{when.year}年' if when.year != today.year else ''}{when.month}月{when.day}日"


def last_day(due_ms: int) -> date:
    """The day on which it is still in time at the end: a due time is the first moment that is too late."""
    return at(due_ms - 1).date()


def due(due_ms: int, now_ms: int) -> str:
    """10月13日（周二）24:00: a clock would say 0:00 of the next day."""
    last, when = last_day(due_ms), at(due_ms)
    clock = "24:00" if when.date() > last else f"{when:%H:%M}"
    return f"{day(last, at(now_ms).date())}（周{WEEKDAYS[last.weekday()]}）{clock}"


def left(due_ms: int | None, now_ms: int) -> Left:
    """How much time is left."""
    if due_ms is None:
        return Left(Urgency.NONE)
    if due_ms <= now_ms:
        return _span(Urgency.OVERDUE, now_ms - due_ms)
    days = (last_day(due_ms) - at(now_ms).date()).days
    if days == 0:
        return _span(Urgency.TODAY, due_ms - now_ms)
    return Left(Urgency.SOON if days <= SOON_DAYS else Urgency.LATER, days)


def end_of_day(when: date) -> int:
    """The first moment after this day, as a due time."""
    return round((datetime.combine(when, datetime.min.time(), ZONE) + timedelta(days=1)).timestamp() * 1000)


def _span(urgency: Urgency, ms: int) -> Left:
    for unit, size in ((Unit.DAYS, _DAY), (Unit.HOURS, _HOUR)):
        if ms >= size:
            return Left(urgency, ms // size, unit)
    return Left(urgency, ms // _MINUTE, Unit.MINUTES)
