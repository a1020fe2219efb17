"""Making events out of the rows of the outbox.

Always the same event for the same row, or a repeat would be a conflict (spec 9.1): a field that is added to an event
must be absent from those of rows that were queued before.
"""

import json
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core import cloudevent
from gateway.store import bindings, outbox

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event ready to be sent. ``text`` is its JSON, None if the fact that the row names is not in the database."""

    id: int
    kind: int
    attempts: int
    event_id: str
    type: str
    text: str | None


def compose(connection: sqlite3.Connection, hall: str, ids: Sequence[int]) -> list[Outgoing]:
    """The events of these rows, lowest id first; rows that are gone are left out."""
    rows = connection.execute(
        "SELECT id, kind, device, seq, number, attempts, body FROM outgoing"
        " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(list(ids)),),
    ).fetchall()
    return [_safe(connection, hall, row) for row in rows]


def _safe(connection: sqlite3.Connection, hall: str, row: tuple) -> Outgoing:
    try:
        return _compose(connection, hall, *row)
    except Exception:  # one row that cannot be read must not hold up all others: it ends as a dead letter
        log.exception("composing the event of row %d", row[0])
        row_id, kind, device, seq, number, attempts, _ = row
        return Outgoing(row_id, kind, attempts, f"row/{row_id}/{device}/{seq}/{number}", "", None)


def _compose(
    connection: sqlite3.Connection,
    hall: str,
    row_id: int,
    kind: int,
    device: str,
    seq: int,
    number: int | None,
    attempts: int,
    body: str | None,
) -> Outgoing:
    if body is not None:
        event = json.loads(body)
        return Outgoing(row_id, kind, attempts, event["id"], event["type"], body)
    found = _record(connection, hall, device, seq, number) if kind == outbox.RECORD else None
    if kind == outbox.BINDING and number is not None:
        found = _binding(connection, hall, device, seq, number)
    if found is None:
        name = f"{device}/{seq}" if number is None else f"{device}/{seq}/{number}"
        return Outgoing(row_id, kind, attempts, name, "", None)
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return Outgoing(row_id, kind, attempts, found["id"], found["type"], text)


def _record(connection: sqlite3.Connection, hall: str, device: str, seq: int, number: int | None) -> dict | None:
    row = connection.execute(
        "SELECT hash, body, received_ms FROM records WHERE device = ? AND seq = ?", (device, seq)
    ).fetchone()
    data = None
    if number is not None:
        data = _decision(connection, device, seq, number)
    if row is None or (data is None and number is not None):
        return None
    return cloudevent.record(hall, device, seq, row[0], row[1], data and data[0], row[2])


def _binding(connection: sqlite3.Connection, hall: str, device: str, seq: int, number: int) -> dict | None:
    data = _decision(connection, device, seq, number)
    return data and cloudevent.binding(hall, *data)


def _decision(connection: sqlite3.Connection, device: str, seq: int, number: int) -> tuple[dict, int] | None:
    found = bindings.decided(connection, device, seq, number)
    if found is None:
        return None
    return cloudevent.binding_data(device, seq, number, found.binding, found.decided_ms), found.decided_ms
