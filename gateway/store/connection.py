"""Opening the database: one connection that writes, any number that can only read."""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE_BYTES = 4096
LOG_BYTES = 8 << 20
BUSY_MS = 5000
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_DISK = ("SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", *_DAMAGE)


def open_writer(path: Path, max_bytes: int = 0) -> sqlite3.Connection:
    """The connection that writes; there must be no other (docs/adr/0002). ``max_bytes`` 0: no cap."""
    # it holds who was rated how: for the owner alone, and SQLite gives its log the same rights
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        for pragma in (
            f"page_size = {PAGE_BYTES}",  # before WAL, after which it cannot be chosen any more
            f"busy_timeout = {BUSY_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = FAST",
            "wal_autocheckpoint = 0",
            f"journal_size_limit = {LOG_BYTES}",
            "mmap_size = 0",
            "cache_size = -16000",
            "temp_store = MEMORY",
        ):
            connection.execute("PRAGMA " + pragma).fetchall()
        if max_bytes:
            (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
            connection.execute(f"PRAGMA max_page_count = {max_bytes // page_bytes}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, on_damage: Callable[[], object] = lambda: None, across: bool = False) -> "Reader":
    """A connection that cannot write, and does not make the file if it is missing. ``across``: another thread than the
    one that reads closes it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, factory=Reader, check_same_thread=not across)
    connection.on_damage = on_damage
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


class Reader(sqlite3.Connection):
    """Knows when its last read began, so that one that holds up checkpoints can be ended; reports damaged pages."""

    since_s = 0.0
    on_damage: Callable[[], object] = staticmethod(lambda: None)

    def execute(self, *args: Any) -> sqlite3.Cursor:
        self.since_s = time.monotonic()
        return self.cursor(_Cursor).execute(*args)

    def end(self) -> None:
        """Interrupt the read that is going on, if any. From any thread."""
        with contextlib.suppress(sqlite3.ProgrammingError):  # it was closed meanwhile
            self.interrupt()

    def age_s(self) -> float:
        """How long ago the last read began; whether it has ended cannot be seen."""
        return time.monotonic() - self.since_s


class _Cursor(sqlite3.Cursor):
    connection: Reader

    def execute(self, *args: Any) -> "_Cursor":
        return self._watched(super().execute, *args)

    def fetchall(self) -> list[Any]:
        return self._watched(super().fetchall)

    def fetchone(self) -> Any:
        return self._watched(super().fetchone)

    def _watched(self, step: Callable[..., Any], *args: Any) -> Any:
        try:
            return step(*args)
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                self.connection.on_damage()
            raise


def is_damage(error: Exception) -> bool:
    """The file's content is wrong, and trying again will not help."""
    return (getattr(error, "sqlite_errorname", "") or "").startswith(_DAMAGE)


def is_disk(error: Exception) -> bool:
    """The file or its disk is to blame, so the transaction is lost."""
    return (getattr(error, "sqlite_errorname", "") or "").startswith(_DISK)


def is_full(error: BaseException) -> bool:
    """There is no room: on the disk, or below the cap."""
    name = getattr(error, "sqlite_errorname", "") or ""
    return name.startswith("SQLITE_FULL") or getattr(error, "errno", None) == 28


def log_path(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def log_bytes(path: Path) -> int:
    """The size of the write-ahead log."""
    try:
        return log_path(path).stat().st_size
    except OSError:
        return 0
