"""The writer: group commit, savepoints, and what it does when the disk does not."""

import collections
import re
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

import gateway
from gateway import schema
from gateway.core import overload
from gateway.store import meta, writer
from gateway.store.connection import LOG_BYTES, log_bytes
from gateway.store.wal import LOG_LIMIT_BYTES
from gateway.store.writer import MAX_BATCH_S, MAX_JOBS, Store, StoreError


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "gateway.db")
    yield store
    store.close()


def put(name, value=1):
    return lambda c: meta.put(c, name, value)


def test_the_pragmas_are_those_of_a_durable_queue(store):
    def pragmas(c):
        names = ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint", "secure_delete", "mmap_size")
        return [c.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    # synchronous 2 is FULL, secure_delete 2 is FAST
    assert store.run(pragmas) == ["wal", 2, 1, 0, 2, 0]


def test_the_files_are_the_owners_alone(store):
    store.run(put("a"))
    files = list(store.path.parent.glob("gateway.db*"))
    assert len(files) == 3 and all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_a_result_is_given_only_after_the_commit(store):
    seen = []
    future = store.submit(put("a", 7))
    future.add_done_callback(lambda _: seen.append(meta.get(store.reader(), "a")))
    future.result(5)
    assert seen == [7] or meta.get(store.reader(), "a") == 7
    assert store.commits == 1


def test_jobs_that_wait_share_a_commit_and_one_failure_hurts_no_other(store):
    gate, begun = threading.Event(), threading.Event()

    def hold(c):
        begun.set()
        gate.wait(5)

    first = store.submit(hold)
    begun.wait(5)
    before = store.commits

    def half_done(c):
        meta.put(c, "half", 1)
        raise ValueError("mine")

    futures = [store.submit(put(f"n{n}")) for n in range(50)]
    bad = store.submit(half_done)
    more = [store.submit(put(f"m{n}")) for n in range(50)]
    gate.set()
    first.result(5)
    for future in futures + more:
        future.result(5)
    with pytest.raises(ValueError, match="mine"):
        bad.result(5)
    assert store.commits - before <= 2
    assert meta.get(store.reader(), "half") is None
    assert store.reader().execute("SELECT count(*) FROM meta").fetchone() == (100,)


def test_a_full_disk_gives_no_success_and_works_again_afterwards(store):
    (page_count,) = store.run(lambda c: c.execute("PRAGMA page_count").fetchone())
    store.run(lambda c: c.execute(f"PRAGMA max_page_count = {page_count + 2}").fetchall())
    store.run(lambda c: c.execute("CREATE TABLE big (x BLOB)") and None)
    with pytest.raises(StoreError, match="not committed"):
        store.run(lambda c: c.execute("INSERT INTO big VALUES (zeroblob(100000))") and None)
    store.run(lambda c: c.execute(f"PRAGMA max_page_count = {1 << 30}").fetchall())
    store.run(lambda c: c.execute("INSERT INTO big VALUES (zeroblob(100000))") and None)
    assert store.reader().execute("SELECT count(*) FROM big").fetchone() == (1,)


def test_an_io_error_fails_every_job_of_the_transaction(store, monkeypatch):
    gate, begun = threading.Event(), threading.Event()

    def hold(c):
        begun.set()
        gate.wait(5)

    store.submit(hold)
    begun.wait(5)

    def broken(c):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_WRITE"
        raise error

    good, bad = store.submit(put("a")), store.submit(broken)
    gate.set()
    for future in (good, bad):
        with pytest.raises(StoreError):
            future.result(5)
    assert good.exception() is not bad.exception(), (
        "each has tracebacks of its own, or a log of the last holds them all"
    )
    assert meta.get(store.reader(), "a") is None
    store.run(put("a"))
    assert meta.get(store.reader(), "a") == 1


def test_a_job_at_an_idle_writer_is_committed_at_once(store, monkeypatch):
    monkeypatch.setattr(writer, "MAX_BATCH_S", 3600)
    store.run(put("a"))
    for number in range(20):
        store.run(put("a", number))
    # no window is waited for: twenty commits one after the other
    assert store.commits >= 21


def test_a_batch_ends_after_256_jobs_or_20_ms(store):
    gate, begun = threading.Event(), threading.Event()

    def hold(c):
        begun.set()
        gate.wait(5)

    store.submit(hold)
    begun.wait(5)
    sizes = []
    futures = [store.submit(lambda c: sizes.append(store.commits)) for _ in range(3 * MAX_JOBS)]
    slow = [store.submit(lambda c: threading.Event().wait(MAX_BATCH_S)) for _ in range(3)]
    gate.set()
    for future in futures + slow:
        future.result(10)
    batches = collections.Counter(sizes)
    assert max(batches.values()) <= MAX_JOBS and len(batches) >= 3
    # each slow job filled the time of a batch: it shares one only with those before it
    assert store.commits >= len(batches) + len(slow) - 1


def test_the_log_stays_bounded_with_a_reader_in_the_way(store):
    store.run(lambda c: c.execute("CREATE TABLE big (x BLOB)") and None)
    store.run(lambda c: c.execute("INSERT INTO big VALUES (zeroblob(100000))") and None)
    # a read that is open, and steps on: without the writer's word it would hold the log up for ever
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n, big"
    ended = threading.Event()

    def read():
        try:
            store.reader().execute(endless).fetchall()
        except sqlite3.OperationalError as error:
            assert "interrupted" in str(error)
            ended.set()

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    most = 0
    while not ended.is_set():
        store.run(lambda c: c.execute("INSERT INTO big VALUES (zeroblob(200000))") and None)
        most = max(most, log_bytes(store.path))
        if most > LOG_LIMIT_BYTES * 3 // 4:  # old enough by now, or soon
            ended.wait(0.1)
        assert most <= LOG_LIMIT_BYTES * 2
    reading.join(10)
    store.run(lambda c: c.execute("INSERT INTO big VALUES (zeroblob(200000))") and None)
    assert log_bytes(store.path) <= LOG_LIMIT_BYTES and most <= LOG_LIMIT_BYTES


def test_a_reader_that_was_closed_troubles_nobody(store):
    closed = store.open_reader()
    closed.close()
    store.end_reads()
    closed.since_s = 0.0
    reader = store.open_reader()
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM meta").fetchone()  # a read that stays open holds the log up
    store.run(lambda c: c.execute("CREATE TABLE big (x BLOB)") and None)
    while log_bytes(store.path) <= LOG_LIMIT_BYTES * 3 // 4:
        store.run(lambda c: c.execute("INSERT INTO big VALUES (zeroblob(1000000))") and None)
    store.run(put("a"))
    assert store.healthy
    reader.close()


def test_the_log_is_emptied_without_a_reader(store):
    store.run(lambda c: c.execute("CREATE TABLE big (x BLOB)") and None)
    most = 0
    for _ in range(200):
        store.run(lambda c: c.execute("INSERT INTO big VALUES (zeroblob(200000))") and None)
        most = max(most, log_bytes(store.path))
    assert LOG_BYTES < most + 300_000 and most <= LOG_BYTES + 400_000


def test_one_connection_writes_and_all_others_cannot(store, monkeypatch):
    """SQLite before 3.51.3 can damage a database when two connections write or checkpoint (docs/adr/0002)."""
    opened = []
    connect = sqlite3.connect

    def watched(target, *args, **kwargs):
        opened.append(str(target))
        return connect(target, *args, **kwargs)

    monkeypatch.setattr(sqlite3, "connect", watched)
    store.reader(), store.open_reader()
    assert opened and all(target.startswith("file:") and target.endswith("?mode=ro") for target in opened)
    for reader in (store.reader(), store.open_reader()):
        assert reader.execute("PRAGMA query_only").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM meta")
        with pytest.raises(sqlite3.OperationalError):
            reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_nothing_else_in_the_gateway_opens_its_database():
    root = Path(gateway.__file__).parent
    opening = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if re.search(r"sqlite3\.connect|sqlite_utils\.Database\(", file.read_text())
    }
    assert opening <= {"store/connection.py", "store/backup.py", "schema/__init__.py"}


