"""Two times: the uptime of this boot, which always runs, and the wall time with its error, once somebody told it.

Pure: ticks and messages go in. What is believed of the wall time is an interval: at uptime ``_at_ms`` the true time
was within ``_low_ms … _high_ms``, and both ends drift apart by 20 ppm on either side since (SPEC 8.2). A new statement
is an interval too. Where both overlap, the truth is in the overlap, and the clock moves by less than its stated error.
Where they do not, one was wrong: a receipt stands, and the caller is told by how much the clock stepped (SPEC 3.4,
code 3).

A battery clock is believed less (SPEC 8.5). It counts only from the newest time known before this start to the end of
the device's certificate, only while it agrees with what receipts said, and only as long as it goes as the uptime goes:
one that jumps is left alone until it is set again.
"""

TICKS_PERIOD = 1 << 30  # ms; the ticks of a 32-bit MicroPython wrap here, after 12.4 days
DRIFT_PPM = 20
SLIP_MS = 1500  # between two looks at a battery clock, which counts seconds; it may err by that much more
SLIP_PPM = 28  # it and the crystal against each other


class Clock:
    """``sets`` counts how often the wall time was set for the first time or stepped (SPEC 3.3, flag 16).

    ``told``: by a receipt of this start. ``rtc_good``: the battery clock has not contradicted itself or a receipt since
    it was set. ``floor_ms`` and ``ceiling_ms``: what a battery clock may say.
    """

    def __init__(self):
        self.sets = 0
        self.told = False
        self.floor_ms = 0
        self.ceiling_ms = 1 << 62
        self._ticks = None
        self._uptime_ms = 0
        self._at_ms = 0
        self._low_ms = None
        self._high_ms = None
        self._rtc = None  # battery clock less uptime when it was first looked at, when that was, and the same at last
        self.rtc_good = True

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
        """Take the statement of a receipt that at ``uptime_ms`` it was ``wall_ms`` ± ``error_ms``.

        Gives 0 if the clock agrees or knew nothing, else the signed number of ms by which it stepped.
        """
        self.told = True
        return self._take(wall_ms, error_ms, uptime_ms, True)

    def tell_rtc(self, wall_ms: int, error_ms: int, uptime_ms: int) -> int:
        """Look at a battery clock. Gives 0 if all is well, else by how much it is off; then it is believed no more."""
        if not self.rtc_good:
            return 0
        off = wall_ms - uptime_ms
        first, since_ms, last = self._rtc or (off, uptime_ms, off)
        self._rtc = first, since_ms, off
        slip = off - last
        if abs(slip) <= SLIP_MS:
            slip = off - first
            if abs(slip) <= SLIP_MS + (uptime_ms - since_ms) * SLIP_PPM // 1000000:
                slip = 0
                if self.floor_ms - error_ms - SLIP_MS <= wall_ms <= self.ceiling_ms:
                    slip = self._take(wall_ms, error_ms + SLIP_MS, uptime_ms, False)
        self.rtc_good = not slip
        return slip

    def rtc_set(self) -> None:
        """The battery clock was set to this clock's time: it may be believed again."""
        self._rtc = None
        self.rtc_good = True

    def _take(self, wall_ms, error_ms, uptime_ms, stands):
        low, high = wall_ms - error_ms, wall_ms + error_ms
        stepped = 0
        if self._low_ms is None:
            self.sets += 1
        else:
            own_low, own_high = self._interval(uptime_ms)
            if own_low <= high and low <= own_high:
                low, high = max(low, own_low), min(high, own_high)
            else:
                stepped = (low + high) // 2 - (own_low + own_high) // 2
                if not stands:
                    return stepped
                self.sets += 1
        self._at_ms, self._low_ms, self._high_ms = uptime_ms, low, high
        return stepped

    def _interval(self, uptime_ms):
        age = uptime_ms - self._at_ms
        drift = (abs(age) * DRIFT_PPM + 999999) // 1000000
        return self._low_ms + age - drift, self._high_ms + age + drift
