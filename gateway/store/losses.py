"""SQL of what this gateway lost itself: records that a damaged disk took, or that a restored backup does not have yet.

They are asked for again simply by a head that stays before them (spec 4.6). What the device still has comes. What it
says it dropped, because it had a receipt, is a loss that the gateway declares and tells central.
"""

import sqlite3
from collections.abc import Iterable

from gateway.store import meta, records
from protocol import chain

#: ``declared_by`` of a loss that the gateway declares; a device's own has the seq of its event.
GATEWAY = 0
_MOST_RANGES = 50

Ranges = list[tuple[int, int]]


def reborn_ms(connection: sqlite3.Connection) -> int | None:
    """When this database was last begun anew or restored; None if never: then nothing can be missing."""
    return meta.get(connection, "reborn")


def put_unreadable(connection: sqlite3.Connection, hall: str, device: str, ranges: Ranges, now_ms: int) -> None:
    """Note what could not be read from a damaged database, and tell central."""
    connection.executemany(
        "INSERT INTO unreadable VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(device, first, last, now_ms) for first, last in ranges],
    )
    if ranges:
        detail = f"the gateway's disk damaged records {_text(ranges)}; the device is asked for them again"
        records.incident(connection, hall, "unreadable", detail, device, ranges[0][0], b"", now_ms)


def heard(connection: sqlite3.Connection, hall: str, device: str, first_waiting: int, now_ms: int) -> Ranges:
    """A device said which record is its first without a receipt; it has dropped all before it. What of these is not
    here is lost: declared by the gateway, told to central, stepped over. Gives the ranges."""
    if reborn_ms(connection) is None:
        return []
    at = records.head(connection, device)
    gone = _absent(connection, device, at.seq + 1, first_waiting - 1)
    connection.executemany(
        "INSERT INTO losses VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(device, first, last, GATEWAY) for first, last in gone],
    )
    if gone:
        detail = f"the gateway had given a receipt for records {_text(gone)}, and lost them"
        records.incident(connection, hall, "lost_by_gateway", detail, device, gone[0][0], b"", now_ms)
        while records.advance(connection, hall, device, now_ms):
            pass
    # what was asked for and is now either here or lost is asked for no more
    seq = records.head(connection, device).seq
    connection.execute("DELETE FROM unreadable WHERE device = ? AND last <= ?", (device, seq))
    connection.execute(
        "UPDATE OR IGNORE unreadable SET first = ? WHERE device = ? AND first <= ?", (seq + 1, device, seq)
    )
    return gone


def came_again(connection: sqlite3.Connection, device: str, seq: int, prev: bytes, full_hash: bytes) -> bool:
    """Whether a record below the head is one that the gateway itself declared lost, and a stored neighbour vouches for
    it. Then it is lost no more."""
    row = connection.execute(
        "SELECT first, last FROM losses WHERE device = ? AND first <= ? AND last >= ? AND declared_by = ?",
        (device, seq, seq, GATEWAY),
    ).fetchone()
    if row is None:
        return False
    near = dict(
        connection.execute(
            "SELECT seq, CASE WHEN seq < ?2 THEN hash ELSE prev END FROM records WHERE device = ?1 AND seq IN (?3, ?4)",
            (device, seq, seq - 1, seq + 1),
        ).fetchall()
    )
    size = len(chain.START.hash)
    before, after = near.get(seq - 1), near.get(seq + 1)
    follows = before is not None and before[:size] == prev
    if seq == 1:
        follows = prev == chain.START.hash
    if not follows and after != full_hash[:size]:
        return False
    first, last = row
    connection.execute("DELETE FROM losses WHERE device = ? AND first = ? AND last = ?", (device, first, last))
    rest = [(first, seq - 1), (seq + 1, last)]
    connection.executemany(
        "INSERT INTO losses VALUES (?, ?, ?, ?)", [(device, *part, GATEWAY) for part in rest if part[0] <= part[1]]
    )
    return True


def put_declared(connection: sqlite3.Connection, device: str, first: int, last: int, declared_by: int) -> None:
    """Note a loss that the signed event ``declared_by`` of the device declares (spec 4.4)."""
    connection.execute(
        "INSERT INTO losses VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (device, first, last, declared_by)
    )


def absent(connection: sqlite3.Connection, device: str, top: int) -> Ranges:
    """What is neither stored nor declared lost between the head and ``top``."""
    return _absent(connection, device, records.head(connection, device).seq + 1, top)


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many records could not be read and are asked for, and how many this gateway lost for good."""
    (asked,) = connection.execute("SELECT coalesce(sum(last - first + 1), 0) FROM unreadable").fetchone()
    (lost,) = connection.execute(
        "SELECT coalesce(sum(last - first + 1), 0) FROM losses WHERE declared_by = ?", (GATEWAY,)
    ).fetchone()
    return {"unreadable_records": asked, "lost_records": lost}


def _absent(connection: sqlite3.Connection, device: str, first: int, last: int) -> Ranges:
    if first > last:
        return []
    # one row for each stored record with a hole behind it, found by the index alone
    after = connection.execute(
        "SELECT seq + 1, following - 1 FROM (SELECT seq, lead(seq, 1, ?3 + 1) OVER (ORDER BY seq) AS following"
        " FROM (SELECT ?2 - 1 AS seq UNION ALL"
        " SELECT seq FROM records WHERE device = ?1 AND seq BETWEEN ?2 AND ?3)) WHERE following > seq + 1",
        (device, first, last),
    ).fetchall()
    declared = connection.execute(
        "SELECT first, last FROM losses WHERE device = ? AND last >= ? AND first <= ? ORDER BY first",
        (device, first, last),
    ).fetchall()
    return _without(after, declared)


def _without(ranges: Iterable[tuple[int, int]], taken: Ranges) -> Ranges:
    found: Ranges = []
    for first, last in ranges:
        for low, high in taken:
            if high < first or low > last:
                continue
            if low > first:
                found.append((first, low - 1))
            first = high + 1
        if first <= last:
            found.append((first, last))
    return found


def _text(ranges: Ranges) -> str:
    words = ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in ranges[:_MOST_RANGES])
    return words + (f" and {len(ranges) - _MOST_RANGES} ranges more" if len(ranges) > _MOST_RANGES else "")
