"""Looking again at ratings that are not bound, piece by piece, so that nothing new waits behind it."""

import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Future

from gateway.clock import Clock
from gateway.store import bindings, business
from gateway.store.writer import Store, StoreError

log = logging.getLogger(__name__)


class Rechecking:
    """``on_changed`` is called after each piece that decided something anew."""

    def __init__(self, hall: str, business_error_ms: int, store: Store, clock: Clock, on_changed: Callable[[], None]):
        self._hall = hall
        self._error_ms = business_error_ms
        self._store = store
        self._clock = clock
        self._on_changed = on_changed

    def begin(self) -> None:
        """It waits for nothing: the writer does it when its turn comes. Raises StoreError if the store is closed."""
        self._submit(bindings.Open(self._clock.now_ms() - business.RECHECK_MS))

    def _submit(self, place: bindings.Open) -> None:
        now_ms, hall, error_ms = self._clock.now_ms(), self._hall, self._error_ms
        piece = self._store.submit(lambda c: bindings.recheck_some(c, hall, place, now_ms, error_ms))
        piece.add_done_callback(self._go_on)

    def _go_on(self, piece: Future) -> None:
        if piece.exception() is not None:
            log.warning("ratings that are not bound were not all looked at again: %s", piece.exception())
            return
        place, changed = piece.result()
        if changed:
            self._on_changed()
        if place is not None:
            with contextlib.suppress(StoreError):  # the store is closed: the next start does it
                self._submit(place)
