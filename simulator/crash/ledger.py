"""Reads what a gateway's database holds, for the oracle. From outside, read-only: looking must not mend anything."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from protocol.record import record_hash
from simulator.crash.oracle import Held


def held(file: Path, since: Mapping[str, int] | None = None) -> dict[str, Held]:
    """Everything held of each device, or only what lies above ``since``. The hash is that of the stored bytes.

    Raises sqlite3.Error if the database cannot be read.
    """
    found: dict[str, Held] = {}
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10, isolation_level=None)) as database:
        # one look at everything: heads and records of the same moment
        database.execute("BEGIN")
        for device, seq, digest in database.execute("SELECT device, seq, hash FROM heads"):
            found[device] = Held(head=seq, head_hash=digest, since=(since or {}).get(device, 0))
        if since is None:
            rows = database.execute("SELECT device, seq, body, state FROM records")
            _add(found, rows)
        else:
            devices = {device for (device,) in database.execute("SELECT DISTINCT device FROM records")} | set(found)
            for device in devices:
                above = since.get(device, 0)
                found.setdefault(device, Held(since=above)).linked = above
                query = "SELECT device, seq, body, state FROM records WHERE device = ? AND seq > ?"
                _add(found, database.execute(query, (device, above)))
    return found


def _add(found: dict[str, Held], rows: sqlite3.Cursor) -> None:
    for device, seq, body, state in rows:
        of = found.setdefault(device, Held())
        of.hashes[seq] = record_hash(body)
        of.linked += state == "linked"


def queued(file: Path) -> list[tuple[str, int]]:
    """Every record event that is, or was, in the outbox, as (device, seq)."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        rows = database.execute("SELECT event_id FROM outbox WHERE type = 'cn.hcp.record.v1'").fetchall()
    parts = [event_id.split("/") for (event_id,) in rows]
    return [(device, int(seq)) for _, device, seq, _ in parts]


def damage(file: Path) -> str | None:
    """What SQLite's own check finds wrong, or None."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        rows = database.execute("PRAGMA integrity_check").fetchall()
    return None if rows == [("ok",)] else "; ".join(str(row[0]) for row in rows[:3])
