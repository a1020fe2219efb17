"""fsck: whether a database is what it should be. It reads only, in short steps, so the gateway may be at work.

SQLite's own check, the hash of every body, every link of every chain against the heads, decisions against ratings, and
each record's place on the way to central against the ledger.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway.core import intake
from gateway.core.ledger import check
from gateway.store import files, ledger, losses, records
from gateway.store.connection import Reader, open_reader
from protocol import chain

CHUNK = 2000
MOST = 100
Progress = Callable[[str], object]


@dataclass
class DeviceReport:
    """One device's chain. ``problems`` are words for an operator; a known loss is none."""

    records: int = 0
    head: int = 0
    waiting: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)
    lost_by_device: int = 0
    lost_by_gateway: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What was found. ``problems`` concern the database as a whole."""

    problems: list[str] = field(default_factory=list)
    devices: dict[str, DeviceReport] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems and not any(device.problems for device in self.devices.values())

    def as_data(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


def examine(database: Path, progress: Progress = lambda words: None) -> Report:
    """Look at everything. Raises FileNotFoundError if there is no database."""
    if not database.exists():
        raise FileNotFoundError(database)
    report = Report()
    steps: tuple[Callable[[Reader, Report, Progress], None], ...] = (_sqlite, _devices, _decisions, _places)
    try:
        connection = open_reader(database)
    except sqlite3.Error as error:
        report.problems.append(f"SQLite cannot open it: {error}")
        return report
    for step in steps:
        try:
            step(connection, report, progress)
        except sqlite3.DatabaseError as error:
            report.problems.append(f"SQLite cannot read it to the end ({step.__name__.strip('_')}): {error}")
    try:
        for aside in files.unsalvaged(connection, database):
            report.problems.append(f"{aside.name} was set aside as damaged, and is not salvaged yet")
    except sqlite3.DatabaseError:
        pass  # said above
    connection.close()
    return report


def _sqlite(connection: Reader, report: Report, progress: Progress) -> None:
    """Table by table: one long read would hold up the checkpoints of a gateway at work."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for (name,) in names:
        progress(f"SQLite: {name}")
        rows = connection.execute(f"PRAGMA integrity_check('{name}')").fetchall()
        report.problems += [f"SQLite, table {name}: {row[0]}" for row in rows[:MOST] if row[0] != "ok"]


def _devices(connection: Reader, report: Report, progress: Progress) -> None:
    names = connection.execute("SELECT device FROM heads UNION SELECT DISTINCT device FROM records ORDER BY 1")
    for (device,) in names.fetchall():
        progress(f"{device}")
        found = report.devices[device] = DeviceReport(head=records.head(connection, device).seq)
        found.missing = records.missing(connection, device)
        for count, declared_by in connection.execute(
            "SELECT sum(last - first + 1), declared_by = ? FROM losses WHERE device = ? GROUP BY 2",
            (losses.GATEWAY, device),
        ).fetchall():
            if declared_by:
                found.lost_by_gateway = count
            else:
                found.lost_by_device = count
        _chain(connection, device, found)


def _chain(connection: Reader, device: str, found: DeviceReport) -> None:
    """Walk all records of a device: hashes, links, and whether the head is where they say."""
    declared = connection.execute("SELECT first, last FROM losses WHERE device = ?", (device,)).fetchall()
    head, before = chain.START, (0, chain.START.hash)
    wrong: list[str] = []
    for seq, prev, full_hash, state, spoilt in _walk(connection, device):
        found.records += 1
        if spoilt:
            wrong.append(f"record {seq}: its body does not have its hash")
        if before[0] == seq - 1 and before[1] != prev:
            wrong.append(f"record {seq}: its prev is not the hash of record {seq - 1}")
        head = intake.advance(head, declared, {seq: (prev, full_hash)}).head
        expected = "linked" if seq <= head.seq else "early"
        if seq == head.seq + 1:
            wrong.append(f"record {seq} does not fit behind the head")
        elif state != expected:
            wrong.append(f"record {seq} is kept as {state}, expected {expected}")
        found.waiting += seq > head.seq
        before = (seq, full_hash[: len(chain.START.hash)])
    head = chain.step_over(head, declared)
    stored = records.head(connection, device)
    if stored != head:
        # the gateway may have gone on while we walked
        if stored.seq < head.seq or connection.execute(
            "SELECT count(*) FROM records WHERE device = ? AND seq > ? AND seq <= ?", (device, head.seq, stored.seq)
        ).fetchone() == (0,):
            wrong.append(f"its head is {stored.seq}, the records reach {head.seq}")
    found.problems += wrong[:MOST] + ([f"and {len(wrong) - MOST} more"] if len(wrong) > MOST else [])


def _walk(connection: Reader, device: str) -> Iterator[tuple[int, bytes, bytes, str, bool]]:
    """(seq, prev, hash, state, whether the body is spoilt), by seq."""
    after = 0
    while True:
        rows = connection.execute(
            "SELECT seq, prev, hash, state, body FROM records WHERE device = ? AND seq > ? ORDER BY seq LIMIT ?",
            (device, after, CHUNK),
        ).fetchall()
        if not rows:
            return
        for seq, prev, full_hash, state, body in rows:
            spoilt = body != b"" and hashlib.sha256(body).digest() != full_hash
            yield seq, prev, full_hash, state, spoilt
        after = rows[-1][0]


def _decisions(connection: Reader, report: Report, progress: Progress) -> None:
    """Every rating has a decision, numbered from 1 without a gap."""
    progress("decisions")
    after = ("", 0)
    while True:
        rows = connection.execute(
            "SELECT r.device, r.seq, count(b.number), coalesce(max(b.number), 0) FROM"
            " (SELECT device, seq FROM records WHERE kind = 1 AND (device, seq) > (?, ?) ORDER BY device, seq LIMIT ?)"
            " r LEFT JOIN bindings b ON b.device = r.device AND b.seq = r.seq GROUP BY r.device, r.seq"
            " ORDER BY r.device, r.seq",
            (*after, CHUNK),
        ).fetchall()
        if not rows:
            return
        for device, seq, count, last in rows:
            if count == 0 or count != last:
                words = "no decision" if count == 0 else f"{count} decisions, the last is number {last}"
                found = report.devices.setdefault(device, DeviceReport()).problems
                if len(found) <= MOST:
                    found.append(f"rating {seq}: {words}")
        after = rows[-1][:2]


def _places(connection: Reader, report: Report, progress: Progress) -> None:
    """Every record waits for central, was answered by it, or is a dead letter; and the ledger adds up."""
    progress("ledger")
    connection.execute("BEGIN")  # one moment for all of it
    try:
        pending, rejected = ledger.waiting(connection)
        report.problems += [f"ledger: {words}" for words in check(ledger.accounts(connection), pending, rejected).wrong]
        rows = connection.execute(
            "SELECT device, count(*) FROM records r WHERE NOT EXISTS"
            " (SELECT 1 FROM delivered d WHERE d.device = r.device AND d.seq = r.seq AND d.number = 0) AND NOT EXISTS"
            " (SELECT 1 FROM dead_letters l WHERE l.kind = 3 AND l.state = 'dead' AND l.device = r.device"
            " AND l.seq = r.seq) GROUP BY device"
        ).fetchall()
    finally:
        connection.execute("COMMIT")
    for device, count in rows:
        if count != pending.get(device, 0):
            words = f"{count} records have no answer from central, {pending.get(device, 0)} wait for one"
            report.devices.setdefault(device, DeviceReport()).problems.append(words)
