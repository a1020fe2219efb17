"""SQL of the ledger (docs/ledger.md): for each device, how many frames came in and what became of each.

``received`` is counted where a frame enters; the others where it ends. What waits for central and what central refused
is counted by triggers on those tables, so that a row which vanishes is missed.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

from gateway.core.ledger import Account

#: The account of frames that no known device can be blamed for.
NOBODY = ""


def received(connection: sqlite3.Connection, device: str, count: int = 1) -> None:
    """Frames of a known device came in."""
    connection.execute(
        "INSERT INTO ledger (device, received) VALUES (?1, ?2)"
        " ON CONFLICT (device) DO UPDATE SET received = received + ?2",
        (device, count),
    )


def duplicate(connection: sqlite3.Connection, device: str) -> None:
    """It was a repeat of a record that is stored."""
    connection.execute("UPDATE ledger SET duplicate = duplicate + 1 WHERE device = ?", (device,))


def quarantined(connection: sqlite3.Connection, device: str) -> None:
    """It was put aside, at once or because it turned out later not to fit its chain."""
    connection.execute("UPDATE ledger SET quarantined = quarantined + 1 WHERE device = ?", (device,))


def refused(connection: sqlite3.Connection, device: str | None) -> None:
    """A frame came in and was put aside, whoever it claims to be from: a name that is not known gets no account."""
    known = device and connection.execute("SELECT 1 FROM ledger WHERE device = ?", (device,)).fetchone()
    account = device if device and known else NOBODY
    received(connection, account)
    quarantined(connection, account)


#: The tables whose rows are frames that once came in.
COUNTED = ("outgoing", "dead_letters", "delivered")


def open_account(connection: sqlite3.Connection, device: str | None) -> None:
    """See that a device has an account before a row of it comes back."""
    if device is not None:
        connection.execute("INSERT INTO ledger (device) VALUES (?) ON CONFLICT DO NOTHING", (device,))


def brought_back(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    """A row came from a damaged database: in this one its frame is received now, and is where the row says."""
    if table == "delivered":
        if row["number"] != 0:
            return
        synced(connection, {row["device"]: 1})
    elif row["kind"] != 3 or row["device"] is None or row.get("state", "dead") != "dead":
        return
    connection.execute("UPDATE ledger SET received = received + 1 WHERE device = ?", (row["device"],))


def synced(connection: sqlite3.Connection, counts: Mapping[str, int]) -> None:
    """Central has these many more records of each device."""
    connection.executemany(
        "UPDATE ledger SET synced = synced + ? WHERE device = ?", [(count, device) for device, count in counts.items()]
    )


def accounts(connection: sqlite3.Connection) -> list[Account]:
    """Every account, by device."""
    rows = connection.execute(
        "SELECT device, received, pending, synced, duplicate, rejected, quarantined FROM ledger ORDER BY device"
    ).fetchall()
    return [Account(*row) for row in rows]


def waiting(connection: sqlite3.Connection) -> tuple[dict[str, int], dict[str, int]]:
    """What the tables themselves hold: records that wait for central, and that central refused, by device."""
    pending = connection.execute("SELECT device, count(*) FROM outgoing WHERE kind = 3 GROUP BY device").fetchall()
    rejected = connection.execute(
        "SELECT device, count(*) FROM dead_letters WHERE kind = 3 AND state = 'dead' GROUP BY device"
    ).fetchall()
    return dict(pending), dict(rejected)
