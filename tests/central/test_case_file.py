"""A case file: whose turn, until when and why, what was done, what may be done."""

from dataclasses import replace

import pytest

from central import policies
from central.core import handling_json, moments
from central.core.calendar import Calendar
from central.core.case_file import Done, Timed, buttons, case_file, marks, timer_title
from central.core.deadlines import Deadline, Term, count
from central.core.handling import Action, Deed, Outcome, State
from central.core.moments import Urgency
from central.core.parties import Actor, Party
from tests.central.loop_walk import SHIPPED
from tests.central.loop_world import DAY, HANDLER, MORNING, REVIEWER, SUPERVISOR, World, called_back

RULES, POLICY = SHIPPED["wenzhou"], policies.load("wenzhou")
NAMES = {"han": "王敏", "rui": "周立群", "pension-office": "社保局", "review-office": "市信访局"}


def opened(world: World, *actors: Actor, done=(), timed=()):
    timed = timed or [Timed(row.timer, row.start_ms, row.due_ms, None, row.fired_ms) for row in world.rows.values()]
    return case_file(world.rules, POLICY, world.handling, timed, done, NAMES, actors, world.now_ms)


def deed(number: int, action: str, actor: Actor, before: str | None, after: str, **said) -> Done:
    return Done(number, MORNING, action, str(actor.party), actor.id, actor.org, before, after, "", said)


def test_whose_turn_it_is_and_what_may_be_done():
    file = opened(called_back(RULES), HANDLER)
    assert (file.title, file.turn, file.yours) == ("待核实", "“好差评”处置员", True)
    assert list(file.buttons) == [Action.CONFIRM, Action.ATTEMPT, Action.APPEAL]
    other = opened(called_back(RULES), REVIEWER)
    assert (other.yours, other.buttons, other.barred) == (False, (), None)


def test_who_must_keep_out_reads_why_and_has_no_button():
    rated = Actor("zhang", Party.HANDLER, "pension-office")
    file = opened(called_back(RULES), rated)
    assert file.buttons == () and not file.yours and "须回避" in file.barred
    # under another hat of the same person the way is open
    assert opened(called_back(RULES), replace(HANDLER, org="elsewhere"), SUPERVISOR).barred is None


@pytest.mark.parametrize("state", list(State))
def test_nobody_has_a_button_without_a_hat(state):
    handling = replace(called_back(RULES).handling, state=state)
    assert buttons(RULES, POLICY, handling, []) == [] and buttons(RULES, POLICY, handling, [Party.STAFF]) == []


def test_the_limit_of_the_state_comes_first_and_stays_when_it_has_passed():
    world = World(RULES)
    world.must(Action.PUSH, Actor("system", Party.SYSTEM))
    assert opened(world, HANDLER).due.title == "回访时限"
    call_back = Timed("call_back", MORNING, MORNING + DAY, None, MORNING + DAY, MORNING + DAY)
    world.wait(2 * DAY)
    rest = [Timed(row.timer, row.start_ms, row.due_ms, None) for row in world.rows.values()]
    file = opened(world, HANDLER, timed=[*rest, call_back])
    assert (file.due.title, file.due.left.urgency) == ("回访时限", Urgency.OVERDUE)
    assert [limit.title for limit in file.others] == ["申诉时限", "逾期后升级"]


def test_a_limit_that_was_stopped_in_time_is_no_limit():
    world = called_back(RULES)
    stopped = Timed("appeal", MORNING - DAY, MORNING, None, None, MORNING - 1)
    running = Timed("appeal", MORNING, MORNING + DAY, None)
    assert opened(world, timed=[running, stopped]).due.left.urgency is not Urgency.OVERDUE
    assert opened(world, timed=[stopped]).due is None


def test_a_limit_explains_itself_a_sentence_a_line():
    term = Term(5, "WD", "差评产生", "第十二条")
    start = Deadline.of_json(count(term, moments.at(MORNING), Calendar({})).as_json())
    file = opened(called_back(RULES), timed=[Timed("appeal", MORNING, start.due_ms, start)])
    assert file.due.explained[0] == "期限：自差评产生起5个工作日内（第十二条）。"
    assert all(sentence.count("。") == 1 for sentence in file.due.explained)
    agreed = opened(called_back(RULES), timed=[Timed("appeal", MORNING, MORNING + DAY, None)])
    assert agreed.due.explained == ("期限：与评价人约定的新期限（延期）。",)


