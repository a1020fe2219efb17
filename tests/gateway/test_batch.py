"""Taking many records at once leaves the database that taking one after the other leaves, whatever comes."""

import random
import sqlite3
from pathlib import Path

import pytest

from gateway import schema
from gateway.core import business, intake, times
from gateway.core.timeline import Rules
from gateway.store import batch, records
from gateway.store import business as business_store
from gateway.store.connection import open_writer
from protocol import chain, signature
from tests.builders import DeviceTwin

HALL = "hall-1"
NOW_MS = 1_772_600_000_000
WINDOWS = ("A1", "A2", None)


def opened(path: Path) -> sqlite3.Connection:
    connection = open_writer(path)
    schema.migrate(connection)
    for number, window in enumerate(("A1", "A2")):
        business_store.put_window(connection, window, None, True, HALL, NOW_MS, 0)
        for step, kind in enumerate(("called", "served")):
            event = business.read(
                {"id": f"{window}{kind}", "type": kind, "at": times.text(NOW_MS - 9000 + step * 1000), "window": window,
                 "case_no": f"C{number}", "service_no": 1, "staff": "1001"}, NOW_MS, 0,
            )  # fmt: skip
            business_store.take(connection, "queue", event, HALL, NOW_MS, Rules(), 0)
    connection.execute("INSERT INTO tokens VALUES (x'0000000000000001', 'w0', 'A1', 'C0', 1, '1001', ?, NULL)",
                       (NOW_MS - 8000,))  # fmt: skip
    return connection


def genuine(twin: DeviceTwin, number: int, body: bytes) -> intake.Genuine:
    key = twin.key.public_key()
    facts = intake.DeviceFacts({signature.key_id(key): key}, signature.key_id(key), False, WINDOWS[number % 3])
    found = intake.examine(HALL, f"hcp/v1/{HALL}/{twin.device}/record", body, lambda _: facts)
    assert isinstance(found, intake.Genuine), found
    return found


def a_morning(seed: int) -> list[intake.Genuine]:
    """What a few devices send, with repeats, gaps, disorder, unknown times, events and losses in between."""
    chance = random.Random(seed)
    sent: list[intake.Genuine] = []
    for number in range(3):
        twin = DeviceTwin(f"w{number}")
        own = []
        for n in range(25):
            if chance.random() < 0.1:
                body = twin.event("boot", {"cause": "power"})
            elif chance.random() < 0.1:
                body = twin.rating(chance.randint(1, 5))  # without a time
            else:
                token = bytes(7) + b"\1" if chance.random() < 0.1 else None
                body = twin.rating(chance.randint(1, 5), token, wall_ms=NOW_MS - 7500 + n, error_ms=20)
            own.append(genuine(twin, number, body))
        for _ in range(4):
            own.insert(chance.randrange(len(own)), chance.choice(own))  # again, or too early
        if chance.random() < 0.5:
            own.pop(chance.randrange(1, len(own)))  # a gap
        sent += own
    if chance.random() < 0.5:
        parts = [sent[at : at + 7] for at in range(0, len(sent), 7)]
        chance.shuffle(parts)
        sent = [one for part in parts for one in part]
    return sent


def content(connection: sqlite3.Connection) -> dict[str, list[tuple]]:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = [name for name in names if not name.startswith(("sqlite_", "_sqlite"))]
    return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in kept}  # noqa: S608


def without_ids(rows: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    """Numbers that follow the order of writing, not what is written."""
    return {name: sorted((row[1:] for row in found), key=repr) if name in ("outgoing", "records", "feed_waiting")
            else found for name, found in rows.items()}  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_many_at_once_or_one_after_the_other_is_the_same(tmp_path, seed):
    sent = a_morning(seed)
    one, many = opened(tmp_path / "one.db"), opened(tmp_path / "many.db")
    chance = random.Random(seed)
    told_one = [records.take(one, item, HALL, NOW_MS, 0) for item in sent]
    told_many: list[records.Taken] = []
    at = 0
    while at < len(sent):
        size = chance.choice((1, 2, 13, 64))
        told_many += batch.take(many, sent[at : at + size], HALL, NOW_MS, 0)
        at += size
    assert told_many == told_one
    first, second = without_ids(content(one)), without_ids(content(many))
    for name in first:
        assert first[name] == second[name], name
    order = "SELECT kind, device, seq, number FROM outgoing WHERE device IS NOT NULL ORDER BY device, id"
    assert one.execute(order).fetchall() == many.execute(order).fetchall(), "each device's facts go up in their order"
    one.close(), many.close()


def test_an_ordinary_batch_is_plain(tmp_path, monkeypatch):
    """Or the fast way would never be taken, and nobody would notice."""
    twin = DeviceTwin("w0")
    sent = [genuine(twin, 0, twin.rating(5, wall_ms=NOW_MS + n, error_ms=20)) for n in range(50)]
    connection = opened(tmp_path / "gateway.db")
    monkeypatch.setattr(records, "take", None)
    taken = batch.take(connection, sent, HALL, NOW_MS, 0)
    assert {one.verdict for one in taken} == {chain.LINKED} and taken[-1].head.seq == 50
    connection.close()
