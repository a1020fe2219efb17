"""The writer: group commit, savepoints, and what it does when the disk does not."""

import sqlite3
import stat
import threading

import pytest

from gateway import schema
from gateway.store import meta
from gateway.store.writer import Store, StoreError


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
    assert meta.get(store.reader(), "a") is None
    store.run(put("a"))
    assert meta.get(store.reader(), "a") == 1


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
