"""A key that is limited to some windows tells of these windows alone."""

import pytest

from gateway.business import Source
from gateway.core.business import Type

MINE = Source("one", frozenset({"A1"}))
ALL = Source("all")


@pytest.fixture(autouse=True)
def windows(desk):
    for window in ("A1", "B2"):
        desk.service.put_window(window, None, True)


def told(desk, source, kind, **fields):
    (result,) = desk.service.take_events(source, [desk.event(kind, **fields)])
    return result.status if result.status == "accepted" else result.code


def service(case_no="C1", **more):
    return {"case_no": case_no, "service_no": 1, **more}


def test_its_own_windows_and_no_other(desk):
    assert told(desk, MINE, "sign_in", window="A1", staff="1001") == "accepted"
    assert told(desk, MINE, "sign_in", window="B2", staff="1001") == "forbidden_window"
    assert told(desk, MINE, "called", window="B2", **service()) == "forbidden_window"
    assert told(desk, MINE, "called", window="A1", **service()) == "accepted"
    assert desk.rows("SELECT count(*) FROM business_events") == [(2,)]


def test_it_must_name_the_window(desk):
    told(desk, MINE, "called", window="A1", **service())
    assert told(desk, MINE, "served", **service()) == "forbidden_window"
    assert told(desk, MINE, "served", window="A1", **service()) == "accepted"


@pytest.mark.parametrize("kind", ["served", "finished", "transferred", "cancelled", "paused"])
def test_it_cannot_end_a_service_of_another_window_under_the_name_of_its_own(desk, kind):
    told(desk, ALL, "called", window="B2", **service())
    assert told(desk, MINE, kind, window="A1", **service()) == "forbidden_window"
    assert told(desk, ALL, kind, window="B2", **service()) == "accepted"


def test_after_a_transfer_both_windows_may_go_on(desk):
    told(desk, ALL, "called", window="B2", **service())
    told(desk, ALL, "transferred", window="B2", **service())
    assert told(desk, MINE, "called", window="A1", **service()) == "accepted"
    assert told(desk, MINE, "served", window="A1", **service()) == "accepted"


def test_what_comes_before_its_call_is_taken(desk):
    assert told(desk, MINE, "served", window="A1", **service("C7")) == "accepted"


def test_it_may_withdraw_what_it_said_itself(desk):
    event = desk.event("called", window="A1", **service())
    desk.service.take_events(MINE, [event])
    assert told(desk, MINE, "withdrawn", corrects=event["id"]) == "accepted"
    assert Type.WITHDRAWN in {row[0] for row in desk.rows("SELECT type FROM business_events")}


def test_a_trial_answers_the_same_and_stores_nothing(desk):
    events = [
        desk.event("called", window="A1", **service()),
        desk.event("called", window="B2", **service("C2")),
        desk.event("called", window="Z9", **service("C3")),
        {"id": "x"},
        desk.event("called", window="Z9", **service("C4")),
    ]
    events.append({**events[-1], "window": "A1"})  # refused once, then told as it should be
    events.append(events[0])
    events.append({**events[0], "case_no": "C9"})
    before = desk.rows("SELECT count(*) FROM outbox")
    trial = desk.service.take_events(ALL, events, dry_run=True)
    assert (
        desk.rows("SELECT count(*) FROM business_events") == [(0,)]
        and desk.rows("SELECT count(*) FROM outbox") == before
    )
    real = desk.service.take_events(ALL, events)
    assert [(r.status, r.code) for r in trial] == [(r.status, r.code) for r in real]
    again = desk.service.take_events(ALL, events[:1], dry_run=True)
    assert [r.status for r in again] == ["duplicate"]
