"""When a term (期限) ends: working days, calendar days or hours, from the event that its article names.

Where the regulations are silent the Civil Code (民法典) is followed by analogy; whether it applies to an administrative
rule is for the deployment to say, so each such choice is a named setting of :class:`Counting` with its source. The
event is an argument: the same rating, pushed a day later, gives two different deadlines to two articles.

All ends are half open: what happens at ``due`` is too late, what happened just before it is in time.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from central.core.calendar import DAY, ZONE, Calendar, CalendarError, in_zone

#: No article gives more; a slip in a policy is caught here and not by a deadline in the next century.
MOST = {"WD": 1000, "d": 1000, "h": 10000}
HOUR = timedelta(hours=1)


class Unit(StrEnum):
    """How a term is written in its article. The three are never turned into one another."""

    WORKING_DAYS = "WD"
    DAYS = "d"
    HOURS = "h"


class RestDayEnd(StrEnum):
    """Where a term in calendar days ends if its last day is a rest day."""

    MOVES = "moves"
    STAYS = "stays"


class Receipt(StrEnum):
    """On which day an event counts that happened on a rest day, or at or after the cut-off."""

    AS_HAPPENED = "as_happened"
    NEXT_WORKING_DAY = "next_working_day"


class Clock(StrEnum):
    """Whether hours run through the night, or only while the office is open."""

    RUNNING = "running"
    OFFICE = "office"


@dataclass(frozen=True)
class Counting:
    """The choices that an article leaves open. What each means and rests on: ``SOURCES``."""

    __pydantic_config__ = {"extra": "forbid"}  # as part of central's settings: a misspelt name is refused

    cut_off: time | None = None
    """When a working day ends; None: 24:00."""
    opens: time = time(9)
    """When it begins. Only hours of the office look at it."""
    rest_day_end: RestDayEnd = RestDayEnd.MOVES
    receipt: Receipt = Receipt.AS_HAPPENED
    hours: Clock = Clock.RUNNING

    def __post_init__(self) -> None:
        office = self.end(date(2000, 1, 1)) - datetime.combine(date(2000, 1, 1), self.opens, ZONE)
        if office < HOUR:
            raise CalendarError(f"cut_off: expected an hour or more after {self.opens} (opens), got {self.cut_off}")

    def end(self, day: date) -> datetime:
        """The first moment that is no longer part of the day."""
        if self.cut_off is None:
            return datetime.combine(day + DAY, time(), ZONE)
        return datetime.combine(day, self.cut_off, ZONE)


#: What the Civil Code would say, and no office hours.
CIVIL_CODE = Counting()
#: Setting → what it decides, and where its default comes from.
SOURCES = {
    "cut_off": ("末日的截止时间：24:00，或停止办公的时间", "民法典第二百零三条第二款"),
    "opens": ("上班时间，只用于按办公时间计的小时", "由部署单位确定"),
    "rest_day_end": ("按自然日计的期限，末日是休息日的顺延到其后第一个工作日", "民法典第二百零三条第一款"),
    "receipt": ("休息日或截止时间以后发生的事，算当天还是算下一工作日", "民法典第二百零一条第一款（当天）"),
    "hours": ("小时连续计算，还是只计办公时间", "民法典第二百零一条第二款（连续）"),
}


@dataclass(frozen=True)
class Term:
    """A term as its article gives it. ``event`` and ``article`` are words for people: 收到推送, MOT 第十五条.

    Raises CalendarError on an amount that no article gives.
    """

    amount: int
    unit: Unit
    event: str
    article: str

    def __post_init__(self) -> None:
        if self.unit not in MOST:
            raise CalendarError(f"{self.article}: expected WD, d or h, got {self.unit!r}")
        object.__setattr__(self, "unit", Unit(self.unit))  # a policy may say "WD"
        if type(self.amount) is not int or not 1 <= self.amount <= MOST[self.unit]:
            raise CalendarError(f"{self.article}: expected 1 to {MOST[self.unit]} {self.unit}, got {self.amount!r}")


class Why(StrEnum):
    """What became of a day that is not like the others."""

    SKIPPED = "skipped"
    MADE_UP = "made_up"
    MOVED = "moved"


@dataclass(frozen=True)
class Noted:
    """One such day, with the name that the table had for it."""

    day: date
    why: Why
    name: str


@dataclass(frozen=True)
class Deadline:
    """The end of a term with everything it was counted from, so that it can be explained and counted again.

    ``counted_from`` is the day that does not count; ``version`` names the tables that were asked, ``provisional`` says
    that one of them was missing.
    """

    term: Term
    counting: Counting
    start: datetime
    counted_from: date
    last_day: date
    due: datetime
    noted: tuple[Noted, ...]
    version: str

    @property
    def provisional(self) -> bool:
        return "?" in self.version

    @property
    def due_ms(self) -> int:
        """``due`` in milliseconds since 1970 (UTC), for a due column."""
        return round(self.due.timestamp() * 1000)

    def over(self, now: datetime) -> bool:
        """Whether it is too late."""
        return now >= self.due

    def as_json(self) -> dict[str, Any]:
        """For a program, and for the record of a case: all that the deadline was counted from."""
        return {
            "amount": self.term.amount,
            "unit": str(self.term.unit),
            "event": self.term.event,
            "article": self.term.article,
            "counting": {name: _plain(getattr(self.counting, name)) for name in SOURCES},
            "start": self.start.isoformat(),
            "counted_from": str(self.counted_from),
            "last_day": str(self.last_day),
            "due": self.due.isoformat(),
            "noted": [{"day": str(noted.day), "why": str(noted.why), "name": noted.name} for noted in self.noted],
            "calendar": self.version,
            "provisional": self.provisional,
        }

    @classmethod
    def of_json(cls, said: dict[str, Any]) -> "Deadline":
        """What :meth:`as_json` wrote, just as it was then: no table is asked. Raises CalendarError if it did not."""
        try:
            return cls(
                Term(said["amount"], said["unit"], said["event"], said["article"]),
                _counting(said["counting"]),
                datetime.fromisoformat(said["start"]).astimezone(ZONE),
                date.fromisoformat(said["counted_from"]),
                date.fromisoformat(said["last_day"]),
                datetime.fromisoformat(said["due"]).astimezone(ZONE),
                tuple(Noted(date.fromisoformat(n["day"]), Why(n["why"]), n["name"]) for n in said["noted"]),
                said["calendar"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CalendarError(f"this is no deadline: {error!r}; expected what as_json writes") from None


def count(term: Term, start: datetime, calendar: Calendar, counting: Counting = CIVIL_CODE) -> Deadline:
    """The deadline of ``term`` if its event happened at ``start``, which says its time zone.

    Its version names the tables of those days alone that were asked about: a calendar day in the middle of a term need
    not be known. Raises CalendarError if ``start`` does not say its time zone.
    """
    start = in_zone(start)
    if term.unit is Unit.HOURS:
        return _hours(term, start, calendar, counting)
    first = _event_day(start, calendar, counting)
    if term.unit is Unit.WORKING_DAYS:
        last, noted = _working_days(first, term.amount, calendar)
        asked: date | None = first + DAY
    else:
        last, noted, asked = first + term.amount * DAY, [], None
        if counting.rest_day_end is RestDayEnd.MOVES:
            asked = last
            last, noted = _moved(last, calendar)
    if counting.receipt is Receipt.NEXT_WORKING_DAY:
        asked = start.date()
    version = calendar.version(asked, last) if asked else ""
    return Deadline(term, counting, start, first, last, counting.end(last), tuple(noted), version)


def recompute(deadline: Deadline, calendar: Calendar, *, amended: bool = False) -> Deadline:
    """The deadline by the tables of today; the very same object if nothing about it can have changed.

    A provisional one follows a table as soon as it is there. A settled one was told to people: it follows an amended
    table only if ``amended`` says that somebody decided so.
    """
    if calendar.still_says(deadline.version) or not (deadline.provisional or amended):
        return deadline
    return count(deadline.term, deadline.start, calendar, deadline.counting)


def remaining(deadline: Deadline, now: datetime, calendar: Calendar) -> int:
    """How much is left, in the unit of the term: days after today up to the last one, or whole hours; at least 0."""
    now = in_zone(now)
    if deadline.term.unit is Unit.HOURS:
        return max(0, (deadline.due - now) // HOUR)
    days = range(1, (deadline.last_day - now.date()).days + 1)
    if deadline.term.unit is Unit.DAYS:
        return len(days)
    return sum(not calendar.rests(now.date() + number * DAY) for number in days)


def _plain(choice: time | StrEnum | None) -> str | None:
    return choice.isoformat() if isinstance(choice, time) else choice and str(choice)


def _counting(said: dict[str, Any]) -> Counting:
    return Counting(
        said["cut_off"] and time.fromisoformat(said["cut_off"]),
        time.fromisoformat(said["opens"]),
        RestDayEnd(said["rest_day_end"]),
        Receipt(said["receipt"]),
        Clock(said["hours"]),
    )


def _event_day(start: datetime, calendar: Calendar, counting: Counting) -> date:
    day = start.date()
    if counting.receipt is Receipt.NEXT_WORKING_DAY and (calendar.rests(day) or start >= counting.end(day)):
        return calendar.next_working_day(day)
    return day


def _working_days(first: date, amount: int, calendar: Calendar) -> tuple[date, list[Noted]]:
    """Step by step from the day after the event. (Counting from the next working day instead would lose a day for
    every event on a rest day.)"""
    day, left, noted = first, amount, []
    while left:
        day += DAY
        if calendar.rests(day):
            noted.append(Noted(day, Why.SKIPPED, calendar.name(day)))
        else:
            left -= 1
            if calendar.mark(day):
                noted.append(Noted(day, Why.MADE_UP, calendar.name(day)))
    return day, noted


def _moved(day: date, calendar: Calendar) -> tuple[date, list[Noted]]:
    noted = []
    while calendar.rests(day):
        noted.append(Noted(day, Why.MOVED, calendar.name(day)))
        day += DAY
    return day, noted


def _hours(term: Term, start: datetime, calendar: Calendar, counting: Counting) -> Deadline:
    left, day = term.amount * HOUR, start.date()
    if counting.hours is Clock.RUNNING:
        due = start + left
        return Deadline(term, counting, start, day, due.date(), due, (), "")
    noted = []
    while True:
        begin, end = max(start, datetime.combine(day, counting.opens, ZONE)), counting.end(day)
        if calendar.rests(day):
            noted.append(Noted(day, Why.SKIPPED, calendar.name(day)))
        elif begin < end:
            if calendar.mark(day):
                noted.append(Noted(day, Why.MADE_UP, calendar.name(day)))
            if left <= end - begin:
                break
            left -= end - begin
        day += DAY
    version = calendar.version(start.date(), day)
    return Deadline(term, counting, start, start.date(), day, begin + left, tuple(noted), version)
