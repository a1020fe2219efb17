"""The scheduler: one thread that lets limits fire when they are due.

It remembers nothing (`central.core.due` says why that is enough), and does nothing while the clock is in doubt.
"""

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from central.clock import Clock
from central.core.due import Watch
from central.office import Office

log = structlog.get_logger("central")

#: It looks at the clocks this often at least, so that a step is seen before anything fires on it.
LONGEST_S = 30.0
#: Tables of holidays are read again this often.
TABLES_S = 3600.0

Job = Callable[[], object]


class Scheduler:
    """``jobs`` are run at each round after the limits; one that fails is logged and comes round again."""

    def __init__(self, office: Office, clock: Clock, jobs: Sequence[Job] = ()):
        self._office = office
        self._clock = clock
        self._jobs: tuple[Job, ...] = (office.sweep, office.run_due, *jobs)
        self._watch = Watch()
        self._tables_at_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the round under way."""
        self._ended.set()
        self._office.wake()
        self._thread.join()

    @property
    def healthy(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def round(self, monotonic_s: float) -> bool:
        """One round at this moment of the monotonic clock; False while the clock of the day is in doubt."""
        self._watch = self._watch.look(self._clock.now_ms(), round(monotonic_s * 1000))
        if not self._watch.trusted:
            return False
        jobs = self._jobs
        if monotonic_s >= self._tables_at_s:
            self._tables_at_s = monotonic_s + TABLES_S
            jobs = (self._office.recompute, *jobs)
        for job in jobs:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - whatever it is, the others go on and this one comes again
                log.error("a job of the scheduler failed", job=getattr(job, "__name__", "?"), error=repr(error)[:200])
        return True

    def _run(self) -> None:
        while not self._ended.is_set():
            self.round(time.monotonic())
            self._office.wait(LONGEST_S)
