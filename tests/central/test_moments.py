"""Points of time for people."""

from datetime import date

import pytest

from central.core import moments
from central.core.moments import Left, Unit, Urgency
from tests.central.office_world import at

NOW = at("2026-10-09 10:35")


@pytest.mark.parametrize(
    ("due", "expected", "words"),
    [
        ("2026-10-09 10:35", Left(Urgency.OVERDUE, 0, Unit.MINUTES), "10月9日（周五）10:35"),
        ("2026-10-09 10:34", Left(Urgency.OVERDUE, 1, Unit.MINUTES), "10月9日（周五）10:34"),
        ("2026-10-09 00:00", Left(Urgency.OVERDUE, 10, Unit.HOURS), "10月8日（周四）24:00"),
        ("2026-10-08 10:35", Left(Urgency.OVERDUE, 1, Unit.DAYS), "10月8日（周四）10:35"),
        ("2026-10-09 10:36", Left(Urgency.TODAY, 1, Unit.MINUTES), "10月9日（周五）10:36"),
        ("2026-10-10 00:00", Left(Urgency.TODAY, 13, Unit.HOURS), "10月9日（周五）24:00"),
        ("2026-10-10 00:01", Left(Urgency.SOON, 1), "10月10日（周六）00:01"),
        ("2026-10-12 00:00", Left(Urgency.SOON, 2), "10月11日（周日）24:00"),
        ("2026-10-13 00:00", Left(Urgency.LATER, 3), "10月12日（周一）24:00"),
        ("2027-01-01 00:00", Left(Urgency.LATER, 83), "12月31日（周四）24:00"),
        ("2027-01-02 00:00", Left(Urgency.LATER, 84), "2027年1月1日（周五）24:00"),
    ],
)
def test_how_far_away_a_due_time_is(due, expected, words):
    assert moments.left(at(due), NOW) == expected
    assert moments.due(at(due), NOW) == words


def test_what_is_not_due_is_not_urgent():
    assert moments.left(None, NOW) == Left(Urgency.NONE)


def test_a_moment_has_its_year_where_it_is_another():
    assert moments.moment(at("2026-03-02 09:02"), NOW) == "3月2日 09:02"
    assert moments.moment(at("2025-12-31 23:59"), NOW) == "2025年12月31日 23:59"


def test_a_day_ends_when_the_next_begins():
    assert moments.end_of_day(date(2026, 10, 9)) == at("2026-10-10 00:00")
