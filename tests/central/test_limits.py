"""One press under five regulations: each gives its own dates. Worked out by hand from the notice of 2026."""

from datetime import datetime

import pytest

from central import calendars, policies
from central.core import deadline_words, deadlines, limits
from central.core.calendar import ZONE
from central.core.terms import TimerName

CALENDAR = calendars.load()
#: Wednesday; 1–7 October are holidays, Saturday the 10th is a working day for them.
PRESSED = datetime(2026, 9, 30, 15, 0, tzinfo=ZONE)


def due(name, timer):
    """When it ends if all that it waits for happened with the press. The end itself is too late."""
    found = limits.term(policies.load(name), timer)
    return f"{deadlines.count(found, PRESSED, CALENDAR).due:%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("name", "timer", "of_class", "expected"),
    [
        ("wenzhou", "call_back", None, "10-09 00:00"),
        ("wenzhou", "appeal", None, "10-14 00:00"),
        ("wenzhou", "rectify", None, "10-28 00:00"),
        ("mot", "call_back", None, "10-10 00:00"),
        ("mot", "rectify", None, "10-21 00:00"),
        ("mot", "rectify_complex", None, "10-28 00:00"),
        ("siping", "call_back", None, "10-02 15:00"),
        ("siping", "appeal", None, "10-10 00:00"),
        ("siping", "rectify", None, "10-16 00:00"),
        ("jiaxiang", "call_back", "at_once", "09-30 16:00"),
        ("jiaxiang", "call_back", "limited", "10-09 00:00"),
        ("jiaxiang", "rectify", "limited", "10-11 00:00"),
    ],
)
def test_the_same_press_has_the_dates_of_its_policy(name, timer, of_class, expected):
    assert due(name, policies.load(name).timer(TimerName(timer), of_class)) == expected


def test_silence_becomes_a_default_five_working_days_or_seven_days_after_the_matter_is_finished():
    assert due("mot", policies.load("mot").default.after) == "10-14 00:00"
    assert due("siping", policies.load("siping").default.after) == "10-09 00:00"  # the seventh is a holiday: moved


def test_what_is_due_at_once_is_no_term():
    found = policies.load("jiaxiang")
    assert limits.term(found, found.timer(TimerName.RECTIFY, "at_once")) is None


def test_a_deadline_cites_where_it_stands():
    found = policies.load("wenzhou")
    counted = deadlines.count(limits.term(found, found.timers.rectify), PRESSED, CALENDAR)
    assert "自差评产生起15个工作日内（附件2 二(二)、第十二条）" in deadline_words.explain(counted)


@pytest.mark.parametrize("name", policies.names())
def test_every_limit_is_a_term_or_at_once(name):
    found = policies.load(name)
    for of_class in (None, *(found.classes or {})):
        for timer in filter(None, (found.timer(one, of_class) for one in TimerName)):
            assert (limits.term(found, timer) is None) == timer.at_once
