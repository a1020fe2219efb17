"""Forms: what they ask is what the loop wants, in every policy and wherever a handling can stand."""

import pytest

from central import policies
from central.core import deed_forms
from central.core.case_file import buttons
from central.core.deed_forms import Shape
from central.core.handling import Action, Outcome
from central.core.loop import act
from central.core.parties import Actor, Party
from central.core.refusal import Refusal
from tests.central.loop_walk import SHIPPED, key, walk
from tests.central.loop_world import DAY, HANDLER, MORNING, REVIEWER, SUPERVISOR, called_back
from tests.central.office_world import at

#: What a form cannot know, or what was done before.
NOT_A_FORMS_FAULT = {"attempts", "too_late", "again", "conflict", "order"}
WENZHOU = policies.load("wenzhou")


def filled(form: deed_forms.Form) -> dict[str, list[str]]:
    """Every field with something in it."""
    values = {each.name: ["2027-06-30" if each.shape is Shape.DATE else "已写明"] for each in form.fields}
    return values | {each.name: [each.options[0].value] for each in form.fields if each.options}


def forms(action: Action, rules, policy, handling):
    """The form, or one for each ground where one has to be chosen."""
    form = deed_forms.form(action, rules, policy, handling)
    if not form.choose:
        return [form]
    choices = [option.value for option in form.fields[0].options]
    return [deed_forms.form(action, rules, policy, handling, choice) for choice in choices]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_form_asks_for_all_that_the_loop_wants_and_for_no_more(name):
    rules, policy = SHIPPED[name], policies.load(name)
    places = {key(rules, edge.before): edge.before for edge in walk(rules, refused=False, text=True)}
    done, tried = set(), set()
    for handling in places.values():
        for actor in (HANDLER, REVIEWER, SUPERVISOR):
            for action in buttons(rules, policy, handling, [actor.party]):
                for form in forms(action, rules, policy, handling):
                    values = filled(form)
                    assert deed_forms.errors(form, values) == {}
                    deed = deed_forms.deed(form, actor, values)
                    dues = {each.timer: MORNING + 40 * DAY for each in handling.running}
                    answer = act(rules, handling, deed, MORNING + DAY, dues)
                    tried.add(action)
                    if isinstance(answer, Refusal):
                        assert answer.code in NOT_A_FORMS_FAULT, (action, str(answer))
                        continue
                    done.add(action)
                    for each in form.fields:  # what it calls required is missed by the loop or by the form itself
                        if each.required:
                            assert set(deed_forms.errors(form, {**values, each.name: [" "]})) == {each.name}
    assert (
        done == tried and {Action.CALL_BACK, Action.CONFIRM, Action.REPLY, Action.FEED_BACK, Action.SUPERVISE} <= done
    )


def test_a_form_is_in_the_words_of_its_policy():
    handling = called_back(SHIPPED["wenzhou"], text=True).handling
    form = deed_forms.form(Action.APPEAL, SHIPPED["wenzhou"], WENZHOU, handling)
    assert form.choose and form.bars == ("工作人员态度", "工作人员能力", "办事系统")
    assert [option.title for option in form.fields[0].options][:4] == [
        "误评：评价错事项",
        "误评：回复错评价数字",
        "误评：点错评价星级",
        "恶意差评",
    ]
    form = deed_forms.form(Action.APPEAL, SHIPPED["wenzhou"], WENZHOU, handling, "ineligible.wrong_data")
    assert form.titles() == {
        "rated_at": "差评产生时间",
        "cause": "差评产生原因",
        "appeal_reason": "申诉原因",
        "response_to_text": "对差评文本的正面回应和解释",
        "policy_basis": "政策依据",
        "why_not_matching": "用户为什么不符合政策",
        "wrong_step": "用户在哪一步操作错误",
    }
    assert form.model.startswith("群众于X时间办理该事项") and form.coach is deed_forms.Coach.APPEAL
    assert "附件2 一(一)4" in form.cite
    silent = called_back(SHIPPED["wenzhou"]).handling
    assert (
        "response_to_text"
        not in deed_forms.form(Action.APPEAL, SHIPPED["wenzhou"], WENZHOU, silent, "malicious").titles()
    )
    reply = deed_forms.form(Action.REPLY, SHIPPED["wenzhou"], WENZHOU, handling)
    assert list(reply.titles().values()) == ["差评产生时间", "原因", "差评处理结果", "下一步举措"]
    assert deed_forms.prefilled(reply, at("2026-09-30 15:00")) == {"rated_at": "2026年9月30日15:00"}
    assert "市信访局" in reply.effect


