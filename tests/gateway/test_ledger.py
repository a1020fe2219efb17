"""The ledger: every frame that came in is in exactly one place, whatever comes, and whoever tampers is noticed."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import schema
from gateway.core import intake
from gateway.core.ledger import Account, check
from gateway.core.outbox import Fate
from gateway.store import ledger, letters, outbox, records
from gateway.store.outbox import Settled
from tests.builders import DeviceTwin
from tests.gateway.desk import NOW_MS, Desk

TWIN = DeviceTwin("w1")
GOOD = [TWIN.rating(1 + at % 5, wall_ms=NOW_MS + at) for at in range(8)]
OTHER = DeviceTwin("w1")
OTHER.key = TWIN.key
#: Signed by the same key, but of another chain: broken where it does not fit, a conflict where it is second.
FORKED = [OTHER.rating(5, wall_ms=NOW_MS + 900 + at) for at in range(8)]
FRAMES = [*GOOD, *FORKED, b"poison", b""]


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    connection.execute("INSERT INTO windows VALUES ('A1', 'A1', 1, 0)")
    return connection


def take(connection, body, device="w1"):
    facts = intake.DeviceFacts({"k": TWIN.key.public_key()}, "k", False, "A1")
    found = intake.examine("h", f"hcp/v1/h/{device}/record", body, lambda name: facts if name.startswith("w") else None)
    if isinstance(found, intake.Refused):
        records.refuse(connection, found, "h", NOW_MS)
    else:
        records.take(connection, found, "h", NOW_MS, 0)


def answer(connection, fate: Fate, which: int) -> None:
    rows = connection.execute("SELECT id, event_id, type FROM outbox WHERE state = 'pending' ORDER BY id").fetchall()
    if rows:
        row_id, event_id, kind = rows[which % len(rows)]
        outbox.settle(connection, [Settled(row_id, fate, "words", "accepted", NOW_MS, event_id, kind, "{}")], NOW_MS)


def balance(connection):
    return check(ledger.accounts(connection), *ledger.waiting(connection))


STEPS = st.one_of(
    st.tuples(st.just("frame"), st.integers(0, len(FRAMES) - 1)),
    st.tuples(st.just("frame"), st.integers(0, len(GOOD) - 1)),
    st.tuples(st.just("stranger"), st.integers(0, len(FRAMES) - 1)),
    st.tuples(st.sampled_from(list(Fate)), st.integers(0, 50)),
    st.tuples(st.just("replay"), st.just(0)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_any_history_keeps_the_equation(steps):
    connection = database()
    frames = 0
    for what, which in steps:
        if what in ("frame", "stranger"):
            take(connection, FRAMES[which], "w1" if what == "frame" else "x9")
            frames += 1
        elif what == "replay":
            letters.replay(connection, letters.select(connection, every=True), "again", NOW_MS)
        else:
            answer(connection, what, which)
        found = balance(connection)
        assert found.balanced, found.wrong
        assert found.total.received == frames
    tally = connection.execute("SELECT sum(pending), sum(dead) FROM tally").fetchone()
    rows = connection.execute(
        "SELECT (SELECT count(*) FROM outgoing), (SELECT count(*) FROM outbox WHERE state <> 'done')"
    ).fetchone()
    assert tally == (rows[0], rows[1] - rows[0])


def test_each_frame_ends_in_its_own_place():
    connection = database()
    for body in (GOOD[0], GOOD[0], GOOD[1], FORKED[0], FORKED[2], GOOD[2], b"poison"):
        take(connection, body)
    assert ledger.accounts(connection)[1] == Account("w1", 7, 3, 0, 1, 0, 3)
    answer(connection, Fate.DONE, 0)
    answer(connection, Fate.DEAD, 0)
    assert ledger.accounts(connection)[1] == Account("w1", 7, 1, 1, 1, 1, 3)
    letters.replay(connection, letters.select(connection, every=True), "again", NOW_MS)
    assert ledger.accounts(connection)[1] == Account("w1", 7, 2, 1, 1, 0, 3)


def test_a_record_that_came_early_and_did_not_fit_moves_to_quarantine():
    connection = database()
    take(connection, GOOD[0])
    take(connection, FORKED[2])
    assert ledger.accounts(connection)[1] == Account("w1", 2, 2, 0, 0, 0, 0)
    take(connection, GOOD[1])
    assert ledger.accounts(connection)[1] == Account("w1", 3, 2, 0, 0, 0, 1)


def test_a_name_nobody_enrolled_gets_no_account():
    connection = database()
    for number in range(20):
        take(connection, b"poison", f"x{number}")
    assert ledger.accounts(connection) == [Account("", 20, 0, 0, 0, 0, 20)]


@pytest.mark.parametrize(
    ("account", "pending", "rejected", "words"),
    [
        (Account("w1", 5, 1, 1, 1, 1, 0), {"w1": 1}, {"w1": 1}, "+1 of 5"),
        (Account("w1", 3, 1, 1, 1, 1, 0), {"w1": 1}, {"w1": 1}, "-1 of 3"),
        (Account("w1", 4, 1, 1, 1, 1, 0), {}, {"w1": 1}, "1 counted as pending, 0 there"),
        (Account("w1", 4, 1, 1, 1, 1, 0), {"w1": 1}, {"w1": 2}, "1 counted as rejected, 2 there"),
        (Account("w1", 4, 1, 1, 1, 1, 0), {"w1": 1, "w2": 1}, {"w1": 1}, "w2: it has records"),
        (Account("w1", 3, 1, 2, 0, 1, -1), {"w1": 1}, {"w1": 1}, "below zero"),
    ],
)
def test_what_does_not_add_up_is_named(account, pending, rejected, words):
    found = check([account], pending, rejected)
    assert not found.balanced and words in "\n".join(found.wrong)


def test_two_errors_that_cancel_out_in_the_sum_are_both_seen():
    found = check([Account("w1", 1, 0, 0, 0, 0, 0), Account("w2", 0, 0, 1, 0, 0, 0)], {}, {})
    assert found.total.gap == 0 and len(found.wrong) == 2


@pytest.fixture
def busy(desk: Desk):
    twin = desk.enrol("dev-1")
    for _ in range(3):
        desk.send("dev-1", twin.rating(4))
    desk.send("dev-1", twin.sent[0])
    assert desk.service.ledger.look().balanced
    return desk


@pytest.mark.parametrize(
    "tamper",
    [
        "DELETE FROM outgoing WHERE kind = 3 AND seq = 2",
        "UPDATE ledger SET duplicate = 0 WHERE device = 'dev-1'",
        "UPDATE ledger SET received = received + 1 WHERE device = 'dev-1'",
        "DELETE FROM ledger WHERE device = 'dev-1'",
        "UPDATE outgoing SET device = 'dev-2' WHERE seq = 2",
        "INSERT INTO outgoing (kind, device, seq) VALUES (3, 'dev-1', 9)",
    ],
)
def test_whoever_takes_something_away_is_noticed_and_central_is_told(busy, caplog, tamper):
    busy.store.run(lambda c: c.execute(tamper))
    assert not busy.service.ledger.look().balanced
    assert busy.service.status()["ledger"]["balanced"] is False
    assert "does not add up" in caplog.text
    assert len(incidents(busy)) == 1
    busy.service.ledger.look()
    assert len(incidents(busy)) == 1, "the same trouble is told once"


def incidents(desk):
    return desk.rows('SELECT id FROM outgoing WHERE body LIKE \'%"code":"ledger"%\'')


def test_the_status_counts_frames_and_says_nothing_of_stars(busy):
    assert busy.service.status()["ledger"] == {
        "checked_ms": busy.clock.now_ms(),
        "balanced": True,
        "received": 4,
        "pending": 3,
        "synced": 0,
        "duplicate": 1,
        "rejected": 0,
        "quarantined": 0,
        "wrong": [],
    }


def test_the_ledger_outlives_a_restart(busy):
    before = busy.service.ledger.look()
    busy.restart()
    assert busy.service.ledger.look() == before