def test_the_page_size_is_chosen_before_the_log_mode(store):
    assert store.run(lambda c: c.execute("PRAGMA page_size").fetchone()) == (4096,)
    assert store.run(lambda c: c.execute("PRAGMA max_page_count").fetchone()) == (store.settings.max_bytes // 4096,)


def test_facts_hold_what_the_alarms_need(store):
    facts = store.facts()
    assert overload.alarms(facts) == []
    assert facts["log_bytes"] >= 0 and facts["left_bytes"] > 0


def test_close_finishes_what_was_queued(tmp_path):
    store = Store(tmp_path / "gateway.db")
    futures = [store.submit(put(f"n{n}")) for n in range(2000)]
    store.close()
    assert all(future.done() for future in futures)
    with pytest.raises(StoreError, match="closed"):
        store.submit(put("late"))
    again = Store(tmp_path / "gateway.db")
    assert again.reader().execute("SELECT count(*) FROM meta").fetchone() == (2000,)
    again.close()


def test_readers_cannot_write(store):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.reader().execute("INSERT INTO meta VALUES ('x', 1)")


def test_migrations_are_applied_once_and_a_newer_database_is_refused(tmp_path):
    path = tmp_path / "gateway.db"
    Store(path).close()
    Store(path).close()
    connection = sqlite3.connect(path)
    names = [name for (name,) in connection.execute("SELECT name FROM _sqlite_migrations")]
    assert names == [step.name for step in schema.STEPS._migrations] and names[0] == "m001_initial"
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('hcp.gateway', 'm999_x', '')"
    )
    connection.commit()
    connection.close()
    with pytest.raises(schema.NewerSchemaError, match="m999_x"):
        Store(path)


def test_numbers_under_a_name_only_rise(store):
    assert store.run(lambda c: meta.rising(c, "incident", 100)) == 100
    assert store.run(lambda c: meta.rising(c, "incident", 50)) == 101
    assert store.run(lambda c: meta.rising(c, "incident", 500)) == 500
    assert store.run(lambda c: meta.epoch(c, 11)) == store.run(lambda c: meta.epoch(c, 12)) == 11
