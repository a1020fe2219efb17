"""Databases as older versions left them (tests/databases): content kept, triggers there, a newer one refused."""

import gzip
import shutil
import sqlite3
from pathlib import Path

import pytest

from gateway import schema
from gateway.store import records
from gateway.store.writer import Store
from tests.databases.make import HERE
from tests.gateway.desk import Desk

OLD = sorted(HERE.glob("m*.db.gz"))


def unpack(file: Path, path: Path) -> None:
    with gzip.open(file) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)


def content(path: Path) -> dict[str, list]:
    """What a person would miss."""
    connection = sqlite3.connect(path)
    queries = {
        "records": "SELECT device, seq, hash, prev, body, kind, window, received_ms, state FROM records ORDER BY 1, 2",
        "bindings": "SELECT device, seq, number, status, rule, case_no, staff FROM bindings ORDER BY 1, 2, 3",
        "heads": "SELECT * FROM heads ORDER BY 1",
        "losses": "SELECT * FROM losses ORDER BY 1",
        "conflicts": "SELECT * FROM conflicts ORDER BY 1",
        "quarantine": "SELECT device, code, hash, body FROM quarantine ORDER BY 1, 2",
        "events": "SELECT source, event_id, hash, type, at_ms, case_no, staff FROM business_events ORDER BY 1, 2",
        "services": "SELECT case_no, service_no, revision, staff, status FROM services ORDER BY 1, 2",
        "tokens": "SELECT token, device, case_no FROM tokens ORDER BY 1",
        "waiting": "SELECT event_id, type FROM outbox WHERE state = 'pending' ORDER BY 1",
        "meta": "SELECT * FROM meta WHERE name = 'epoch'",
    }
    found = {name: connection.execute(sql).fetchall() for name, sql in queries.items()}
    connection.close()
    return found


def test_one_is_kept_for_each_step_that_was_released():
    assert [file.name for file in OLD][:4] == ["m001.db.gz", "m002.db.gz", "m003.db.gz", "m004.db.gz"]


@pytest.mark.parametrize("file", OLD, ids=lambda file: file.name[:4])
def test_it_is_migrated_with_all_it_holds(file, tmp_path):
    path = tmp_path / "gateway.db"
    unpack(file, path)
    before = content(path)
    assert all(before[name] for name in before)
    store = Store(path)
    store.close()
    assert content(path) == before

    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for statement in (
        "UPDATE records SET seq = seq + 100",
        "UPDATE records SET body = x'00'",
        "DELETE FROM records WHERE state = 'linked'",
        "UPDATE bindings SET status = 'unbound'",
        "DELETE FROM bindings",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    connection.close()

    # its schema is that of a new one
    fresh = tmp_path / "fresh.db"
    Store(fresh).close()
    assert structure(path) == structure(fresh)


def structure(path: Path) -> set[tuple]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    connection.close()
    return set(found)


@pytest.mark.parametrize("file", OLD, ids=lambda file: file.name[:4])
def test_a_gateway_goes_on_with_it(file, tmp_path):
    unpack(file, tmp_path / "gateway.db")
    desk = Desk(tmp_path)
    reader = desk.store.reader()
    assert records.head(reader, "w1").seq == 4 and records.missing(reader, "w2") == [(7, 7)]
    event = {**desk.event("sign_in", window="A1", staff="1002"), "id": "of today"}
    assert desk.tell_all([event]) == ["accepted"]
    desk.close()


def test_one_that_a_newer_version_wrote_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "gateway.db"
    unpack(OLD[-1], path)
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('hcp.gateway', 'm999_x', '')"
    )
    connection.commit()
    connection.close()
    before = content(path)
    with pytest.raises(schema.NewerSchemaError, match="m999_x"):
        Store(path)
    assert content(path) == before and not list(tmp_path.glob("*damaged*"))
