"""SQL of the outbox: what waits for central, written in the transaction of the fact itself.

A row names its fact (a record, a decision) where the fact has a table of its own, and holds the event where it has not.
``gateway.store.composing`` makes the events when they are sent.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.core import cloudevent
from gateway.core.lanes import Waiting
from gateway.core.outbox import Fate, key_of
from gateway.store import ledger, meta

RECORD = cloudevent.RANK[cloudevent.RECORD]
BINDING = cloudevent.RANK[cloudevent.BINDING]
_ANSWERS = {"accepted": 1, "duplicate": 2}


@dataclass(frozen=True, slots=True)
class Settled:
    """What central said about one row. ``event`` is the event as it was sent, kept if it ends as a dead letter."""

    id: int
    fate: Fate
    words: str
    status: str = ""
    next_ms: int = 0
    event_id: str = ""
    type: str = ""
    event: str = ""


def put(connection: sqlite3.Connection, event: dict) -> bool:
    """Queue a whole CloudEvent; False if it is a certificate that was told before."""
    kind = cloudevent.RANK.get(event["type"], cloudevent.OTHER)
    if event["type"] == cloudevent.DEVICE:
        if not connection.execute("INSERT INTO told VALUES (?) ON CONFLICT DO NOTHING", (event["id"],)).rowcount:
            return False
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    connection.execute(
        "INSERT INTO outgoing (kind, key, body) VALUES (?, ?, ?)", (kind, key_of(event["data"].get("case_no")), body)
    )
    return True


#: A stored record: device, seq, the number of the decision made with it and its case, None unless it is a rating.
RecordRow = tuple[str, int, int | None, str | None]
_PUT = "INSERT INTO outgoing (kind, device, seq, number, key) VALUES (?, ?, ?, ?, ?)"


def put_records(connection: sqlite3.Connection, rows: Iterable[RecordRow]) -> None:
    """Queue stored records, each with the decision that was just made if it is a rating."""
    connection.executemany(
        _PUT,
        [(RECORD, device, seq, number, key_of(case_no, device, seq)) for device, seq, number, case_no in rows],
    )


def put_binding(connection: sqlite3.Connection, device: str, seq: int, number: int, case_no: str | None) -> None:
    """Queue a later decision."""
    connection.execute(_PUT, (BINDING, device, seq, number, key_of(case_no, device, seq)))


def put_missing(connection: sqlite3.Connection, device: str, first: int, last: int) -> int:
    """Queue the records of a device in ``first … last``, and their decisions, that neither wait nor were answered.

    For after a damage: what central has after all is a duplicate to it. Gives how many were queued.
    """
    held = connection.execute(
        "SELECT r.seq FROM records r WHERE r.device = ? AND r.seq BETWEEN ? AND ? AND r.body <> x'' AND NOT EXISTS"
        " (SELECT 1 FROM delivered d WHERE d.device = r.device AND d.seq = r.seq AND d.number = 0) AND NOT EXISTS"
        " (SELECT 1 FROM dead_letters l WHERE l.kind = 3 AND l.device = r.device AND l.seq = r.seq)",
        (device, first, last),
    ).fetchall()
    queued = 0
    for (seq,) in held:
        decisions = connection.execute(
            "SELECT number, case_no FROM bindings WHERE device = ? AND seq = ? ORDER BY number", (device, seq)
        ).fetchall()
        if _waits(connection, device, seq, [case_no for _, case_no in decisions]):
            continue
        ledger.received(connection, device)
        put_records(connection, [(device, seq, *(decisions[0] if decisions else (None, None)))])
        for number, case_no in decisions[1:]:
            put_binding(connection, device, seq, number, case_no)
        queued += 1
    return queued


def has_fact(connection: sqlite3.Connection, row: Mapping[str, object]) -> bool:
    """Whether what a row of ``outgoing`` names is here, or central has it already; and it does not wait yet."""
    if row["body"] is not None:
        return True
    key = (row["device"], row["seq"])
    held = connection.execute("SELECT 1 FROM records WHERE device = ? AND seq = ?", key).fetchone()
    if row["kind"] == RECORD:
        same = "SELECT 1 FROM outgoing WHERE key = ? AND kind = ? AND device = ? AND seq = ?"
        return held is not None and not connection.execute(same, (row["key"], RECORD, *key)).fetchone()
    known = "SELECT 1 FROM delivered WHERE device = ? AND seq = ? AND number = 0"
    return held is not None or connection.execute(known, key).fetchone() is not None


def _waits(connection: sqlite3.Connection, device: str, seq: int, cases: Iterable[str | None]) -> bool:
    keys = {key_of(case_no, device, seq) for case_no in (*cases, None)}
    found = "SELECT 1 FROM outgoing WHERE key = ? AND kind = ? AND device = ? AND seq = ?"
    return any(connection.execute(found, (key, RECORD, device, seq)).fetchone() for key in keys)


def withdraw(connection: sqlite3.Connection, device: str, seq: int) -> bool:
    """Take back a record that turned out not to fit its chain; False if central has it already."""
    cases = connection.execute("SELECT case_no FROM bindings WHERE device = ? AND seq = ?", (device, seq)).fetchall()
    keys = {key_of(case_no, device, seq) for (case_no,) in cases} | {key_of(None, device, seq)}
    gone = 0
    for key in keys:
        gone += connection.execute(
            "DELETE FROM outgoing WHERE key = ? AND kind = ? AND device = ? AND seq = ? AND body IS NULL",
            (key, RECORD, device, seq),
        ).rowcount
    return gone > 0


def of_record(connection: sqlite3.Connection, device: str, seq: int) -> list[tuple[int, int | None, int, int]]:
    """What waits of a record: ``(kind, number, attempts, next_ms)``. A search through all that waits."""
    return connection.execute(
        "SELECT kind, number, attempts, next_ms FROM outgoing WHERE device = ? AND seq = ? ORDER BY id", (device, seq)
    ).fetchall()


def oldest_ms(connection: sqlite3.Connection) -> int | None:
    """When the record that waits longest was received; None if no record waits."""
    row = connection.execute(
        "SELECT r.received_ms FROM outgoing o JOIN records r ON r.device = o.device AND r.seq = o.seq"
        " ORDER BY o.id LIMIT 1"
    ).fetchone()
    return row[0] if row else None


# --- what goes next ---


def fresh(connection: sqlite3.Connection, above: int, upto: int, now_ms: int, count: int) -> list[Waiting]:
    """Events with ``above < id <= upto`` that were never refused, oldest first, without those behind one that waits."""
    rows = connection.execute(
        "SELECT id, key, next_ms FROM outgoing o WHERE id > ? AND id <= ? AND next_ms = 0 AND NOT EXISTS"
        " (SELECT 1 FROM outgoing e WHERE e.key = o.key AND e.next_ms > ? AND e.id < o.id) ORDER BY id LIMIT ?",
        (above, upto, now_ms, count),
    ).fetchall()
    return [Waiting(*row) for row in rows]


def again(connection: sqlite3.Connection, now_ms: int, count: int) -> list[Waiting]:
    """Events whose time to be tried again has come, those that waited longest first."""
    rows = connection.execute(
        "SELECT id, key, next_ms FROM outgoing WHERE next_ms > 0 AND next_ms <= ? ORDER BY next_ms LIMIT ?",
        (now_ms, count),
    ).fetchall()
    return [Waiting(*row) for row in rows]


def kin(connection: sqlite3.Connection, keys: Iterable[int | None]) -> Mapping[int, Sequence[Waiting]]:
    """All pending events of each of these cases, by key."""
    wanted = json.dumps(sorted({key for key in keys if key is not None}))
    found: dict[int, list[Waiting]] = {}
    for row in connection.execute(
        "SELECT id, key, next_ms FROM outgoing WHERE key IN (SELECT value FROM json_each(?))", (wanted,)
    ).fetchall():
        found.setdefault(row[1], []).append(Waiting(*row))
    return found


def newest(connection: sqlite3.Connection) -> int:
    """The highest id ever given; ids are never used again."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outgoing'").fetchone()
    return row[0] if row else 0


