"""The feed's thread: tells what is due at each whole step, and wakes whoever listens."""

import logging
import threading
from collections.abc import Callable, Collection

from gateway.clock import Clock
from gateway.core import feed as core
from gateway.core.feed import Notice
from gateway.store import feed as feed_store
from gateway.store.writer import Store, StoreError

log = logging.getLogger(__name__)

_PRUNE_EACH_MS = 3_600_000


class Feed:
    """Notices that services were rated. ``listen`` to be woken, then read with ``after``."""

    def __init__(self, store: Store, clock: Clock, delay_ms: int = core.DELAY_MS):
        self._store = store
        self._clock = clock
        self._delay_ms = delay_ms
        self._listeners: set[Callable[[], object]] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._pruned_ms = 0
        self._thread = threading.Thread(target=self._run, name="hcp-feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wake all listeners so that they hang up."""
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(10)

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def listening(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def listen(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Have ``wake`` called, from another thread, after each release; gives the function that ends it."""
        with self._lock:
            self._listeners.add(wake)

        def end() -> None:
            with self._lock:
                self._listeners.discard(wake)

        return end

    def release(self) -> int:
        """Tell all that is due now. Gives the number of notices. Raises StoreError."""
        now_ms, told, more = self._clock.now_ms(), 0, True
        while more:
            # one short job after the other: intake goes on between them
            count, more = self._store.run(lambda c: feed_store.release(c, now_ms, self._delay_ms))
            told += count
        if now_ms - self._pruned_ms >= _PRUNE_EACH_MS:
            self._pruned_ms = now_ms
            self._store.run(lambda c: feed_store.prune(c, now_ms))
        if told:
            self._wake()
        return told

    def after(self, last_id: int, windows: Collection[str] | None, most: int = 100) -> tuple[list[Notice], int]:
        """The notices behind ``last_id`` at these windows, and the id up to which was looked."""
        return feed_store.after(self._store.reader(), last_id, windows, most)

    def newest(self) -> int:
        return feed_store.newest(self._store.reader())

    def oldest(self) -> int:
        """The lowest id that is still kept; the next to come if there is none."""
        return feed_store.oldest(self._store.reader())

    def complete_after(self, last_id: int) -> bool:
        """Whether nothing behind ``last_id`` was dropped."""
        return feed_store.complete_after(self._store.reader(), last_id)

    def cursor(self, system: str) -> int:
        """Up to which notice a system's webhook has taken the feed; a new one begins with what comes next."""
        known = feed_store.cursor(self._store.reader(), system)
        if known is None:
            known = self.newest()
            self.put_cursor(system, known)
        return known

    def put_cursor(self, system: str, last_id: int) -> None:
        self._store.run(lambda c: feed_store.put_cursor(c, system, last_id))

    def _wake(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for wake in listeners:
            wake()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.release()
            except StoreError as error:
                log.error("the feed waits: %s", error)
            except Exception:  # the top of this thread: one surprise must not end the feed
                log.exception("feed")
            step_ms = core.STEP_MS
            self._stopping.wait((step_ms - self._clock.now_ms() % step_ms) / 1000)
