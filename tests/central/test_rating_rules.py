"""What a policy says about single ratings."""

import pytest

from central import policies
from central.core.rating import Level
from central.core.rating_rules import RatingRules, rules


def of(name: str) -> RatingRules:
    return rules(policies.load(name))


@pytest.mark.requirement("WZ-7b", "JX-2.4b", "LZ-2.1.2a")
@pytest.mark.parametrize("name", policies.names())
def test_the_last_two_of_five_are_bad(name):
    assert {level for level in Level if level in of(name).bad} == {Level.DISSATISFIED, Level.VERY_DISSATISFIED}


@pytest.mark.requirement("MOT-9c")
def test_a_bad_rating_must_tick_or_fill_in_a_reason():
    mot = of("mot")
    for level in (Level.DISSATISFIED, Level.VERY_DISSATISFIED):
        assert mot.reason_missing(level, [], None) and mot.reason_missing(level, [], "  \n")
        assert not mot.reason_missing(level, [207], None)
        assert not mot.reason_missing(level, [], "等了两个小时")
    assert not any(mot.reason_missing(level, [], None) for level in Level if level not in mot.bad)
    assert mot.reason_article == "第九条"


@pytest.mark.parametrize("name", ["wenzhou", "jiaxiang", "lanzhou", "siping"])
def test_where_no_reason_is_required_none_is_missing(name):
    assert not any(of(name).reason_missing(level, [], None) for level in Level)


def test_without_a_policy_bad_is_bad_and_nothing_is_missing():
    assert len(rules(None).bad) == 2 and not rules(None).reason_missing(Level.DISSATISFIED, [], None)
