"""The loop as the shipped policies give it, beside the rules written out by hand from the same regulations."""

import pytest

from central import policies
from central.core import overrides
from central.core.grounds import GroundName
from central.core.handling import Start, State
from central.core.loop_of import rules
from central.core.parties import Party
from central.core.policy_words import Override
from tests.central.loop_policies import POLICIES
from tests.central.loop_walk import walk
from tests.central.test_loop_model import BEGINNINGS, check

#: Where the text names no start: one reader counts from the push (C-6), the other from the verification.
UNCLEAR = {("mot", "rectify"), ("mot", "rectify_complex"), ("mot", "invalid_report")}


@pytest.mark.parametrize("name", policies.names())
def test_two_readings_of_one_regulation_agree(name):
    ours, theirs = rules(policies.load(name)), POLICIES[name]
    assert ours.states() == theirs.states()
    assert {one.name for one in ours.classes} == {one.name for one in theirs.classes}
    assert ours.unclassified == theirs.unclassified and ours.reply_review == theirs.reply_review
    assert ours.reply_fields == theirs.reply_fields and ours.third_party == theirs.third_party
    assert ours.extension == theirs.extension and len(ours.clauses) == len(theirs.clauses)
    for timer in theirs.timers:
        own = ours.timer(timer.name)
        if own is None:  # 四平 lets feedback lie within the rectification
            assert (name, timer.name) == ("siping", "feedback")
            continue
        assert (own.also_in, own.fires) == (timer.also_in, timer.fires) and timer.due_in <= own.due_in
        assert own.start == timer.start or (name, timer.name) in UNCLEAR and own.start is Start.PUSHED


@pytest.mark.parametrize("name", ["wenzhou", "siping"])
def test_who_may_appeal_and_with_what(name):
    ours, theirs = rules(policies.load(name)).appeal, POLICIES[name].appeal
    assert (ours.by, ours.states) == (theirs.by, theirs.states)
    assert [ground.name for ground in ours.grounds] == [ground.name for ground in theirs.grounds]
    if name == "wenzhou":
        for own, other in zip(ours.grounds, theirs.grounds, strict=True):
            assert own.fields == other.fields and own.attempts == other.attempts
            assert [(kind.name, kind.fields) for kind in own.kinds] == [
                (kind.name, kind.fields) for kind in other.kinds
            ]


def test_a_walk_over_the_whole_table_finds_no_dead_end():
    for name, reasons, citizen in BEGINNINGS:
        if name in ("lanzhou", "siping"):
            ours = rules(policies.load(name))
            for edge in walk(ours, reasons, **citizen):
                check(ours, edge)


def test_what_is_not_stated_is_shown_as_such():
    assert {"call_back", "rectify"} <= set(rules(policies.load("lanzhou")).unstated())
    assert "rectification_review" in rules(policies.load("wenzhou")).unstated()
    assert "coordinated.rectify" in rules(policies.load("jiaxiang")).unstated()


def test_a_deployments_limit_reaches_the_loop():
    base = policies.load("lanzhou")
    limit = Override("timers.call_back", {"amount": 2, "unit": "WD", "start": "pushed"}, "按省规定")
    timer = rules(overrides.apply("mine.toml", base, (limit,))).timer("call_back")
    assert timer.limit == "2 个工作日，自收到推送起" and timer.article == "本部署规定"


def test_grounds_and_offices_are_the_regulations_own():
    mot, jiaxiang = rules(policies.load("mot")), rules(policies.load("jiaxiang"))
    assert {ground.name for ground in mot.invalid.grounds} == {
        GroundName.UNTRUE,
        GroundName.NO_LEGAL_BASIS,
        GroundName.IRRELEVANT,
    }
    assert mot.invalid.files and not jiaxiang.invalid.files
    assert rules(policies.load("wenzhou")).office(Party.REVIEWER) == "市信访局"
    assert State.APPEALED not in mot.states()
