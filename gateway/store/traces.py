"""SQL of ``hcp gateway trace``: all that the database knows of one record."""

import sqlite3

from gateway.core.trace import Delivery, Life, State
from gateway.store import bindings, outbox, records
from protocol import record

_ANSWERS = {1: State.ACCEPTED, 2: State.DUPLICATE}


def life(connection: sqlite3.Connection, device: str, seq: int) -> Life | None:
    """The life of a record; None if it is not here."""
    row = connection.execute(
        "SELECT kind, window, body, received_ms, state FROM records WHERE device = ? AND seq = ?", (device, seq)
    ).fetchone()
    if row is None:
        return None
    kind, window, body, received_ms, state = row
    head = record.parse(body).head if body else None  # the bytes go after their retention
    adopted = connection.execute("SELECT 1 FROM not_adopted WHERE device = ? AND seq = ?", (device, seq)).fetchone()
    return Life(
        device,
        seq,
        kind,
        window,
        head.wall_ms if head else None,
        head.error_ms if head else None,
        received_ms,
        state == "linked",
        records.head(connection, device).seq,
        [(one.number, one.binding, one.decided_ms) for one in bindings.history(connection, device, seq)],
        _deliveries(connection, device, seq),
        adopted is None,
    )


def losses(connection: sqlite3.Connection, device: str) -> list[tuple[int, int]]:
    """The ranges that a device declared lost."""
    return connection.execute("SELECT first, last FROM losses WHERE device = ? ORDER BY first", (device,)).fetchall()


def _deliveries(connection: sqlite3.Connection, device: str, seq: int) -> list[Delivery]:
    found = [
        Delivery(number, _ANSWERS.get(answer, State.ACCEPTED), at_ms)
        for number, at_ms, answer in connection.execute(
            "SELECT number, at_ms, answer FROM delivered WHERE device = ? AND seq = ?", (device, seq)
        ).fetchall()
    ]
    for kind, number, attempts, next_ms in outbox.of_record(connection, device, seq):
        place = 0 if kind == outbox.RECORD else number or 0
        found.append(Delivery(place, State.WAITING, None, attempts, next_ms))
    for kind, number, answer, last_ms in connection.execute(
        "SELECT kind, number, answer, last_ms FROM dead_letters WHERE device = ? AND seq = ? AND state = 'dead'",
        (device, seq),
    ).fetchall():
        found.append(Delivery(0 if kind == outbox.RECORD else number, State.DEAD, last_ms, answer=answer))
    return sorted(found, key=lambda one: one.number)
