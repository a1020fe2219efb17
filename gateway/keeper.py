"""The keeper: a thread that looks after the database while the gateway is at work.

After an unclean stop, and whenever a reader met a damaged page, it checks; a damaged database it has set aside and then
salvages; the ballast it makes when there is room.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from gateway.store import check, files
from gateway.store.salvage import Outcome, Salvage
from gateway.store.writer import Store

log = logging.getLogger(__name__)

_LOOK_S = 0.5
_AGAIN_S = 10.0


class Keeper:
    """``on_salvaged`` is called when a salvage is over."""

    def __init__(
        self,
        store: Store,
        hall: str,
        now_ms: Callable[[], int],
        business_error_ms: int = 0,
        on_salvaged: Callable[[], object] = lambda: None,
    ):
        self._store = store
        self._hall = hall
        self._now_ms = now_ms
        self._error_ms = business_error_ms
        self._on_salvaged = on_salvaged
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hcp-keeper", daemon=True)
        self.outcome: Outcome | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._store.end_reads()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        if not self._store.stopped_clean:
            self._store.suspect.set()
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            pause_s = _LOOK_S
            try:
                self._round()
            except Exception:  # the top of this thread: the next round may do better
                log.exception("keeper")
                pause_s = _AGAIN_S

    def _round(self) -> None:
        store = self._store
        if store.suspect.is_set():
            store.suspect.clear()
            self._check()
        for aside in store.unsalvaged():
            self._salvage(aside)
        store.room.tend()

    def _check(self) -> None:
        store = self._store
        store.check, generation = "running", store.generation
        try:
            found = check.look(store, self._stopping)
        except Exception:
            store.check = "failed"
            raise
        if self._stopping.is_set():
            return
        store.check = "damaged" if found else "ok"
        if found:
            log.error("the database is damaged: %s", found)
            store.replace(generation)

    def _salvage(self, aside: Path) -> None:
        store = self._store
        store.salvage = "running"
        salvage = Salvage(store, aside, self._hall, self._now_ms, self._error_ms, self._stopping)
        store.bring_back = salvage.bring_back
        try:
            outcome = salvage.run()
        finally:
            store.bring_back = lambda connection, device, seq: None
            salvage.close()
        if outcome is None:
            return
        store.run(lambda c: files.note_salvaged(c, aside))
        self.outcome = outcome
        store.salvage = "done"
        log.warning("salvaged %s: %s", aside.name, outcome)
        self._on_salvaged()
