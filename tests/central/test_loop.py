"""Stories of the loop: each is a duty of a regulation, played by its people."""

import pytest

from central.core.grounds import FIELDS
from central.core.handling import TIMED, Action, Outcome
from central.core.loop import possible
from central.core.loop_effects import About, Adopt, Confirmed, Notice, Owns
from central.core.parties import Actor, Party, People
from tests.central.loop_policies import JIAXIANG, LANZHOU, MOT, POLICIES, SIPING, WENZHOU, WENZHOU_GROUNDS
from tests.central.loop_world import (
    CITIZEN,
    DAY,
    FULL,
    HANDLER,
    HOUR,
    ORG,
    PEOPLE,
    RATED,
    REVIEWER,
    SECOND_REVIEWER,
    SUPERVISOR,
    SYSTEM,
    World,
    called_back,
    tried_twice,
)

A = Action


def appealed() -> World:
    world = called_back(WENZHOU)
    world.must(A.APPEAL, HANDLER, ground="malicious")
    return world


def rectifying(rules=WENZHOU, **citizen) -> World:
    world = called_back(rules, **citizen)
    world.must(A.CONFIRM, HANDLER)
    return world


def notices(world: World) -> list[tuple[Party, About]]:
    return [(effect.to, effect.about) for effect in world.effects if isinstance(effect, Notice)]


@pytest.mark.requirement("WZ-12f", "WZ-12h", "WZ-A2-17")
def test_a_true_one_in_wenzhou_is_put_right_told_reviewed_and_closed():
    world = rectifying()
    world.effects.clear()
    world.must(A.REPLY, HANDLER)
    assert world.state == "reply_review" and Owns(Party.REVIEWER) in world.effects
    assert notices(world) == [(Party.CITIZEN, About.RESULT), (Party.REVIEWER, About.REPLY)]
    world.must(A.FEED_BACK, HANDLER)
    assert world.state == "reply_review", "no reply is closed without its review"
    world.must(A.ACCEPT, REVIEWER)
    assert world.state == "closed" and world.handling.adopted and world.handling.confirmed == "verified"
    assert world.rows == {}


@pytest.mark.requirement("WZ-12j")
def test_a_rejected_appeal_goes_back_and_the_limit_has_run_on():
    world = appealed()
    world.wait(3 * DAY)
    world.must(A.REJECT, REVIEWER)
    assert world.state == "rectifying" and world.handling.confirmed == "review"
    assert (Party.SUPERVISOR, About.REJECTED) in notices(world)
    # an appeal does not stop the clock: fifteen days from the rating, not from the review (C-7)
    assert world.dues()["rectify"] == world.handling.moments["rated"] + 15 * DAY


@pytest.mark.requirement("WZ-12e", "JX-3.3d", "SP-9.2a")
@pytest.mark.parametrize("name", ["wenzhou", "jiaxiang", "mot", "siping"])
def test_an_exclusion_keeps_the_rating_and_leaves_the_statistics(name):
    world = called_back(POLICIES[name])
    if name == "siping":
        world.must(A.TELL, SYSTEM)
        world.must(A.APPEAL, RATED, ground="mistaken")
    elif name == "wenzhou":
        world.must(A.APPEAL, HANDLER, ground="malicious")
    else:
        world.must(A.INVALIDATE, HANDLER, ground="untrue")
        world.do(A.FILE, HANDLER)
    assert world.handling.adopted
    refusal = world.do(A.UPHOLD, Actor("han", Party.REVIEWER, "review-office"))
    assert refusal.code == "conflict" and "处置过该差评的人员不得复核" in refusal.sentence
    world.must(A.UPHOLD, REVIEWER)
    assert world.state == "not_adopted" and not world.handling.adopted
    assert [effect for effect in world.effects if isinstance(effect, Adopt)] == [Adopt(False)]
    assert (Party.CITIZEN, About.UPHELD) in notices(world)


