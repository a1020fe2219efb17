"""The one writer of the database: one thread, one connection, group commit (docs/adr/0002-gateway-storage.md).

A job is a callable that is given the connection. Jobs that wait together share one transaction, each inside its own
savepoint; a job's Future is completed only after COMMIT returned, that is after SQLite synced the log.
"""

import contextlib
import copy
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
from gateway.clock import Clock
from gateway.core.overload import Verdict
from gateway.store import files, losses, meta
from gateway.store.connection import Reader, is_damage, is_disk, is_full, log_bytes, open_writer
from gateway.store.readers import Readers
from gateway.store.retention import Retention
from gateway.store.room import Room
from gateway.store.settings import StoreSettings
from gateway.store.wal import LOG_LIMIT_BYTES, WriteAheadLog

log = logging.getLogger(__name__)
T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
Item = tuple[Job[Any], "Future[Any]"]
Chore = Callable[[sqlite3.Connection], bool]

MAX_JOBS = 256
MAX_BATCH_S = 0.020
_IDLE_S = 0.5
_DAMAGE_SEEN = 2
_OPEN_AGAIN_S = (0.05, 0.2, 1.0)


class StoreError(Exception):
    """The database did not take a transaction, so nothing of it may be acknowledged."""


class DamageError(StoreError):
    """A damaged page was in the way of the transaction."""


