"""Two times: the uptime of this boot, which always runs, and the wall time with its error, once somebody told it.

Pure: ticks and messages go in. What is believed of the wall time is an interval: at uptime ``_at_ms`` the true time
was within ``_low_ms … _high_ms``, and both ends drift apart by 20 ppm on either side since (SPEC 8.2). A new statement
is an interval too. Where both overlap, the truth is in the overlap, and the clock moves by less than its stated error.
Where they do not, one was wrong: the newer one stands, and the caller is told by how much the clock stepped (SPEC 3.4,
code 3).
"""

TICKS_PERIOD = 1 << 30  # ms; the ticks of a 32-bit MicroPython wrap here, after 12.4 days
DRIFT_PPM = 20


class Clock:
    """``sets`` counts how often the wall time was set for the first time or stepped (SPEC 3.3, flag 16)."""

    def __init__(self):
        self.sets = 0
        self._ticks = None
        self._uptime_ms = 0
        self._at_ms = 0
        self._low_ms = None
        self._high_ms = None

    def uptime(self, ticks: int) -> int:
        """Milliseconds since the first call, from ticks that wrap at 2³⁰. Must be asked at least every six days."""
        if self._ticks is None:
            self._ticks = ticks
        moved = (ticks - self._ticks) % TICKS_PERIOD
        if moved < TICKS_PERIOD // 2:
            self._uptime_ms += moved
            self._ticks = ticks
            return self._uptime_ms
        # a moment before the last call: a key's stamp is read after it was taken
        return max(0, self._uptime_ms - (TICKS_PERIOD - moved))

    def at(self, uptime_ms: int):
        """``(wall_ms, error_ms)`` of a moment of this boot, before or after the setting; Nones while unknown."""
        if self._low_ms is None:
            return None, None
        low, high = self._interval(uptime_ms)
        wall_ms = (low + high) // 2
        return max(0, wall_ms), high - wall_ms

    def uptime_at(self, wall_ms: int) -> int | None:
        """The uptime at which the clock shows ``wall_ms``; None while it does not know."""
        if self._low_ms is None:
            return None
        return self._at_ms + wall_ms - (self._low_ms + self._high_ms) // 2

    def tell(self, wall_ms: int, error_ms: int, uptime_ms: int) -> int:
        """Take the statement that at ``uptime_ms`` it was ``wall_ms`` ± ``error_ms``.

        Gives 0 if the clock agrees or knew nothing, else the signed number of ms by which it stepped.
        """
        low, high = wall_ms - error_ms, wall_ms + error_ms
        stepped = 0
        if self._low_ms is None:
            self.sets += 1
        else:
            own_low, own_high = self._interval(uptime_ms)
            if own_low <= high and low <= own_high:
                low, high = max(low, own_low), min(high, own_high)
            else:
                self.sets += 1
                stepped = (low + high) // 2 - (own_low + own_high) // 2
        self._at_ms, self._low_ms, self._high_ms = uptime_ms, low, high
        return stepped

    def _interval(self, uptime_ms):
        age = uptime_ms - self._at_ms
        drift = (abs(age) * DRIFT_PPM + 999999) // 1000000
        return self._low_ms + age - drift, self._high_ms + age + drift
