"""The tables that come with the program, against the notice, against chinesecalendar, and beside a deployment's own."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from chinese_calendar import constants

from central.calendars import MAX_BYTES, SHIPPED, load, read_year
from central.core.calendar import TAIL, CalendarError, parse
from tests.central import calendar_tables
from tests.seed_calendars import notice_year, table

YEARS = range(2020, 2027)
OWN = """
year = 2027
source = "invented for this test"

[[holiday]]
name = "元旦"
first = 2027-01-01
last = 2027-01-03
"""


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@pytest.fixture
def own(tmp_path):
    (tmp_path / "calendars").mkdir()
    return tmp_path / "calendars" / "2027.toml"


@pytest.mark.parametrize("year", YEARS)
def test_a_shipped_table_is_what_the_script_writes(year):
    assert read_year(SHIPPED / f"{year}.toml") == parse(table(year), "seed")


def test_every_day_agrees_with_chinesecalendar():
    calendar = load()
    everyday = days(date(2020, 1, 1), date(2026, 12, 31))
    assert list(calendar.years) == list(YEARS) and len(everyday) == 2557
    assert [day for day in everyday if calendar.rests(day) is chinese_calendar.is_workday(day)] == []


def test_2026_is_what_the_notice_says():
    # typed from the notice of 2025-11-04, not from the library
    spans = [("1-1", "1-3"), ("2-15", "2-23"), ("4-4", "4-6"), ("5-1", "5-5"), ("6-19", "6-21"), ("9-25", "9-27")]
    spans += [("10-1", "10-7")]
    work = ["1-4", "2-14", "2-28", "5-9", "9-20", "10-10"]

    def day(text):
        month, number = text.split("-")
        return date(2026, int(month), int(number))

    marks = read_year(SHIPPED / "2026.toml").marks
    assert {key for key, mark in marks.items() if mark.kind == "holiday"} == {
        one for first, last in spans for one in days(day(first), day(last))
    }
    assert {key for key, mark in marks.items() if mark.kind == "make_up"} == set(map(day, work))
    calendar = load()
    assert sum(not calendar.rests(one) for one in days(date(2026, 1, 1), date(2026, 12, 31))) == 248


def test_no_notice_ever_reached_further_into_december_than_we_look():
    said = [*constants.holidays.items(), *constants.workdays.items()]
    early = [day for day, name in said if notice_year(day, name) != day.year]
    assert len(early) > 5 and min(day.day for day in early) == 29 and TAIL < 29


def test_the_library_counts_from_the_wrong_day():
    """Why its find_workday is not used: the day after a Saturday's event is Monday, and it says Tuesday."""
    saturday = date(2026, 11, 21)
    assert chinese_calendar.find_workday(1, saturday) == date(2026, 11, 24)
    assert load().next_working_day(saturday) == date(2026, 11, 23)


def test_a_deployment_adds_a_year_and_replaces_one(own, tmp_path):
    assert not load(tmp_path).rests(date(2027, 1, 1))
    own.write_text(OWN, encoding="utf-8")
    own.with_name("2026.toml").write_text(OWN.replace("2027", "2026"), encoding="utf-8")
    calendar = load(tmp_path)
    assert (
        calendar.rests(date(2027, 1, 1)) and not calendar.rests(date(2026, 10, 1)) and calendar.rests(date(2025, 10, 1))
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("2028.toml", OWN.encode(), "is the table of 2027; call it 2027.toml"),
        ("2027.toml", OWN.encode("gbk"), "is not UTF-8"),
        ("2027.toml", b"#" * (MAX_BYTES + 1), "at most 65536 bytes"),
        ("2027.toml", b"", "year is missing"),
    ],
)
def test_one_wrong_table_stops_them_all(own, tmp_path, name, content, message):
    own.with_name(name).write_bytes(content)
    with pytest.raises(CalendarError, match=message):
        load(tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CalendarError, match="2030.toml cannot be read: No such file"):
        read_year(tmp_path / "2030.toml")


def test_the_script_does_not_write_half_a_year():
    with pytest.raises(LookupError, match="no whole table for 2027"):
        table(2027)


@pytest.mark.parametrize("part", [calendar_tables.choices, calendar_tables.years])
def test_the_manual_shows_the_tables_as_they_are(part):
    manual = Path(__file__).resolve().parents[2] / "docs" / "calendar.md"
    assert part() in manual.read_text(encoding="utf-8"), "run python -m tests.central.calendar_tables"
