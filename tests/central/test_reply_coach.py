"""The nine reasons: words and their innocent look-alikes, results, and what holds for any text."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core import reply_coach
from central.core.handled import has_result, has_result_for_person
from central.core.text_fold import MAX_CHARS, TextTooLong, fold
from central.core.text_parts import Part
from central.core.text_rules import Report, Weight
from tests.central.test_text_corpus import REPLIES, fields_of

CORE = Path(__file__).resolve().parent.parent.parent / "central" / "core"
RESULT = "，已于3月5日为您补发证件。"


def words_of(text: str, **more) -> list[str]:
    report = reply_coach.check({Part.RESULT: text}, **more)
    return [one.words for one in report.findings if one.clause.id == "reply.words"]


INNOCENT = """
我局当日将多收的费用退还给您
窗口人员已将您的材料录入系统
经核查，窗口误将您的材料放入他人档案
现已将收费标准张贴于大厅入口
现将核实情况答复如下
工作人员没有将缴费方式告诉您
公司已将押金全额退还给司机
将心比心，我们理解您的心情
您将近三个月未收到证件
即将到期的证件
麻将馆噪音扰民
材料已按您的要求寄送
按照要求，我局核查了录像
按省厅统一要求，该证明已取消
照片像素不符合要求
根据《条例》第十条要求，申请人须到场
窗口人员要求您先去银行开户
群众要求退还押金
不再要求提供户口簿
您的建议很好
您的意见和建议已采纳
您建议在大厅增设座椅
已按计划恢复列车运行
您原计划当天办结
按计划生育条例办理
模拟考试场地已开放
企业拟录用人员名单有误
审批服务办理中心二楼
您在申请办理中遇到的困难
系统提示“办理中”
页面上“下一步”按钮无法点击
已通知您本人到窗口领取证件
因施工企业被责令停工整顿
《关于进一步做好下一步工作的通知》
群众反映“工作人员说下一步再联系我”
""".split()  # fmt: skip

GUILTY = """
我局将认真研究:将
业务骨干将带头学习:将
工作过错将受到处分:将
我们会将您的建议报上级:将
已将情况上报，将根据结果处理:将
已将该问题列入计划:计划
纳入下半年工作计划:计划
已要求窗口人员道歉:要求
对窗口提出明确要求:要求
按规定要求窗口人员道歉:要求
要求当事人写检讨:要求
拟于下月增设窗口:拟
我局拟对流程优化:拟
建议您到其他部门咨询:建议
已向省厅提出建议:建议
已通知相关科室:已通知
已经通知运维公司:已经通知
已责令其检讨:责令
下一步我局会改进:下一步
该件仍在办理中:办理中
您的申请正在办理中:办理中
窗口将补办的社保卡寄出:将
“将”加强服务:将
""".split()  # fmt: skip


@pytest.mark.requirement("WZ-A2-18")
@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_word_is_no_hit(text):
    assert words_of(text + RESULT) == []


@pytest.mark.requirement("WZ-A2-18")
@pytest.mark.parametrize("line", GUILTY)
def test_a_word_of_the_list_is_a_hit(line):
    text, _, word = line.partition(":")
    assert words_of(text + RESULT) == [word]


@pytest.mark.requirement("WZ-A2-18")
def test_a_deployment_adds_words():
    text = "我局已知悉并已补发。"
    assert words_of(text) == []
    assert words_of(text, more_words=["已知悉"]) == ["已知悉"]
    with pytest.raises(ValueError, match="补充词语"):
        words_of(text, more_words=[" "])


@pytest.mark.requirement("WZ-A2-16")
def test_the_next_measures_may_speak_of_the_future_and_replace_no_result():
    reply = {Part.RATED_AT: "3月4日", Part.CAUSE: "因制卡延误", Part.NEXT_MEASURES: "将按计划每周核对，要求窗口登记。"}
    assert reply_coach.check({**reply, Part.RESULT: "3月5日已补发。"}).findings == ()
    assert reply_coach.check({**reply, Part.RESULT: "情况已了解。"}).fails
    hidden = {**reply, Part.RESULT: "情况已了解。", Part.NEXT_MEASURES: "待检测结果出来后再处理，5个工作日内解决。"}
    clauses = {one.clause.id for one in reply_coach.check(hidden).findings}
    assert clauses == {"reply.testing", "reply.promise"}


DONE = """
对当班人员予以通报批评|扣除当月绩效200元|多收的50元已退还|系统已修复|当日办结|增设了两个窗口|不动产权证已送达|叫号机更换完毕|
已将您的申请审核通过|医保关系已转出|当场为您打印了完税证明|已对全体窗口人员进行了培训|已经为您重新办理|民警登门道歉|已向您解释了政策规定
""".replace("\n", "").split("|")
NOT_DONE = """
我局高度重视|会尽快退还|我局将补发|已要求公司退还|已向上级申请更换设备|系统尚未修复|已开始更换设备|已通知运维公司修复|已列入升级计划|
已发放谈话通知书|已制定整改方案|已协调运维公司升级系统|已登记您的诉求|群众表示满意|我局向您致歉|已整改到位|今年以来已办结3万件|承诺当日办结|
已研究取消该材料|已转交相关科室|已约谈窗口人员|未能当场办结|因当日系统升级导致无法办理|群众称“已退还”|虚拟
""".replace("\n", "").split("|")


@pytest.mark.parametrize("text", DONE)
def test_a_change_said_as_done_is_a_result(text):
    assert has_result(fold(text))


@pytest.mark.requirement("WZ-A2-26")
@pytest.mark.parametrize("text", NOT_DONE)
def test_what_is_promised_passed_on_or_polite_is_none(text):
    assert not has_result(fold(text))
    assert clauses_of(text), "and so the reply fails"


def clauses_of(text: str) -> set[str]:
    found = reply_coach.check({Part.RESULT: text}).findings
    return {one.clause.id for one in found if one.weight is Weight.FAILS}


@pytest.mark.parametrize("text", ["工作人员已接受批评", "保洁公司已换了人"])
def test_a_result_in_unknown_words_is_for_a_reader(text):
    for promise, clause in (("", "reply.no_substance"), ("，我局会加强管理", "reply.management")):
        report = reply_coach.check({Part.RESULT: text + promise})
        assert not report.fails and clause in {one.clause.id for one in report.findings}
    waiting = reply_coach.check({Part.RESULT: text + "，待检测结果出来后再处理"})
    assert waiting.fails, "waiting for a test is no matter of results"


@pytest.mark.requirement("WZ-A2-19")
def test_after_a_talk_only_what_was_done_about_the_person_counts():
    talk = "3月5日向经办人员发放谈话通知书，"
    assert clauses_of(talk + "系统已修复。") == {"reply.talk_notice"}
    assert clauses_of(talk + "并扣除其当月绩效。") == set()
    assert has_result_for_person(fold("已给予通报批评")) and not has_result_for_person(fold("已退还"))


@pytest.mark.requirement("WZ-A2-24")
def test_shared_work_with_measures_passes():
    shared = "该路段需我局与公安局共同管理"
    assert clauses_of(shared + "。") == {"reply.joint"}
    assert clauses_of(shared + "，我局负责站内秩序，公安局负责站外揽客。") == set()
    assert clauses_of(shared + "，3月5日已拆除违规指示牌。") == set()


# What holds for any reply.

#: Says nothing of what was done, asked or promised, and touches no subject of `topics`.
GOOD = [
    "感谢您对政务服务的关心和支持。",
    "经回访，群众对此表示理解。",
    "大厅位于人民路88号，周一至周五上午八点半开门。",
    "今年以来，我局累计办结业务三万余件，新增便民点五处。",
    "我市已入选国家级便民服务试点。",
    "联系电话：0577-88960000。",
    "《优化营商环境条例》自2020年1月1日起施行。",
]


def hits(report: Report) -> set[tuple]:
    return {(one.clause.id, one.words) for one in report.findings if one.clause.id != "reply.elements"}


@pytest.mark.parametrize("example", REPLIES, ids=lambda example: example["name"])
def test_an_unrelated_good_sentence_removes_no_hit(example):
    fields = fields_of(example)
    part = Part.RESULT if Part.RESULT in fields else Part.BODY
    before = hits(reply_coach.check(fields))
    for sentence in GOOD:
        for text in (f"{sentence}{fields[part]}", f"{fields[part]}\n{sentence}"):
            assert hits(reply_coach.check({**fields, part: text})) >= before, sentence


WIDE = {ord(one): ord(one) + 0xFEE0 for one in "0123456789,:;!?()ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}


def spaced(text: str, blank: str) -> str:
    return blank.join(text)


VARIANTS = {
    "NFC": lambda text: unicodedata.normalize("NFC", text),
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "NFKC": lambda text: unicodedata.normalize("NFKC", text),
    "full width": lambda text: text.translate(WIDE),
    "blanks": lambda text: spaced(text, " "),
    "ideographic blanks": lambda text: spaced(text, "\u3000"),
    "zero width": lambda text: spaced(text, "\u200b"),
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_text_in_another_form_gets_the_same_verdict(variant):
    for example in REPLIES:
        fields = fields_of(example)
        typed = {part: VARIANTS[variant](text) for part, text in fields.items()}
        plain, other = reply_coach.check(fields), reply_coach.check(typed)
        assert [(one.clause.id, one.weight, one.part, fold(one.words or "").text) for one in plain.findings] == [
            (one.clause.id, one.weight, one.part, fold(one.words or "").text) for one in other.findings
        ], example["name"]


PIECES = st.sampled_from(
    "将 拟 要求 建议 计划 下一步 已通知 办理中 责令 已 了 您 按 “ ” 《 》 ， 。 \n 正在处理 加强管理 检测 待 结果 "
    "5个工作日内 完成 谈话通知书 "
    "多个部门 共同 整改 退还 ﷺ ｱ \u200b 态度 因 3月5日 𠀀".split(" ")
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=40).map("".join), st.text(max_size=20))
def test_every_place_lies_in_its_field_and_covers_its_words(text, rated):
    fields = {Part.RESULT: text, Part.RATED_TEXT: rated + "态度系统"}
    for one in reply_coach.check(fields).findings:
        if one.words is not None:
            assert 0 <= one.start < one.end <= len(fields[one.part])
            assert fields[one.part][one.start : one.end] == one.words


#: Texts on which a careless pattern takes minutes. Without punctuation, clauses are as long as the text.
HOSTILE = [
    unit * (MAX_CHARS // len(unit))
    for unit in (
        "将",
        "要求",
        "已将",
        "待检测",
        "与局共同",
        "5个工作日内",
        "“",
        "《",
        '"',
        "负责",
        "按要求",
        "整",
        "已",
        "1",
        "加强",
        "因，",
        "ﷺ",
    )
]


#: What looks back, or for an end, without a bound: `+`, `*` and `{n,}` behind a set, a group or a class.
UNBOUNDED = re.compile(r"(?:\\[dwsDWS]|\]|\)|\.)[+*]|\{\d*,\}")


@pytest.mark.parametrize("module", ["handled", "reply_words", "reply_coach", "appeal_coach", "topics", "text_parts"])
def test_no_pattern_repeats_without_a_bound(module):
    source = (CORE / f"{module}.py").read_text(encoding="utf-8")
    assert "re.compile" in source and UNBOUNDED.findall(source) == []
    assert UNBOUNDED.search(r"\d+月") and UNBOUNDED.search("[^,]*") and UNBOUNDED.search("(?:a|b){2,}")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:8]))
def test_hostile_texts_of_full_length_are_read(text):
    reply_coach.check({part: text for part in (Part.BODY, Part.RESULT, Part.RATED_TEXT)})


def test_a_field_that_is_too_long_is_refused():
    with pytest.raises(TextTooLong):
        reply_coach.check({Part.RESULT: "好" * (MAX_CHARS + 1)})