@pytest.mark.requirement("WZ-12d")
@pytest.mark.parametrize("called", [True, False])
def test_no_appeal_in_time_counts_as_a_bad_rating(called):
    world = called_back(WENZHOU) if called else World(WENZHOU)
    if not called:
        world.must(A.PUSH, SYSTEM)
    assert "appeal" not in world.wait(5 * DAY - 1) and world.state in ("verifying", "pushed")
    assert "appeal" in world.wait(1) and world.state == "rectifying"
    assert Confirmed("lapse") in world.effects
    assert world.words[-1].endswith("附件2 一(二)）") and "逾期未申诉视为差评" in world.words[-1]
    refusal = world.do(A.APPEAL, HANDLER, ground="malicious")
    assert refusal.code == "too_late" and "差评产生之日起5个工作日内" in refusal.sentence


@pytest.mark.requirement("WZ-12c", "WZ-A2-2")
def test_a_late_appeal_is_late_even_while_the_scheduler_sleeps():
    world = called_back(WENZHOU)
    world.now_ms += 5 * DAY - 1
    on_time = called_back(WENZHOU)
    on_time.now_ms = world.now_ms
    on_time.must(A.APPEAL, HANDLER, ground="malicious")
    world.now_ms += 1
    refusal = world.do(A.APPEAL, HANDLER, ground="malicious")
    assert refusal.code == "too_late" and refusal.article.startswith(WENZHOU.title)


def test_a_confirmed_rating_without_a_call_back_is_called_back_before_the_reply():
    world = World(WENZHOU)
    world.must(A.PUSH, SYSTEM)
    world.wait(5 * DAY)
    assert world.do(A.REPLY, HANDLER).sentence.startswith("尚未回访")
    world.must(A.CALL_BACK, HANDLER)
    world.must(A.REPLY, HANDLER)


#: (ground, kind, field that is left out): 附件2 一(三).
NEEDED = [
    (str(ground.name), kind and kind.name, field)
    for ground in WENZHOU_GROUNDS
    for kind in ground.kinds or (None,)
    for field in ground.required(kind and kind.name)
]


def test_the_fields_of_annex_two_are_all_there():
    assert {(ground, field) for ground, _, field in NEEDED} >= {
        ("mistaken", "intended_item"),
        ("mistaken", "related"),
        ("malicious", "basis"),
        ("ineligible", "policy_basis"),
        ("ineligible", "why_not_matching"),
        ("ineligible", "wrong_step"),
        ("other", "specifics"),
        ("other", "scene"),
        ("other", "reproduction"),
        ("other", "transfer_to"),
    }
    assert [ground.name for ground in WENZHOU_GROUNDS if not ground.model] == ["other"]


@pytest.mark.requirement("WZ-A2-3", "WZ-A2-4", "WZ-A2-5", "WZ-A2-6", "WZ-A2-7", "WZ-A2-14b")
@pytest.mark.parametrize(("ground", "kind", "field"), NEEDED)
def test_an_appeal_that_leaves_out_a_field_is_refused_by_its_name(ground, kind, field):
    world = World(WENZHOU, text=True)
    world.must(A.PUSH, SYSTEM)
    tried_twice(world)
    world.must(A.GIVE_UP, HANDLER)
    for blank in ({name: text for name, text in FULL.items() if name != field}, {**FULL, field: " \u3000\n"}):
        refusal = world.do(A.APPEAL, HANDLER, blank, ground=ground, kind=kind)
        assert refusal.code == "incomplete" and f"“{FIELDS[field]}”" in refusal.sentence
        assert "附件2 一" in refusal.article and refusal.sentence.count("“") == 1
    world.must(A.APPEAL, HANDLER, ground=ground, kind=kind)


def test_an_answer_to_the_text_is_asked_for_where_there_is_one():
    unanswered = {**FULL, "response_to_text": ""}
    world = called_back(WENZHOU, text=True)
    refusal = world.do(A.APPEAL, HANDLER, unanswered, ground="malicious")
    assert refusal is not None and refusal.code == "incomplete" and FIELDS["response_to_text"] in refusal.sentence
    silent = called_back(WENZHOU)
    assert silent.do(A.APPEAL, HANDLER, unanswered, ground="malicious") is None and silent.state == "appealed"


