"""SQL of what the gateway knows of its devices besides the register: enrolment told to central, last state,
overview."""

import sqlite3

from gateway.core import cloudevent
from gateway.store import outbox, records
from protocol.downlink import State


def enrolled(
    connection: sqlite3.Connection, hall: str, device: str, window: str, pem: str, fingerprint: str, now_ms: int
) -> None:
    """Make a device's window known and tell central of its certificate, once."""
    if window:
        connection.execute("INSERT INTO windows VALUES (?, ?, 1, ?) ON CONFLICT DO NOTHING", (window, window, now_ms))
    outbox.put(connection, cloudevent.device(hall, device, window, pem, fingerprint, now_ms))


def state(connection: sqlite3.Connection, device: str) -> State | None:
    row = connection.execute("SELECT word, boot FROM states WHERE device = ?", (device,)).fetchone()
    return State(*row) if row else None


def put_state(connection: sqlite3.Connection, device: str, new: State, now_ms: int) -> None:
    connection.execute(
        "INSERT INTO states VALUES (?, ?, ?, ?) ON CONFLICT (device)"
        " DO UPDATE SET word = excluded.word, boot = excluded.boot, at_ms = excluded.at_ms",
        (device, new.word, new.boot, now_ms),
    )


def overview(connection: sqlite3.Connection, device: str) -> dict:
    """The chain of one device for operators: head, gaps, declared losses, refusals. No ratings, no levels."""
    losses = connection.execute("SELECT first, last FROM losses WHERE device = ? ORDER BY first", (device,)).fetchall()
    refusals = connection.execute("SELECT code, seen FROM refusals WHERE device = ?", (device,)).fetchall()
    return {
        "head": records.head(connection, device).seq,
        "missing": [list(gap) for gap in records.missing(connection, device)],
        "lost": [list(loss) for loss in losses],
        "refused": dict(refusals),
    }
