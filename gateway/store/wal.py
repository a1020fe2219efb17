"""The write-ahead log: emptied when it is long, whatever reads (docs/adr/0002-gateway-storage.md)."""

import logging
import sqlite3
from pathlib import Path

from gateway.store.connection import BUSY_MS, LOG_BYTES, log_bytes
from gateway.store.readers import Readers

log = logging.getLogger(__name__)

#: The log may grow to this while a reader is in the way; then readers older than ``READ_S`` are ended.
LOG_LIMIT_BYTES = 16 << 20
READ_S = 1.0
_STEP = 1 << 20
_BUSY_MS = 20


class WriteAheadLog:
    """For the writer's thread alone."""

    def __init__(self, path: Path, readers: Readers):
        self._path = path
        self._readers = readers
        self._bar = LOG_BYTES

    def bound(self, connection: sqlite3.Connection | None) -> None:
        """Empty the log when it is long; if a reader is in the way, go on, and end the reader when it is longer."""
        size = log_bytes(self._path)
        if size <= self._bar:
            return
        if size > LOG_LIMIT_BYTES * 3 // 4:
            self._readers.end(older_than_s=READ_S)
        self.checkpoint(connection, "TRUNCATE")
        size = log_bytes(self._path)
        self._bar = LOG_BYTES if size <= LOG_BYTES else size + _STEP

    def checkpoint(self, connection: sqlite3.Connection | None, mode: str) -> None:
        """Bring what is in the log into the database, as far as readers let it (sqlite.org/pragma.html, ``mode``)."""
        if connection is None:
            return
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        except sqlite3.Error as error:
            log.warning("checkpoint: %s", error)
