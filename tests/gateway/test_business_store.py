"""Business events on a real database: whatever the order of their arrival, what is derived from them is the same."""

import json
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import schema
from gateway.core.binding import Press, bind
from gateway.core.business import SHIFT, ApplicantKind, Event, Type, standing
from gateway.core.intake import Genuine
from gateway.core.timeline import BEGIN, Rules, fold
from gateway.store import bindings, business, records
from protocol import record
from tests.builders import DeviceTwin

RULES = Rules(linger_ms=70, limit_ms=150)
TWIN = DeviceTwin("w1")
RATINGS = [TWIN.rating(5, wall_ms=1000 + at, error_ms=3) for at in range(0, 1400, 35)]


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    for window in ("A1", "B2"):
        connection.execute("INSERT INTO windows VALUES (?, ?, 1, 0)", (window, window))
    return connection


def press(connection, body):
    genuine = Genuine(record.parse(body), body, record.record_hash(body), "A1")
    records.take(connection, genuine, "h", 5000, 0)


def tell(connection, event, source="queue"):
    assert business.take(connection, source, event, "h", 5000, RULES, 0).status == "accepted"


def derived(connection):
    return [
        connection.execute("SELECT * FROM servings ORDER BY window, start_ms").fetchall(),
        connection.execute(
            "SELECT case_no, service_no, window, staff, called_ms, served_ms, finished_ms, closed_ms, status"
            " FROM services ORDER BY case_no, service_no"
        ).fetchall(),
        connection.execute("SELECT case_no, item_name, status, accepted_ms FROM cases ORDER BY case_no").fetchall(),
        [bindings.latest(connection, "w1", seq)[1] for seq in range(1, len(RATINGS) + 1)],
    ]


def make(number, kind, at_ms, window, staff, case, corrects=None, shared=False):
    """An event; one without a case is of the window. ``corrects``: the number of another."""
    if kind is Type.WITHDRAWN:
        return Event(f"e{number}", kind, 1000 + at_ms, corrects=f"e{corrects}")
    if case is None and kind not in SHIFT:
        kind = Type.PAUSED if number % 2 else Type.RESUMED
    if kind in SHIFT:
        case = None
    staff = staff or ("s" if kind is Type.SIGN_IN else None)
    event = Event(f"e{number}", kind, 1000 + at_ms, window, staff, case, 1 if case else None)
    return replace(event, shared=shared and kind in BEGIN and case is not None, corrects=corrects and f"e{corrects}")


@st.composite
def told(draw):
    """Events of a hall; some stand in the place of an earlier one, some take one back."""
    events = []
    free = []
    for number in range(1, draw(st.integers(1, 14))):
        kind = draw(st.sampled_from([*Type, Type.CALLED, Type.SERVED]))
        corrects = draw(st.sampled_from(free)) if free and draw(st.integers(0, 3)) == 0 else None
        if kind is Type.WITHDRAWN and corrects is None:
            kind = Type.CALLED
        if corrects:
            free.remove(corrects)
        free.append(number)
        row = (
            draw(st.integers(0, 1400)),
            draw(st.sampled_from(["A1", "A1", "B2"])),
            draw(st.sampled_from(["1", "2", None])),
            draw(st.sampled_from(["C1", "C2", "C3", "C4", None])),
        )
        events.append(make(number, kind, *row, corrects, draw(st.booleans())))
    return events


