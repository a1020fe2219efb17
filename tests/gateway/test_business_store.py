"""Business events on a real database: whatever the order of their arrival, what is derived from them is the same."""

import sqlite3

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import schema
from gateway.core.binding import Press, bind
from gateway.core.business import Event, Type
from gateway.core.intake import Genuine
from gateway.core.timeline import Rules, fold
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


def tell(connection, event):
    assert business.take(connection, "queue", event, "h", 5000, RULES, 0).status == "accepted"


def derived(connection):
    return [
        connection.execute("SELECT * FROM servings ORDER BY window, start_ms").fetchall(),
        connection.execute(
            "SELECT case_no, service_no, window, staff, called_ms, served_ms, finished_ms, closed_ms, status"
            " FROM services ORDER BY case_no"
        ).fetchall(),
        connection.execute("SELECT case_no, item_name, status, accepted_ms FROM cases ORDER BY case_no").fetchall(),
        [bindings.latest(connection, "w1", seq)[1] for seq in range(1, len(RATINGS) + 1)],
    ]


def make(number, kind, at_ms, window, staff, case):
    shift = kind in (Type.SIGN_IN, Type.SIGN_OUT)
    if kind is Type.SIGN_IN:
        staff = staff or "s"
    return Event(f"e{number}", kind, 1000 + at_ms, window, staff, None if shift else case, None if shift else 1)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([*Type, Type.CALLED, Type.SERVED]),
        st.integers(0, 1400),
        st.sampled_from(["A1", "A1", "B2"]),
        st.sampled_from(["1", "2", None]),
        st.sampled_from(["C1", "C2", "C3", "C4"]),
    ),
    max_size=12,
).map(lambda rows: [make(number, *row) for number, row in enumerate(rows)])


@given(EVENTS, st.randoms(use_true_random=False))
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
    servings = fold(events, RULES)
    assert [row[:2] for row in one[0]] == sorted((s.window, s.start_ms) for s in servings)
    for found, body in zip(one[3], RATINGS, strict=True):
        head = record.parse(body).head
        assert found == bind(Press(head.wall_ms, head.error_ms), "A1", None, servings)


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
