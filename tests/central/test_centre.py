"""The hall as a whole: once a day for a person, and never among the ratings of services."""

import pytest

from tests.central.intake_world import DAY_MS, HALL, IntakeWorld
from tests.central.test_http_events import check_problem

WHO = "22030219800101123X"


@pytest.fixture
def world(tmp_path):
    made = IntakeWorld(tmp_path, "siping", now="2026-09-30 23:50")
    yield made
    made.close()


def ask(world, identity=WHO):
    return world.post("/api/v1/halls/test-hall/tokens", HALL, identity=identity)


def rate(world, token, level="satisfied", **given):
    return world.post("/api/v1/centre-ratings", token=token, level=level, **given)


@pytest.mark.requirement("SP-5.2a")
def test_once_a_day_by_the_calendar_of_beijing(world):
    assert rate(world, ask(world).json()["token"]).json() == {"said": "对大厅总体的评价已收到", "repeated": False}
    again = rate(world, ask(world).json()["token"], "dissatisfied")
    assert again.status_code == 409 and "一日一次" in again.json()["detail"] and again.json()["article"] == "5.2"
    world.clock.turn(10 * 60_000 - 1)
    assert rate(world, ask(world).json()["token"]).status_code == 409
    world.clock.turn(1)  # 1 October, 00:00 in Beijing; 16:00 the day before in UTC
    assert rate(world, ask(world).json()["token"], "dissatisfied").status_code == 200
    assert world.summary()["centre"] == {
        **{"very_satisfied": 0, "satisfied": 1, "fairly_satisfied": 0, "dissatisfied": 1, "very_dissatisfied": 0}
    }


@pytest.mark.requirement("SP-5.2a")
def test_everybody_once_and_however_the_number_is_typed(world):
    assert rate(world, ask(world).json()["token"]).status_code == 200
    assert rate(world, ask(world, " 2203 0219 8001 0112 3x").json()["token"]).status_code == 409
    assert rate(world, ask(world, "220302198001011248").json()["token"]).status_code == 200


def test_the_same_request_again_is_answered_as_the_first_time(world):
    token = ask(world).json()["token"]
    rate(world, token)
    world.clock.turn(30 * DAY_MS)
    assert rate(world, token).json()["repeated"]
    refused = rate(world, token, "dissatisfied")
    assert refused.status_code == 409 and "已经使用过" in refused.json()["detail"]


def test_it_needs_an_identity_and_a_token_for_it(world):
    check_problem(world.post("/api/v1/halls/test-hall/tokens", HALL), 422, "refused-by-rule")
    world.service("C1")
    check_problem(rate(world, world.token()), 403, "refused-by-rule")
    check_problem(world.rate(ask(world).json()["token"]), 403, "refused-by-rule")
    check_problem(rate(world, "x"), 403, "refused-by-rule")
    token = ask(world).json()["token"]
    world.clock.turn(8 * DAY_MS)
    assert rate(world, token).status_code == 403


def test_it_is_in_no_rate_enters_no_loop_and_is_no_rating(world):
    rate(world, ask(world).json()["token"], "very_dissatisfied")
    assert world.ratings() == [] and world.handlings() == 0
    assert world.summary()["figures"]["good_rate"]["of"] == 0


@pytest.mark.parametrize("policy", ["wenzhou", "mot", None])
def test_where_the_regulation_does_not_know_it_the_refusal_says_so(tmp_path, policy):
    world = IntakeWorld(tmp_path, policy)
    answer = ask(world)
    check_problem(answer, 403, "refused-by-rule")
    assert "没有规定对大厅总体的评价" in answer.json()["detail"] and answer.json()["article"] == "C-16"
    check_problem(rate(world, "x"), 403, "refused-by-rule")
    world.close()
