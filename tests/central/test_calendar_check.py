"""What a table would change, and what is odd about it."""

from datetime import date

import pytest

from central.calendars import load
from central.core.calendar import Kind, Mark, Year
from central.core.calendar_check import Change, changes, doubts

TABLES = load()
THIS = TABLES.years[2026]


def with_marks(**more: Mark | None) -> Year:
    marks = dict(THIS.marks)
    for name, mark in more.items():
        day = date(2026, *map(int, name.removeprefix("on_").split("_")))
        marks.pop(day, None)
        if mark:
            marks[day] = mark
    return Year(2026, "by hand", marks)


def test_the_shipped_tables_raise_no_doubt_but_the_festivals_that_met():
    # in 2020 中秋节 fell on National Day, and the notice made one holiday of them
    assert {year: found for year, table in TABLES.years.items() if (found := doubts(table))} == {2020: ["没有中秋节"]}


@pytest.mark.parametrize(
    ("table", "doubt"),
    [
        (with_marks(on_9_25=None, on_9_26=None, on_9_27=None), "没有中秋节"),
        (with_marks(on_10_3=None), "2026-10-03 是法定节日，表中不放假"),
        (with_marks(on_8_29=Mark(Kind.MAKE_UP, "国庆节")), "2026-08-29 国庆节调休上班，离放假 33 天，请核对月份"),
    ],
)
def test_what_is_odd_is_named(table, doubt):
    assert doubts(table) == [doubt]


def test_changes_are_those_days_alone():
    table = with_marks(on_10_7=None, on_10_10=None, on_10_8=Mark(Kind.HOLIDAY, "国庆节"))
    assert changes(table, TABLES) == [
        Change(date(2026, 10, 7), "国庆节", "工作日"),
        Change(date(2026, 10, 8), "工作日", "国庆节"),
        Change(date(2026, 10, 10), "国庆节调休上班", "周末"),
    ]
    assert changes(THIS, TABLES) == []
