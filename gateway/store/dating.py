"""SQL of dating: what each start of a device said of the time, and the ratings that wait for a date (spec 8.4)."""

import sqlite3

from gateway.core import dating
from gateway.core.dating import Statement
from gateway.core.intake import MAX_SEQ
from protocol import record

#: How many records back a rating is still looked at.
REACH = 20_000
_MOST = 256  # ratings looked at with one record

_UNDATED = (
    "SELECT seq, body, received_ms FROM records"
    " WHERE device = ? AND kind = 1 AND from_ms IS NULL AND seq BETWEEN ? AND ? AND body <> x''"
    " ORDER BY seq DESC LIMIT ?"
)


def learn(connection: sqlite3.Connection, found: record.Record) -> list[int]:
    """Take what a stored record says of the time. Gives the seqs of ratings that are dated now: decide on them anew."""
    head = found.head
    rows = []
    if head.wall_ms is None:
        if found.kind == record.RATING:  # what dates it may have come before it
            rows = connection.execute(_UNDATED, (found.device, head.seq, head.seq, 1)).fetchall()
    elif abs(head.wall_ms) + head.error_ms + head.uptime_ms <= MAX_SEQ:  # else it is no time that a calendar has
        tell(connection, found.device, head)
        reach = (found.device, head.seq - REACH, min(head.seq + REACH, MAX_SEQ), _MOST)
        rows = connection.execute(_UNDATED, reach).fetchall()
    dated = []
    for seq, body, received_ms in reversed(rows):
        press = record.parse(body).head
        span = _date(connection, found.device, press, received_ms)
        if span is not None:
            connection.execute(
                "UPDATE records SET from_ms = ?, to_ms = ? WHERE device = ? AND seq = ?", (*span, found.device, seq)
            )
            dated.append(seq)
    return dated


def tell(connection: sqlite3.Connection, device: str, head: record.Head) -> None:
    """Keep what a start of a device says of the time: its first statement and its last."""
    connection.execute(
        "INSERT INTO starts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?3, ?4, ?5, ?6) ON CONFLICT (device, boot) DO UPDATE"
        " SET last_seq = ?3, last_uptime_ms = ?4, last_wall_ms = ?5, last_error_ms = ?6 WHERE ?3 > last_seq",
        (device, head.boot, head.seq, head.uptime_ms, head.wall_ms, head.error_ms),
    )


def _date(connection: sqlite3.Connection, device: str, press: record.Head, received_ms: int) -> dating.Span | None:
    rows = connection.execute(
        "SELECT * FROM (SELECT * FROM starts WHERE device = ?1 AND boot < ?2 ORDER BY boot DESC LIMIT 1)"
        " UNION ALL SELECT * FROM starts WHERE device = ?1 AND boot = ?2"
        " UNION ALL SELECT * FROM (SELECT * FROM starts WHERE device = ?1 AND boot > ?2 ORDER BY boot LIMIT 1)",
        (device, press.boot),
    ).fetchall()
    statements = []
    for _, start, _, *first, _, uptime_ms, wall_ms, error_ms in rows:
        statements += [Statement(start, uptime_ms, wall_ms, error_ms), Statement(start, *first)]
    span = dating.of_same_boot(press.boot, press.uptime_ms, statements)
    over = any(statement.boot > press.boot for statement in statements)  # nothing of that start will tell any more
    if span is None and over:
        span = dating.between_boots(press.boot, press.uptime_ms, received_ms, statements)
    return span if span is None or (span[1] >= 0 and abs(span[0]) < MAX_SEQ and span[1] < MAX_SEQ) else None