@pytest.mark.requirement("WZ-A2-1", "WZ-A2-2a", "WZ-A2-2b", "WZ-A2-2c", "WZ-A2-2d", "WZ-A2-11")
def test_grounds_and_kinds_are_those_of_the_annex():
    world = called_back(WENZHOU)
    refusal = world.do(A.APPEAL, HANDLER, ground="untrue")
    assert refusal.sentence == "情形应为以下之一：误评、恶意差评、拒评、用户不符合办理条件、其他"
    assert "评价错事项、回复错评价数字、点错评价星级" in world.do(A.APPEAL, HANDLER, ground="mistaken").sentence
    refusal = world.do(A.APPEAL, HANDLER, ground="ineligible", kind="wrong_star")
    assert "信息填报有误" in refusal.sentence and "附件2 一(一)4" in refusal.article
    assert "测试评价" in world.do(A.APPEAL, HANDLER, ground="other").sentence
    world.must(A.ATTEMPT, HANDLER, outcome=Outcome.HUNG_UP)
    world.must(A.ATTEMPT, HANDLER, outcome=Outcome.UNWILLING)
    refusal = world.do(A.APPEAL, HANDLER, ground="refused")
    assert "须有在不同日期的2次回访记录，现有1日" in refusal.sentence and "一(四)3" in refusal.article
    world.wait(DAY)
    world.must(A.ATTEMPT, HANDLER, outcome=Outcome.NO_ANSWER)
    world.must(A.APPEAL, HANDLER, ground="refused")


@pytest.mark.requirement("WZ-A2-2e", "WZ-A2-14a")
@pytest.mark.parametrize("ground", ["attitude", "ability", "system", "other_department"])
def test_what_is_true_is_put_right_and_not_appealed(ground):
    refusal = called_back(WENZHOU).do(A.APPEAL, HANDLER, ground=ground)
    assert refusal.code == "no_ground" and "整改" in refusal.sentence and "不能" in refusal.sentence


@pytest.mark.requirement("WZ-A2-16")
@pytest.mark.parametrize("field", ["rated_at", "cause", "result", "next_measures"])
def test_a_reply_says_when_why_what_was_done_and_what_comes_next(field):
    refusal = rectifying().do(A.REPLY, HANDLER, {**FULL, field: ""})
    assert f"“{FIELDS[field]}”" in refusal.sentence and refusal.article.endswith("附件2 二(三)")


def test_a_returned_reply_names_its_clauses_and_the_limit_runs_on():
    world = rectifying()
    world.must(A.REPLY, HANDLER)
    refusal = world.do(A.RETURN, REVIEWER)
    assert refusal.code == "no_clause" and "答非所问" in refusal.sentence
    assert world.do(A.RETURN, REVIEWER, clauses=("A2-99",)).code == "no_clause"
    world.wait(2 * DAY)
    world.must(A.RETURN, REVIEWER, clauses=("A2-21",))
    assert world.state == "rectifying" and world.dues()["rectify"] == world.handling.moments["rated"] + 15 * DAY


@pytest.mark.requirement("WZ-12k")
def test_accountability_is_suggested_only_for_what_was_late_or_failed():
    world = rectifying()
    assert "既未逾期" in world.do(A.SUGGEST, REVIEWER).sentence
    assert "rectify" in world.wait(15 * DAY)
    world.must(A.SUGGEST, REVIEWER)
    assert world.state == "rectifying" and world.effects[-2].reason == FULL["reason"]


@pytest.mark.requirement("WZ-11a")
def test_the_regional_administrator_sees_each_and_urges():
    world = World(WENZHOU)
    world.must(A.PUSH, SYSTEM)
    assert (Party.SUPERVISOR, About.NEW) in notices(world)
    world.must(A.SUPERVISE, SUPERVISOR)
    assert world.handling.supervised == 1 and world.state == "pushed"
    assert world.words[-1] == f"地区管理员su：督办（{WENZHOU.title}第十一条）"


@pytest.mark.requirement("JX-3.3c", "JX-3.3.1", "JX-3.3.2")
@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["214"], "at_once"),
        (["209"], "limited"),
        (["113"], "coordinated"),
        (["113", "209", "115"], "at_once"),
        (["999"], "limited"),
        ([], "limited"),
    ],
)
def test_jiaxiang_chooses_the_class_by_the_reasons_and_its_limits_with_it(reasons, expected):
    world = World(JIAXIANG, reasons=reasons)
    world.must(A.PUSH, SYSTEM)
    assert set(world.dues()) == {f"{expected}.call_back"}
    assert world.do(A.CALL_BACK, HANDLER, {}).sentence.startswith("缺少“初步答复”")
    world.must(A.CALL_BACK, HANDLER)
    world.must(A.CONFIRM, HANDLER)
    assert set(world.dues()) == {f"{expected}.rectify"}


