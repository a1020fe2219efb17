"""Ratings from before the device knew the time get an interval later; the record stays as it was signed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.dating import WIDEST_MS, Statement, between_boots, of_same_boot
from gateway.store import composing
from tests.gateway.desk import HALL, NOW_MS, Desk

MINUTE = 60_000
DAY = 86_400_000


def test_a_later_record_of_the_same_start_dates_a_press():
    told = Statement(3, 60_000, NOW_MS, 40)
    assert of_same_boot(3, 10_000, [told]) == (NOW_MS - 50_000 - 41, NOW_MS - 50_000 + 41)
    assert of_same_boot(3, 60_000 - DAY, [told]) == (NOW_MS - DAY - 40 - 1728, NOW_MS - DAY + 40 + 1728)
    assert of_same_boot(2, 10_000, [told]) is None, "another start counted from another moment"


def test_statements_of_one_start_narrow_each_other_and_the_newest_wins_a_contradiction():
    newest, agrees, wrong = (Statement(1, 0, NOW_MS + off, error) for off, error in ((0, 100), (150, 100), (5000, 10)))
    assert of_same_boot(1, 0, [newest, agrees]) == (NOW_MS + 50, NOW_MS + 100)
    assert of_same_boot(1, 0, [newest, wrong]) == (NOW_MS - 100, NOW_MS + 100)


def test_a_start_that_never_knew_lies_between_its_neighbours():
    before, after = Statement(1, 5000, NOW_MS, 40), Statement(3, 2000, NOW_MS + DAY // 2, 40)
    assert between_boots(2, 7000, NOW_MS + DAY, [before, after]) == (NOW_MS - 40 + 7000 - 1, NOW_MS + DAY // 2 - 1959)
    assert between_boots(2, 7000, NOW_MS + 9000, [before, after]) == (NOW_MS + 6959, NOW_MS + 9000)
    assert between_boots(2, 7000, NOW_MS + DAY, [after]) is None, "nothing says how early"
    assert between_boots(2, 0, NOW_MS - 1000, [before]) is None, "received before it can have been made"
    assert between_boots(2, 0, NOW_MS + WIDEST_MS, [before]) is None, "too wide to mean a service"


@given(st.data())
@settings(max_examples=500)
def test_the_true_time_is_always_inside(data):
    """Any life of a device: starts, breaks, a crystal within 20 ppm, statements whose error covers the truth."""
    true_ms, statements, presses = NOW_MS, [], []
    for boot in range(1, data.draw(st.integers(1, 4)) + 1):
        true_ms += data.draw(st.integers(0, 3 * DAY), "off")
        ppm = data.draw(st.integers(-20, 20), "ppm")
        began = true_ms
        for what in data.draw(st.lists(st.sampled_from(["tells", "press"]), max_size=4)):
            true_ms += data.draw(st.integers(0, DAY), "later")
            uptime = (true_ms - began) * (1_000_000 + ppm) // 1_000_000
            if what == "press":
                presses.append((boot, uptime, true_ms))
                continue
            error = data.draw(st.integers(0, 5000))
            off = data.draw(st.integers(-error, error))
            statements.append(Statement(boot, uptime, true_ms + off, error + 1))
    received = true_ms + data.draw(st.integers(0, DAY))
    newest_first = statements[::-1]
    for boot, uptime, true_press in presses:
        span = of_same_boot(boot, uptime, newest_first)
        assert (span is None) == (not any(s.boot == boot for s in statements))
        if span is None:
            span = between_boots(boot, uptime, received, newest_first)
        if span is not None:
            assert span[0] - 1 <= true_press <= span[1] + 1  # uptimes are whole milliseconds


# --- on the real store


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def serve(desk, case_no, at_ms, **fields):
    desk.tell("called", at_ms, window="A1", case_no=case_no, service_no=1, staff="1001", **fields)


def test_a_rating_without_a_time_is_bound_once_its_start_learns_it(desk):
    twin = desk.enrol("dev-1")
    serve(desk, "C1", NOW_MS - 10 * MINUTE)
    serve(desk, "C2", NOW_MS - 2 * MINUTE)
    body = twin.rating(5, wall_ms=None, uptime_ms=30_000)  # pressed 5 minutes ago
    desk.send("dev-1", body)
    assert desk.bindings("dev-1", 1) == [("unbound", "unknown_time", None, None, None)]
    desk.send("dev-1", twin.event("clock_set", {}, wall_ms=NOW_MS, error_ms=40, uptime_ms=30_000 + 5 * MINUTE))
    assert desk.bindings("dev-1", 1)[1:] == [("bound", "interval", "C1", 1, "1001")]
    assert desk.rows("SELECT error_ms FROM bindings WHERE device = 'dev-1' AND seq = 1 AND number = 2") == [(46,)]
    assert desk.rows("SELECT body FROM records WHERE seq = 1") == [(body,)], "the record is what was signed"
    ((row,),) = desk.rows("SELECT id FROM outbox WHERE type = 'cn.hcp.binding.v1'")
    (told,) = composing.compose(desk.store.reader(), HALL, [row])
    assert '"error_ms":46' in told.text


def test_a_late_business_event_binds_a_dated_rating_again(desk):
    twin = desk.enrol("dev-1")
    desk.send("dev-1", twin.rating(5, wall_ms=None, uptime_ms=30_000))
    desk.send("dev-1", twin.event("clock_set", {}, wall_ms=NOW_MS, error_ms=40, uptime_ms=30_000 + 5 * MINUTE))
    assert desk.bindings("dev-1", 1)[-1][:2] == ("unbound", "no_service")
    serve(desk, "C1", NOW_MS - 10 * MINUTE)
    assert desk.bindings("dev-1", 1)[-1] == ("bound", "interval", "C1", 1, "1001")


def test_a_start_that_ended_before_it_knew_is_dated_by_its_neighbours(desk):
    twin = desk.enrol("dev-1")
    serve(desk, "C1", NOW_MS - 20 * MINUTE)
    desk.send("dev-1", twin.event(wall_ms=NOW_MS - 10 * MINUTE, error_ms=40, uptime_ms=1000))
    twin.boot = 2
    desk.send("dev-1", twin.rating(5, wall_ms=None, uptime_ms=30_000))
    assert desk.bindings("dev-1", 2)[-1][:2] == ("unbound", "unknown_time")
    twin.boot = 3
    desk.send("dev-1", twin.event(wall_ms=NOW_MS, error_ms=40, uptime_ms=1000))
    assert desk.bindings("dev-1", 2)[-1] == ("bound", "interval", "C1", 1, "1001")
    serve(desk, "C2", NOW_MS - 5 * MINUTE)
    assert desk.bindings("dev-1", 2)[-1][:2] == ("ambiguous", "several_services"), (
        "it can have been either: not guessed"
    )


def test_records_that_come_in_another_order_date_alike(desk):
    twin = desk.enrol("dev-1")
    serve(desk, "C1", NOW_MS - 10 * MINUTE)
    rating = twin.rating(5, wall_ms=None, uptime_ms=30_000)
    told = twin.event("clock_set", {}, wall_ms=NOW_MS, error_ms=40, uptime_ms=30_000 + 5 * MINUTE)
    desk.send("dev-1", told)
    desk.send("dev-1", rating)
    assert desk.bindings("dev-1", 1)[-1] == ("bound", "interval", "C1", 1, "1001")


def test_a_token_stays_the_better_witness_and_gets_the_error_of_the_date(desk):
    twin = desk.enrol("dev-1")
    serve(desk, "C1", NOW_MS)
    desk.tell("served", NOW_MS, window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    desk.clock.turn(MINUTE)
    desk.send("dev-1", twin.rating(5, token=token, wall_ms=None, uptime_ms=30_000))
    assert desk.bindings("dev-1", 1)[-1][:3] == ("bound", "token", "C1")
    desk.send("dev-1", twin.event("clock_set", {}, wall_ms=NOW_MS + MINUTE, error_ms=40, uptime_ms=60_000))
    assert desk.bindings("dev-1", 1)[-1][:3] == ("bound", "token", "C1")
    assert desk.rows("SELECT error_ms FROM bindings WHERE seq = 1 ORDER BY number") == [(None,), (41,)]
