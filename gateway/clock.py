"""The gateway's clock: the one place that reads the time of day. Everything else is given a ``Clock`` or a number."""

import time


class Clock:
    """The host's wall clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00 UTC."""
        return time.time_ns() // 1_000_000


class HandClock(Clock):
    """A clock that stands still until somebody turns it; for tests and replays."""

    def __init__(self, now_ms: int):
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def turn(self, ms: int) -> int:
        """Move by ``ms`` (backwards too) and return the new time."""
        self._now_ms += ms
        return self._now_ms
