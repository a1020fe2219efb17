"""SQL of the feed: decisions wait until their time has come, then the service they rate is told, once."""

import sqlite3
from collections.abc import Collection

from gateway.core import feed
from gateway.core.feed import Notice, Type
from protocol.record import Record

#: How much of one job's time a release may take.
CHUNK = 500
#: What a system that was away can still catch up with.
KEEP_NOTICES = 100_000
#: A rating this old is not followed any more if it is bound anew.
KEEP_RATED_MS = 60 * 86_400_000


def note(connection: sqlite3.Connection, found: Record, decided_ms: int) -> None:
    """A rating was bound, or bound anew: the feed will look at it when its time has come."""
    connection.execute(
        "INSERT INTO feed_waiting (pressed_ms, device, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (feed.pressed_ms(found, decided_ms), found.device, found.head.seq),
    )


def release(connection: sqlite3.Connection, now_ms: int, delay_ms: int = feed.DELAY_MS) -> tuple[int, bool]:
    """Tell what is due. Gives how many notices that made, and whether there may be more to look at."""
    step_ms = feed.last_step_ms(now_ms)
    rows = connection.execute(
        "SELECT w.pressed_ms, w.device, w.seq, b.decided_ms, b.status, coalesce(b.window, ''), b.case_no, b.service_no"
        " FROM feed_waiting w"
        " JOIN bindings b ON b.device = w.device AND b.seq = w.seq AND b.number ="
        " (SELECT max(number) FROM bindings x WHERE x.device = w.device AND x.seq = w.seq)"
        " WHERE w.pressed_ms <= ? AND b.decided_ms <= ? ORDER BY w.pressed_ms LIMIT ?",
        (step_ms - delay_ms, step_ms, CHUNK),
    ).fetchall()
    due = []
    for pressed_ms, device, seq, decided_ms, status, *service in rows:
        connection.execute(
            "DELETE FROM feed_waiting WHERE pressed_ms = ? AND device = ? AND seq = ?", (pressed_ms, device, seq)
        )
        at_ms = feed.due_ms(pressed_ms, decided_ms, delay_ms)
        due.append((at_ms, tuple(service) if status == "bound" else (), device, seq))
    # in an order that says nothing about the order of arrival inside one step
    told = sum(_follow(connection, device, seq, service or None, at_ms) for at_ms, service, device, seq in sorted(due))
    return told, len(rows) == CHUNK


def prune(connection: sqlite3.Connection, now_ms: int) -> None:
    """Forget what nobody will ask for again."""
    connection.execute("DELETE FROM feed WHERE id <= ?", (newest(connection) - KEEP_NOTICES,))
    connection.execute("DELETE FROM feed_rated WHERE at_ms < ?", (now_ms - KEEP_RATED_MS,))
    # whose decision was lost with a damaged database
    connection.execute("DELETE FROM feed_waiting WHERE pressed_ms < ?", (now_ms - KEEP_RATED_MS,))


def after(
    connection: sqlite3.Connection, last_id: int, windows: Collection[str] | None, most: int
) -> tuple[list[Notice], int]:
    """The notices behind ``last_id`` at these windows (None: at all), and the id up to which was looked."""
    rows = connection.execute(
        "SELECT id, type, at_ms, window, case_no, service_no FROM feed WHERE id > ? ORDER BY id LIMIT ?",
        (last_id, most),
    ).fetchall()
    notices = [Notice(row[0], Type(row[1]), *row[2:]) for row in rows if windows is None or row[3] in windows]
    return notices, rows[-1][0] if rows else last_id


def newest(connection: sqlite3.Connection) -> int:
    """The highest id that was ever given."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'feed'").fetchone()
    return row[0] if row else 0


def oldest(connection: sqlite3.Connection) -> int:
    """The lowest id that is still kept; the next to come if there is none."""
    (first,) = connection.execute("SELECT min(id) FROM feed").fetchone()
    return first if first is not None else newest(connection) + 1


def complete_after(connection: sqlite3.Connection, last_id: int) -> bool:
    """Whether everything behind ``last_id`` is still there, and ``last_id`` is of this database at all."""
    return oldest(connection) - 1 <= last_id <= newest(connection)


def cursor(connection: sqlite3.Connection, system: str) -> int | None:
    """Up to which notice a system's webhook has taken the feed."""
    row = connection.execute("SELECT last_id FROM feed_cursors WHERE system = ?", (system,)).fetchone()
    return row[0] if row else None


def put_cursor(connection: sqlite3.Connection, system: str, last_id: int) -> None:
    connection.execute(
        "INSERT INTO feed_cursors VALUES (?, ?) ON CONFLICT (system) DO UPDATE SET last_id = excluded.last_id",
        (system, last_id),
    )


def _follow(
    connection: sqlite3.Connection, device: str, seq: int, service: tuple[str, str, int] | None, at_ms: int
) -> int:
    """Count a rating to the service it is bound to now, and tell whose state that changed."""
    before = connection.execute(
        "SELECT window, case_no, service_no FROM feed_rated WHERE device = ? AND seq = ?", (device, seq)
    ).fetchone()
    if before == service:
        return 0
    told = 0
    if before is not None:
        connection.execute("DELETE FROM feed_rated WHERE device = ? AND seq = ?", (device, seq))
        if not _is_rated(connection, before) and (service is None or service[1:] != before[1:]):
            told += _tell(connection, Type.UNRATED, before, at_ms)
    if service is not None:
        if not _is_rated(connection, service) and (before is None or service[1:] != before[1:]):
            told += _tell(connection, Type.RATED, service, at_ms)
        connection.execute("INSERT INTO feed_rated VALUES (?, ?, ?, ?, ?, ?)", (device, seq, *service, at_ms))
    return told


def _is_rated(connection: sqlite3.Connection, service: tuple[str, str, int]) -> bool:
    return (
        connection.execute(
            "SELECT 1 FROM feed_rated WHERE case_no = ? AND service_no = ? LIMIT 1", service[1:]
        ).fetchone()
        is not None
    )


def _tell(connection: sqlite3.Connection, kind: Type, service: tuple[str, str, int], at_ms: int) -> int:
    connection.execute(
        "INSERT INTO feed (at_ms, type, window, case_no, service_no) VALUES (?, ?, ?, ?, ?)", (at_ms, kind, *service)
    )
    return 1
