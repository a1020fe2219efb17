"""Whether the device is well: which tasks live, how long the loop stood still, and what the gateway is told of it.

The watchdog is fed while every watched task reports within its own deadline. Reaching the broker is no part of that:
a device that is offline works for days.
"""

import gc
from asyncio import core
from time import ticks_add, ticks_diff, ticks_us

#: How long each critical task may be silent, in ms. The flow reports every 10 s at least, the link every 5 s but for a
#: connection attempt, which takes up to 20 s.
DEADLINES_MS = {"flow": 30000, "link": 60000}
LOOK_MS = 5000


class Liveness:
    """Which tasks are late. Pure."""

    def __init__(self, now_ms: int, deadlines_ms=DEADLINES_MS):
        self._deadlines_ms = deadlines_ms
        self._last_ms = {task: now_ms for task in deadlines_ms}
        self._looked_ms = now_ms

    def late(self, beats, now_ms: int):
        """The tasks that are late, in order. ``beats`` are the names that reported since the last look; it is emptied.

        If nobody looked for long, the whole loop stood still and nobody could report. That is what the watchdog itself
        is for: here every task gets its time again.
        """
        stood = now_ms - self._looked_ms > 2 * LOOK_MS
        self._looked_ms = now_ms
        for task in self._last_ms:
            if stood or task in beats:
                self._last_ms[task] = now_ms
        beats.clear()
        return [task for task in sorted(self._last_ms) if now_ms - self._last_ms[task] > self._deadlines_ms[task]]


class Meter(core.IOQueue):
    """The loop's poller, which also measures: from its return to its next call, one task kept all others waiting.

    It costs no wake-up of its own. What is known to stop the chip (an erase, a collection) is marked and counted apart:

        with meter("erase"):
            partition.ioctl(6, block)
    """

    def __init__(self):
        queue = core._io_queue
        # whoever waits already goes on waiting in the same places
        self.map = queue.map
        self.poller = queue.poller
        self.worst_us = 0
        #: name -> the longest marked call, in us
        self.named: dict = {}
        self._name = ""
        self._began = 0
        self._since = ticks_us()
        self._idle = False
        core._io_queue = self

    def wait_io_event(self, dt):
        us = ticks_diff(ticks_us(), self._since)
        if us > self.worst_us:
            self.worst_us = us
        self._idle = True
        super().wait_io_event(dt)
        self._since = ticks_us()
        self._idle = False

    def busy_ms(self) -> int:
        """How long the loop has not polled: by so much at most an interrupt of now is late. May be asked in one."""
        return 0 if self._idle else ticks_diff(ticks_us(), self._since) // 1000

    def __call__(self, name: str):
        self._name = name
        return self

    def __enter__(self):
        self._began = ticks_us()

    def __exit__(self, *_):
        us = ticks_diff(ticks_us(), self._began)
        self._since = ticks_add(self._since, us)
        if us > self.named.get(self._name, 0):
            self.named[self._name] = us

    def take_ms(self) -> int:
        """The longest slice since the last call, in ms, rounded up."""
        worst_us = self.worst_us
        self.worst_us = 0
        return (worst_us + 999) // 1000


def telemetry(board, journal, boot: int, uptime_ms: int, error_ms):
    """What the gateway is told every half minute (SPEC 6.3), in the order of its keys. Begins a new longest stall."""
    with board.meter("gc"):
        gc.collect()
    erases_avg, erases_max = journal.wear
    return (
        boot,
        uptime_ms,
        gc.mem_free(),
        journal.waiting,
        journal.used_permille,
        journal.next_seq - 1,
        error_ms,
        board.largest(),
        erases_avg,
        erases_max,
        board.rssi(),
        board.meter.take_ms(),
    )
