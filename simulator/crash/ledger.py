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


def central_held(file: Path) -> dict[str, Held]:
    """Everything central holds of each device."""
    found: dict[str, Held] = {}
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        for device, seq, digest in database.execute("SELECT device, seq, hash FROM heads"):
            found[device] = Held(head=seq, head_hash=digest)
        for device, seq, body in database.execute("SELECT device, seq, body FROM records"):
            of = found.setdefault(device, Held())
            of.hashes[seq] = record_hash(body)
            of.linked += seq <= of.head
    return found


def central_doubled(file: Path) -> list[str]:
    """Ratings and records that central holds more than once, by name."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        return [
            f"{table} {device} {seq}, {count} times"
            for table in ("ratings", "records")
            for device, seq, count in database.execute(
                f"SELECT device, seq, count(*) FROM {table} GROUP BY device, seq HAVING count(*) > 1"  # noqa: S608
            )
        ]


def central_bindings(file: Path) -> dict[tuple[str, int], tuple[str, int] | None]:
    """Of each rating the service it stands under by the last decision; None: under none."""
    query = """
        SELECT r.device, r.seq, b.case_no, b.service_no FROM ratings r
        LEFT JOIN bindings b ON b.device = r.device AND b.seq = r.seq AND b.number =
            (SELECT max(number) FROM bindings WHERE device = r.device AND seq = r.seq)"""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        return {(device, seq): (case, no) if case else None for device, seq, case, no in database.execute(query)}


def outbox_states(file: Path) -> dict[str, int]:
    """How many events of the outbox are in which state."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        row = database.execute("SELECT sum(pending), sum(done), sum(dead) FROM tally").fetchone()
    return dict(zip(("pending", "done", "dead"), row, strict=True))
