"""Retention: what central has, and whose time has passed, goes in small steps when the writer has nothing else to do.

Never what central does not have, never a key (device, seq, hash), never a decision; ids of business events stay too, so
that a repeat is still seen.
"""

import itertools
import sqlite3
from collections.abc import Callable

from gateway.core import cloudevent
from gateway.store import meta
from gateway.store.settings import StoreSettings

STEP = 200
#: How often it is looked whether something is due.
LOOK_MS = 3_600_000


class Retention:
    """A chore of the writer (``Store.chores``)."""

    def __init__(self, settings: StoreSettings, now_ms: Callable[[], int]):
        self._settings = settings
        self._now_ms = now_ms
        self._next_ms = 0
        self.removed = 0

    def step(self, connection: sqlite3.Connection) -> bool:
        """Remove a little. True if there is more."""
        now_ms = self._now_ms()
        if now_ms < self._next_ms:
            return False
        more = self._records(connection, now_ms - self._settings.keep_records_ms)
        more |= self._business(connection, now_ms - self._settings.keep_business_ms)
        if not more:
            self._next_ms = now_ms + LOOK_MS
        return more

    def _records(self, connection: sqlite3.Connection, before_ms: int) -> bool:
        """Empty the bodies of old records that central has, by rising id from where it stopped last."""
        start = meta.get(connection, "kept_from") or 0
        rows = connection.execute(
            "SELECT r.id, r.device, r.seq, r.received_ms, CASE WHEN d.at_ms IS NOT NULL THEN 'done' WHEN EXISTS"
            " (SELECT 1 FROM dead_letters l WHERE l.kind = 3 AND l.device = r.device AND l.seq = r.seq) THEN 'dead' END"
            " FROM records r LEFT JOIN delivered d ON d.device = r.device AND d.seq = r.seq AND d.number = 0"
            " WHERE r.id > ? ORDER BY r.id LIMIT ?",
            (start, STEP),
        ).fetchall()
        reached = start
        for row_id, device, seq, received_ms, state in rows:
            if received_ms >= before_ms or state not in ("done", "dead"):
                break  # central will have it one day; a dead letter waits for a person, and is kept for good
            if state == "done":
                connection.execute("UPDATE records SET body = x'' WHERE device = ? AND seq = ?", (device, seq))
                self.removed += 1
            reached = row_id
        if reached == start:
            return False
        meta.put(connection, "kept_from", reached)
        return reached == rows[-1][0] and len(rows) == STEP

    def _business(self, connection: sqlite3.Connection, before_ms: int) -> bool:
        """Take case numbers and staff out of old business events, and remove what was derived from them."""
        start = meta.get(connection, "kept_events_from") or 0
        rows = connection.execute(
            "SELECT id, max(received_ms, at_ms) FROM business_events WHERE id > ? ORDER BY id LIMIT ?", (start, STEP)
        ).fetchall()
        old = [row_id for row_id, _ in itertools.takewhile(lambda row: row[1] < before_ms, rows)]
        if not old:
            return False
        connection.execute(
            "UPDATE business_events SET window = NULL, staff = NULL, case_no = NULL, service_no = NULL,"
            " item_code = NULL, item_name = NULL WHERE id BETWEEN ? AND ?",
            (old[0], old[-1]),
        )
        self.removed += len(old)
        connection.execute(
            "DELETE FROM servings WHERE (window, start_ms, case_no, service_no) IN"
            " (SELECT window, start_ms, case_no, service_no FROM servings WHERE end_ms < ? LIMIT ?)",
            (before_ms, STEP),
        )
        connection.execute(
            "DELETE FROM tokens WHERE token IN (SELECT token FROM tokens WHERE issued_ms < ? LIMIT ?)",
            (before_ms, STEP),
        )
        connection.execute(
            "DELETE FROM applicants WHERE id IN (SELECT id FROM applicants WHERE received_ms < ? LIMIT ?)",
            (before_ms, STEP),
        )
        # the letter stays, and what it says of somebody goes
        connection.execute(
            "UPDATE dead_letters SET body = NULL WHERE kind = ? AND body IS NOT NULL AND last_ms < ?",
            (cloudevent.RANK[cloudevent.IDENTITY], before_ms),
        )
        meta.put(connection, "kept_events_from", old[-1])
        return len(old) == STEP
