"""When terms end: cases worked out by hand, and properties against a slow count of its own."""

import json
from datetime import UTC, date, datetime, time, timedelta

import chinese_calendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from central.calendars import load
from central.core.calendar import ZONE, Calendar, CalendarError, Kind, Mark, Year, from_ms
from central.core.deadlines import (
    CIVIL_CODE,
    SOURCES,
    Clock,
    Counting,
    Deadline,
    Receipt,
    RestDayEnd,
    Term,
    Unit,
    Why,
    count,
    recompute,
    remaining,
)

TABLES = load()
#: Invented: the notice for 2027 was not out when this was written.
INVENTED = Year(2027, "invented", {date(2027, 1, day): Mark(Kind.HOLIDAY, "元旦") for day in (1, 2, 3)})
WITH_2027 = Calendar.of([*TABLES.years.values(), INVENTED])
HALF_PAST_FIVE = Counting(cut_off=time(17, 30))
MOVED_RECEIPT = Counting(cut_off=time(17, 30), receipt=Receipt.NEXT_WORKING_DAY)
OFFICE = Counting(cut_off=time(17, 30), hours=Clock.OFFICE)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def end(amount: int, unit: str, start: str, counting: Counting = CIVIL_CODE, calendar: Calendar = TABLES) -> str:
    """The last moment in time, to the minute."""
    due = count(Term(amount, Unit(unit), "收到推送", "第十五条"), at(start), calendar, counting).due
    return f"{due - timedelta(minutes=1):%m-%d %a %H:%M}"


# -- by hand


def test_national_day_with_a_saturday_at_work():
    # pushed Tue 2026-09-29. Wed 30 (1) | 1 to 7 October off | Thu 8 (2) Fri 9 (3) | Sat 10 works (4) | Sun 11 off |
    # Mon 12 (5) Tue 13 (6) Wed 14 (7) Thu 15 (8) Fri 16 (9) | 17, 18 off | Mon 19 (10)
    assert end(10, "WD", "2026-09-29 10:00") == "10-19 Mon 23:59"
    assert end(4, "WD", "2026-09-29 10:00") == "10-10 Sat 23:59"


def test_spring_festival():
    # rated Fri 2026-02-06. 7, 8 off | Mon 9 (1) 10 (2) 11 (3) 12 (4) Fri 13 (5) | Sat 14 works (6) | 15 to 23 off |
    # Tue 24 (7) 25 (8) 26 (9) Fri 27 (10) | Sat 28 works (11) | Sun 1 March off | Mon 2 (12) 3 (13) 4 (14) Thu 5 (15)
    assert end(15, "WD", "2026-02-06 09:00") == "03-05 Thu 23:59"


def test_year_end_into_a_year_without_a_table():
    term, start = Term(15, Unit.WORKING_DAYS, "差评产生", "WZ 附件2 二(二)"), at("2026-12-11 16:20")
    # Mon 14 to Fri 18 (5) | Mon 21 to Fri 25 (10) | Mon 28 to Thu 31 (14) | Fri 1 January (15), as far as anyone knows
    first = count(term, start, TABLES)
    assert (first.last_day, first.provisional) == (date(2027, 1, 1), True)
    # the table comes: 1 to 3 January off | Mon 4 (15)
    then = recompute(first, WITH_2027)
    assert (then.last_day, then.provisional) == (date(2027, 1, 4), False)
    assert then == count(term, start, WITH_2027) and first.version.endswith("2027@?")


