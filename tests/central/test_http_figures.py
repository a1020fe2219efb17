"""Figures of the loop: what they count, who may read them, and what nobody learns from them."""

import pytest

from protocol.identity import Callee, Contact
from tests.central.test_http_events import check_problem

LOOP, ACCOUNT = "/api/v1/figures/loop", "/api/v1/figures/accountability"


def finish(town, number):
    for account, action in (("handler", "reply"), ("reviewer", "accept"), ("handler", "feed_back")):
        assert town.do(account, number, action).status_code == 201


@pytest.mark.requirement("JX-3.3f", "JX-3.3g")
def test_call_backs_and_feedback_are_counted(town):
    numbers = [town.rate() for _ in range(4)]
    for case_no in ("C1", "C2"):
        town.named(case_no, Callee(Contact("欧阳思齐", "13800002222"), None))
    for number in (numbers[0], numbers[2]):
        town.do("handler", number, "call_back")
    town.do("handler", numbers[0], "confirm")
    finish(town, numbers[0])
    found = town("admin").get(LOOP).json()
    assert (found["all"], found["open"], found["closed"], found["confirmed"]) == (4, 3, 1, 1)
    assert (found["real_name"], found["called"], found["call_back_rate"]) == (2, 1, 0.5)
    assert (found["told"], found["feedback_rate"]) == (1, 1.0)
    assert (found["overdue"], found["ever_overdue"]) == (0, 0)
    town.turn_to("2026-10-09 00:00")
    town.app.state.office.run_due()
    found = town("admin").get(LOOP).json()
    assert (found["overdue"], found["ever_overdue"]) == (2, 2)
    assert town("admin").get(f"{LOOP}?to_ms=1").json()["call_back_rate"] is None


@pytest.mark.requirement("WZ-16a")
@pytest.mark.requirement("WZ-12k")
def test_two_confirmed_within_a_year_are_shown_to_those_who_supervise(town):
    numbers = [town.rate() for _ in range(2)]
    for number in numbers:
        town.do("handler", number, "call_back")
    town.do("handler", numbers[0], "confirm")
    assert [one["reached"] for one in town("admin").get(ACCOUNT).json()["people"]] == [False]
    town.do("handler", numbers[1], "confirm")
    town.do("handler", numbers[1], "reply")
    town.do("reviewer", numbers[1], "return", clauses=["WZ-A2-26"])
    assert town.do("reviewer", numbers[1], "suggest", fields={"reason": "反复冷硬"}).status_code == 201
    found = town("admin").get(ACCOUNT).json()
    assert found["people"] == [{"hall": "test-hall", "staff": "S01", "rolling": 2, "calendar": 2, "reached": True}]
    assert [one["reason"] for one in found["suggestions"]] == ["反复冷硬"] and found["threshold"] == 2


@pytest.mark.requirement("SP-9.2a")
def test_what_was_not_adopted_counts_against_nobody(town):
    number = town.rate()
    town.do("handler", number, "call_back")
    town.do("handler", number, "appeal", ground="malicious")
    town.do("reviewer", number, "uphold")
    assert town("admin").get(ACCOUNT).json()["people"] == []
    assert town("admin").get(LOOP).json()["not_adopted"] == 1


@pytest.mark.parametrize(
    ("account", "loop", "people"),
    [("admin", 200, 200), ("reviewer", 200, 200), ("auditor", 200, 200), ("reform", 200, 403), ("handler", 200, 403),
     ("rated", 403, 403), ("mate", 403, 403)],
)  # fmt: skip
def test_who_may_read_them(town, account, loop, people):
    assert town(account).get(LOOP).status_code == loop
    answer = town(account).get(ACCOUNT)
    assert answer.status_code == people
    if people == 403:
        check_problem(answer, 403, "forbidden")


def test_of_another_part_of_the_country_nothing_is_counted(town):
    town.rate()
    assert town("other-admin").get(LOOP).json()["all"] == town("taxman").get(LOOP).json()["all"] == 0
    assert town("admin").get(LOOP).json()["all"] == 1
