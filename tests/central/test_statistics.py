"""Figures: silence, citizens and what is left out stand apart; both rates say how they were made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import policies
from central.core import statistics
from central.core.rating import Level
from central.core.rating_rules import RatingRules, rules
from central.core.statistics import Rate, Tally, rates
from tests.central.intake_world import IntakeWorld

COUNTS = st.dictionaries(st.sampled_from(Level), st.integers(0, 1000))
TALLIES = st.builds(Tally, COUNTS, COUNTS, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
RULES = st.sampled_from([rules(policies.load(name)) for name in policies.names()] + [RatingRules()])


@pytest.mark.requirement("MOT-9b")
def test_fairly_satisfied_and_better_is_good():
    mot = rules(policies.load("mot"))
    assert set(mot.good) == {Level.VERY_SATISFIED, Level.SATISFIED, Level.FAIRLY_SATISFIED}
    official, active = rates(mot, Tally(active={Level.FAIRLY_SATISFIED: 1, Level.DISSATISFIED: 1}))
    assert (official.good, official.of) == (active.good, active.of) == (1, 2)


def test_silence_is_in_the_official_rate_and_in_no_other():
    tally = Tally(active={Level.VERY_SATISFIED: 1, Level.DISSATISFIED: 1}, default={Level.FAIRLY_SATISFIED: 8})
    official, active = rates(rules(policies.load("mot")), tally)
    assert (official.percent, active.percent) == ("90.00", "50.00")
    assert "含默认评价" in official.formula and "第九条" in official.formula
    assert "主动" in active.formula and "C-2" in active.formula


def test_without_a_default_rule_both_are_one():
    tally = Tally(active={Level.VERY_SATISFIED: 3, Level.DISSATISFIED: 1}, default={Level.FAIRLY_SATISFIED: 5})
    official, active = rates(rules(policies.load("wenzhou")), tally)
    assert (official.good, official.of) == (active.good, active.of) == (3, 4)
    assert "没有规定哪些等级算好评" in official.formula and "C-22" in official.formula


@given(RULES, TALLIES)
def test_the_active_rate_never_looks_at_silence_or_at_what_is_left_out(rule, tally):
    _, active = rates(rule, tally)
    assert active == rates(rule, Tally(active=tally.active))[1]
    assert active.of == sum(tally.active.values()) and 0 <= active.good <= active.of


@given(RULES, TALLIES)
def test_official_is_active_and_silence_and_nothing_else(rule, tally):
    official, active = rates(rule, tally)
    silence = sum(tally.default.values()) if rule.default else 0
    assert official.of == active.of + silence and active.good <= official.good <= official.of


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_percentage_is_exact_to_two_decimals(good, of):
    good = min(good, of)
    percent = Rate(good, of, "").percent
    assert abs(float(percent) - 100 * good / of) <= 0.005 + 1e-9
    assert (percent == "100.00") == (2 * (of - good) * 10_000 <= of and good > 0) or good == of


def test_of_nothing_there_is_no_rate():
    assert Rate(0, 0, "").percent is None
    empty = statistics.as_json(RatingRules(), Tally())
    assert empty["good_rate"]["percent"] is None and set(empty["active"]) == set(map(str, Level))


@pytest.mark.requirement("WZ-12e")
def test_what_is_not_adopted_is_in_neither_rate(tmp_path):
    world = IntakeWorld(tmp_path, "wenzhou")
    for number, level in ((1, 5), (2, 1), (3, 1)):
        world.service(f"C{number}")
        world.press(level, f"C{number}")
    with world.state.store.write() as connection:
        connection.exec_driver_sql("UPDATE ratings SET adopted = false WHERE case_no = 'C2'")
    figures = world.summary()["figures"]
    assert (figures["good_rate"]["percent"], figures["not_adopted"]) == ("50.00", 1)
    assert len(world.ratings()) == 3
    world.close()