def test_the_last_days_of_a_year_are_not_sure_before_the_next_notice():
    # Mon 2026-12-21. Tue 22 (1) … Thu 24 (3) | Fri 25 (4): the notice for 2027 may reach back to the end of December
    assert not count(Term(3, Unit.WORKING_DAYS, "x", "y"), at("2026-12-21 09:00"), TABLES).provisional
    assert count(Term(4, Unit.WORKING_DAYS, "x", "y"), at("2026-12-21 09:00"), TABLES).provisional
    # as that for 2019 did. Fri 2018-12-28: Sat 29 works (1) | Sun 30 to Tue 1 January off | Wed 2 (2)
    reached_back = {date(2018, 12, 29): Mark(Kind.MAKE_UP, "元旦")}
    reached_back |= {
        day: Mark(Kind.HOLIDAY, "元旦") for day in (date(2018, 12, 30), date(2018, 12, 31), date(2019, 1, 1))
    }
    both = Calendar.of([Year(2018, "", {}), Year(2019, "", reached_back)])
    assert end(1, "WD", "2018-12-28 09:00", calendar=both) == "12-29 Sat 23:59"
    assert end(2, "WD", "2018-12-28 09:00", calendar=both) == "01-02 Wed 23:59"


def test_48_hours_are_not_two_working_days():
    # received Fri 2026-11-20 15:00. 48 h: Sun 22 15:00. 2 working days: 21, 22 off | Mon 23 (1) Tue 24 (2)
    assert end(48, "h", "2026-11-20 15:00") == "11-22 Sun 14:59"
    assert end(2, "WD", "2026-11-20 15:00") == "11-24 Tue 23:59"


def test_seven_days_are_five_working_days_only_in_a_plain_week():
    # Wed 2026-11-18. 7 d: Wed 25. Thu 19 (1) Fri 20 (2) | off | Mon 23 (3) Tue 24 (4) Wed 25 (5)
    assert end(7, "d", "2026-11-18 09:00") == end(5, "WD", "2026-11-18 09:00") == "11-25 Wed 23:59"
    # Thu 2026-09-24. 7 d: Thu 1 October, a holiday until the 7th, so Thu 8.
    assert end(7, "d", "2026-09-24 09:00") == "10-08 Thu 23:59"
    # 25 to 27 off | Mon 28 (1) Tue 29 (2) Wed 30 (3) | 1 to 7 off | Thu 8 (4) Fri 9 (5)
    assert end(5, "WD", "2026-09-24 09:00") == "10-09 Fri 23:59"
    # Sat 2026-11-21. 7 d: Sat 28, so Mon 30. Mon 23 (1) to Fri 27 (5)
    assert end(7, "d", "2026-11-21 09:00") == "11-30 Mon 23:59"
    assert end(5, "WD", "2026-11-21 09:00") == "11-27 Fri 23:59"
    assert end(7, "d", "2026-11-21 09:00", Counting(rest_day_end=RestDayEnd.STAYS)) == "11-28 Sat 23:59"
    # Sat 2026-10-03 + 7 d: Sat 10, which is at work and does not move
    assert end(7, "d", "2026-10-03 09:00") == "10-10 Sat 23:59"


def test_an_appeal_eats_the_time_for_rectification():
    """温州: both terms start with the rating (C-6), and an appeal does not stop them (C-7)."""

    def term(amount, event):
        return Term(amount, Unit.WORKING_DAYS, event, "WZ")

    rated = at("2026-11-02 16:00")  # Mon
    # Tue 3 (1) Wed 4 (2) Thu 5 (3) Fri 6 (4) | off | Mon 9 (5)
    appeal = count(term(5, "差评产生"), rated, TABLES)
    assert appeal.last_day == date(2026, 11, 9)
    # … Tue 10 (6) to Fri 13 (9) | off | Mon 16 (10) to Fri 20 (14) | off | Mon 23 (15)
    rectify = count(term(15, "差评产生"), rated, TABLES)
    assert rectify.last_day == date(2026, 11, 23)
    # the device was offline and the push came on Wed 4: Thu 5 for the call-back, and Thu 5, Fri 6, Mon 9 for the appeal
    pushed = at("2026-11-04 09:00")
    assert count(term(1, "收到推送"), pushed, TABLES).last_day == date(2026, 11, 5)
    assert remaining(appeal, pushed, TABLES) == 3
    # appealed on the last day. Tue 10 (1) to Fri 13 (4) | off | Mon 16 (5)
    review = count(term(5, "收到申诉"), at("2026-11-09 15:00"), TABLES)
    assert review.last_day == date(2026, 11, 16)
    # turned down on that day: Tue 17, Wed 18, Thu 19, Fri 20, Mon 23 are left
    assert remaining(rectify, at("2026-11-16 17:00"), TABLES) == 5
    assert remaining(rectify, at("2026-11-23 08:00"), TABLES) == remaining(rectify, at("2027-01-01 08:00"), TABLES) == 0