@pytest.mark.parametrize("choice", ["", "mistaken", "mistaken.nothing", "malicious.wrong_item", "attitude", "<b>"])
def test_a_ground_that_is_not_offered_is_no_choice(choice):
    handling = called_back(SHIPPED["wenzhou"]).handling
    assert deed_forms.form(Action.APPEAL, SHIPPED["wenzhou"], WENZHOU, handling, choice).choose


@pytest.mark.parametrize(
    ("action", "values", "expected"),
    [
        (Action.ATTEMPT, {}, {"outcome": "请选择“结果”"}),
        (Action.ATTEMPT, {"outcome": ["nobody"]}, {"outcome": "“结果”没有这个选项：nobody"}),
        (Action.FEED_BACK, {"channel": ["\n "], "content": ["说了"]}, {"channel": "请填写“反馈方式”"}),
        (Action.FEED_BACK, {"channel": ["x" * 201], "content": ["说"]}, {"channel": "“反馈方式”最多200字，请删减"}),
        (Action.SUPERVISE, {"reason": ["快" * 10001]}, {"reason": "“督办事由”最多10000字，请删减"}),
        (Action.GIVE_UP, {"anything": ["else"]}, {}),
    ],
)
def test_what_is_wrong_is_said_at_its_field(action, values, expected):
    form = deed_forms.form(action, SHIPPED["wenzhou"], WENZHOU, called_back(SHIPPED["wenzhou"]).handling)
    assert deed_forms.errors(form, values) == expected


def test_a_date_that_is_none_is_said():
    rules, policy = SHIPPED["jiaxiang"], policies.load("jiaxiang")
    form = deed_forms.form(Action.EXTEND, rules, policy, called_back(rules).handling)
    values = filled(form)
    assert deed_forms.errors(form, values | {"until": ["明天"]}) == {"until": "“新的整改期限”应为日期，如 2026-10-13"}
    deed = deed_forms.deed(form, HANDLER, values | {"until": ["2026-10-13"]})
    assert deed.until_ms == at("2026-10-14 00:00")


def test_a_deed_holds_nothing_that_its_form_did_not_ask():
    form = deed_forms.form(Action.ATTEMPT, SHIPPED["wenzhou"], WENZHOU, called_back(SHIPPED["wenzhou"]).handling)
    sent = {
        "outcome": ["hung_up"],
        "contact": ["打了"],
        "reason": ["x"],
        "clauses": ["WZ-A2-18"],
        "until": ["2026-10-13"],
    }
    deed = deed_forms.deed(form, Actor("han", Party.HANDLER, "police"), sent | {"handling_class": ["limited"]})
    assert dict(deed.fields) == {"contact": "打了"} and deed.outcome is Outcome.HUNG_UP
    assert (deed.clauses, deed.until_ms, deed.handling_class, deed.ground) == ((), None, None, None)


@pytest.mark.parametrize("action", [Action.PUSH, Action.TELL, Action.REOPEN, Action.OVERDUE, Action.LAPSE])
def test_what_no_official_does_has_no_form(action):
    assert deed_forms.form(action, SHIPPED["wenzhou"], WENZHOU, called_back(SHIPPED["wenzhou"]).handling) is None
