"""Which days are working days (工作日): Monday to Friday without holidays, plus make-up days (调休上班).

One table holds what one year's notice of the State Council says, and gives itself a version, a hash of what it says.
A year without a table is not guessed at: its weekends rest, and whatever was counted over it is provisional. The notice
for a year may reach into the December before it (2018-12-31 was a holiday by the notice for 2019), so the last days of
a year are only sure once the table of the next year is there.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from functools import cached_property
from typing import Any

#: Asia/Shanghai, as an offset: China has kept no summer time since 1991, and no table of time zones is read.
ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
DAY = timedelta(days=1)
#: From this day of December on, the notice for the next year has a say. The earliest it reached was the 29th.
TAIL = 25
MAX_HOLIDAYS = 40
MAX_LENGTH_DAYS = 31
MAX_NAME = 40
WEEKDAYS = "一二三四五六日"


class CalendarError(ValueError):
    """A table, or a day asked for, cannot be used. The message names the place, what was expected, and what was got."""


class Kind(StrEnum):
    """What a table says about a day."""

    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


@dataclass(frozen=True)
class Mark:
    """A day that is not what its weekday says. ``name`` is the holiday's own: 国庆节."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Year:
    """The table of one year. ``source`` says where it was taken from; the version does not depend on it."""

    year: int
    source: str
    marks: Mapping[date, Mark]

    @cached_property
    def version(self) -> str:
        """Twelve hex digits that change when any day, kind or name does."""
        said = [self.year, *([str(day), mark.kind, mark.name] for day, mark in sorted(self.marks.items()))]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Calendar:
    """All tables together. Raises CalendarError if two of them speak about the same day."""

    years: Mapping[int, Year]
    _marks: dict[date, Mark] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for year in self.years.values():
            for day in sorted(year.marks.keys() & self._marks.keys()):
                raise CalendarError(f"{day} stands in the table of {year.year} and in another one; keep it in one")
            self._marks.update(year.marks)

    @classmethod
    def of(cls, years: Iterable[Year]) -> "Calendar":
        """Tables in any order; of two for one year the later one stands."""
        return cls({year.year: year for year in years})

    def mark(self, day: date) -> Mark | None:
        """What a table says about the day; None: nothing, the weekday decides."""
        return self._marks.get(day)

    def rests(self, day: date) -> bool:
        """Whether nobody works on the day: a holiday, or a weekend that is not made up for."""
        mark = self._marks.get(day)
        return mark.kind is Kind.HOLIDAY if mark else day.weekday() >= 5

    def name(self, day: date) -> str:
        """Why the day is what it is: 国庆节, 国庆节调休上班, 周末 or 工作日."""
        mark = self._marks.get(day)
        if mark:
            return mark.name if mark.kind is Kind.HOLIDAY else f"{mark.name}调休上班"
        return "周末" if day.weekday() >= 5 else "工作日"

    def next_working_day(self, day: date) -> date:
        """The first working day after ``day``."""
        day += DAY
        while self.rests(day):
            day += DAY
        return day

    def version(self, first: date, last: date) -> str:
        """The tables that decide about the days from ``first`` to ``last``: ``2026@8c1f…,2027@?``; ``?`` is missing."""
        held = ((year, self.years.get(year)) for year in years_of(first, last))
        return ",".join(f"{year}@{table.version if table else '?'}" for year, table in held)

    def still_says(self, version: str) -> bool:
        """Whether the tables that something was counted with are still the same ones."""
        pairs = (part.partition("@") for part in version.split(",") if part)
        held = ((said, self.years.get(int(year))) for year, _, said in pairs)
        return all(said == (table.version if table else "?") for said, table in held)


def years_of(first: date, last: date) -> range:
    """The years whose notices decide about the days from ``first`` to ``last``."""
    return range(first.year, last.year + (2 if (last.month, last.day) >= (12, TAIL) else 1))


