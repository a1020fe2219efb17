"""What gateway and central really hold: their databases, read from outside by path. No counter of theirs is asked."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from protocol import levels, record
from simulator.truth import Held

GATEWAY_DB = "gateway.db"
CENTRAL_DB = "central.db"


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection for the length of a ``with`` block."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        yield database


def _one(file: Path, query: str, *values) -> int:
    with reading(file) as database:
        return database.execute(query, values).fetchone()[0]


def stored_ratings(gateway_data: Path) -> list[bytes]:
    """The signed bytes of every rating the gateway holds."""
    with reading(gateway_data / GATEWAY_DB) as database:
        return [row[0] for row in database.execute("SELECT body FROM records WHERE kind = 1 ORDER BY id")]


def in_quarantine(gateway_data: Path, body: bytes) -> bool:
    """Whether the gateway has put exactly these bytes aside."""
    query = "SELECT count(*) FROM quarantine WHERE hash = ?"
    return bool(_one(gateway_data / GATEWAY_DB, query, record.record_hash(body)))


def is_held(gateway_data: Path, central_data: Path, body: bytes) -> bool:
    """Whether gateway or central took these bytes for a genuine record."""
    query = "SELECT count(*) FROM records WHERE body = ?"
    return bool(_one(gateway_data / GATEWAY_DB, query, body) or _one(central_data / CENTRAL_DB, query, body))


def pending(gateway_data: Path) -> int:
    """How many events wait in the gateway for central."""
    return _one(gateway_data / GATEWAY_DB, "SELECT count(*) FROM outbox WHERE state = 'pending'")


def held_by_central(central_data: Path) -> list[Held]:
    """Every rating in central's database, with the binding that stands."""
    query = """
        SELECT r.device, r.seq, r.level, r.status, b.status, b.case_no, b.service_no, b.staff
        FROM ratings r LEFT JOIN bindings b ON b.device = r.device AND b.seq = r.seq AND b.number =
            (SELECT max(number) FROM bindings WHERE device = r.device AND seq = r.seq)
        ORDER BY r.device, r.seq"""
    with reading(central_data / CENTRAL_DB) as database:
        return [_held(*row) for row in database.execute(query)]


def _held(device, seq, level, status, binding, case_no, service_no, staff) -> Held:
    service = (case_no, service_no) if case_no else None
    return Held(device, seq, levels.number(level), binding or "unbound", service, staff, status == "counted")
