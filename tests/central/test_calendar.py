"""What a table may say, and what the calendar makes of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core.calendar import Calendar, CalendarError, Kind, Mark, Year, in_zone, parse

TEXT = """
year = 2026
source = "by hand"

[[holiday]]
name = "国庆节"
first = 2026-10-01
last = 2026-10-07
make_up = [2026-10-10]
"""
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
MARKS = st.dictionaries(DAYS, st.builds(Mark, st.sampled_from(Kind), st.text("国庆春节", min_size=1)), min_size=1)


def test_a_table_turns_days_into_holidays_and_weekends_into_working_days():
    calendar = Calendar.of([parse(TEXT, "2026.toml")])
    # 2026-10-01 is a Thursday, the 3rd and the 10th are Saturdays
    days = {day: calendar.rests(date(2026, 10, day)) for day in (1, 3, 7, 8, 9, 10, 11, 17)}
    assert days == {1: True, 3: True, 7: True, 8: False, 9: False, 10: False, 11: True, 17: True}
    assert [calendar.name(date(2026, 10, day)) for day in (7, 8, 10, 11)] == [
        "国庆节",
        "工作日",
        "国庆节调休上班",
        "周末",
    ]
    assert calendar.next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("year = 2026", "year = ", "2026.toml is not TOML"),
        ("year = 2026", 'year = "2026"', "year: expected int, got str"),
        ("year = 2026", "year = true", "year: expected int, got bool"),
        ("year = 2026", "year = 1026", "expected 2000 to 2200, got 1026"),
        ('source = "by hand"', "", "source is missing"),
        ('source = "by hand"', 'source = " "', "expected a source"),
        ('source = "by hand"', 'source = "x"\nsuorce = 1', "unknown suorce; known are holiday, source, year"),
        ('name = "国庆节"', "", "holiday 1: name is missing"),
        ('name = "国庆节"', 'name = ""', "holiday 1, name: expected 1 to 40"),
        ("first = 2026-10-01", "first = 2026-10-01T00:00:00", "first: expected date, got datetime"),
        ("first = 2026-10-01", "first = 2026-10-08", "first <= last"),
        ("last = 2026-10-07", "last = 2026-11-07", "at most 31 days"),
        ("last = 2026-10-07", "last = 2026-10-10", "2026-10-10 is already 国庆节; each day stands once"),
        ("make_up = [2026-10-10]", "make_up = 2026-10-10", "make_up: expected list, got date"),
        ("make_up = [2026-10-10]", "make_up = [10]", "expected dates such as 2026-10-10, got 10"),
        ("make_up = [2026-10-10]", "make_up = [2026-10-09]", "2026-10-09 is 周五, expected a weekend"),
        ("make_up = [2026-10-10]", "make_up = [2027-01-02]", "expected days of 2026, or from 2025-12-25 on"),
        ("make_up = [2026-10-10]", "make_up = [2025-12-20]", "expected days of 2026, or from 2025-12-25 on"),
        ("make_up = [2026-10-10]", "makeup = [2026-10-10]", "holiday 1: unknown makeup"),
        ("[[holiday]]", "[holiday]", "holiday: expected list, got dict"),
    ],
)
def test_a_wrong_table_is_refused_with_place_and_reason(old, new, message):
    assert old in TEXT
    with pytest.raises(CalendarError) as refused:
        parse(TEXT.replace(old, new), "2026.toml")
    assert message in str(refused.value) and "2026.toml" in str(refused.value)


@given(st.text(max_size=200))
def test_rubbish_gives_the_one_named_error(text):
    with pytest.raises(CalendarError):
        parse(text, "x.toml")


def test_a_day_stands_in_one_table_only():
    marks = {date(2025, 12, 31): Mark(Kind.HOLIDAY, "元旦")}
    with pytest.raises(CalendarError, match="2025-12-31 stands in the table of"):
        Calendar.of([Year(2025, "x", marks), Year(2026, "x", marks)])


@given(MARKS, st.data())
def test_the_version_changes_with_what_is_said_and_with_nothing_else(marks, data):
    year = Year(2026, "one source", marks)
    shuffled = dict(data.draw(st.permutations(list(marks.items()))))
    assert Year(2026, "another", shuffled).version == year.version
    day = data.draw(st.sampled_from(sorted(marks)))
    other = Mark(marks[day].kind, marks[day].name + "节")
    turned = Mark(next(kind for kind in Kind if kind is not marks[day].kind), marks[day].name)
    fewer = {key: mark for key, mark in marks.items() if key != day}
    assert (
        len({year.version, *(Year(2026, "", {**fewer, **more}).version for more in ({}, {day: other}, {day: turned}))})
        == 4
    )


def test_the_end_of_december_needs_the_next_table_too():
    this = Year(2026, "x", {date(2026, 10, 1): Mark(Kind.HOLIDAY, "国庆节")})
    calendar = Calendar.of([this])
    assert calendar.version(date(2026, 12, 1), date(2026, 12, 24)) == f"2026@{this.version}"
    assert calendar.version(date(2026, 12, 1), date(2026, 12, 25)) == f"2026@{this.version},2027@?"
    assert calendar.version(date(2026, 12, 31), date(2027, 1, 4)) == f"2026@{this.version},2027@?"


def test_it_sees_whether_its_tables_are_the_ones_of_then():
    this = Year(2026, "x", {date(2026, 10, 1): Mark(Kind.HOLIDAY, "国庆节")})
    old, new = Calendar.of([this]), Calendar.of([this, Year(2027, "x", {date(2027, 1, 1): Mark(Kind.HOLIDAY, "元旦")})])
    settled, open_ended = f"2026@{this.version}", f"2026@{this.version},2027@?"
    assert old.still_says(open_ended) and new.still_says(settled) and new.still_says("")
    assert not new.still_says(open_ended) and not Calendar.of([]).still_says(settled)


def test_a_moment_says_its_time_zone_and_is_read_in_china():
    assert in_zone(datetime(2026, 11, 22, 16, 30, tzinfo=UTC)).isoformat() == "2026-11-23T00:30:00+08:00"
    assert in_zone(datetime(2026, 11, 22, tzinfo=UTC)).tzname() == "Asia/Shanghai"
    with pytest.raises(CalendarError, match="has no time zone; write"):
        in_zone(datetime(2026, 11, 22))
    with pytest.raises(CalendarError, match="2000 to 2200"):
        in_zone(datetime.max.replace(tzinfo=UTC) - timedelta(days=2))
