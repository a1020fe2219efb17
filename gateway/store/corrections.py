"""SQL of what central sent down (spec 9.4). The highest number kept is how far this gateway has read."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from gateway.core.corrections import ADOPTED, POLICY, Correction
from protocol.levels import LABELS


def cursor(connection: sqlite3.Connection) -> int:
    """The number of the last correction that is kept; 0 before the first."""
    return connection.execute("SELECT coalesce(max(number), 0) FROM corrections").fetchone()[0]


def put(connection: sqlite3.Connection, found: Iterable[Correction], now_ms: int) -> list[Correction]:
    """Keep corrections, each once for ever; gives those that are new."""
    new = []
    for one in found:
        done = connection.execute(
            "INSERT INTO corrections VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (one.number, one.kind, one.text, one.problem, now_ms),
        )
        if not done.rowcount:
            continue
        new.append(one)
        rating = one.rating
        if rating is not None and one.kind == ADOPTED:
            connection.execute("DELETE FROM not_adopted WHERE device = ? AND seq = ?", rating)
        elif rating is not None:
            connection.execute("INSERT INTO not_adopted VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (*rating, one.number))
    return new


def newest(connection: sqlite3.Connection, kind: str) -> dict[str, Any] | None:
    """The data of the newest correction of a kind that can be acted on, None if there is none."""
    row = connection.execute(
        "SELECT body FROM corrections WHERE kind = ? AND problem IS NULL ORDER BY number DESC LIMIT 1", (kind,)
    ).fetchone()
    return json.loads(row[0]) if row else None


def label_set(connection: sqlite3.Connection) -> int | None:
    """The names of the levels by the newest policy (spec 5.3, key 13); None if it names no set that devices have."""
    given = (newest(connection, POLICY) or {}).get("label_set")
    return given if isinstance(given, int) and given in LABELS else None


def is_not_adopted(connection: sqlite3.Connection, device: str, seq: int) -> bool:
    """Whether central declared that this rating counts no more (不予采纳).

    For exports and the hall's own figures only: what staff can see must be the same before and after.
    """
    row = connection.execute("SELECT 1 FROM not_adopted WHERE device = ? AND seq = ?", (device, seq)).fetchone()
    return row is not None