def test_an_event_exactly_at_the_cut_off():
    # Fri 2026-11-20. As it happened: Mon 23 (1), whenever on Friday it was
    for moment in ("17:29:59", "17:30:00", "23:59:59"):
        assert end(1, "WD", f"2026-11-20 {moment}", HALF_PAST_FIVE) == "11-23 Mon 17:29"
    # received on the next working day: from 17:30 on it counts as Mon 23, so Tue 24 (1)
    assert end(1, "WD", "2026-11-20 17:29:59", MOVED_RECEIPT) == "11-23 Mon 17:29"
    assert end(1, "WD", "2026-11-20 17:30:00", MOVED_RECEIPT) == "11-24 Tue 17:29"
    # without a cut-off midnight is the border: 24:00 of Fri 20 is Sat 21
    assert end(1, "d", "2026-11-23 23:59:59") == "11-24 Tue 23:59"
    assert end(1, "d", "2026-11-24 00:00:00") == "11-25 Wed 23:59"


def test_what_happens_exactly_at_the_cut_off_is_too_late():
    deadline = count(Term(1, Unit.WORKING_DAYS, "x", "y"), at("2026-11-20 09:00"), TABLES, HALF_PAST_FIVE)
    assert not deadline.over(at("2026-11-23 17:29:59")) and deadline.over(at("2026-11-23 17:30"))
    assert deadline.over(datetime(2026, 11, 23, 9, 30, tzinfo=UTC))


def test_an_event_on_a_rest_day():
    # Sat 2026-11-21: Mon 23 (1). In the holidays, Sat 2026-10-03: Thu 8 (1). Sat 10 works: Mon 12 (1)
    assert end(1, "WD", "2026-11-21 11:00") == "11-23 Mon 23:59"
    assert end(1, "WD", "2026-10-03 11:00") == "10-08 Thu 23:59"
    assert end(1, "WD", "2026-10-10 11:00") == "10-12 Mon 23:59"
    # received on the next working day, Mon 23: Tue 24 (1); Thu 8: Fri 9 (1); Sat 10 is one: Mon 12 (1)
    assert end(1, "WD", "2026-11-21 11:00", MOVED_RECEIPT) == "11-24 Tue 17:29"
    assert end(1, "WD", "2026-10-03 11:00", MOVED_RECEIPT) == "10-09 Fri 17:29"
    assert end(1, "WD", "2026-10-10 11:00", MOVED_RECEIPT) == "10-12 Mon 17:29"
    # Sat 2026-11-21 as Mon 23, + 7 d: Mon 30
    assert end(7, "d", "2026-11-21 11:00", MOVED_RECEIPT) == "11-30 Mon 17:29"


def test_leap_day():
    # Wed 2024-02-28: Thu 29 (1), Fri 1 March (2). Thu 15 February + 15 d: 29 February is the 14th, so Fri 1 March
    assert end(1, "WD", "2024-02-28 09:00") == "02-29 Thu 23:59"
    assert end(2, "WD", "2024-02-28 09:00") == "03-01 Fri 23:59"
    assert end(15, "d", "2024-02-15 09:00") == "03-01 Fri 23:59"
    assert end(15, "d", "2023-02-15 09:00") == "03-02 Thu 23:59"
    assert end(24, "h", "2024-02-28 10:00") == "02-29 Thu 09:59"


