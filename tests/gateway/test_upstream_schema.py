"""Step m008: what waited in the old outbox waits in the new one, and says the same to central."""

import json
import sqlite3

import sqlite_utils

from gateway import schema
from gateway.core import cloudevent, intake
from gateway.core.binding import Binding, Rule, Status
from gateway.core.cases import Case
from gateway.core.ledger import check
from gateway.schema import m008_upstream
from gateway.store import composing, ledger, letters, outbox
from protocol import record
from tests.builders import DeviceTwin

NOW_MS = 1_772_600_000_000


def old_database() -> sqlite3.Connection:
    """A database as it was before the step: all earlier steps and none later."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    database = sqlite_utils.Database(connection)
    for step in schema.STEPS._migrations:
        if step.name < "m008":
            step.fn(database)
    return connection


def queue(connection, event, state="pending", answer=None):
    body = None if state == "done" else json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    connection.execute(
        "INSERT INTO outbox (event_id, type, body, state, answer) VALUES (?, ?, ?, ?, ?)",
        (event["id"], event["type"], body, state, answer),
    )


def rating(connection, twin, state, answer=None):
    body = twin.rating(3, wall_ms=NOW_MS)
    found = record.parse(body)
    genuine = intake.Genuine(found, body, record.record_hash(body), None)
    connection.execute(
        "INSERT INTO records (device, seq, hash, prev, body, kind, from_ms, to_ms, received_ms, state)"
        " VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, 'linked')",
        (twin.device, twin.seq, genuine.hash, found.head.prev, body, NOW_MS - 50, NOW_MS + 50, NOW_MS),
    )
    decision = Binding(Status.UNBOUND, Rule.NO_WINDOW, None, None, None, None, (), 50)
    connection.execute(
        "INSERT INTO bindings (device, seq, number, status, rule, candidates, error_ms, decided_ms)"
        " VALUES (?, ?, 1, ?, ?, '[]', 50, ?)",
        (twin.device, twin.seq, decision.status, decision.rule, NOW_MS),
    )
    data = cloudevent.binding_data(twin.device, twin.seq, 1, decision, NOW_MS)
    event = cloudevent.record("h", twin.device, twin.seq, genuine.hash, body, data, NOW_MS)
    queue(connection, event, state, answer)
    return event


def test_pending_events_stay_and_say_the_same():
    connection = old_database()
    twin = DeviceTwin("w1")
    device = cloudevent.device("h", "w1", "A1", "pem", "f" * 64, NOW_MS)
    queue(connection, device, "done")
    rating(connection, twin, "done")
    case = cloudevent.case("h", Case("C1", "I1", "社保卡办理", "accepted", NOW_MS, None), 1, NOW_MS)
    queue(connection, case)
    waiting = [rating(connection, twin, "pending") for _ in range(2)]
    dead = rating(connection, twin, "dead", "rejected bad_field")
    gone = cloudevent.record("h", "w1", 9, b"x" * 32, b"body", None, NOW_MS)
    queue(connection, gone)

    m008_upstream.apply(sqlite_utils.Database(connection))

    ids = [row for (row,) in connection.execute("SELECT id FROM outgoing ORDER BY id")]
    sent = [json.loads(str(event.text)) for event in composing.compose(connection, "h", ids)]
    assert sent == [case, *waiting, gone]
    assert connection.execute("SELECT count(*) FROM outgoing WHERE body IS NULL").fetchone() == (2,)
    assert outbox.counts(connection) == {"pending": 4, "done": 2, "dead": 1}
    assert [letter["id"] for letter in letters.dead(connection)] == [dead["id"]]
    assert outbox.put(connection, device) is False, "a certificate that was told is not told again"
    assert check(ledger.accounts(connection), *ledger.waiting(connection)).balanced
    view = "SELECT event_id, state FROM outbox WHERE state <> 'done' ORDER BY state DESC, id"
    assert [row[0] for row in connection.execute(view)] == [event["id"] for event in [case, *waiting, gone, dead]]
