"""Another system's ratings: by its own tables, tried first, each once, and its defaults stay there."""

import pytest

from tests.central.conftest import AUDITOR
from tests.central.intake_world import OPERATOR, IntakeWorld
from tests.central.test_http_events import check_problem


@pytest.fixture
def world(tmp_path):
    made = IntakeWorld(tmp_path, "wenzhou", now="2026-09-30 15:00")
    for number in range(1, 6):
        made.service(f"C{number}")
    yield made
    made.close()


def row(number=1, satisfaction=1, **changes):
    made = {"key": f"r{number}", "case_no": f"C{number}", "service_no": 1, "satisfaction": satisfaction, "pf": 1}
    return {**made, "rated_at": "2026-09-30T01:00:00Z", **changes}


def send(world, *rows, dry_run=False, headers=OPERATOR, **frame):
    body = {"hall": "test-hall", "source": "portal", "levels": "interface", "channels": "interface", **frame}
    return world.post(f"/api/v1/imports?dry_run={str(dry_run).lower()}", headers, ratings=list(rows), **body)


@pytest.mark.requirement("JX-2.5b")
def test_ratings_come_in_by_the_tables_of_their_system(world):
    answer = send(world, row(1, 5), row(2, 1, pf="2", reasons=[115], text="态度差")).json()
    assert answer["totals"] == {"accepted": 2, "duplicate": 0, "conflict": 0, "refused": 0}
    assert world.seen("origin", "channel", "level", "key", "status") == [
        ("import", "pc", "very_satisfied", "portal/r1", "counted"),
        ("import", "mobile", "very_dissatisfied", "portal/r2", "counted"),
    ]
    assert world.handlings() == 1


def test_the_same_number_means_the_opposite_in_the_other_national_scale(world):
    send(world, row(1, 1), levels="interface")
    send(world, row(2, 1), levels="gbt39046", channels="gbt39046").json()
    assert send(world, row(2, 1, pf="PC端"), levels="gbt39046", channels="gbt39046").json()["totals"]["accepted"] == 1
    assert world.seen("level") == [("very_dissatisfied",), ("very_satisfied",)]


def test_a_dry_run_says_the_same_and_keeps_nothing(world):
    rows = [row(1, 1), row(1, 1, key="again"), row(9), {"key": "bad"}]
    tried = send(world, *rows, dry_run=True).json()
    assert world.ratings() == [] and world.handlings() == 0
    done = send(world, *rows).json()
    assert {**tried, "dry_run": False} == done
    assert [one["status"] for one in done["results"]] == ["counted", "already_rated", "waiting_service", None]
    assert len(world.ratings()) == 3 and world.handlings() == 1


def test_nothing_is_there_twice_and_nothing_is_overwritten(world):
    send(world, row(1, 2))
    assert send(world, row(1, 2)).json()["results"][0]["result"] == "duplicate"
    for changed in ({"satisfaction": 5}, {"case_no": "C2"}, {"text": "x"}, {"pf": 2}):
        again = send(world, row(1, **{"satisfaction": 2, **changed})).json()
        assert again["results"][0]["result"] == "conflict" and "先前的保留" in again["results"][0]["why"]
    assert world.seen("level", "case_no") == [("dissatisfied", "C1")]
    assert send(world, row(1, 2), source="other").json()["totals"]["accepted"] == 1


def test_what_is_a_default_over_there_is_nobodys_rating_here(world):
    refused = send(world, row(1, 3, is_default=True), row(2, 3, pf=7), row(3, 3, pf=6), channels="zhejiang").json()[
        "results"
    ]
    assert [one["result"] for one in refused] == ["refused", "refused", "accepted"]
    assert "默认评价不是群众作出的" in refused[0]["why"] and world.seen("channel") == [("sms",)]


def test_an_import_does_not_take_the_place_of_a_press(world):
    world.press(5, "C1")
    send(world, row(1, 1))
    assert world.seen("origin", "status") == [("citizen_device", "counted"), ("import", "already_rated")]


def test_no_row_says_its_own_origin(world):
    answer = send(world, row(1, origin="citizen_device"), row(2, channel="qr")).json()
    assert [one["result"] for one in answer["results"]] == ["refused", "refused"]
    check_problem(send(world, row(1), origin="citizen_qr"), 422, "bad-parameter")
    assert world.ratings() == []


def test_only_the_operator_imports(world):
    for headers in (AUDITOR, {"Authorization": "Bearer hall-key-for-tests-only-01"}, {}):
        check_problem(send(world, row(1), headers={"Content-Type": "application/json", **headers}), 401, "unauthorized")


@pytest.mark.parametrize(
    "frame", [{"levels": "5"}, {"channels": "x"}, {"source": "A B"}, {"source": ""}, {"hall": "nowhere"}, {"hall": 5}]
)
def test_a_frame_that_is_wrong_is_refused_whole(world, frame):
    assert send(world, row(1), **frame).status_code == 422 and world.ratings() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"satisfaction": 6}, {"satisfaction": True}, {"satisfaction": None}, {"pf": 6},
        {"rated_at": "2027-01-01T00:00:00Z"},
        {"rated_at": "x"}, {"service_no": "1"}, {"key": "a b"}, {"key": ""}, {"text": "a\x01"}, {"reasons": [0]},
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_costs_no_other(world, wrong):
    answer = send(world, row(1, **wrong), row(2)).json()
    assert [one["result"] for one in answer["results"]] == ["refused", "accepted"]
    assert answer["results"][0]["why"] and world.seen("case_no") == [("C2",)]
