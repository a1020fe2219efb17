"""Paper forms: one types, another looks, and then it is a rating of origin paper."""

import pytest
from sqlalchemy import select

from central.tables import audit, paper_forms
from tests.central.intake_world import IntakeWorld
from tests.central.test_http_events import check_problem

SCAN = "0123456789abcdef" * 4


@pytest.fixture
def world(tmp_path):
    made = IntakeWorld(tmp_path, "lanzhou", now="2026-09-30 15:00")
    made.service("C1")
    yield made
    made.close()


@pytest.fixture
def city(world):
    return world.city()


@pytest.fixture
def first(world, city):
    return world.person(city, "admin")


@pytest.fixture
def second(world, city):
    return world.person(city, "reviewer")


def form(**changes):
    return {
        "hall": "test-hall", "form_no": "P-0001", "case_no": "C1", "service_no": 1, "level": "dissatisfied",
        "reasons": [214], "text": "态度不好", "filled_in_at": "2026-09-29T02:00:00Z", "scan": SCAN, **changes,
    }  # fmt: skip


def enter(person, **changes):
    return person.post("/api/v1/paper-forms", **form(**changes))


def check(person, number, agrees=True, **more):
    return person.post(f"/api/v1/paper-forms/{number}/check", agrees=agrees, **more)


@pytest.mark.requirement("LZ-2.1.3c")
def test_a_form_is_a_rating_once_a_second_person_has_seen_the_scan(world, first, second):
    number = enter(first).json()["number"]
    assert world.ratings() == [] and world.handlings() == 0
    assert [row["form_no"] for row in second.get("/api/v1/paper-forms").json()["forms"]] == ["P-0001"]
    assert check(second, number).json() == {"number": number, "state": "accepted"}
    [row] = world.ratings()
    wanted = {"origin": "paper", "channel": "paper", "key": "P-0001", "level": "dissatisfied", "status": "counted"}
    assert wanted.items() <= row.items() and row["wall_at"] == "2026-09-29T02:00:00.000Z"
    assert second.get("/api/v1/paper-forms").json()["forms"] == []
    with world.state.store.read() as connection:
        [kept] = connection.execute(select(paper_forms)).all()
        words = connection.execute(select(audit.c.actor, audit.c.words).where(audit.c.about == "paper/1")).all()
    assert (kept.scan, kept.entered_by, kept.checked_by) == (SCAN, "admin", "reviewer")
    assert [actor for actor, _ in words] == ["admin", "reviewer"] and not any("dis" in said for _, said in words)


@pytest.mark.requirement("LZ-2.1.3c")
def test_who_typed_it_does_not_check_it(world, first):
    number = enter(first).json()["number"]
    answer = check(first, number)
    check_problem(answer, 403, "refused-by-rule")
    assert "另一人对照扫描件核对" in answer.json()["detail"] and world.ratings() == []


def test_what_is_sent_again_is_answered_as_the_first_time(world, first, second):
    numbers = {enter(first).json()["number"] for _ in range(3)}
    assert len(numbers) == 1
    assert [check(second, *numbers).json()["state"] for _ in range(2)] == ["accepted", "accepted"]
    assert len(world.ratings()) == 1
    assert enter(first).json()["number"] in numbers and len(world.ratings()) == 1


def test_a_form_number_is_taken_once_and_free_again_after_a_rejection(world, first, second):
    number = enter(first).json()["number"]
    assert "已经录入" in enter(first, level="satisfied").json()["detail"]
    assert "须写明" in check(second, number, False).json()["detail"]
    assert check(second, number, False, remark="等级与扫描件不符").json()["state"] == "rejected"
    assert check(second, number).status_code == 409
    again = enter(first, level="satisfied").json()["number"]
    assert again != number and check(second, again).json()["state"] == "accepted"
    assert world.seen("level") == [("satisfied",)]


def test_paper_does_not_take_the_place_of_what_was_said_at_the_window(world, first, second):
    world.press(5, "C1")
    check(second, enter(first).json()["number"])
    assert world.seen("origin", "status") == [("citizen_device", "counted"), ("paper", "already_rated")]


def test_only_people_with_the_right_in_that_hall_take_forms_in(world, city):
    for account in ("handler", "rated", "reform", "auditor"):
        check_problem(enter(world.person(city, account)), 403, "forbidden")
    answer = enter(world.person(city, "other-admin"))
    check_problem(answer, 403, "refused-by-rule")
    assert "没有该大厅的登记权限" in answer.json()["detail"]
    check_problem(world.post("/api/v1/paper-forms", **form()), 401, "unauthorized")


def test_who_serves_the_case_keeps_out(world, city):
    from central import registration

    city.do(registration.name_staff, "test-hall", "S01", "王某", "admin")
    answer = enter(world.person(city, "admin"))
    check_problem(answer, 403, "refused-by-rule")
    assert "回避" in answer.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scan": "x"}, {"scan": None}, {"level": "good"}, {"service_no": 0}, {"form_no": ""},
        {"filled_in_at": "2026-10-01T00:00:00Z"}, {"filled_in_at": "yesterday"}, {"hall": "A/B"},
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named(world, first, wrong):
    assert enter(first, **wrong).status_code == 422 and world.state.papers.waiting(lambda _: True) == []


def test_an_unknown_form_is_not_found(world, second):
    check_problem(check(second, 99), 404, "not-found")
