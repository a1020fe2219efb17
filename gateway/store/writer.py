"""The one writer of the database: one thread, one connection, group commit (docs/adr/0002-gateway-storage.md).

A job is a callable that is given the connection. Jobs that wait together share one transaction, each inside its own
savepoint; a job's Future is completed only after COMMIT returned, that is after SQLite synced the log.
"""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from gateway import schema

log = logging.getLogger(__name__)
T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

MAX_JOBS = 256
MAX_BATCH_S = 0.020
WAL_LIMIT_BYTES = 8 << 20
_IDLE_S = 0.5
_BUSY_MS = 5000
_OPEN_AGAIN_S = (0.05, 0.2, 1.0)


class StoreError(Exception):
    """The database did not take a transaction, so nothing of it may be acknowledged."""


class Store:
    """The gateway's database. ``submit`` from any thread; read with ``reader``."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self._jobs: queue.SimpleQueue[tuple[Job[Any], Future] | None] = queue.SimpleQueue()
        self._readers = threading.local()
        self._closed = False
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = _open(self.path)
        schema.migrate(self._connection)
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="hcp-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job[T]) -> "Future[T]":
        """Queue a job. Its Future holds the job's own result or exception, or StoreError if the commit failed."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            self._jobs.put((job, future))
        return future

    def run(self, job: Job[T], timeout_s: float = 30.0) -> T:
        """``submit`` and wait."""
        return self.submit(job).result(timeout_s)

    def reader(self) -> sqlite3.Connection:
        """This thread's own read-only connection. Fetch all rows at once: an open read holds up checkpoints."""
        connection = getattr(self._readers, "connection", None)
        if connection is None:
            connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, isolation_level=None)
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            self._readers.connection = connection
        return connection

    @property
    def healthy(self) -> bool:
        return self._connection is not None and self._thread.is_alive()

    def close(self) -> None:
        """Finish what is queued, checkpoint, close."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    # --- the writer's thread ---

    def _run(self) -> None:
        stopping = False
        dirty = False
        wal_limit = WAL_LIMIT_BYTES
        while not stopping:
            try:
                item = self._jobs.get(timeout=_IDLE_S if dirty else None)
            except queue.Empty:
                self._checkpoint("PASSIVE")
                dirty = False
                continue
            if item is None:
                break
            stopping = self._transaction(item)
            dirty = True
            if self._wal_bytes() > wal_limit:
                self._checkpoint("TRUNCATE")
                # if a reader was in the way, do not wait for it again after every commit
                wal_limit = self._wal_bytes() + WAL_LIMIT_BYTES
        self._checkpoint("TRUNCATE")
        if self._connection:
            self._connection.close()
            self._connection = None

    def _transaction(self, item: tuple[Job[Any], Future] | None) -> bool:
        """Run this job and those that wait behind it, and commit. True if the end of the queue was among them."""
        outcomes: list[tuple[Future, bool, Any]] = []
        stopping = False
        try:
            connection = self._connection or self._open_again()
            connection.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + MAX_BATCH_S
            while item is not None:
                job, future = item
                if future.set_running_or_notify_cancel():
                    outcomes.append((future, *_attempt(connection, job)))
                if len(outcomes) >= MAX_JOBS or time.monotonic() >= until:
                    break
                try:
                    item = self._jobs.get_nowait()
                    stopping = item is None
                except queue.Empty:
                    break
            connection.execute("COMMIT")
            self.commits += 1
        except (sqlite3.Error, OSError) as error:
            log.error("the database did not commit %d jobs: %s", len(outcomes), error)
            self._give_up()
            failure = StoreError(f"not committed: {error}; check the disk's room and health")
            if item is not None and not any(future is item[1] for future, _, _ in outcomes):
                outcomes.append((item[1], False, failure))
            outcomes = [(future, False, failure) for future, _, _ in outcomes]
        for future, good, value in outcomes:
            if good:
                future.set_result(value)
            else:
                future.set_exception(value)
        return stopping

    def _give_up(self) -> None:
        # after a failed sync the kernel may call lost pages clean: only a new connection reads what is really there
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.close()
            except sqlite3.Error as error:
                log.warning("closing after a failed commit: %s", error)

    def _open_again(self) -> sqlite3.Connection:
        for pause_s in _OPEN_AGAIN_S:
            try:
                self._connection = _open(self.path)
                return self._connection
            except sqlite3.Error as error:
                log.error("cannot open %s again: %s", self.path, error)
                time.sleep(pause_s)
        raise sqlite3.OperationalError(f"cannot open {self.path}")

    def _checkpoint(self, mode: str) -> None:
        if self._connection is None:
            return
        try:
            self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        except sqlite3.Error as error:
            log.warning("checkpoint: %s", error)

    def _wal_bytes(self) -> int:
        try:
            return self.path.with_name(self.path.name + "-wal").stat().st_size
        except OSError:
            return 0


def _attempt(connection: sqlite3.Connection, job: Job[Any]) -> tuple[bool, Any]:
    """Run one job in a savepoint: (True, result) or (False, exception). A lost transaction is raised, not returned."""
    connection.execute("SAVEPOINT job")
    try:
        result = job(connection)
    except Exception as error:  # the job's own failure goes to whoever waits for it
        if not connection.in_transaction or _is_disk(error):
            raise
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return False, error
    connection.execute("RELEASE job")
    return True, result


def _is_disk(error: Exception) -> bool:
    name = getattr(error, "sqlite_errorname", "") or ""
    return name.startswith(("SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN"))


def _open(path: Path) -> sqlite3.Connection:
    # it holds who was rated how: for the owner alone, and SQLite gives its log the same rights
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (
        f"busy_timeout = {_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = FAST",
        "wal_autocheckpoint = 0",
        f"journal_size_limit = {WAL_LIMIT_BYTES}",
        "mmap_size = 0",
        "cache_size = -16000",
        "temp_store = MEMORY",
    ):
        connection.execute("PRAGMA " + pragma).fetchall()
    return connection