def next_due_ms(connection: sqlite3.Connection) -> int | None:
    """When the first event that was refused may be tried again; None if there is none."""
    return connection.execute("SELECT min(next_ms) FROM outgoing WHERE next_ms > 0").fetchone()[0]


# --- what central said ---


def settle(connection: sqlite3.Connection, outcome: Iterable[Settled], now_ms: int, epoch: int | None = None) -> None:
    """Write down what became of rows. One that was withdrawn meanwhile stays gone.

    ``epoch`` is that of the database they were read from: in another one their ids name other events.
    """
    if epoch is not None and epoch != meta.get(connection, "epoch"):
        return
    outcome = list(outcome)
    _done(connection, {one.id: one.status for one in outcome if one.fate is Fate.DONE}, now_ms)
    for one in outcome:
        if one.fate is Fate.DEAD:
            _bury(connection, one, now_ms)
    later = [(one.next_ms, one.id) for one in outcome if one.fate is Fate.LATER]
    if later:
        connection.executemany("UPDATE outgoing SET attempts = attempts + 1, next_ms = ? WHERE id = ?", later)


_TAKE = (
    "DELETE FROM outgoing WHERE id IN (SELECT value FROM json_each(?))"
    " RETURNING id, kind, device, seq, number, key, letter"
)


