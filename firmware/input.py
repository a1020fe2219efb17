"""From the edges of five keys to presses: what counts, what is flagged, and that nothing is dropped in silence.

Pure but for ``Edges``, the one thing that an interrupt may touch. Times are uptimes in ms; key 0 is one star.

    what happens    rule                                                            where it stays
    press           down for 20 ms from its first edge: one press, at that edge     `press`
    bounce          down for less than 20 ms in all: no press; and what follows     counter `bounces`
                    a release within 20 ms
    key held        one press, however long                                         `press`
    read late       the chip stood still (an erase, a step of a handshake), so      flag 128; the time error
                    nobody saw how long it was: it counts. The same key again in    grows by the gap;
                    one such gap, with no other between, is the same press          counter `merged`
    two keys        the first one down counts. The other, within 1 s, is a          flag 32; among the
                    `second`. Later the first is merely held: the other counts      changes, with age 0
    burst           more than 8 presses in 1 s: each counts as ever                 flag 64
    outer keys      1 and 5 alone, both for 5 s, for 20 s                           `hold`
    stuck at start  down since before the start: no part until it was released      `stuck`, an event
    stuck later     down for 30 s: the same                                         `stuck`, an event
    edges lost      the ring was full, or an edge between two others is missing     flag 128 on the next press;
                                                                                    counter `edges_lost`

An interrupt may run late, and it states by how much at most (``late``): a press that came and went meanwhile is an edge
down and an edge up with the same stamp. Without ``late`` such a pair is a bounce.
"""

from array import array

from protocol.record import BURST, TWO_KEYS, UNSURE

PRESS_MS = 20  # a press is at least so long, and so is the rest between two
GAP_MS = 10  # between two bounces at most; longer, and a press begins anew
TOGETHER_MS = 1000
BURST_MS = 1000
BURST_PRESSES = 8
HOLD_MS = (5000, 20000)
STUCK_MS = 30000
KEYS = 5
_SIZE = 128  # edges that wait for the loop, a power of two
_LATE = 0xFFFF


class Edges:
    """A ring of edges from the interrupt to the loop. Nothing here allocates."""

    def __init__(self):
        self.lost = 0
        self._ticks = array("i", [0] * _SIZE)
        self._words = array("i", [0] * _SIZE)
        self._in = 0
        self._out = 0

    def put(self, ticks: int, key: int, down: bool, late_ms: int = 0) -> None:
        """Called from the interrupt: it allocates nothing. It is not later than ``late_ms`` behind the finger."""
        at = self._in
        after = (at + 1) & (_SIZE - 1)
        if after == self._out:
            self.lost += 1
            return
        self._ticks[at] = ticks
        self._words[at] = key | (8 if down else 0) | (late_ms if late_ms < _LATE else _LATE) << 4
        self._in = after

    def take(self):
        """The oldest edge as ``(ticks, key, down, late_ms)``, or None."""
        at = self._out
        if at == self._in:
            return None
        word = self._words[at]
        found = self._ticks[at], word & 7, bool(word & 8), word >> 4
        self._out = (at + 1) & (_SIZE - 1)
        return found


class _Key:
    """``down`` after debouncing, since ``since``; ``raw`` as the last edge, at ``last``, said; ``first`` edge of what
    may become a press, None if nothing may; ``late``: of it, or of the last edge up; ``off``: takes no part."""

    def __init__(self):
        self.down = self.raw = self.off = False
        self.since = self.last = self.late = 0
        self.first: int | None = None