@given(told(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_arrival_order_and_time_of_the_presses_do_not_matter(events, random):
    in_order, late = database(), database()
    for event in sorted(events, key=lambda e: e.at_ms):
        tell(in_order, event)
    for body in RATINGS:
        press(in_order, body)
    mixed = list(events)
    random.shuffle(mixed)
    half = random.randint(0, len(mixed))
    for event in mixed[:half]:
        tell(late, event)
    for body in RATINGS:
        press(late, body)
    for event in mixed[half:]:
        tell(late, event)
    one, other = derived(in_order), derived(late)
    assert one == other
    # and the stretches are those of one fold over everything
    servings = fold(standing(events), RULES)
    assert [row[:2] for row in one[0]] == sorted((s.window, s.start_ms) for s in servings)
    for found, body in zip(one[3], RATINGS, strict=True):
        head = record.parse(body).head
        assert found == bind(Press(head.wall_ms, head.error_ms), "A1", None, servings)


def take(connection, event, source="queue"):
    result = business.take(connection, source, event, "h", 5000, RULES, 0)
    return result.status, result.code


def standing_keys(connection):
    rows = connection.execute("SELECT window, case_no FROM servings ORDER BY start_ms").fetchall()
    return [f"{window}/{case}" for window, case in rows]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_a_correction_stands_in_the_place_of_the_wrong_event_whichever_comes_first(order):
    connection = database()
    events = [
        make(1, Type.CALLED, 0, "A1", "1", "C1"),
        make(2, Type.CALLED, 0, "A1", "1", "C2", corrects=1),  # not that case
        make(3, Type.CALLED, 0, "B2", "1", "C2", corrects=2),  # and not that window
    ]
    for number in order:
        tell(connection, events[number])
    assert standing_keys(connection) == ["B2/C2"]
    services = connection.execute("SELECT case_no, window, status FROM services ORDER BY case_no").fetchall()
    assert services == [("C1", "A1", "cancelled"), ("C2", "B2", "called")]
    cases = connection.execute("SELECT case_no, status FROM cases ORDER BY case_no").fetchall()
    assert cases == [("C1", "cancelled"), ("C2", "accepted")]
    assert take(connection, events[1]) == ("duplicate", "duplicate")


def test_a_rating_follows_the_correction_and_leaves_with_the_withdrawal():
    connection = database()
    press(connection, RATINGS[1])
    tell(connection, make(1, Type.CALLED, 0, "A1", "1", "C1"))
    tell(connection, make(2, Type.CALLED, 0, "A1", "1", "C2", corrects=1))
    tell(connection, make(3, Type.WITHDRAWN, 0, None, None, None, corrects=2))
    rows = connection.execute("SELECT number, status, case_no FROM bindings ORDER BY number").fetchall()
    assert rows == [(1, "unbound", None), (2, "bound", "C1"), (3, "bound", "C2"), (4, "unbound", None)]
    sent = connection.execute("SELECT event_id FROM outbox WHERE type = 'cn.hcp.binding.v1' ORDER BY id").fetchall()
    assert sent == [("binding/w1/2/2",), ("binding/w1/2/3",), ("binding/w1/2/4",)]


def test_an_event_is_corrected_once_and_by_its_own_system():
    connection = database()
    tell(connection, make(1, Type.CALLED, 0, "A1", "1", "C1"))
    tell(connection, make(2, Type.CALLED, 0, "A1", "1", "C2", corrects=1), "other")  # that system's own e1, to come
    assert connection.execute("SELECT count(*) FROM standing_events").fetchone() == (2,)
    tell(connection, make(3, Type.CALLED, 0, "A1", "1", "C3", corrects=1))
    assert take(connection, make(4, Type.CALLED, 0, "A1", "1", "C4", corrects=1)) == ("rejected", "already_corrected")
    tell(connection, make(4, Type.CALLED, 0, "A1", "1", "C4", corrects=3))


def test_corrections_in_a_circle_are_refused():
    connection = database()
    tell(connection, make(1, Type.CALLED, 0, "A1", "1", "C1", corrects=2))
    tell(connection, make(2, Type.CALLED, 0, "A1", "1", "C1", corrects=3))
    assert take(connection, make(3, Type.CALLED, 0, "A1", "1", "C1", corrects=1)) == ("rejected", "bad_field")


def test_whose_agent_came_is_told_with_the_service():
    connection = database()
    tell(connection, replace(make(1, Type.CALLED, 0, "A1", "1", "C1"), applicant_kind=ApplicantKind.AGENT))
    tell(connection, make(2, Type.SERVED, 5, "A1", "1", "C1"))
    sent = connection.execute("SELECT body FROM outgoing WHERE kind = 2 ORDER BY id").fetchall()
    assert [json.loads(body)["data"]["applicant_kind"] for (body,) in sent] == ["agent", "agent"]


def test_a_revision_is_sent_only_when_something_changed():
    connection = database()
    tell(connection, make(1, Type.CALLED, 0, "A1", "1", "C1"))
    tell(connection, make(2, Type.CALLED, 50, "A1", "1", "C2"))
    tell(connection, make(3, Type.SERVED, 60, "A1", "1", "C2"))
    ids = [name for (name,) in connection.execute("SELECT event_id FROM outbox ORDER BY id")]
    assert ids == ["case/C1/1", "service/C1/1/1", "case/C2/1", "service/C2/1/1", "service/C2/1/2"]


def test_a_decision_is_appended_only_when_it_differs():
    connection = database()
    press(connection, RATINGS[0])
    tell(connection, make(1, Type.CALLED, 0, "A1", "1", "C1"))
    tell(connection, make(2, Type.SERVED, 5, "A1", "1", "C1"))
    tell(connection, make(3, Type.CALLED, 400, "A1", "1", "C2"))
    rows = connection.execute("SELECT number, status FROM bindings").fetchall()
    assert rows == [(1, "unbound"), (2, "bound")]