def test_another_class_is_a_supervisors_word():
    world = World(JIAXIANG, reasons=["214"])
    world.must(A.PUSH, SYSTEM)
    assert world.do(A.CLASSIFY, HANDLER, handling_class="coordinated").code == "party"
    world.must(A.CLASSIFY, SUPERVISOR, handling_class="coordinated")
    assert set(world.dues()) == {"coordinated.call_back"}
    refusal = world.do(A.CALL_BACK, Actor("su", Party.HANDLER, ORG))
    assert refusal.code == "conflict"


@pytest.mark.requirement("JX-3.3.3")
def test_jiaxiang_extends_before_the_due_date_only_and_after_talking_to_the_citizen():
    world = rectifying(JIAXIANG, reasons=["113"])
    until_ms = world.now_ms + 40 * DAY
    for field in ("reason", "contact"):
        assert FIELDS[field] in world.do(A.EXTEND, HANDLER, {**FULL, field: ""}, until_ms=until_ms).sentence
    assert world.do(A.EXTEND, HANDLER, until_ms=world.now_ms + 1).code == "no_date"
    world.must(A.EXTEND, HANDLER, until_ms=until_ms)
    assert world.dues()["coordinated.rectify"] == until_ms
    assert (Party.CITIZEN, About.EXTENDED) in notices(world)
    world.now_ms = until_ms
    refusal = world.do(A.EXTEND, HANDLER, until_ms=until_ms + DAY)
    assert refusal.code == "too_late" and refusal.article.endswith("三(三)3")
    refusal = rectifying(JIAXIANG, reasons=["214"]).do(A.EXTEND, HANDLER, until_ms=until_ms)
    assert "只有“协调整改类”可以延期" in refusal.sentence


@pytest.mark.requirement("MOT-15d", "MOT-15e")
def test_a_complex_matter_of_mot_has_its_own_limit_and_may_be_extended_with_the_citizen():
    world = rectifying(MOT)
    assert set(world.dues()) == {"rectify"}
    assert world.do(A.EXTEND, HANDLER, until_ms=world.now_ms + 99 * DAY).code == "no_class"
    world.must(A.CLASSIFY, SUPERVISOR, handling_class="complex")
    assert set(world.dues()) == {"rectify_complex"}
    world.wait(30 * DAY)
    until_ms = world.now_ms + 10 * DAY
    world.must(A.EXTEND, HANDLER, until_ms=until_ms)
    assert world.dues()["rectify_complex"] == until_ms and "rectify_complex" in world.handling.overdue


@pytest.mark.requirement("MOT-15g", "MOT-15h")
def test_an_invalid_rating_of_mot_is_filed_reviewed_and_put_right_if_the_review_fails():
    world = called_back(MOT)
    assert "没有规定申诉程序" in world.do(A.APPEAL, HANDLER, ground="malicious").sentence
    world.must(A.INVALIDATE, HANDLER, ground="irrelevant")
    assert world.state == "invalid" and set(world.dues()) == {"invalid_report"}
    assert FIELDS["handling"] in world.do(A.FILE, HANDLER, {}).sentence
    world.must(A.FILE, HANDLER)
    assert world.handling.adopted and Owns(Party.REVIEWER) in world.effects
    world.must(A.REJECT, REVIEWER)
    assert world.state == "rectifying" and world.handling.adopted


@pytest.mark.requirement("MOT-15f", "JX-3.3e", "JX-3.3f", "JX-3.3g")
@pytest.mark.parametrize("rules", [JIAXIANG, LANZHOU, MOT])
def test_nothing_is_closed_without_call_back_and_feedback(rules):
    world = World(rules)
    world.must(A.PUSH, SYSTEM)
    assert world.do(A.GIVE_UP, HANDLER).code == "attempts"
    assert {str(each) for each in possible(rules, world.handling, Party.HANDLER)} >= {"call_back", "give_up"}
    tried_twice(world)
    world.must(A.GIVE_UP, HANDLER)
    world.must(A.CONFIRM, HANDLER)
    world.must(A.REPLY, HANDLER)
    assert world.state == "feedback"
    assert world.do(A.FEED_BACK, HANDLER, {}).code == "incomplete"
    world.must(A.FEED_BACK, HANDLER, outcome=Outcome.NO_ANSWER)
    assert world.state == "closed" and world.handling.called_back == "unreached"


