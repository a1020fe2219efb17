"""What a citizen adds afterwards 追评: where the rules allow it, once, in time, beside the rating and never in it."""

import pytest

from tests.central.conftest import AUDITOR
from tests.central.intake_world import DAY_MS, IntakeWorld, overrides
from tests.central.test_http_events import check_problem


@pytest.fixture
def world(tmp_path):
    # 鲁政办发〔2020〕10号, above 嘉祥: who did not say it at the window may within five working days
    file = overrides(tmp_path, "jiaxiang", supplement__within='{ amount = 5, unit = "WD", start = "rated" }')
    made = IntakeWorld(tmp_path, "jiaxiang", policy_overrides=file, now="2026-09-28 10:00")
    made.service("C1")
    yield made
    made.close()


def add(world, token, **given):
    return world.post("/api/v1/ratings/supplements", token=token, **given)


def test_reasons_and_words_are_added_and_the_rating_stays(world):
    token = world.token()
    world.rate(token, "dissatisfied")
    before = world.ratings()[0]
    answer = add(world, token, reasons=[214], text="工作人员态度生硬")
    assert answer.json() == {"said": "追评已收到；原来的评价不变", "repeated": False}
    after = world.ratings()[0]
    assert after["supplement"] == {"reasons": [214], "text": "工作人员态度生硬", "given_at": "2026-09-28T02:00:00.000Z"}
    assert {name: after[name] for name in after if name != "supplement"} == {
        name: before[name] for name in before if name != "supplement"
    }


def test_a_press_at_the_window_is_added_to_with_a_token_of_its_service(world):
    world.press(1, "C1")
    assert add(world, world.token(), text="材料要了三遍").status_code == 200
    assert world.ratings()[0]["supplement"]["text"] == "材料要了三遍" and len(world.ratings()) == 1


def test_once_and_the_same_again_is_answered_as_the_first_time(world):
    token = world.token()
    world.rate(token, "dissatisfied")
    add(world, token, text="等了很久")
    world.clock.turn(40 * DAY_MS)
    assert add(world, token, text="等了很久").json()["repeated"]
    for other, said in ((token, "还有别的"), (world.token(), "等了很久")):
        refused = add(world, other, text=said)
        assert refused.status_code == 409 and "只能追评一次" in refused.json()["detail"]
    assert world.ratings()[0]["supplement"]["text"] == "等了很久"


def test_the_time_limit_is_counted_in_working_days_and_explains_itself(world):
    # Monday 28 September; the holiday is 1 to 7 October: 29, 30, 8, 9, and the make-up Saturday, 10
    token = world.token()
    world.rate(token, "dissatisfied")
    world.turn_to("2026-10-11 00:00")
    refused = add(world, token, text="晚了")
    assert refused.status_code == 403
    assert "2026年10月10日（周六）24:00" in refused.json()["detail"] and refused.json()["article"] == "本部署规定"
    world.clock.turn(-1)
    assert add(world, token, text="还来得及").status_code == 200


def test_without_a_rating_there_is_nothing_to_add_to(world):
    refused = add(world, world.token(), text="x")
    assert refused.status_code == 409 and "还没有评价" in refused.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"text": "  "}, {"reasons": []}, {"reasons": ["x"]}, {"text": 5}])
def test_nothing_is_no_addition(world, body):
    token = world.token()
    world.rate(token)
    assert add(world, token, **body).status_code == 422 and world.ratings()[0]["supplement"] is None


def test_a_level_is_not_added(world):
    token = world.token()
    world.rate(token)
    check_problem(add(world, token, level="very_satisfied", text="x"), 422, "bad-parameter")


@pytest.mark.parametrize("policy", ["wenzhou", "jiaxiang", "lanzhou", "mot", "siping"])
def test_where_the_regulation_does_not_know_it_the_refusal_says_so(tmp_path, policy):
    world = IntakeWorld(tmp_path, policy)
    world.service("C1")
    token = world.token()
    world.rate(token)
    answer = add(world, token, text="x")
    check_problem(answer, 403, "refused-by-rule")
    assert "没有规定追评、补评" in answer.json()["detail"] and answer.json()["article"] == "C-22"
    assert world.client.get("/api/v1/ratings", headers=AUDITOR).json()["ratings"][0]["supplement"] is None
    world.close()
