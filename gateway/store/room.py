"""The room that is left: looked at with every batch, with a ballast file to throw away in an emergency."""

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from gateway.core import overload
from gateway.core.overload import Verdict
from gateway.store.settings import StoreSettings

log = logging.getLogger(__name__)

_CHUNK = 1 << 20
_PAGES = "SELECT page_size, page_count, freelist_count FROM pragma_page_size, pragma_page_count, pragma_freelist_count"
#: How often the disk is looked at (the length of a batch), and how long a failed commit speaks against it.
LOOK_S = 0.02
FAILED_S = 1.0


class Room:
    """``look`` and ``failed`` are the writer's, ``tend`` is the keeper's; ``on_change(verdict)`` runs in the writer."""

    def __init__(self, database: Path, settings: StoreSettings, on_change: Callable[[Verdict], None]):
        self._database = database
        self._settings = settings
        self._on_change = on_change
        self._ballast = database.with_name("ballast")
        self._looked_s = 0.0
        self._failed_s: float | None = None
        self.verdict = Verdict.OK
        self.last = overload.Room(0, 4096, 0, 0)

    @property
    def ballast(self) -> bool:
        return not self._settings.ballast_bytes or self._ballast.exists()

    def look(self, connection: sqlite3.Connection | None) -> None:
        """Judge anew, if the last look is long enough ago. Without a connection the pages are those of last time."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        if self._failed_s is not None and now_s - self._failed_s > FAILED_S:
            self._failed_s = None
        pages = (self.last.page_bytes, self.last.pages, self.last.free_pages)
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                pages = connection.execute(_PAGES).fetchone()
        self.last = overload.Room(self._ours(), *pages, failed=self._failed_s is not None)
        self._set(overload.judge(self.verdict, self.last, self._settings.limits))

    def failed(self) -> None:
        """A commit found no room: throw the ballast away, so that central's answers can still be written."""
        self._failed_s = time.monotonic()
        self._looked_s = 0.0
        capped = self._settings.max_bytes - self.last.pages * self.last.page_bytes < _CHUNK
        if not capped:  # a quota can be at an end while the file system counts free blocks
            self._drop()
        self._set(Verdict.HARD)

    def tend(self) -> None:
        """Make the ballast, if it fits without coming near the soft limit."""
        size = self._settings.ballast_bytes
        if not size or self._ballast.exists():
            return
        if self.verdict is Verdict.OK and self.last.failed is False and self._ours() > self._settings.soft_bytes:
            self._make(size)

    def _set(self, verdict: Verdict) -> None:
        if verdict is Verdict.HARD and self._free() < self._settings.hard_bytes:
            self._drop()
        if verdict is not self.verdict:
            log.warning("store: %s, %d MiB free on disk", verdict, self._free() >> 20)
            self.verdict = verdict
            self._on_change(verdict)

    def _ours(self) -> int:
        """What is free, without the ballast's share: the room that it left is for central's answers alone."""
        return max(self._free() - (0 if self.ballast else self._settings.ballast_bytes), 0)

    def _free(self) -> int:
        try:
            found = os.statvfs(self._database.parent)
        except OSError:
            return 0
        return found.f_bavail * found.f_frsize

    def _drop(self) -> None:
        try:
            self._ballast.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            log.error("cannot remove the ballast: %s", error)
            return
        log.warning("the ballast file was removed to make room")

    def _make(self, size: int) -> None:
        temporary = self._ballast.with_name(".ballast.new")
        try:
            # noise: a file system that compresses or leaves holes would keep zeros without any block
            with temporary.open("wb") as file:
                for _ in range(size // _CHUNK):
                    file.write(os.urandom(_CHUNK))
                file.write(os.urandom(size % _CHUNK))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._ballast)
            sync_folder(self._ballast.parent)
        except OSError as error:
            log.warning("no ballast: %s", error)
            with contextlib.suppress(OSError):
                temporary.unlink()


def sync_folder(folder: Path) -> None:
    """Make durable what was created, renamed or removed in it. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
