"""What an appeal must say, ground by ground, and the regulation's own examples."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core import appeal_coach
from central.core.appeal_coach import GROUND_TITLES, REQUIRED, Ground
from central.core.text_fold import MAX_CHARS, fold
from central.core.text_parts import Part
from central.core.text_rules import Weight
from tests.central.test_reply_coach import HOSTILE
from tests.central.test_text_corpus import APPEALS, fields_of

#: Each fact as its own field holds it.
FACTS = {
    Part.RATED_AT: "2024年3月4日",
    Part.CAUSE: "群众看错了短信",
    Part.INTENDED_ITEM: "居民医保参保登记",
    Part.RELATED: "没有",
    Part.BASIS: "通话录音三段",
    Part.ATTEMPTS: "3月5日未接，3月6日联系又挂断",
    Part.POLICY_BASIS: "社会保险法第十六条",
    Part.WHY_NOT_MATCHING: "缴费年限为九年",
    Part.WRONG_STEP: "上传证明",
    Part.SPECIFICS: "由他人使用申请人旧手机号码作出，4月1日书面确认",
}


def fails(ground: Ground, fields: dict[Part, str], **more) -> set[tuple]:
    findings = appeal_coach.check(ground, fields, **more).findings
    return {(one.clause.id, one.part) for one in findings if one.weight is Weight.FAILS}


def complete(ground: Ground) -> dict[Part, str]:
    needed = {part for _, part in REQUIRED[ground]} | {Part.RATED_AT, Part.CAUSE}
    fields = {part: FACTS[part] for part in needed}
    if Part.RELATED in fields:
        fields[Part.RELATED] = "两个事项没有关联"
    return fields


@pytest.mark.requirement("WZ-A2-4")
@pytest.mark.requirement("WZ-A2-5")
@pytest.mark.requirement("WZ-A2-6")
@pytest.mark.requirement("WZ-A2-7")
@pytest.mark.requirement("WZ-A2-11")
@pytest.mark.parametrize("ground", Ground)
def test_each_ground_needs_each_of_its_facts_and_no_more(ground):
    fields = complete(ground)
    assert appeal_coach.check(ground, fields).findings == ()
    for clause, part in REQUIRED[ground]:
        for nothing in ({}, {part: "无"}, {part: " \u3000"}, {part: "——"}):
            without = {key: text for key, text in fields.items() if key is not part}
            assert fails(ground, {**without, **nothing}) == {(clause, part)}


def test_every_ground_has_a_title_and_its_facts():
    assert set(GROUND_TITLES) == set(REQUIRED) == set(Ground)


#: 附件2 一(四), filled in.
MODELS = {
    Ground.WRONG_ITEM: "和群众回访核实后确认，群众于3月1日办理了社保卡补换，于3月2日办理了参保登记，"
    "误把此评价当成评价社保卡补换，评价了差评，实际上对于参保登记非常满意。",
    Ground.MALICIOUS: "群众于3月1日办理该事项，根据《社会保险法》第十六条，累计缴费须满十五年，而群众缴费未满十年，"
    "多次解释后群众依然坚持差评。",
    Ground.REFUSED: "于3月1日、3月2日联系群众，均未接听电话（或被挂断），无法核实差评细节。",
    Ground.NOT_ELIGIBLE: "群众于3月1日办理该事项，根据《社会保险法》第十六条，累计缴费须满十五年，而群众缴费未满十年。",
}


@pytest.mark.requirement("WZ-A2-9")
@pytest.mark.requirement("WZ-A2-10")
@pytest.mark.requirement("WZ-A2-11")
@pytest.mark.requirement("WZ-A2-12")
@pytest.mark.parametrize("ground", MODELS)
def test_the_model_texts_of_the_annex_pass(ground):
    report = appeal_coach.check(ground, {Part.BODY: MODELS[ground]})
    assert not report.fails
    looks = [(one.clause.id, one.part) for one in report.findings]
    assert looks == ([("appeal.wrong_item", Part.RELATED)] if ground is Ground.WRONG_ITEM else [])


@pytest.mark.requirement("WZ-A2-13")
@pytest.mark.requirement("WZ-A2-14a")
@pytest.mark.requirement("WZ-A2-14b")
@pytest.mark.parametrize(
    ("rated", "text", "clause"),
    [
        ("态度不好", "经联系群众，确认群众为误评，实际对该事项办理表示满意", "appeal.attitude"),
        ("态度不好", "群众评价的是税务部门，对我部门办事是满意的", "appeal.other_department"),
        ("系统不好用，老是白屏", "该系统为省建/市建系统，我部门无权限处理", "appeal.foreign_system"),
    ],
)
def test_the_bad_examples_of_the_annex_fail(rated, text, clause):
    for ground in (Ground.WRONG_ITEM, Ground.OTHER):
        found = {one for one, _ in fails(ground, {Part.RATED_TEXT: rated, Part.BODY: text})}
        assert clause in found


@pytest.mark.requirement("WZ-A2-14a")
def test_two_items_told_apart_as_in_the_first_model_blame_nobody():
    text = MODELS[Ground.WRONG_ITEM] + "群众评价的是税务部门，对我部门办事是满意的。"
    assert fails(Ground.WRONG_ITEM, {Part.BODY: text}) == set()
    assert fails(Ground.WRONG_STAR, {Part.BODY: text}) == {("appeal.other_department", Part.BODY)}


@pytest.mark.requirement("WZ-A2-4")
@pytest.mark.parametrize("text", ["因没有联系上群众", "因有相关材料", "因群众留有联系方式"])
def test_a_call_or_a_paper_says_nothing_of_how_items_are_related(text):
    fields = {Part.INTENDED_ITEM: "参保登记", Part.BODY: text}
    assert fails(Ground.WRONG_ITEM, fields) == {("appeal.wrong_item", Part.RELATED)}


@pytest.mark.requirement("WZ-A2-11")
def test_how_many_days_of_calling_is_a_setting():
    fields = {Part.BODY: "3月5日、3月6日联系群众，均挂断。"}
    assert fails(Ground.REFUSED, fields) == set()
    assert fails(Ground.REFUSED, fields, attempts=3) == {("appeal.refused", Part.ATTEMPTS)}
    same_day = {Part.BODY: "3月5日上午、3月5日下午联系群众，均挂断。"}
    assert fails(Ground.REFUSED, same_day) == {("appeal.refused", Part.ATTEMPTS)}


@pytest.mark.parametrize(
    ("text", "seen"), [("群众反映情况属实", True), ("情况不属实", False), ("核实差评是否属实", False)]
)
def test_an_appeal_that_admits_it_is_pointed_out(text, seen):
    found = appeal_coach.check(Ground.OTHER, {Part.BODY: text, Part.SPECIFICS: FACTS[Part.SPECIFICS]}).findings
    assert ("appeal.true" in {one.clause.id for one in found}) == seen


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
@pytest.mark.parametrize("blank", ["", " ", "\u3000", "\u200b"])
def test_the_same_appeal_in_another_form_gets_the_same_verdict(form, blank):
    for example in APPEALS:
        ground, fields = Ground(example["ground"]), fields_of(example)
        typed = {part: blank.join(unicodedata.normalize(form, text)) for part, text in fields.items()}
        plain, other = appeal_coach.check(ground, fields), appeal_coach.check(ground, typed)
        assert [(one.clause.id, one.part, fold(one.words or "").text) for one in plain.findings] == [
            (one.clause.id, one.part, fold(one.words or "").text) for one in other.findings
        ], example["name"]


@given(st.sampled_from(Ground), st.dictionaries(st.sampled_from(Part), st.text(max_size=60)), st.sampled_from(APPEALS))
def test_every_place_lies_in_its_field_and_covers_its_words(ground, fields, example):
    fields = {**fields_of(example), **fields}
    for one in appeal_coach.check(ground, fields).findings:
        if one.words is not None:
            assert 0 <= one.start < one.end <= len(fields[one.part])
            assert fields[one.part][one.start : one.end] == one.words


LONG = [*HOSTILE, "属实" * (MAX_CHARS // 2), "X月X日" * (MAX_CHARS // 4)]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", LONG, ids=lambda text: ascii(text[:8]))
def test_hostile_texts_of_full_length_are_read(text):
    appeal_coach.check(Ground.WRONG_ITEM, {Part.BODY: text, Part.RATED_TEXT: text})
