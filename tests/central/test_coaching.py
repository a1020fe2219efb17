"""The coach beside a form: every ground has one, a hit lies where the words are."""

import pytest

from central import policies
from central.core import coaching, deed_forms
from central.core.deed_forms import Coach
from central.core.handling import Action, Outcome
from central.core.text_fold import MAX_CHARS, TextTooLong
from tests.central.loop_walk import SHIPPED
from tests.central.loop_world import DAY, HANDLER, called_back

RULES, POLICY = SHIPPED["wenzhou"], policies.load("wenzhou")
REPLY = {
    "rated_at": "2026年9月30日",
    "cause": "因窗口人员不熟悉材料清单，",
    "result": "😀我局将补发居住证。",
    "next_measures": "将开展培训。",
}


@pytest.mark.requirement("WZ-A2-18")
def test_a_hit_lies_where_the_words_are():
    (word, *_) = coaching.hits(Coach.REPLY, "", called_back(RULES).handling, REPLY)
    assert (word.code, word.field, word.words, word.fails) == ("WZ-A2-18", "result", "将", True)
    assert REPLY["result"][word.start : word.end] == "将"
    assert word.before + word.words + word.after == REPLY["result"]
    assert word.article == "附件2 二(三)1" and "改写为已经完成的事实" in word.advice


def test_advice_is_given_once_for_a_clause_and_field():
    said = REPLY | {"result": "将补发，并计划培训。"}
    words = [hit for hit in coaching.hits(Coach.REPLY, "", called_back(RULES).handling, said) if hit.code == "WZ-A2-18"]
    assert [hit.words for hit in words] == ["将", "计划"] and [bool(hit.advice) for hit in words] == [True, False]


def test_what_is_missing_has_a_field_and_no_place():
    hits = coaching.hits(Coach.REPLY, "", called_back(RULES).handling, {"result": "已于9月30日补发居住证。"})
    assert {hit.field for hit in hits} >= {"next_measures"}
    assert all(hit.start is None and hit.words == hit.before == hit.after == "" for hit in hits)


def test_every_ground_with_a_coach_is_known_to_it():
    handling = called_back(RULES).handling
    form = deed_forms.form(Action.APPEAL, RULES, POLICY, handling)
    for option in form.fields[0].options:
        assert coaching.hits(Coach.APPEAL, option.value, handling, {"appeal_reason": "误评"})
        assert deed_forms.form(Action.APPEAL, RULES, POLICY, handling, option.value).coach is Coach.APPEAL


@pytest.mark.parametrize("name", ["jiaxiang", "lanzhou", "mot", "siping"])
def test_a_regulation_without_such_rules_has_no_coach(name):
    rules, policy = SHIPPED[name], policies.load(name)
    world = called_back(rules)
    assert deed_forms.form(Action.REPLY, rules, policy, world.handling).coach is None


def test_calls_in_the_log_count_for_an_appeal_about_refusal():
    world = called_back(RULES)
    said = {"rated_at": "2026年12月28日", "appeal_reason": "无法核实差评细节。"}
    assert any(hit.code == "WZ-A2-11" for hit in coaching.hits(Coach.APPEAL, "refused", world.handling, said))
    for _ in range(2):
        world.must(Action.ATTEMPT, HANDLER, outcome=Outcome.NO_ANSWER)
        world.wait(DAY)
    assert not any(hit.code == "WZ-A2-11" for hit in coaching.hits(Coach.APPEAL, "refused", world.handling, said))


def test_what_the_citizen_wrote_is_held_against_the_reply():
    good = REPLY | {"result": "已于9月30日补发居住证。"}
    hits = coaching.hits(Coach.REPLY, "", called_back(RULES).handling, good, "工作人员态度恶劣，一直玩手机")
    assert [hit.field for hit in hits if not hit.fails and hit.words] == ["rated_text"]


def test_a_text_that_is_too_long_is_not_read():
    with pytest.raises(TextTooLong):
        coaching.hits(Coach.REPLY, "", called_back(RULES).handling, {"result": "已" * (MAX_CHARS + 1)})