def test_hours_of_the_office():
    # 1 h. Wed 2026-09-30 17:20: ten minutes until 17:30, then fifty from 9:00 on the first day after the holidays
    assert end(1, "h", "2026-09-30 17:20", OFFICE) == "10-08 Thu 09:49"
    assert end(1, "h", "2026-09-30 16:30", OFFICE) == "09-30 Wed 17:29"
    assert end(1, "h", "2026-09-30 07:00", OFFICE) == "09-30 Wed 09:59"
    assert end(1, "h", "2026-10-10 20:00", OFFICE) == "10-12 Mon 09:59"
    # 8.5 h a day: Fri 9 from 16:30 (1), Sat 10 works (9.5), Mon 12 until 9:30 (10)
    assert end(10, "h", "2026-10-09 16:30", OFFICE) == "10-12 Mon 09:29"
    assert end(1, "h", "2026-09-30 17:20") == "09-30 Wed 18:19"


def test_the_day_is_that_of_china():
    # 2026-11-22 16:30 in Greenwich is Mon 23 00:30 here: Tue 24 (1)
    term = Term(1, Unit.WORKING_DAYS, "x", "y")
    deadline = count(term, datetime(2026, 11, 22, 16, 30, tzinfo=UTC), TABLES)
    assert (deadline.counted_from, deadline.last_day) == (date(2026, 11, 23), date(2026, 11, 24))
    assert deadline.due.isoformat() == "2026-11-25T00:00:00+08:00"
    with pytest.raises(CalendarError, match="no time zone"):
        count(term, datetime(2026, 11, 22, 16, 30), TABLES)


def test_remaining_hours_and_days():
    received = at("2026-11-20 15:00")
    hours, days = (count(Term(48, unit, "x", "y"), received, TABLES) for unit in (Unit.HOURS, Unit.DAYS))
    assert [remaining(hours, received + timedelta(minutes=m), TABLES) for m in (0, 1, 60, 48 * 60, 9999)] == [
        48,
        47,
        47,
        0,
        0,
    ]
    assert remaining(days, received + 40 * DAY, TABLES) == 8


# -- what is provisional, and what is settled


def test_only_what_asked_a_missing_table_is_provisional():
    late = at("2026-12-30 10:00")
    none = Counting(rest_day_end=RestDayEnd.STAYS)
    asked = {
        name: count(Term(9, unit, "x", "y"), late, TABLES, counting).provisional
        for name, unit, counting in [
            ("working days", Unit.WORKING_DAYS, Counting()),
            ("days that move", Unit.DAYS, Counting()),
            ("days that stay", Unit.DAYS, none),
            (
                "days, receipt moves",
                Unit.DAYS,
                Counting(rest_day_end=RestDayEnd.STAYS, receipt=Receipt.NEXT_WORKING_DAY),
            ),
            ("running hours", Unit.HOURS, Counting()),
            ("office hours", Unit.HOURS, OFFICE),
        ]
    }
    assert [name for name, provisional in asked.items() if not provisional] == ["days that stay", "running hours"]


def test_a_settled_deadline_follows_an_amended_table_only_on_purpose():
    settled = count(Term(3, Unit.WORKING_DAYS, "x", "y"), at("2026-11-16 10:00"), TABLES)
    changed = {**TABLES.years[2026].marks, date(2026, 11, 18): Mark(Kind.HOLIDAY, "运动会")}
    amended = Calendar.of([*TABLES.years.values(), Year(2026, "amended", changed)])
    assert settled.last_day == date(2026, 11, 19) and recompute(settled, amended) is settled
    assert recompute(settled, amended, amended=True).last_day == date(2026, 11, 20)
    assert recompute(settled, WITH_2027, amended=True) is settled


def test_an_end_that_moves_into_a_new_year_names_both_tables():
    # Fri 2022-12-30 + 1 d: Sat 31, a holiday by the notice for 2023, until Mon 2 January, so Tue 3
    deadline = count(Term(1, Unit.DAYS, "x", "y"), at("2022-12-30 09:00"), TABLES)
    assert deadline.last_day == date(2023, 1, 3)
    assert deadline.version == ",".join(f"{year}@{TABLES.years[year].version}" for year in (2022, 2023))
    # what no table says about the day of the event does not matter, unless the event may move
    for counting, provisional in [(CIVIL_CODE, False), (MOVED_RECEIPT, True)]:
        term = Term(3, Unit.WORKING_DAYS, "x", "y")
        assert count(term, at("2019-12-31 09:00"), TABLES, counting).provisional is provisional


