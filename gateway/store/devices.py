"""SQL of what the gateway knows of its devices besides the register: enrolment told to central, last state,
overview."""

import sqlite3

from gateway.core import cloudevent
from gateway.store import outbox, records
from protocol.downlink import State, Telemetry, unpack_telemetry
from protocol.errors import ProtocolError

KEEP_LINES = 20


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


def state_ms(connection: sqlite3.Connection, device: str) -> int | None:
    """When the last state came."""
    row = connection.execute("SELECT at_ms FROM states WHERE device = ?", (device,)).fetchone()
    return row[0] if row else None


def put_state(connection: sqlite3.Connection, device: str, new: State, now_ms: int) -> None:
    connection.execute(
        "INSERT INTO states VALUES (?, ?, ?, ?) ON CONFLICT (device)"
        " DO UPDATE SET word = excluded.word, boot = excluded.boot, at_ms = excluded.at_ms",
        (device, new.word, new.boot, now_ms),
    )


def put_telemetry(connection: sqlite3.Connection, device: str, body: bytes, now_ms: int) -> None:
    """Keep the last one of each device, and count them. ``body`` was found good by ``unpack_telemetry``."""
    connection.execute(
        "INSERT INTO telemetry VALUES (?, ?, ?, 1) ON CONFLICT (device)"
        " DO UPDATE SET body = excluded.body, at_ms = excluded.at_ms, packets = packets + 1",
        (device, body, now_ms),
    )


def put_line(connection: sqlite3.Connection, device: str, leaf: str, level: int, text: str, now_ms: int) -> None:
    """Keep the last lines of each device; a device that talks much pushes out its own."""
    connection.execute(
        "INSERT INTO device_lines (device, leaf, level, text, at_ms) VALUES (?, ?, ?, ?, ?)",
        (device, leaf, level, text, now_ms),
    )
    connection.execute(
        "DELETE FROM device_lines WHERE device = ? AND id <="
        " (SELECT id FROM device_lines WHERE device = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (device, device, KEEP_LINES),
    )


def telemetry(connection: sqlite3.Connection, device: str) -> tuple[Telemetry, int, int] | None:
    """The last telemetry, when it came, and how many did."""
    row = connection.execute("SELECT body, at_ms, packets FROM telemetry WHERE device = ?", (device,)).fetchone()
    if row is None:
        return None
    try:
        return unpack_telemetry(row[0]), row[1], row[2]
    except ProtocolError:  # an older version's: the next one comes in half a minute
        return None


def lines(connection: sqlite3.Connection, device: str) -> list[tuple[str, int, str, int]]:
    """``(leaf, level, text, at_ms)``, oldest first."""
    return connection.execute(
        "SELECT leaf, level, text, at_ms FROM device_lines WHERE device = ? ORDER BY id", (device,)
    ).fetchall()


def overview(connection: sqlite3.Connection, device: str) -> dict:
    """One device for operators: its chain's head, gaps, losses, refusals; how it is. No ratings, no levels."""
    losses = connection.execute("SELECT first, last FROM losses WHERE device = ? ORDER BY first", (device,)).fetchall()
    refusals = connection.execute("SELECT code, seen FROM refusals WHERE device = ?", (device,)).fetchall()
    found = telemetry(connection, device)
    return {
        "head": records.head(connection, device).seq,
        "missing": [list(gap) for gap in records.missing(connection, device)],
        "lost": [list(loss) for loss in losses],
        "refused": dict(refusals),
        "telemetry": found and {**found[0]._asdict(), "at_ms": found[1], "packets": found[2]},
        "lines": [
            {"leaf": leaf, "level": level, "text": text, "at_ms": at_ms}
            for leaf, level, text, at_ms in lines(connection, device)
        ],
    }
