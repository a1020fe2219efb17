"""The outbox's rows: they name facts, make the same event every time, and weigh little."""

import json
import sqlite3

import pytest

from gateway import schema
from gateway.core import cloudevent, intake
from gateway.core.business import Event, Type
from gateway.core.outbox import Fate
from gateway.core.timeline import Rules
from gateway.store import bindings, business, composing, meta, outbox, records
from gateway.store.outbox import Settled
from protocol import record
from tests.builders import DeviceTwin

NOW_MS = 1_772_600_000_000


@pytest.fixture
def connection():
    return opened(":memory:")


def opened(path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection)
    connection.execute("INSERT INTO windows VALUES ('A1', 'A1', 1, 0)")
    return connection


def press(connection, body, device="w1"):
    genuine = intake.Genuine(record.parse(body), body, record.record_hash(body), "A1")
    return records.take(connection, genuine, "h", NOW_MS, 0)


def tell(connection, number, kind, at_ms, case_no):
    event = Event(f"e{number}", kind, at_ms, "A1", "1001", case_no, 1)
    assert business.take(connection, "queue", event, "h", NOW_MS, Rules(), 0).status == "accepted"


def events(connection):
    ids = [row for (row,) in connection.execute("SELECT id FROM outgoing ORDER BY id")]
    return composing.compose(connection, "h", ids)


def done(connection, row_id, status="accepted"):
    outbox.settle(connection, [Settled(row_id, Fate.DONE, "", status)], NOW_MS)


def test_a_record_is_sent_with_the_decision_that_was_made_with_it(connection):
    twin = DeviceTwin("w1")
    tell(connection, 1, Type.CALLED, NOW_MS - 5000, "C1")
    body = twin.rating(2, wall_ms=NOW_MS)
    press(connection, body)
    first = events(connection)[-1]
    decided = bindings.decided(connection, "w1", 1, 1)
    data = cloudevent.binding_data("w1", 1, 1, decided.binding, decided.decided_ms)
    assert json.loads(first.text) == cloudevent.record("h", "w1", 1, record.record_hash(body), body, data, NOW_MS)
    # a later decision is another event: what a repeat says must not change with it
    tell(connection, 2, Type.CANCELLED, NOW_MS - 4000, "C1")
    again = next(event for event in events(connection) if event.id == first.id)
    assert again == first
    assert events(connection)[-1].event_id == "binding/w1/1/2"


def test_a_record_that_turns_out_not_to_fit_is_not_sent(connection):
    twin, forked = DeviceTwin("w1"), DeviceTwin("w1")
    good = [twin.rating(5) for _ in range(3)]
    wrong = [forked.rating(5) for _ in range(3)]
    press(connection, good[0])
    press(connection, wrong[2])
    assert [event.event_id.split("/")[2] for event in events(connection) if event.kind == outbox.RECORD] == ["1", "3"]
    press(connection, good[1])
    names = [event.event_id for event in events(connection) if event.kind == outbox.RECORD]
    assert [name.split("/")[2] for name in names] == ["1", "2"]
    press(connection, good[2])
    assert events(connection)[-1].event_id == cloudevent.record_id("w1", 3, record.record_hash(good[2]))


def test_a_withdrawn_row_is_not_counted_as_synced(connection):
    twin, forked = DeviceTwin("w1"), DeviceTwin("w1")
    good, wrong = [twin.rating(5) for _ in range(2)], [forked.rating(5) for _ in range(3)]
    press(connection, good[0])
    press(connection, wrong[2])
    under_way = events(connection)[-1].id
    press(connection, good[1])
    done(connection, under_way)
    assert connection.execute("SELECT synced FROM ledger WHERE device = 'w1'").fetchone() == (0,)


def test_a_fact_that_is_gone_is_said_to_be_gone(connection):
    press(connection, DeviceTwin("w1").rating(5))
    connection.execute("DROP TRIGGER records_remain")
    connection.execute("DELETE FROM records")
    (event,) = events(connection)
    assert event.text is None and event.event_id == "w1/1/1"


