"""Comprehensive feedback: by the channels that a policy names, apart from ratings."""

import pytest

from tests.central.intake_world import IntakeWorld
from tests.central.test_http_events import check_problem


def given(**changes):
    return {
        "hall": "test-hall", "channel": "hotline", "key": "2026-0930-17", "text": "大厅空调太冷",
        "given_at": "2026-09-30T01:00:00Z", **changes,
    }  # fmt: skip


@pytest.mark.requirement("JX-2.5c", "LZ-2.1.3e", "MOT-8c")
@pytest.mark.parametrize(
    ("policy", "channels"),
    [
        ("jiaxiang", {"fault_window", "opinion_box", "hotline", "supervision", "email"}),
        ("lanzhou", {"opinion_box", "hotline", "supervision", "email", "forum", "open_day", "supervisors"}),
        ("mot", {"message_board", "email"}),
        ("siping", {"failed_desk", "opinion_box"}),
        ("wenzhou", {"hotline"}),
    ],
)
def test_it_comes_by_the_channels_of_the_regulation_and_is_in_no_rate(tmp_path, policy, channels):
    world = IntakeWorld(tmp_path, policy)
    admin = world.person(world.city(), "admin")
    assert set(world.state.store.rules.comprehensive) == channels
    for number, channel in enumerate(sorted(channels)):
        answer = admin.post("/api/v1/feedback", **given(channel=channel, key=f"k{number}", level="very_dissatisfied"))
        assert answer.status_code == 201, answer.text
    assert world.summary()["feedback"] == dict.fromkeys(sorted(channels), 1)
    assert world.ratings() == [] and world.handlings() == 0
    figures = world.summary()["figures"]
    assert figures["good_rate"]["of"] == figures["active_good_rate"]["of"] == 0
    refused = admin.post("/api/v1/feedback", **given(channel="window_device"))
    check_problem(refused, 422, "refused-by-rule")
    assert "综合评价渠道为" in refused.json()["detail"]
    world.close()


@pytest.fixture
def world(tmp_path):
    made = IntakeWorld(tmp_path, "jiaxiang")
    yield made
    made.close()


def test_the_same_again_is_the_same_and_another_under_its_number_is_refused(world):
    admin = world.person(world.city(), "admin")
    numbers = {admin.post("/api/v1/feedback", **given()).json()["number"] for _ in range(3)}
    assert len(numbers) == 1
    refused = admin.post("/api/v1/feedback", **given(text="另一件事"))
    assert refused.status_code == 409 and "先前的保留" in refused.json()["detail"]


def test_only_people_with_the_right_take_it_down(world):
    city = world.city()
    for account, slug in (("handler", "forbidden"), ("rated", "forbidden"), ("other-admin", "refused-by-rule")):
        check_problem(world.person(city, account).post("/api/v1/feedback", **given()), 403, slug)
    check_problem(world.post("/api/v1/feedback", **given()), 401, "unauthorized")


@pytest.mark.parametrize("wrong", [{"text": ""}, {"text": "a\x00"}, {"level": 5}, {"given_at": "x"}, {"key": ""}])
def test_what_is_wrong_is_named(world, wrong):
    check_problem(world.person(world.city(), "admin").post("/api/v1/feedback", **given(**wrong)), 422, "bad-parameter")


def test_it_names_no_case_and_no_origin(world):
    admin = world.person(world.city(), "admin")
    for extra in ({"case_no": "C1"}, {"origin": "citizen_qr"}, {"rater": "x"}):
        check_problem(admin.post("/api/v1/feedback", **given(), **extra), 422, "bad-parameter")
