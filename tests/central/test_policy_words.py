"""A policy in Chinese: what ``explain`` and ``diff`` say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import policies
from central.core import policy, policy_words
from central.core.policy import PolicyError
from central.core.policy_words import KEYS, InForce

GOLDEN = {
    ("wenzhou", "timers.call_back"): [
        "回访时限  timers.call_back",
        "  1 个工作日，自收到推送起；原则上，逾期只作提醒",
        "  依据 第十二条（WZ-12b）：政务服务机构收到“好差评”系统推送的评价人“不满意”或“非常不满意”评价时,"
        "原则上在1个工作日内进行“差评回访”,核实情况。",
        "  处理原则 C-4：回访时限的单位和起点各地不一：按本地的单位和起点分别计算",
    ],
    ("wenzhou", "default.level"): ["默认等级  default.level", "  （未规定） 文中没有默认评价（C-1）"],
    ("mot", "reasons.on_bad"): [
        "差评理由  reasons.on_bad",
        "  必须勾选或填写",
        "  依据 第九条（MOT-9c）：差评应勾选或填写理由。",
        "  处理原则 C-11：差评是否须写理由各地不一：评价器给出可以一按即选的理由；没有理由的差评照常保存和处理",
        "  说明 未写理由的差评同样保存和处理，不因此丢弃",
    ],
    ("siping", "default.after"): [
        "默认评价时限  default.after",
        "  7 日（自然日），自全部办结起",
        "  依据 7.3（SP-7.3）：评价主体在办件后的7d内未做出评价的，应视为“基本满意”等级。",
        "  处理原则 C-1：未作评价是否算默认评价，各地不一：只按本地规定的时限、起点和等级，没有规定的不作默认评价",
        "  说明 “办件后”指办结还是受理文中不明，按办结起算",
    ],
    ("lanzhou", "levels.bad"): [
        "差评  levels.bad",
        "  差、很差",
        "  依据 二(一)2（LZ-2.1.2a）：评价等级设置为“很好”“好”“一般”“差”“很差”或“非常满意”“满意”“基本满意”"
        "“不满意”“非常不满意”5个等级,后2个等级为差评。",
    ],
    ("jiaxiang", "timers.rectify"): ["整改时限  timers.rectify", "  （按整改类别，见 classes）"],
    ("jiaxiang", "classes.coordinated.timers.call_back"): [
        "整改类别·协调整改类·回访时限  classes.coordinated.timers.call_back",
        "  （未规定） 协调整改类没有写明回访时限",
    ],
    ("wenzhou", "appeal.grounds.refused.fields.attempts.least"): [
        "申诉理由·拒评·须写明  appeal.grounds.refused.fields.attempts",
        "  联系群众的日期和结果（至少 2 次）",
        "  依据 附件2 一(四)3（WZ-A2-11）：3.拒评。于X月X日、Y月Y日联系群众,均未接听电话(或被挂断),无法核实差评细节。",
    ],
}


def in_force(name):
    return InForce(policies.load(name), policies.load(name))


@pytest.mark.parametrize(("name", "key"), GOLDEN)
def test_explain_gives_value_article_and_sentence(name, key):
    assert policy_words.explain(in_force(name), key) == GOLDEN[name, key]


def test_a_table_is_explained_with_what_is_in_it():
    lines = "\n".join(policy_words.explain(in_force("wenzhou"), "appeal.grounds.mistaken"))
    for word in (
        "评价错事项",
        "回复错评价数字",
        "点错评价星级",
        "群众想评价的事项（评价错事项的）",
        "WZ-A2-4",
        "WZ-A2-9",
    ):
        assert word in lines


@pytest.mark.parametrize("name", policies.names())
def test_every_key_has_a_name_and_every_value_a_text(name):
    found = policies.load(name)
    assert [key for key in policy.slots(found) if ".timers." not in key] == list(KEYS)
    for key, said in policy.statements(found):
        words = policy_words.text(found, key, said)
        assert words != policy_words.UNSAID and "None" not in words and "_" not in words
        assert policy_words.name(found, key) and policy_words.explain(in_force(name), key)[1] == f"  {words}"


@pytest.mark.parametrize(
    "key", ["", "timers.x", "tim", "timers.call_back.amount.more", "levels..bad", "default.level.value.x"]
)
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(PolicyError) as caught:
        policy_words.explain(in_force("wenzhou"), key)
    assert caught.value.key == key


@given(st.sampled_from(policies.names()), st.sampled_from(policies.names()))
def test_a_comparison_is_the_same_from_both_sides(left, right):
    one, other = policies.load(left), policies.load(right)
    rows = policy_words.diff(one, other)
    assert [(row.key, row.right, row.left) for row in rows] == [
        (row.key, row.left, row.right) for row in policy_words.diff(other, one)
    ]
    assert (rows == []) == (left == right)


def test_a_comparison_shows_what_each_says():
    rows = {row.key: row for row in policy_words.diff(policies.load("wenzhou"), policies.load("siping"))}
    assert (rows["timers.rectify"].left, rows["timers.rectify"].right) == (
        "15 个工作日，自差评产生起",
        "15 日（自然日），自收到推送起",
    )
    assert rows["default.level"].left == "（未规定）" and rows["default.level"].right == "基本满意"
    assert "identity.rule" not in rows
