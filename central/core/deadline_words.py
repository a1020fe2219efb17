"""A deadline in the words of an official: the term, its start, the days that did not count, the end, how sure it is."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from central.core.calendar import DAY, WEEKDAYS
from central.core.deadlines import SOURCES, Clock, Deadline, Noted, Unit, Why

UNIT_WORDS = {Unit.WORKING_DAYS: "个工作日", Unit.DAYS: "日（自然日）", Unit.HOURS: "小时"}


def explain(deadline: Deadline) -> str:
    """Sentences for a case file. Ends with the tables that were used, so that two people can see why they differ."""
    term = deadline.term
    return "".join(
        [
            f"期限：自{term.event}起{term.amount}{UNIT_WORDS[term.unit]}内（{term.article}）。",
            _start(deadline),
            *_days(deadline),
            f"截止：{_end(deadline)}。",
            *_sureness(deadline),
        ]
    )


def day_words(day: date) -> str:
    """2026年10月10日（周六）."""
    return f"{day.year}年{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


def spans(days: list[date], year: int) -> str:
    """Days in rising order, unbroken runs drawn together: 10月1日至7日、10月11日. ``year`` goes without saying."""
    return "、".join(_span(run, year) for run in _runs(days))


def _start(deadline: Deadline) -> str:
    moment = f"{day_words(deadline.start.date())}{deadline.start:%H:%M}"
    if deadline.term.unit is Unit.HOURS:
        running = deadline.counting.hours is Clock.RUNNING
        return f"{moment}{deadline.term.event}，{'即时起连续计算' if running else '只计办公时间'}。"
    shifted = deadline.counted_from != deadline.start.date()
    shift = f"，非办公时间，按{day_words(deadline.counted_from)}计" if shifted else ""
    return f"{moment}{deadline.term.event}{shift}，当日不计入。"


def _days(deadline: Deadline) -> Iterator[str]:
    year = deadline.start.year
    by_why = {why: [noted for noted in deadline.noted if noted.why is why] for why in Why}
    if skipped := by_why[Why.SKIPPED]:
        yield f"其间不计：{_named(skipped, year)}。"
    if made_up := by_why[Why.MADE_UP]:
        yield f"其间照计：{_named(made_up, year)}。"
    if moved := by_why[Why.MOVED]:
        source = SOURCES["rest_day_end"][1]
        yield f"末日{_date(moved[0].day, year)}为休息日，因{_named(moved, year)}顺延（{source}）。"


def _end(deadline: Deadline) -> str:
    # a clock would say 0:00 of the next day
    time = "24:00" if deadline.due.date() > deadline.last_day else f"{deadline.due:%H:%M}"
    return f"{day_words(deadline.last_day)}{time}"


def _sureness(deadline: Deadline) -> Iterator[str]:
    tables = [part.split("@") for part in deadline.version.split(",") if part]
    if missing := "、".join(f"{year}年" for year, version in tables if version == "?"):
        yield f"暂定：尚未载入{missing}放假安排，未载入的部分只按周末计算，载入后重算。"
    if held := "、".join(f"{year}年 {version}" for year, version in tables if version != "?"):
        yield f"日历：{held}。"


def _named(noted: Iterable[Noted], year: int) -> str:
    """Days under their names, in the order in which the names first occur: 国庆节（10月1日至7日）、周末（10月11日）."""
    by_name: dict[str, list[date]] = {}
    for one in noted:
        by_name.setdefault(one.name, []).append(one.day)
    return "、".join(f"{name}（{spans(days, year)}）" for name, days in by_name.items())


def _runs(days: list[date]) -> Iterator[list[date]]:
    for _, run in groupby(enumerate(days), key=lambda pair: pair[1] - pair[0] * DAY):
        yield [day for _, day in run]


def _span(run: list[date], year: int) -> str:
    first, last = run[0], run[-1]
    if first == last:
        return _date(first, year)
    if (first.year, first.month) == (last.year, last.month):
        return f"{_date(first, year)}至{last.day}日"
    return f"{_date(first, year)}至{_date(last, first.year)}"


def _date(day: date, year: int) -> str:
    return f"{f'{day.year}年' if day.year != year else ''}{day.month}月{day.day}日"
