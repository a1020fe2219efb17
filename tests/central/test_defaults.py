"""Silence that counts: made once, at its hour, marked, apart from what citizens said; superseded when they speak."""

import pytest
from sqlalchemy import select

from central import calendars
from central.core.deadlines import Deadline
from central.core.rating import Level
from central.tables import default_terms
from tests.central.conftest import Place
from tests.central.intake_world import IntakeWorld
from tests.central.office_world import at, beijing


@pytest.fixture
def mot(place: Place):
    made = IntakeWorld(place, "mot")
    yield made
    made.close()


@pytest.fixture
def siping(tmp_path):
    made = IntakeWorld(tmp_path, "siping")
    yield made
    made.close()


def finish(world, case_no="C1", services=1, when="2026-09-30 14:00"):
    for number in range(1, services + 1):
        world.service(case_no, number, finished=when)
    world.case(case_no, "finished", finished=when)


def run(world, text):
    world.turn_to(text)
    return world.state.defaults.run_due()


def dues(world):
    with world.state.store.read() as connection:
        rows = connection.execute(select(default_terms).order_by(default_terms.c.case_no, default_terms.c.service_no))
        return {(row.case_no, row.service_no): beijing(row.due_ms) for row in rows if row.awaited}


@pytest.mark.requirement("MOT-9d")
def test_five_working_days_after_all_of_it_is_finished(mot):
    # Wednesday 30 September does not count; 1 to 7 October rest; 8, 9, 10 (made up), 12, 13
    finish(mot)
    assert dues(mot) == {("C1", 1): "2026-10-14 00:00"}
    assert run(mot, "2026-10-13 23:59") == 0 and mot.ratings() == []
    assert run(mot, "2026-10-14 00:00") == 1
    [row] = mot.ratings()
    wanted = {"origin": "default", "channel": "none", "level": "fairly_satisfied", "status": "counted", "device": None}
    assert wanted.items() <= row.items() and row["wall_at"] == "2026-10-13T16:00:00.000Z"


@pytest.mark.requirement("SP-7.3")
def test_seven_days_after_the_case(siping):
    # the seventh day, 7 October, is a holiday: it ends on the 8th
    finish(siping)
    assert dues(siping) == {("C1", 1): "2026-10-09 00:00"}
    assert run(siping, "2026-10-08 23:59") == 0
    assert run(siping, "2026-10-09 00:00") == 1
    assert siping.seen("origin", "level", "status") == [("default", "fairly_satisfied", "counted")]


@pytest.mark.requirement("MOT-9d")
def test_not_before_the_last_service_is_over(mot):
    mot.case("C1", "finished", finished="2026-09-30 14:00")
    mot.service("C1", 1, finished="2026-09-30 13:00")
    mot.service("C1", 2, "served")
    assert dues(mot) == {}
    mot.turn_to("2026-10-20 12:00")
    assert mot.state.defaults.run_due() == 0
    mot.service("C1", 2, "finished", 2, finished="2026-10-20 11:00")
    assert set(dues(mot).values()) == {"2026-10-28 00:00"}  # 21, 22, 23, 26, 27
    assert run(mot, "2026-10-28 00:00") == 2


@pytest.mark.parametrize("policy", ["wenzhou", "jiaxiang", "lanzhou", None])
def test_where_no_regulation_says_so_silence_is_nothing(tmp_path, policy):
    world = IntakeWorld(tmp_path, policy)
    finish(world)
    assert run(world, "2027-12-31 00:00") == 0 and world.ratings() == [] and dues(world) == {}
    world.close()


def test_a_service_that_was_rated_has_none_whichever_way_it_was_rated(mot):
    finish(mot, services=3)
    mot.press(1, "C1", 1)
    mot.rate(mot.token("C1", 2), "dissatisfied")
    assert dues(mot) == {("C1", 3): "2026-10-14 00:00"}
    assert run(mot, "2026-10-14 00:00") == 1
    assert mot.seen("service_no", "origin") == [(1, "citizen_device"), (2, "citizen_qr"), (3, "default")]


def test_a_late_rating_supersedes_it_and_both_are_kept(mot):
    finish(mot)
    run(mot, "2026-10-14 00:00")
    assert mot.handlings() == 0
    mot.press(1, "C1")
    assert mot.seen("origin", "level", "status") == [
        ("default", "fairly_satisfied", "superseded"),
        ("citizen_device", "very_dissatisfied", "counted"),
    ]
    assert mot.handlings() == 1
    figures = mot.summary()["figures"]
    assert sum(figures["default"].values()) == 0 and figures["superseded"] == 1
    assert sum(figures["active"].values()) == 1
    mot.rate(mot.token())
    assert mot.seen("status") == [("superseded",), ("counted",), ("already_rated",)]