def test_the_timeline_says_who_did_what_in_which_words():
    done = [
        Done(1, MORNING, "begun", "system", "system", "", None, "arrived", "系统：差评进入闭环", {}),
        deed(2, "attempt", HANDLER, "pushed", "pushed", outcome="no_answer", fields={"contact": "打了两次"}),
        deed(3, "reply", HANDLER, "rectifying", "reply_review", fields={"result": "已补发", "cause": "不熟悉"}),
        deed(
            4,
            "return",
            REVIEWER,
            "reply_review",
            "rectifying",
            clauses=["WZ-A2-18", "WZ-A2-26"],
            fields={"reason": "空"},
        ),
        deed(5, "appeal", HANDLER, "verifying", "appealed", ground="mistaken", kind="wrong_item"),
        deed(6, "reopen", Actor("citizen", Party.CITIZEN), "closed", "pushed", fields={"reason": "没办成"}),
        deed(7, "overdue", Actor("system", Party.SYSTEM), "pushed", "pushed", timer="call_back"),
    ]
    lines = opened(called_back(RULES), done=done).timeline
    assert [(line.title, line.who, line.moved) for line in lines] == [
        ("差评进入闭环", "系统", None),
        ("记录回访未果", "处置员 王敏（社保局）", None),
        ("提交整改答复", "处置员 王敏（社保局）", "整改复核中"),
        ("退回整改", "复核员 周立群（市信访局）", "整改中"),
        ("申诉", "处置员 王敏（社保局）", "申诉复核中"),
        ("评价人要求重新处理", "评价人", "待回访"),
        ("逾期提醒（回访时限）", "系统", None),
    ]
    assert lines[1].marks == ("无人接听",) and lines[1].texts == (("沟通记录", "打了两次"),)
    assert dict(lines[2].texts) == {"差评处理结果": "已补发", "原因": "不熟悉"}
    assert lines[3].texts[0][0] == "不合格情形" and lines[3].texts[0][1].count("\n") == 1
    assert lines[4].marks == ("误评：评价错事项",)


def test_the_call_log_holds_calls_alone():
    done = [
        deed(1, "attempt", HANDLER, "pushed", "pushed", outcome="hung_up"),
        deed(2, "call_back", HANDLER, "pushed", "verifying", fields={"contact": "说明了情况"}),
        deed(3, "confirm", HANDLER, "verifying", "rectifying"),
    ]
    calls = opened(called_back(RULES), done=done).calls
    assert [(call.outcome, call.note, call.who) for call in calls] == [
        ("被挂断", "", "王敏"),
        ("已回访", "说明了情况", "王敏"),
    ]


def test_every_deed_of_a_whole_life_can_be_told():
    """What the loop wrote in any policy is shown without a hole."""
    for name, rules in SHIPPED.items():
        policy = policies.load(name)
        world = called_back(rules)
        done = []
        for action in Action:
            said = handling_json.said(world_deed(action))
            done.append(Done(1, MORNING, str(action), "handler", "han", "pension-office", "pushed", "pushed", "", said))
        file = case_file(rules, policy, world.handling, [], done, NAMES, [HANDLER], MORNING)
        assert len(file.timeline) == len(Action) and all(line.title for line in file.timeline)
        for timer in rules.timers:
            assert not timer_title(rules, timer.name).isascii(), (name, timer.name)


def world_deed(action: Action):
    return Deed(
        action,
        HANDLER,
        {"reason": "理由"},
        ground="untrue",
        outcome=Outcome.UNWILLING,
        handling_class="complex",
        until_ms=MORNING,
        timer="call_back",
    )


def test_marks_are_short_facts():
    handling = replace(called_back(SHIPPED["mot"]).handling, supervised=2, returned=1, adopted=False, reopened=1)
    assert marks(SHIPPED["mot"], handling) == ["一般", "督办2次", "退回1次", "重新处理1次", "不计入统计"]