class Keys:
    """The interpreter. ``edge`` and ``settle`` add to ``events``, whoever takes them removes them:

    ``("press", at_ms, (level, flags, late_ms))``, ``("second", at_ms, (level, flags, late_ms))``,
    ``("hold", at_ms, stage 1 or 2)``, ``("stuck", at_ms, level)`` and ``("count", at_ms, name)``.
    """

    def __init__(self):
        self.events: list = []
        self._keys = [_Key() for _ in range(KEYS)]
        self._times: list = []  # of the last presses
        self._unsure: tuple | None = None  # (key, its last edge) of a press read late
        self._flags = 0  # of the next press
        self._stage = 0  # of the hold
        self._started = False

    def edge(self, at_ms: int, number: int, down: bool, late_ms: int = 0) -> None:
        """A key changed. Edges come in the order of their time; before uptime 1 the application did not exist."""
        key = self._keys[number]
        if late_ms < PRESS_MS:
            late_ms = 0  # no press is missed in so little
        if down == key.raw:
            # the edge between these two is missing
            self.lost()
            gap_ms = max(0, at_ms - key.last)
            self.edge(at_ms - min(2 * PRESS_MS, gap_ms // 2), number, not down, gap_ms)
        self.settle(at_ms, None if down or not late_ms else key)
        key.raw = down
        if down and key.down:
            if not late_ms:
                key.down = not key.late  # it was let go before its edge up was read
            elif self._unsure is None or self._unsure[0] == number:
                self._count(at_ms, "merged")
            else:
                key.down = False  # another was pressed in the same gap, so this one had been let go
        if at_ms <= 0:
            key.off = down
        elif key.down or key.off:
            pass  # a bounce, or a release that has to last
        elif down:
            if key.first is None or at_ms - key.last >= GAP_MS:
                key.first = at_ms
                key.late = late_ms
        elif key.first is not None:
            length_ms = at_ms - key.first
            if length_ms - late_ms >= PRESS_MS:
                self._press(number)
            elif length_ms + key.late >= PRESS_MS:
                self._press(number, UNSURE)
                key.down = False  # another may follow in the same gap
                self._unsure = number, at_ms
        if not down:
            key.late = late_ms
        key.last = at_ms

    def settle(self, now_ms: int, but=None) -> None:
        """Time passed. ``but`` is a key that may have been up for a part of it."""
        if now_ms > 0 and not self._started:
            self._started = True
            for number, key in enumerate(self._keys):
                if key.off:
                    self.events.append(("stuck", 0, number + 1))
        due = []
        for number, key in enumerate(self._keys):
            if not key.raw:
                if now_ms - key.last >= PRESS_MS:
                    key.down = key.off = False
                    if key.first is not None:
                        key.first = None
                        self._count(key.last, "bounces")
            elif key is not but and key.first is not None and now_ms - key.first >= PRESS_MS:
                due.append((key.first, number))
        for _, number in sorted(due):
            self._press(number)
        for number, key in enumerate(self._keys):
            if key.down and key.raw and now_ms - key.since >= STUCK_MS:
                key.off = True
                key.down = False
                self.events.append(("stuck", key.since + STUCK_MS, number + 1))
        since = self._held()
        if since is None:
            self._stage = 0
        while since is not None and self._stage < 2 and now_ms - since >= HOLD_MS[self._stage]:
            self.events.append(("hold", since + HOLD_MS[self._stage], self._stage + 1))
            self._stage += 1

    def lost(self) -> None:
        """Edges were lost before the next one."""
        self._flags |= UNSURE
        self._count(0, "edges_lost")

    def open_ms(self) -> int | None:
        """The first edge of what may yet become a press; nothing later may be judged before it."""
        return min([key.first for key in self._keys if key.first is not None], default=None)

    def next_ms(self) -> int | None:
        """When to ``settle``, if no edge comes before."""
        due = []
        for key in self._keys:
            if not key.raw:
                if key.down or key.off or key.first is not None:
                    due.append(key.last + PRESS_MS)
            elif key.first is not None:
                due.append(key.first + PRESS_MS)
            elif key.down:
                due.append(key.since + STUCK_MS)
        since = self._held()
        if since is not None and self._stage < 2:
            due.append(since + HOLD_MS[self._stage])
        return min(due) if due else None

    def _press(self, number, flags=0):
        key = self._keys[number]
        at_ms = key.first
        key.first = None
        key.down = True
        key.since = at_ms
        unsure = self._unsure
        self._unsure = None
        if unsure is not None and key.late and unsure[0] == number and at_ms - unsure[1] < PRESS_MS:
            self._count(at_ms, "merged")
            return
        if key.late:
            flags |= UNSURE
        flags |= self._flags
        self._flags = 0
        times = self._times
        if len(times) == BURST_PRESSES and at_ms - times.pop(0) < BURST_MS:
            flags |= BURST
        times.append(at_ms)
        others = [other.since for other in self._keys if other.down and other is not key]
        if others:
            flags |= TWO_KEYS
            if at_ms - max(others) < TOGETHER_MS:
                self.events.append(("second", at_ms, (number + 1, flags, key.late)))
                return
        self.events.append(("press", at_ms, (number + 1, flags, key.late)))

    def _held(self):
        """Since when both outer keys are down and no other, or None."""
        keys = self._keys
        if keys[0].down and keys[-1].down and not any(key.down for key in keys[1:-1]):
            return max(keys[0].since, keys[-1].since)
        return None

    def _count(self, at_ms, name):
        self.events.append(("count", at_ms, name))