@pytest.mark.requirement("SP-9.2b", "SP-9.3a")
def test_the_rated_person_of_siping_appeals_in_two_days_from_being_told_and_nobody_else_does():
    world = World(SIPING)
    world.must(A.PUSH, SYSTEM)
    assert world.do(A.APPEAL, RATED, ground="mistaken").sentence.startswith("系统尚未将该差评告知本人")
    world.wait(10 * HOUR)
    world.must(A.TELL, SYSTEM)
    assert world.dues()["appeal"] == world.now_ms + 5 * DAY  # this world's limit
    assert "不重新起算" in world.do(A.TELL, SYSTEM).sentence
    assert world.do(A.APPEAL, Actor("wang", Party.STAFF, ORG), ground="mistaken").code == "conflict"
    assert world.do(A.APPEAL, HANDLER, ground="mistaken").code == "party"
    world.must(A.APPEAL, RATED, ground="mistaken")
    assert set(world.dues()) == {"review"}
    world.must(A.REJECT, REVIEWER)
    assert world.state == "pushed", "the call-back is still owed"
    assert (Party.STAFF, About.REJECTED) in notices(world)
    assert world.do(A.APPEAL, RATED, ground="mistaken").code == "again"


def test_siping_does_not_close_before_the_right_to_appeal_is_used_or_over():
    world = rectifying(SIPING)
    world.must(A.TELL, SYSTEM)
    world.must(A.REPLY, HANDLER)
    refusal = world.do(A.FEED_BACK, HANDLER)
    assert "期限未满" in refusal.sentence and refusal.article.endswith("9.2")
    world.wait(5 * DAY)
    world.must(A.FEED_BACK, HANDLER)
    assert world.state == "closed"
    nobody = rectifying(SIPING, people=People(ORG))
    nobody.must(A.REPLY, HANDLER)
    nobody.must(A.FEED_BACK, HANDLER)


def test_the_citizen_comes_back_once_and_an_exclusion_is_looked_at_by_another_reviewer():
    world = appealed()
    world.must(A.UPHOLD, REVIEWER)
    world.must(A.REOPEN, CITIZEN)
    assert world.state == "objection" and not world.handling.adopted
    assert "作出不予采纳决定的人员" in world.do(A.REJECT, REVIEWER).sentence
    world.must(A.REJECT, SECOND_REVIEWER)
    assert world.state == "rectifying" and world.handling.adopted and Adopt(True) in world.effects
    world.must(A.REPLY, HANDLER)
    world.must(A.FEED_BACK, HANDLER)
    world.must(A.ACCEPT, SECOND_REVIEWER)
    assert "次数已满1次" in world.do(A.REOPEN, CITIZEN).sentence


def test_a_closed_one_that_comes_back_is_called_back_anew_and_its_limits_count_from_that_day():
    world = rectifying(LANZHOU)
    world.must(A.REPLY, HANDLER)
    world.must(A.FEED_BACK, HANDLER)
    world.wait(90 * DAY)
    world.must(A.REOPEN, CITIZEN)
    assert world.state == "pushed" and world.tick() == []
    assert world.dues()["call_back"] == world.now_ms + DAY
    world.must(A.CALL_BACK, HANDLER)


def test_a_limit_that_counts_from_the_rating_counts_from_the_citizens_word_once_it_has_come_back():
    world = rectifying(WENZHOU)
    world.must(A.REPLY, HANDLER)
    world.must(A.FEED_BACK, HANDLER)
    world.must(A.ACCEPT, REVIEWER)
    world.wait(90 * DAY)
    world.must(A.REOPEN, CITIZEN)
    assert world.tick() == [] and world.dues()["appeal"] == world.now_ms + 5 * DAY
    world.must(A.CALL_BACK, HANDLER)
    assert world.do(A.APPEAL, HANDLER, ground="malicious").code == "again"


