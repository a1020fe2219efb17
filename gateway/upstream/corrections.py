"""Corrections on their way down (spec 9.4): fetched when central says that there are new ones, and now and then."""

import functools
import json
import logging
import threading
from collections.abc import Callable

from gateway.clock import Clock
from gateway.core import corrections
from gateway.core.corrections import Correction
from gateway.store import corrections as stored
from gateway.store.writer import Store
from gateway.upstream.post import CentralDoor, LaterError

log = logging.getLogger(__name__)


class Corrections:
    """``fetch`` takes what is new; ``on_new`` is told of it after it is on the disk. Safe to call from any thread."""

    def __init__(
        self,
        door: CentralDoor,
        hall: str,
        store: Store,
        clock: Clock,
        on_new: Callable[[list[Correction]], None] = lambda new: None,
    ):
        self._door = door
        self._path = f"/api/v1/halls/{hall}/corrections"
        self._store = store
        self._clock = clock
        self._on_new = on_new
        self._lock = threading.Lock()
        self.last_error: str | None = None

    def is_behind(self, newest: int) -> bool:
        """Whether central has more than is kept here."""
        return newest > stored.cursor(self._store.reader())

    def fetch(self) -> list[Correction]:
        """Take all that is new, page by page; gives it. What goes wrong is said in ``last_error``, and tried again
        at the next call: the cursor is in the database and moves with what is kept."""
        new: list[Correction] = []
        with self._lock:
            try:
                while True:
                    page = self._page(stored.cursor(self._store.reader()))
                    now_ms = self._clock.now_ms()
                    kept = functools.partial(stored.put, found=page.corrections, now_ms=now_ms)
                    new += self._store.run(kept)
                    if not page.corrections or page.corrections[-1].number >= page.newest:
                        break
                self.last_error = None
            except (LaterError, ValueError) as error:
                if self.last_error != str(error):
                    log.warning("corrections: %s", error)
                self.last_error = str(error)
        for one in new:
            if one.problem:
                log.error("correction %d (%s) is kept and not acted on: %s", one.number, one.kind, one.problem)
            else:
                log.info("correction %d: %s", one.number, one.kind)
        if new:
            self._on_new(new)
        return new

    def _page(self, after: int) -> corrections.Page:
        reply = self._door.get(f"{self._path}?after={after}")
        if reply.blamed:
            raise ValueError(f"central gives no corrections: HTTP {reply.status}")
        try:
            body = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise ValueError("central's corrections are no JSON") from None
        return corrections.read(body, after)