def test_what_central_said_is_kept_and_ids_are_never_given_twice(connection):
    twin = DeviceTwin("w1")
    press(connection, twin.rating(5))
    (first,) = events(connection)
    done(connection, first.id, "duplicate")
    assert connection.execute("SELECT * FROM delivered").fetchall() == [("w1", 1, 0, NOW_MS, 2)]
    press(connection, twin.rating(5))
    (second,) = events(connection)
    assert second.id > first.id and outbox.newest(connection) == second.id


def test_an_answer_counts_only_in_the_database_it_was_asked_from(connection):
    meta.epoch(connection, 7)
    press(connection, DeviceTwin("w1").rating(5))
    (event,) = events(connection)
    answer = [Settled(event.id, Fate.DONE, "", "accepted")]
    outbox.settle(connection, answer, NOW_MS, epoch=6)
    assert events(connection) == [event], "the id of an older database names another event here"
    outbox.settle(connection, answer, NOW_MS, epoch=7)
    assert events(connection) == []


def test_after_a_damage_what_neither_waits_nor_was_answered_is_queued_again(connection):
    twin = DeviceTwin("w1")
    for _ in range(4):
        press(connection, twin.rating(5))
    first, lost, dead, waiting = events(connection)
    done(connection, first.id)
    outbox.settle(
        connection, [Settled(dead.id, Fate.DEAD, "no", "rejected", 0, dead.event_id, dead.type, "{}")], NOW_MS
    )
    connection.execute("DELETE FROM outgoing WHERE id = ?", (lost.id,))
    assert outbox.put_missing(connection, "w1", 1, 10) == 1
    assert [event.text for event in events(connection)] == [waiting.text, lost.text]
    assert outbox.put_missing(connection, "w1", 1, 10) == 0


def test_counting_looks_at_no_row_of_the_outbox(connection):
    statements = []
    connection.set_trace_callback(statements.append)
    outbox.counts(connection)
    connection.set_trace_callback(None)
    (statement,) = statements
    plan = " ".join(row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + statement))
    assert "tally" in plan and "outgoing" not in plan


def test_a_waiting_case_is_left_out_without_hiding_the_others(connection):
    rows = [cloudevent._event("h", cloudevent.CASE, f"case/C{n % 2}/{n}", NOW_MS, {"case_no": f"C{n % 2}"})
            for n in range(1000)]  # fmt: skip
    for row in rows:
        outbox.put(connection, row)
    first = outbox.fresh(connection, 0, 10**9, NOW_MS, 1)[0]
    outbox.settle(connection, [Settled(first.id, Fate.LATER, "", next_ms=NOW_MS + 500)], NOW_MS)
    assert {event.id % 2 for event in outbox.fresh(connection, 0, 10**9, NOW_MS, 500)} == {first.id % 2 ^ 1}
    assert outbox.next_due_ms(connection) == NOW_MS + 500
    assert [event.id for event in outbox.again(connection, NOW_MS + 500, 10)] == [first.id]


def test_a_rating_that_waits_weighs_little(tmp_path):
    connection = opened(tmp_path / "gateway.db")
    twins = [DeviceTwin(f"w{number:02d}") for number in range(10)]
    tell(connection, 1, Type.CALLED, NOW_MS - 5000, "330302-2026-000001")

    def size() -> int:
        return connection.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[
            0
        ]

    connection.execute("BEGIN")
    before, count = size(), 3000
    for number in range(count):
        press(connection, twins[number % 10].rating(5, b"%08d" % number, wall_ms=NOW_MS))
    connection.execute("COMMIT")
    weight = (size() - before) / count
    print(f"{weight:.0f} bytes for each rating that waits")
    assert weight <= 630  # record, decision with its evidence, feed and outbox, all indexes