def _done(connection: sqlite3.Connection, done: Mapping[int, str], now_ms: int) -> None:
    rows = connection.execute(_TAKE, (json.dumps(list(done)),)).fetchall() if done else []
    delivered, synced, kinds = [], Counter[str](), Counter[int]()
    for row_id, kind, device, seq, number, _, letter in rows:
        kinds[kind] += 1
        if device is not None:
            place = 0 if kind == RECORD else number
            delivered.append((device, seq, place, now_ms, _ANSWERS.get(done[row_id], 1)))
        if kind == RECORD and device is not None:
            synced[device] += 1
        if letter is not None:
            connection.execute("UPDATE dead_letters SET state = 'done', last_ms = ? WHERE id = ?", (now_ms, letter))
    # an earlier record of this seq may have been taken before it turned out not to fit: the one that does counts
    connection.executemany("INSERT OR REPLACE INTO delivered VALUES (?, ?, ?, ?, ?)", delivered)
    connection.executemany(
        "UPDATE tally SET done = done + ? WHERE kind = ?", [(count, kind) for kind, count in kinds.items()]
    )
    ledger.synced(connection, synced)


def _bury(connection: sqlite3.Connection, one: Settled, now_ms: int) -> None:
    rows = connection.execute(_TAKE, (json.dumps([one.id]),)).fetchall()
    for _, kind, device, seq, number, key, letter in rows:
        if letter is not None:
            connection.execute(
                "UPDATE dead_letters SET state = 'dead', answer = ?, last_ms = ?, refusals = refusals + 1 WHERE id = ?",
                (one.words, now_ms, letter),
            )
            continue
        connection.execute(
            "INSERT INTO dead_letters (event_id, type, kind, device, seq, number, key, state, answer, first_ms,"
            " last_ms, refusals, body) VALUES (?, ?, ?, ?, ?, ?, ?, 'dead', ?, ?, ?, 1, ?)",
            (one.event_id, one.type, kind, device, seq, number, key, one.words, now_ms, now_ms, one.event),
        )


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many events are pending, done and dead: counters, kept in the transactions of what they count."""
    row = connection.execute("SELECT sum(pending), sum(done), sum(dead) FROM tally").fetchone()
    return dict(zip(("pending", "done", "dead"), row, strict=True))
