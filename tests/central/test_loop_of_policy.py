"""The loop's rules made from the five policies say what the ones written by hand say."""

import pytest

from central import policies
from central.core.handling import OPEN, Action
from central.core.loop_of_policy import rules
from central.core.loop_rules import Basis
from tests.central.loop_policies import POLICIES

NAMES = sorted(POLICIES)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_has_the_states_parties_and_fields_that_were_read_by_hand(name):
    made, hand = rules(policies.load(name)), POLICIES[name]
    assert made.states() == hand.states()
    assert (made.reply_review, made.third_party, made.attempts) == (hand.reply_review, hand.third_party, hand.attempts)
    assert set(made.reply_fields) == set(hand.reply_fields) and len(made.clauses) == len(hand.clauses)
    assert (made.appeal is None, made.invalid is None) == (hand.appeal is None, hand.invalid is None)
    if hand.appeal is not None:
        assert (made.appeal.by, made.appeal.states) == (hand.appeal.by, hand.appeal.states)
    if hand.invalid is not None:
        assert made.invalid.files is hand.invalid.files
        assert {each.name for each in made.invalid.grounds} == {each.name for each in hand.invalid.grounds}
    assert [each.title for each in made.classes] == [each.title for each in hand.classes]


def test_the_grounds_of_wenzhou_ask_for_what_the_annex_asks_for():
    made, hand = rules(policies.load("wenzhou")).appeal, POLICIES["wenzhou"].appeal
    assert [each.name for each in made.grounds] == [each.name for each in hand.grounds]
    for ours, theirs in zip(made.grounds, hand.grounds, strict=True):
        assert set(ours.fields) == set(theirs.fields) and ours.attempts == theirs.attempts
        assert [set(each.fields) for each in ours.kinds] == [set(each.fields) for each in theirs.kinds]
        assert bool(ours.model) is bool(theirs.model)


@pytest.mark.parametrize(
    ("name", "timer", "limit", "article"),
    [
        ("wenzhou", "call_back", "收到推送之日起1个工作日内", "第十二条"),
        ("wenzhou", "appeal", "差评产生之日起5个工作日内", "附件2 一(二)、第十二条"),
        ("wenzhou", "rectify", "差评产生之日起15个工作日内", "附件2 二(二)、第十二条"),
        ("mot", "rectify_complex", "收到推送之日起15个工作日内", "第十五条(一)"),
        ("siping", "appeal", "收到差评之日起2个工作日内", "9.2"),
        ("siping", "call_back", "收到推送起48小时内", "8.1"),
        ("jiaxiang", "immediate.call_back", "收到推送起1小时内", "三(三)1"),
        ("jiaxiang", "immediate.rectify", "回访结束起立即", "三(三)1"),
        ("jiaxiang", "negotiated.rectify", None, None),
        ("lanzhou", "rectify", None, None),
    ],
)
def test_a_limit_is_said_in_words_with_its_article(name, timer, limit, article):
    found = rules(policies.load(name)).timer(timer)
    assert (found.limit, found.article) == (limit, article)


@pytest.mark.parametrize("name", NAMES)
def test_every_open_state_has_a_due_time_for_every_class(name):
    made = rules(policies.load(name))
    for state in OPEN & made.states():
        for each in [each.name for each in made.classes] or [None]:
            assert made.due(state, each) is not None


def test_what_follows_a_missed_appeal_is_the_policys_word():
    fires = {name: rules(policies.load(name)).timer("appeal") for name in ("wenzhou", "siping")}
    assert fires["wenzhou"].fires is Action.LAPSE and fires["siping"].fires is Action.EXPIRE


def test_only_the_class_of_its_article_may_be_extended():
    made = rules(policies.load("jiaxiang")).extension
    assert (made.timers, made.classes, made.before_due) == ({"negotiated.rectify"}, {"negotiated"}, True)
    made = rules(policies.load("mot")).extension
    assert (made.timers, made.classes, made.before_due) == ({"rectify_complex"}, {"complex"}, False)


def test_what_no_article_says_is_cited_as_ours():
    made = rules(policies.load("lanzhou"))
    assert made.basis == {} and made.cite(Basis.REPLY) == "本系统规则：整改答复"
    assert set(made.unstated()) == {timer.name for timer in made.timers}