# -- properties

STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2028, 6, 30), timezones=st.just(ZONE))
COUNTINGS = st.builds(
    Counting,
    cut_off=st.sampled_from([None, time(17), time(17, 30)]),
    rest_day_end=st.sampled_from(RestDayEnd),
    receipt=st.sampled_from(Receipt),
    hours=st.sampled_from(Clock),
)
TERMS = st.builds(Term, st.integers(1, 90), st.sampled_from(Unit), st.just("收到推送"), st.just("第十五条"))


def works(day: date) -> bool:
    """By chinesecalendar, and by the weekday where it ends: none of our tables."""
    return chinese_calendar.is_workday(day) if day.year <= 2026 else day.weekday() < 5


def slow_due(term: Term, start: datetime, counting: Counting) -> datetime:
    """The end, found by looking at every day (and for the office's hours at every minute) there is."""
    closes = counting.cut_off.hour * 60 + counting.cut_off.minute if counting.cut_off else 24 * 60
    if term.unit is Unit.HOURS:
        if counting.hours is Clock.RUNNING:
            return start + timedelta(hours=term.amount)
        moment, left = start, term.amount * 60
        while left:
            minute = moment.hour * 60 + moment.minute
            left -= works(moment.date()) and 9 * 60 <= minute < closes
            moment += timedelta(minutes=1)
        return moment
    day = start.date()
    late = start.hour * 60 + start.minute >= closes
    everyday = [day + n * DAY for n in range(250)]
    if counting.receipt is Receipt.NEXT_WORKING_DAY and (late or not works(day)):
        day = next(one for one in everyday[1:] if works(one))
    if term.unit is Unit.WORKING_DAYS:
        last = [one for one in everyday if one > day and works(one)][term.amount - 1]
    else:
        last = day + term.amount * DAY
        if counting.rest_day_end is RestDayEnd.MOVES:
            last = next(one for one in everyday if one >= last and works(one))
    return datetime.combine(last, time(), ZONE) + timedelta(minutes=closes)


@given(TERMS, STARTS, COUNTINGS)
def test_a_slow_count_of_days_agrees(term, start, counting):
    if term.unit is Unit.HOURS and counting.hours is Clock.OFFICE:
        term, start = (
            Term(min(term.amount, 12), term.unit, term.event, term.article),
            start.replace(second=0, microsecond=0),
        )
    assert count(term, start, TABLES, counting).due == slow_due(term, start, counting)


@given(TERMS, STARTS, st.timedeltas(timedelta(0), timedelta(days=12)), COUNTINGS)
def test_later_starts_and_longer_terms_never_end_earlier(term, start, later, counting):
    deadline = count(term, start, TABLES, counting)
    assert deadline.due <= count(term, start + later, TABLES, counting).due
    longer = Term(term.amount + 1, term.unit, term.event, term.article)
    assert deadline.due <= count(longer, start, TABLES, counting).due
    assert deadline.due > start


@given(TERMS, STARTS, COUNTINGS)
def test_it_never_ends_on_a_rest_day_when_it_must_not(term, start, counting):
    deadline = count(term, start, TABLES, counting)
    may = {Unit.WORKING_DAYS: False, Unit.DAYS: counting.rest_day_end is RestDayEnd.STAYS}
    if not may.get(term.unit, counting.hours is Clock.RUNNING):
        assert works(deadline.last_day)