def in_zone(moment: datetime) -> datetime:
    """The moment on the clocks of China. Raises CalendarError if it does not say which clock it was read from."""
    if moment.tzinfo is None:
        raise CalendarError(f"{moment.isoformat()} has no time zone; write +08:00 after it")
    if not 2000 <= moment.year <= 2200:
        raise CalendarError(f"{moment.isoformat()}: expected a year from 2000 to 2200")
    return moment.astimezone(ZONE)


def from_ms(moment_ms: int) -> datetime:
    """Milliseconds since 1970 (UTC), as all stored times are, on the clocks of China."""
    return in_zone(datetime.fromtimestamp(moment_ms // 1000, ZONE) + timedelta(milliseconds=moment_ms % 1000))


def parse(text: str, name: str) -> Year:
    """Read one table. ``name`` is the file's, for the message.

    Raises CalendarError on what is not TOML, on a missing, unknown or mistyped key, on a day outside the year, said
    twice, or a make-up day that is no weekend.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CalendarError(f"{name} is not TOML: {error}") from None
    year = _take(table, "year", int, name)
    if not 2000 <= year <= 2200:
        raise CalendarError(f"{name}, year: expected 2000 to 2200, got {year}")
    source = _take(table, "source", str, name)
    holidays = _take(table, "holiday", list, name)
    if not source.strip() or not 0 < len(holidays) <= MAX_HOLIDAYS:
        raise CalendarError(f"{name}: expected a source and 1 to {MAX_HOLIDAYS} [[holiday]], got {len(holidays)}")
    _no_more(table, {"year", "source", "holiday"}, name)
    marks: dict[date, Mark] = {}
    for number, entry in enumerate(holidays, 1):
        where = f"{name}, holiday {number}"
        if not isinstance(entry, dict):
            raise CalendarError(f"{where}: expected [[holiday]] with name, first, last and perhaps make_up")
        for day, mark in _holiday(entry, where):
            _check_day(day, year, where)
            if day in marks:
                raise CalendarError(f"{where}: {day} is already {marks[day].name}; each day stands once")
            marks[day] = mark
    return Year(year, source, marks)


def _holiday(entry: dict[str, Any], where: str) -> Iterable[tuple[date, Mark]]:
    name = _take(entry, "name", str, where)
    if not 0 < len(name.strip()) <= MAX_NAME:
        raise CalendarError(f"{where}, name: expected 1 to {MAX_NAME} characters")
    first, last = _take(entry, "first", date, where), _take(entry, "last", date, where)
    if not 0 <= (last - first).days < MAX_LENGTH_DAYS:
        raise CalendarError(f"{where} ({name}): expected first <= last and at most {MAX_LENGTH_DAYS} days")
    make_up = _take(entry, "make_up", list, where) if "make_up" in entry else []
    _no_more(entry, {"name", "first", "last", "make_up"}, where)
    for number in range((last - first).days + 1):
        yield first + number * DAY, Mark(Kind.HOLIDAY, name)
    for day in make_up:
        if type(day) is not date:
            raise CalendarError(f"{where} ({name}), make_up: expected dates such as 2026-10-10, got {day!r}")
        if day.weekday() < 5:
            raise CalendarError(f"{where} ({name}), make_up: {day} is 周{WEEKDAYS[day.weekday()]}, expected a weekend")
        yield day, Mark(Kind.MAKE_UP, name)


def _check_day(day: date, year: int, where: str) -> None:
    if day.year != year and (day.year, day.month) != (year - 1, 12) or day < date(year - 1, 12, TAIL):
        raise CalendarError(f"{where}: expected days of {year}, or from {year - 1}-12-{TAIL} on; got {day}")


def _take(table: dict[str, Any], key: str, kind: type, where: str) -> Any:
    if key not in table:
        raise CalendarError(f"{where}: {key} is missing")
    value = table[key]
    # exactly this type: a datetime is a date to isinstance, and True is an int
    if type(value) is not kind:
        raise CalendarError(f"{where}, {key}: expected {kind.__name__}, got {type(value).__name__}")
    return value


def _no_more(table: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := table.keys() - known:
        raise CalendarError(f"{where}: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
