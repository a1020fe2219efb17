"""The clauses, the findings and a reviewer's word over them."""

import re
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from central import policies
from central.core import appeal_coach, policy, reply_coach, text_rules
from central.core.appeal_coach import Ground
from central.core.terms import FieldName
from central.core.text_parts import Part
from central.core.text_rules import CLAUSES, MAX_REASON, Override, Weight
from tests.requirements import load_duties

ROOT = Path(__file__).resolve().parent.parent.parent
NOW = datetime(2024, 3, 4, tzinfo=UTC)


@pytest.fixture
def report():
    return reply_coach.check({Part.RESULT: "3月5日已补发。下一步，建议您来电。", Part.RATED_AT: "3月4日"})


def test_each_clause_cites_a_duty_and_its_article():
    duties = load_duties()
    for clause in CLAUSES.values():
        article = duties[clause.requirement].article.removeprefix("附件2 ")
        assert clause.article.startswith(f"附件2 {article}"), clause


@pytest.mark.requirement("WZ-A2-18")
def test_a_reviewer_overrides_one_finding_with_a_reason(report):
    word, *others = [one for one in report.findings if one.weight is Weight.FAILS]
    override = Override(word, "此处为系统按钮名称", "复核员甲", NOW)
    after = report.after([override])
    assert [one for one in report.findings if one not in after.findings] == [word]
    assert after.fails and others
    assert not report.after([Override(one, "已核实", "复核员甲", NOW) for one in (word, *others)]).fails
    assert report.fails, "the report itself is what it was"


@pytest.mark.parametrize("reason", ["", " \u3000\n", "。。", "——", "x" * (MAX_REASON + 1)])
def test_an_override_needs_a_reason(report, reason):
    with pytest.raises(ValueError, match="理由"):
        Override(report.findings[0], reason, "复核员甲", NOW)


def test_an_override_needs_somebody_and_a_moment(report):
    with pytest.raises(ValueError, match="由谁"):
        Override(report.findings[0], "已核实", " ", NOW)
    with pytest.raises(ValueError, match="时区"):
        Override(report.findings[0], "已核实", "复核员甲", datetime(2024, 3, 4))


def test_an_override_of_another_text_lifts_nothing(report):
    other = reply_coach.check({Part.RESULT: "我局拟补发。"}).findings[0]
    assert report.after([Override(other, "已核实", "复核员甲", NOW)]) == report


def test_findings_come_in_the_order_of_the_regulation_and_the_text():
    report = reply_coach.check({Part.RESULT: "拟加强管理，将尽快处理。"})
    assert [(one.clause.id, one.start) for one in report.findings if one.weight is Weight.FAILS] == [
        ("reply.words", 0),
        ("reply.words", 6),
        ("reply.management", 1),
        ("reply.progress", 7),
    ]


def test_the_policy_has_the_same_reasons_words_fields_and_grounds():
    wenzhou = policy.read("wenzhou.toml", resources.files(policies).joinpath("wenzhou.toml").read_bytes())
    duties = {clause.id: clause.requirement for clause in CLAUSES.values()}
    assert wenzhou.rectify.failings and wenzhou.appeal.grounds and wenzhou.rectify.words
    for name, failing in wenzhou.rectify.failings.items():
        assert duties[f"reply.{name}"] in failing.article
    for word in wenzhou.rectify.words.value:
        assert "reply.words" in {one.clause.id for one in reply_coach.check({Part.RESULT: f"我局{word}此事"}).findings}
    assert {part.value for part in Part} - set(FieldName) == {"body", "rated_text"}
    for name, ground in wenzhou.appeal.grounds.items():
        for kind in ground.kinds or (name,):
            asked = {field.value for field, form in ground.fields.items() if form.only in (None, kind)}
            required = {part.value for _, part in appeal_coach.REQUIRED[Ground(kind)]}
            assert asked - required <= {"wrong_step"} and required <= asked, kind


@pytest.mark.parametrize(("name", "table"), [("clauses", text_rules.table()), ("grounds", appeal_coach.table())])
def test_the_document_holds_the_tables_of_the_code(name, table):
    text = (ROOT / "docs" / "text-rules.md").read_text(encoding="utf-8")
    written = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert written and written[1] == table, "write it anew with: hcp text rules"
