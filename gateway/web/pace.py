"""How fast one system may ask: a token bucket for each key. One that runs wild does not crowd out the others."""

import threading
import time
from collections.abc import Callable

from gateway.core.lanes import Bucket
from gateway.web.systems import System

#: How many seconds' worth may come at once, after a while of silence.
BURST_S = 2


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class Pace:
    """From any thread."""

    def __init__(self, now_ms: Callable[[], int] = _monotonic_ms):
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def wait_ms(self, system: System) -> int:
        """0 if the system may ask now, and then it has; otherwise how long it should wait."""
        with self._lock:
            now_ms = self._now_ms()
            bucket = self._buckets.get(system.name)
            if bucket is None:
                bucket = self._buckets[system.name] = Bucket(system.rate, system.rate * BURST_S, now_ms)
            if bucket.level(now_ms) < 1:
                return bucket.wait_ms(1)
            bucket.take(1)
            return 0
