"""What must not happen to a bad rating does not: each attempt is answered by a sentence, and nothing is lost."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from central.core.handling import TIMED, Action
from tests.e2e.casework import HANDLER, RATED, REVIEWER, SUPERVISOR, case_of
from tests.e2e.clocked_hall import Press, with_central

CALLED = {"action": "call_back"}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    with with_central(tmp_path_factory.mktemp("hall"), "2026-09-24 16:40", "2026-09-24 16:45", policy="mot") as hall:
        yield hall


@pytest.fixture
def case(hall):
    """One more bad rating of this afternoon."""
    name = f"MOT-{next(_numbers)}"
    hall.central.turn_to("2026-09-24 16:45")
    hall.rate(name, Press(2, (207,)))
    return case_of(hall.central, name)


def test_a_forged_or_borrowed_key_does_nothing(case):
    central, before = case.central, case.file
    token = central.token(HANDLER)
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    for key in (None, forged, "x" * 43, hall_key(central), central.auditor_key):
        answer = central.ask("POST", f"{case.path}/deeds", key, json=CALLED)
        assert answer.status_code == 401 and "请先登录" in answer.json()["detail"]
    central.clock.turn(9 * 3_600_000)
    answer = central.ask("POST", f"{case.path}/deeds", token, json=CALLED)
    assert answer.status_code == 401, "a session ends by itself"
    assert case.file == before


def hall_key(central) -> str:
    (hall,) = central.settings.halls
    return hall.key.get_secret_value()


def test_a_deed_that_is_sent_twice_is_done_once(case):
    first = case.post(HANDLER, "attempt-1", **CALLED)
    again = case.post(HANDLER, "attempt-1", **CALLED)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {**first.json(), "repeated": True}
    assert case.actions() == ["begun", "push", "call_back"]
    other = case.post(HANDLER, "attempt-1", action="confirm")
    assert other.status_code == 409 and "同一提交编号已用于另一内容" in other.json()["detail"]
    # without a number of the attempt the loop itself knows that it was done
    twice = case.post(HANDLER, **CALLED)
    assert twice.status_code == 409 and "待核实" in twice.json()["detail"]
    assert case.actions() == ["begun", "push", "call_back"]


def test_a_button_that_is_pressed_eight_times_at_once_is_one_deed(case):
    case.central.token(HANDLER)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: case.post(HANDLER, "attempt-1", **CALLED).status_code, range(8)))
    assert sorted(answers) == [200] * 7 + [201]
    assert case.actions() == ["begun", "push", "call_back"]


def test_whoever_looked_at_an_older_page_is_told(case):
    seen = case.file["revision"]
    case.do("attempt", HANDLER, outcome="no_answer")
    late = case.post(HANDLER, action="call_back", revision=seen)
    assert late.status_code == 409 and "已有新的办理记录" in late.json()["detail"]
    assert case.state == "pushed"


def test_after_the_end_every_action_by_anybody_is_refused_with_its_rule(case):
    case.do("call_back", HANDLER)
    case.do("confirm", HANDLER)
    case.do("reply", HANDLER, fields={"result": "9月24日已补发"})
    case.do("feed_back", HANDLER, fields={"channel": "电话", "content": "处理结果"})
    before = case.file
    for account in (HANDLER, REVIEWER, SUPERVISOR, RATED):
        for action in Action:
            answer = case.post(account, action=action)
            if account == RATED:
                assert answer.status_code == 404, "to her it is as if there were none"
                continue
            assert answer.status_code in (403, 409, 422), (account, action, answer.text)
            sentence = answer.json()["detail"] + answer.json().get("article", "")
            assert "规则" in sentence or "《" in sentence, (account, action, sentence)
    assert case.file == before and before["state"] == "closed"


def test_nobody_plays_the_system_or_the_citizen(case):
    for action in sorted(TIMED | {Action.PUSH, Action.TELL, Action.REOPEN}):
        for account in (HANDLER, REVIEWER, SUPERVISOR):
            said = case.refused(action, account, fields={"reason": "x"})
            assert "不能代办" in said or "待回访" in said, said


def test_what_is_no_deed_at_all_is_refused(case):
    before = case.file
    for body in (
        {"action": "close"},
        {"action": "call_back", "state": "closed"},
        {"action": "call_back", "party": "system"},
        {"action": "call_back", "fields": {"x": "字" * 4001}},
        {"action": "extend", "until": "0001-01-01T00:00"},
    ):
        answer = case.post(HANDLER, **body)
        assert 400 <= answer.status_code < 500 and answer.json()["detail"], body
    assert case.file == before