@given(TERMS, STARTS, COUNTINGS)
@example(Term(15, Unit.WORKING_DAYS, "x", "y"), at("2026-12-11 16:20"), Counting())
def test_counting_again_changes_nothing_until_a_table_comes(term, start, counting):
    deadline = count(term, start, TABLES, counting)
    assert recompute(deadline, TABLES) is deadline and recompute(deadline, TABLES, amended=True) is deadline
    then = recompute(deadline, WITH_2027)
    assert then == count(term, start, WITH_2027, counting) and recompute(then, WITH_2027) is then
    assert deadline.provisional or then is deadline


@settings(max_examples=50)
@given(TERMS, STARTS, COUNTINGS)
def test_a_deadline_comes_back_from_its_record_as_it_was(term, start, counting):
    deadline = count(term, start, TABLES, counting)
    again = Deadline.of_json(json.loads(json.dumps(deadline.as_json())))
    assert again == deadline and recompute(again, WITH_2027) == recompute(deadline, WITH_2027)


@settings(max_examples=50)
@given(TERMS, STARTS, COUNTINGS)
def test_every_day_between_is_counted_or_noted(term, start, counting):
    if term.unit is Unit.WORKING_DAYS:
        deadline = count(term, start, TABLES, counting)
        skipped = sum(noted.why is Why.SKIPPED for noted in deadline.noted)
        assert (deadline.last_day - deadline.counted_from).days == term.amount + skipped


# -- what is refused


@pytest.mark.parametrize(
    ("amount", "unit"), [(0, "WD"), (-1, "d"), (1001, "WD"), (10001, "h"), (True, "d"), (1.5, "h")]
)
def test_a_term_that_no_article_gives_is_refused(amount, unit):
    with pytest.raises(CalendarError, match="第十五条: expected 1 to"):
        Term(amount, unit, "收到推送", "第十五条")
    with pytest.raises(CalendarError, match="第十五条: expected WD, d or h, got 'wd'"):
        Term(1, "wd", "收到推送", "第十五条")  # type: ignore[arg-type]


def test_an_office_that_closes_before_it_opens_is_refused():
    with pytest.raises(CalendarError, match="an hour or more after 09:00:00"):
        Counting(cut_off=time(9, 30))


def test_every_choice_has_its_meaning_and_source():
    assert set(SOURCES) == set(Counting.__dataclass_fields__) and all(all(pair) for pair in SOURCES.values())


@pytest.mark.parametrize("damage", [{"due": "soon"}, {"amount": 0}, {"noted": [{}]}, {"counting": {}}, {"start": None}])
def test_what_is_no_record_of_a_deadline_is_refused(damage):
    record = count(Term(2, Unit.WORKING_DAYS, "x", "y"), at("2026-10-09 09:00"), TABLES).as_json()
    with pytest.raises(CalendarError):
        Deadline.of_json({**record, **damage})


def test_due_in_milliseconds():
    deadline = count(Term(1, Unit.HOURS, "x", "y"), from_ms(1_795_654_322_123), TABLES)
    assert deadline.due_ms == 1_795_654_322_123 + 3_600_000
    assert from_ms(0 + 1_700_000_000_000).isoformat() == "2023-11-15T06:13:20+08:00"


def test_it_tells_a_program_everything():
    deadline = count(Term(2, Unit.WORKING_DAYS, "收到推送", "第十五条"), at("2026-10-09 09:00"), TABLES)
    assert isinstance(deadline, Deadline) and deadline.as_json() == {
        "amount": 2,
        "unit": "WD",
        "event": "收到推送",
        "article": "第十五条",
        "counting": {
            "cut_off": None,
            "opens": "09:00:00",
            "rest_day_end": "moves",
            "receipt": "as_happened",
            "hours": "running",
        },
        "start": "2026-10-09T09:00:00+08:00",
        "counted_from": "2026-10-09",
        "last_day": "2026-10-12",
        "due": "2026-10-13T00:00:00+08:00",
        "noted": [
            {"day": "2026-10-10", "why": "made_up", "name": "国庆节调休上班"},
            {"day": "2026-10-11", "why": "skipped", "name": "周末"},
        ],
        "calendar": f"2026@{TABLES.years[2026].version}",
        "provisional": False,
    }
