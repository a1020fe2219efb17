"""How many confirmed bad ratings within a year, read both ways."""

import pytest

from central import policies
from central.core import accountability, overrides
from central.core.accountability import Counted
from central.core.policy_words import Override
from tests.central.office_world import at

NOW = at("2026-03-10 09:00")


def test_a_year_is_read_both_ways():
    moments = [at(when) for when in ("2025-03-10 09:00", "2025-03-10 09:01", "2025-12-31 23:59", "2026-01-01 00:00")]
    assert accountability.count([*moments, at("2026-03-10 09:01")], NOW) == Counted(rolling=3, calendar=1)
    assert accountability.count([], NOW) == Counted(0, 0)


@pytest.mark.requirement("WZ-16a")
@pytest.mark.parametrize(
    ("rolling", "calendar", "expected"), [(1, 1, False), (2, 0, True), (1, 2, True), (0, 0, False)]
)
def test_two_within_a_year_are_what_wenzhou_asks_about(rolling, calendar, expected):
    said = policies.load("wenzhou").accountability
    assert accountability.reached(said, Counted(rolling, calendar)) is expected


@pytest.mark.parametrize(("window", "expected"), [("rolling", True), ("calendar", False)])
def test_a_deployment_says_which_year_it_means(window, expected):
    choice = Override("accountability.window", window, "市政务服务局解释")
    said = overrides.apply("mine.toml", policies.load("wenzhou"), (choice,)).accountability
    assert accountability.reached(said, Counted(rolling=2, calendar=1)) is expected


@pytest.mark.parametrize("name", ["mot", "siping", "jiaxiang", "lanzhou"])
def test_a_policy_without_a_number_is_not_given_one(name):
    assert accountability.reached(policies.load(name).accountability, Counted(9, 9)) is None