class Store:
    """The gateway's database. ``submit`` from any thread; read with ``reader``.

    ``chores`` are small jobs for quiet moments; each gives True while there is more of it to do.
    ``on_overload(verdict)`` and ``on_fresh()`` are called in the writer's thread: they must not wait for it. The latter
    says that a damaged database was set aside and an empty one took its place. While that is salvaged,
    ``bring_back(connection, device, seq)`` is for a job that takes a record: it may have been in the damaged one.
    """

    def __init__(self, path: Path, settings: StoreSettings | None = None, now_ms: Callable[[], int] | None = None):
        self.path = Path(path)
        self.settings = settings or StoreSettings()
        self.on_overload: Callable[[Verdict], object] = lambda verdict: None
        self.on_fresh: Callable[[], object] = lambda: None
        self.bring_back: Callable[[sqlite3.Connection, str, int], object] = lambda connection, device, seq: None
        self.commits = 0
        self.failures = 0
        self.generation = 0
        self.suspect = threading.Event()
        self.check = "none"
        self.closed_to_business = False
        self._last_losses = {"unreadable_records": 0, "lost_records": 0}
        self.salvage = "none"
        self._replace_wanted: int | None = None
        self._now_ms = now_ms or Clock().now_ms
        self.retention = Retention(self.settings, self._now_ms)
        self.chores: list[Chore] = [self.retention.step]
        self._jobs: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._readers = Readers(self.path, self.suspect.set)
        self._log = WriteAheadLog(self.path, self._readers)
        self._closed = False
        self._lock = threading.Lock()
        self._damage_seen = 0
        self.room = Room(self.path, self.settings, self._tell_overload)
        self.stopped_clean = files.take_clean_mark(self.path)
        self._connection: sqlite3.Connection | None = self._first_open()
        self.room.look(self._connection)
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
        """``submit`` and wait; once more if the database was damaged, for then it begins anew."""
        for _ in range(_DAMAGE_SEEN):
            try:
                return self.submit(job).result(timeout_s)
            except DamageError as error:
                log.error("%s", error)
        return self.submit(job).result(timeout_s)

    def reader(self) -> sqlite3.Connection:
        """This thread's own read-only connection. Fetch all rows at once: an open read holds up checkpoints, and is
        ended when the log grows large (sqlite3.OperationalError: interrupted)."""
        return self._readers.own(self.generation)

    def open_reader(self) -> Reader:
        """Another read-only connection, for whoever closes it himself."""
        return self._readers.another()

    def replace(self, generation: int) -> None:
        """Set the database aside as damaged, and go on with an empty one, unless the one that was looked at
        (``generation``) has gone already. Raises StoreError."""
        self._replace_wanted = generation
        self.run(lambda connection: None)

    def end_reads(self) -> None:
        """Interrupt whatever is being read: the gateway stops, and nobody waits for an answer any more."""
        self._readers.end()

    def unsalvaged(self) -> list[Path]:
        """Damaged databases whose rows are not in this one yet."""
        return files.unsalvaged(self.reader(), self.path)

    @property
    def healthy(self) -> bool:
        return self._connection is not None and self._thread.is_alive()

    @property
    def salvaging(self) -> bool:
        """Rows of a damaged database are still to come."""
        return self.salvage in ("waiting", "running")

    @property
    def overload(self) -> Verdict:
        return self.room.verdict

    def facts(self) -> dict[str, Any]:
        """Figures of the store for operators; docs/operations.md explains each. No rating, no level."""
        last = self.room.last
        return {
            "healthy": self.healthy,
            "commits": self.commits,
            "failures": self.failures,
            "queued_jobs": self._jobs.qsize(),
            "overload": str(self.room.verdict),
            "ballast": self.room.ballast,
            "free_bytes": last.free_bytes,
            "left_bytes": last.left_bytes(self.settings.limits),
            "database_bytes": last.pages * last.page_bytes,
            "unused_bytes": last.free_pages * last.page_bytes,
            "log_bytes": log_bytes(self.path),
            "log_limit_bytes": LOG_LIMIT_BYTES,
            "stopped_clean": self.stopped_clean,
            "damaged_files": len(files.asides(self.path)),
            "check": self.check,
            "salvage": self.salvage,
            **self._losses(),
        }

    def _losses(self) -> dict[str, int]:
        with contextlib.suppress(sqlite3.Error):  # a damaged page: then `salvage` says so before long
            self._last_losses = losses.counts(self.reader())
        return self._last_losses

    def close(self) -> None:
        """Finish what is queued, checkpoint, close."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _tell_overload(self, verdict: Verdict) -> None:
        self.on_overload(verdict)

    # --- the writer's thread ---

    def _run(self) -> None:
        stopping = dirty = False
        busy_chores = True
        while not stopping:
            self.room.look(self._connection)
            try:
                item = self._jobs.get(timeout=0.001 if busy_chores else _IDLE_S)
            except queue.Empty:
                if dirty:
                    self._log.checkpoint(self._connection, "PASSIVE")
                    dirty = False
                if self._connection is None:
                    self._try_open()
                busy_chores = self._chore()
                dirty |= busy_chores
                continue
            if item is None:
                break
            if self._replace_wanted == self.generation:
                self._replace()
            busy_chores = False
            stopping = self._transaction(item)
            dirty = True
            self._log.bound(self._connection)
        self._close()

    def _close(self) -> None:
        self._log.checkpoint(self._connection, "TRUNCATE")
        if self._connection:
            self._connection.close()
            self._connection = None
            files.put_clean_mark(self.path)

    def _transaction(self, item: Item | None) -> bool:
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
            self._damage_seen = 0
        except (sqlite3.Error, OSError) as error:
            failure = self._failed(error, len(outcomes))
            if item is not None and not any(future is item[1] for future, _, _ in outcomes):
                outcomes.append((item[1], False, failure))
            # one for each: an exception that is raised again and again collects all those tracebacks, and a log them
            outcomes = [(future, False, copy.copy(failure)) for future, _, _ in outcomes]
        for future, good, value in outcomes:
            if good:
                future.set_result(value)
            else:
                future.set_exception(value)
        return stopping

    def _failed(self, error: Exception, jobs: int) -> StoreError:
        """After a transaction that was lost: begin anew with what is really on the disk."""
        log.error("the database did not commit %d jobs: %s", jobs, error)
        self.failures += 1
        self._give_up()
        if is_full(error):
            self.room.failed()
        elif is_damage(error):
            self.suspect.set()  # jobs between two that meet the page may go on well: the keeper looks at all
            self._damage_seen += 1
            if self._damage_seen >= _DAMAGE_SEEN:  # not a passing fault: a new connection read the same
                self._replace()
        kind = DamageError if is_damage(error) else StoreError
        return kind(f"not committed: {error}; check the disk's room and health")

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

    def _first_open(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            log.error("%s is damaged: %s", self.path, error)
            files.set_aside(self.path, self._now_ms())
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = open_writer(self.path, self.settings.max_bytes)
        try:
            schema.migrate(connection)
            if meta.get(connection, "epoch") is None and files.asides(self.path):
                self._begin_anew(connection)
            elif files.unsalvaged(connection, self.path):
                self.salvage, self.closed_to_business = "waiting", True
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin_anew(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        meta.put(connection, "reborn", self._now_ms())
        meta.epoch(connection, meta.fresh_epoch())
        # above all that the damaged one can have given: its rows come back under their numbers
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
        ).fetchall():
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, self._now_ms() * 1000))
        connection.execute("COMMIT")
        self.salvage = "waiting"
        self.closed_to_business = True
        log.error("a damaged database was set aside; the gateway goes on with an empty one while it is salvaged")

    def _open_again(self) -> sqlite3.Connection:
        for pause_s in _OPEN_AGAIN_S:
            try:
                self._connection = self._open()
                return self._connection
            except sqlite3.Error as error:
                log.error("cannot open %s again: %s", self.path, error)
                if is_damage(error):
                    self._replace()
                    if self._connection:
                        return self._connection
                time.sleep(pause_s)
        raise sqlite3.OperationalError(f"cannot open {self.path}")

    def _try_open(self) -> None:
        try:
            self._open_again()
        except (sqlite3.Error, OSError) as error:
            log.error("%s", error)

    def _replace(self) -> None:
        """Set the damaged database aside and begin an empty one. Intake goes on; the keeper salvages."""
        self._give_up()
        self._replace_wanted = None
        try:
            files.set_aside(self.path, self._now_ms())
            self.generation += 1
            self._damage_seen = 0
            self.suspect.clear()
            self._connection = self._open()
        except (sqlite3.Error, OSError) as error:
            log.error("cannot begin a new database: %s", error)  # it is tried again with the next transaction
            return
        self.on_fresh()

    # --- quiet moments ---

    def _chore(self) -> bool:
        """One step of one chore, in a transaction of its own. True if there is more to do."""
        if self._connection is None or self.room.verdict is Verdict.HARD:
            return False
        for chore in self.chores:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                more = chore(self._connection)
                self._connection.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self._failed(error, 0)
                return False
            self._log.bound(self._connection)
            if more:
                return True
        return False


def _attempt(connection: sqlite3.Connection, job: Job[Any]) -> tuple[bool, Any]:
    """Run one job in a savepoint: (True, result) or (False, exception). A lost transaction is raised, not returned."""
    connection.execute("SAVEPOINT job")
    try:
        result = job(connection)
    except Exception as error:  # the job's own failure goes to whoever waits for it
        full = is_full(error)
        if not connection.in_transaction or (is_disk(error) and not full):
            raise
        # below the cap a full database costs only this job; on a full disk this fails, and the transaction is lost
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return False, StoreError(f"not committed: {error}; the store is at its cap") if full else error
    connection.execute("RELEASE job")
    return True, result