def test_lanzhou_goes_through_its_stages_and_disputes_nothing():
    """接受评价-受理-整改-反馈, the first four of its six stages; 信息公开 and 结果应用 come after the loop."""
    world = World(LANZHOU)
    seen = [world.state]
    for action, actor in [
        (A.PUSH, SYSTEM),
        (A.CALL_BACK, HANDLER),
        (A.CONFIRM, HANDLER),
        (A.REPLY, HANDLER),
        (A.FEED_BACK, HANDLER),
    ]:
        world.must(action, actor)
        seen.append(world.state)
    assert seen == ["arrived", "pushed", "verifying", "rectifying", "feedback", "closed"]
    assert Confirmed("verified") in world.effects
    disputing = called_back(LANZHOU)
    assert "差评一律整改" in disputing.do(A.APPEAL, HANDLER, ground="malicious").sentence
    assert "差评一律整改" in disputing.do(A.INVALIDATE, HANDLER, ground="untrue").sentence


def test_what_is_overdue_is_told_and_escalated_so_often_and_a_move_ends_it():
    world = World(MOT)
    world.must(A.PUSH, SYSTEM)
    assert world.wait(60 * DAY) == ["call_back"]
    assert world.wait(2 * DAY) == ["escalate"] == world.wait(2 * DAY) and world.wait(60 * DAY) == []
    assert (Party.SUPERVISOR, About.ESCALATED) in notices(world) and world.handling.escalated == 2
    world.must(A.CALL_BACK, HANDLER)
    assert world.handling.escalated == 0 and world.handling.overdue == {"call_back"}


def test_a_late_deed_is_overdue_even_if_the_scheduler_never_came():
    world = called_back(MOT)
    world.must(A.CONFIRM, HANDLER)
    world.now_ms += 400 * DAY
    world.must(A.REPLY, HANDLER)
    assert "rectify" in world.handling.overdue and (Party.SUPERVISOR, About.OVERDUE) in notices(world)


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        (Actor("zhang", Party.HANDLER, ORG), "被评价的工作人员须回避"),
        (Actor("li", Party.HANDLER, ORG), "办理该办件的人员须回避"),
        (Actor("qi", Party.HANDLER, "elsewhere"), "谁办理、谁负责"),
        (REVIEWER, "回访由承办单位处置员办理，复核员不能代办"),
        (CITIZEN, "评价人不能代办"),
    ],
)
def test_who_must_keep_out_is_told_why(actor, words):
    world = World(WENZHOU)
    world.must(A.PUSH, SYSTEM)
    refusal = world.do(A.CALL_BACK, actor)
    assert words in refusal.sentence and refusal.article


@pytest.mark.requirement("WZ-5c")
def test_a_third_party_reviews_in_wenzhou():
    refusal = appealed().do(A.UPHOLD, Actor("gao", Party.REVIEWER, ORG))
    assert "复核由第三方进行" in refusal.sentence and refusal.article.endswith("第五条第三款")


def test_what_is_out_of_order_is_told_with_what_can_be_done():
    world = World(WENZHOU, PEOPLE)
    world.must(A.PUSH, SYSTEM)
    refusal = world.do(A.REPLY, HANDLER)
    assert refusal.sentence == "“待回访”时不能提交整改答复；您现在可以：记录回访未果、回访、无法回访、申诉"
    assert str(refusal).endswith("（本系统规则：办理次序）")


def test_rules_with_a_hole_name_it():
    with pytest.raises(ValueError, match="状态“待反馈”没有期限"):
        type(LANZHOU)("lanzhou", "x", tuple(timer for timer in LANZHOU.timers if timer.name != "feedback"))
    with pytest.raises(ValueError, match="unclassified"):
        type(LANZHOU)("x", "x", JIAXIANG.timers, classes=JIAXIANG.classes, invalid=JIAXIANG.invalid)


def test_a_due_time_that_nobody_computed_does_not_pass_for_one_that_is_kept():
    world = called_back(WENZHOU)
    world.dues = dict
    with pytest.raises(KeyError, match="appeal"):
        world.do(A.APPEAL, HANDLER, ground="malicious")


@pytest.mark.parametrize("action", sorted(TIMED))
def test_what_the_clock_does_nobody_does_by_hand(action):
    """It is refused, not silently left undone; and be it due to the minute."""
    world = called_back(WENZHOU)
    world.now_ms += 6 * DAY
    for actor in (HANDLER, REVIEWER, SUPERVISOR, CITIZEN):
        refusal = world.do(action, actor, timer="appeal")
        assert refusal is not None and refusal.code == "party"