def test_it_counts_again_when_the_rating_belonged_elsewhere_and_no_second_is_made(mot):
    finish(mot)
    told = []
    mot.state.store.on_settled(lambda _connection, _hall, counted, _moved: told.extend(counted))
    run(mot, "2026-10-14 00:00")
    mot.press(1, "C1")
    mot.service("C2")
    mot.take(mot.gateway.binding(mot.gateway.bound(mot.device, "C2", number=2)))
    assert mot.seen("origin", "case_no", "status") == [
        ("default", "C1", "counted"),
        ("citizen_device", "C2", "counted"),
    ]
    assert set(told) == {mot.ratings()[1]["position"]}  # silence is nothing that the loop is told of
    assert run(mot, "2026-12-01 00:00") == 0 and len(mot.ratings()) == 2


def test_runs_twice_late_and_after_a_restart_make_one(mot):
    finish(mot)
    mot.restart()
    assert run(mot, "2026-11-30 00:00") == 1
    assert mot.state.defaults.run_due() == 0
    mot.restart()
    assert mot.state.defaults.run_due() == 0 and len(mot.ratings()) == 1


@pytest.mark.parametrize("status", ["cancelled", "accepted"])
def test_a_case_that_is_not_finished_after_all_has_none(mot, status):
    finish(mot)
    mot.case("C1", status, 2)
    assert dues(mot) == {} and run(mot, "2026-11-30 00:00") == 0


def test_a_case_that_is_opened_and_finished_again_has_no_second(mot):
    finish(mot)
    run(mot, "2026-10-14 00:00")
    mot.case("C1", "accepted", 2)
    mot.case("C1", "finished", 3, finished="2026-10-14 09:00")
    assert dues(mot) == {} and run(mot, "2026-11-30 00:00") == 0 and len(mot.ratings()) == 1


@pytest.mark.parametrize("status", ["cancelled", "transferred"])
def test_a_service_that_did_not_take_place_has_none(mot, status):
    finish(mot)
    mot.service("C1", 2, status)
    assert run(mot, "2026-10-14 00:00") == 1 and mot.seen("service_no") == [(1,)]


def test_news_that_comes_late_leaves_a_day_for_the_rating_behind_it(mot):
    mot.turn_to("2026-10-20 09:00")
    finish(mot)  # a hall that was offline: it was finished three weeks ago
    assert dues(mot) == {("C1", 1): "2026-10-21 09:00"}
    assert run(mot, "2026-10-21 08:59") == 0
    mot.press(2, "C1")
    assert run(mot, "2026-10-22 00:00") == 0 and mot.seen("origin") == [("citizen_device",)]


def test_news_told_again_moves_nothing(mot):
    finish(mot)
    mot.turn_to("2026-10-05 09:00")
    mot.case("C1", "finished", 2, finished="2026-09-30 14:00")
    assert dues(mot) == {("C1", 1): "2026-10-14 00:00"}
    mot.case("C1", "finished", 3, finished="2026-10-08 10:00")
    assert dues(mot) == {("C1", 1): "2026-10-15 00:00"}  # 9, 10, 12, 13, 14


def test_a_default_is_no_rating_of_a_citizen_in_any_figure(siping):
    finish(siping, "C1")
    finish(siping, "C2")
    siping.press(5, "C2")
    run(siping, "2026-10-09 00:00")
    summary = siping.summary()
    assert summary["ratings"]["received"] == summary["ratings"]["counted"] == 1
    assert summary["levels"] == {**dict.fromkeys(map(str, Level), 0), "very_satisfied": 1}
    assert summary["figures"]["default"]["fairly_satisfied"] == 1
    assert summary["figures"]["active"]["very_satisfied"] == 1
    page = siping.client.get("/").text
    assert "基本满意" not in page or summary["levels"]["fairly_satisfied"] == 0


def test_a_table_of_holidays_that_comes_moves_what_was_provisional(mot, tmp_path):
    mot.turn_to("2026-12-29 10:00")
    finish(mot, when="2026-12-29 09:00")
    assert dues(mot) == {("C1", 1): "2027-01-06 00:00"}  # 30, 31, and without a table 1, 4, 5 January
    table = tmp_path / "2027.toml"
    holiday = '[[holiday]]\nname = "元旦"\nfirst = 2027-01-01\nlast = 2027-01-03\nmake_up = []\n'
    table.write_text(f'year = 2027\nsource = "试"\n{holiday}', encoding="utf-8")
    calendars.install(mot.settings.data_dir, table)
    mot.state.office.recompute()
    assert run(mot, "2027-01-06 00:00") == 0
    assert dues(mot) == {("C1", 1): "2027-01-07 00:00"}
    assert run(mot, "2027-01-07 00:00") == 1


def test_each_says_how_it_was_counted(mot):
    finish(mot)
    with mot.state.store.read() as connection:
        row = connection.execute(select(default_terms)).one()
    deadline = Deadline.of_json(row.deadline)
    assert deadline.term.article == "第九条" and deadline.term.event == "全部办结"
    assert deadline.due_ms == at("2026-10-14 00:00")


def test_many_are_made_in_one_run(siping):
    for number in range(1, 30):
        finish(siping, f"C{number}", 2)
    assert run(siping, "2026-10-09 00:00") == 58
    assert siping.summary()["figures"]["default"]["fairly_satisfied"] == 58
