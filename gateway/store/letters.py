"""SQL of dead letters: what central will not take, why, since when, and who asked to try again."""

import sqlite3
from collections.abc import Sequence

MOST = 1000


def dead(connection: sqlite3.Connection, most: int = 100) -> list[dict]:
    """The dead letters, the newest first. No content: what an event says of a rating stays in the database."""
    rows = connection.execute(
        "SELECT id, event_id, type, answer, first_ms, last_ms, refusals FROM dead_letters WHERE state = 'dead'"
        " ORDER BY last_ms DESC, id DESC LIMIT ?",
        (most,),
    ).fetchall()
    found = []
    for number, event_id, kind, answer, first_ms, last_ms, refusals in rows:
        tried = connection.execute(
            "SELECT at_ms, reason FROM replays WHERE letter = ? ORDER BY at_ms", (number,)
        ).fetchall()
        found.append(
            {
                "number": number,
                "id": event_id,
                "type": kind,
                "answer": answer,
                "first_ms": first_ms,
                "last_ms": last_ms,
                "refusals": refusals,
                "replays": [{"at_ms": at_ms, "reason": reason} for at_ms, reason in tried],
            }
        )
    return found


def select(
    connection: sqlite3.Connection, ids: Sequence[str] = (), every: bool = False, since_ms: int | None = None
) -> list[int]:
    """The numbers of dead letters: by event id or number, all, or those that were refused since then."""
    if every or since_ms is not None:
        rows = connection.execute(
            "SELECT id FROM dead_letters WHERE state = 'dead' AND last_ms >= ? ORDER BY id", (since_ms or 0,)
        ).fetchall()
        return [number for (number,) in rows]
    found = []
    for name in ids:
        number = int(name) if name.isascii() and name.isdigit() and len(name) < 19 else -1
        rows = connection.execute(
            "SELECT id FROM dead_letters WHERE state = 'dead' AND (event_id = ? OR id = ?)", (name, number)
        ).fetchall()
        found += [number for (number,) in rows]
    return sorted(set(found))


def replay(connection: sqlite3.Connection, numbers: Sequence[int], reason: str, now_ms: int) -> int:
    """Queue dead letters once more, as they were sent; gives how many. The letter stays, with the operator's reason."""
    count = 0
    for number in numbers:
        moved = connection.execute(
            "UPDATE dead_letters SET state = 'replaying' WHERE id = ? AND state = 'dead'", (number,)
        )
        if not moved.rowcount:
            continue
        connection.execute(
            "INSERT INTO outgoing (kind, device, seq, number, key, letter, body)"
            " SELECT kind, device, seq, number, key, id, body FROM dead_letters WHERE id = ?",
            (number,),
        )
        connection.execute(
            "INSERT INTO replays VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason",
            (number, now_ms, reason),
        )
        count += 1
    return count
