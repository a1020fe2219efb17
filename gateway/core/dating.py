"""Dating: when a press was made whose device did not know the time (spec 8.4). Pure.

A device counts milliseconds since each of its starts, always, and its records name the start (``boot``). So a record of
the same start that does know the time dates the press: by the difference of the two counters, which may have drifted by
20 ppm. If none will come, because the device has started anew, the press lies between what the starts before and after
say: it was made after whatever an earlier start recorded, and before a later start began; and no press is made after
its record came in.

Statements can contradict each other, for a battery clock can be wrong. Of those of one start the newest counts first,
as on the device; one that contradicts it is left out. Starts that contradict each other date nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

DRIFT_PPM = 20  # of the device's counter (spec 8.2)
#: A longer span meets half a hall's day: it is no time at which somebody was served.
WIDEST_MS = 24 * 3_600_000

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Statement:
    """A record that knew the time: at ``uptime_ms`` of start ``boot`` it was ``wall_ms`` ± ``error_ms``."""

    boot: int
    uptime_ms: int
    wall_ms: int
    error_ms: int

    def at(self, uptime_ms: int) -> Span:
        """First and last possible wall time of another moment of the same start."""
        age_ms = uptime_ms - self.uptime_ms
        error_ms = self.error_ms + _drift(abs(age_ms))
        return self.wall_ms + age_ms - error_ms, self.wall_ms + age_ms + error_ms

    @property
    def start(self) -> Span:
        """When this start began."""
        return self.at(0)


def of_same_boot(boot: int, uptime_ms: int, statements: Iterable[Statement]) -> Span | None:
    """When it was ``uptime_ms`` in start ``boot``. ``statements``: the newest first; those of other starts are ignored.

    None without a statement of this start.
    """
    span = None
    for statement in statements:
        if statement.boot == boot:
            first_ms, last_ms = statement.at(uptime_ms)
            if span is None:
                span = first_ms, last_ms
            elif first_ms <= span[1] and span[0] <= last_ms:
                span = max(first_ms, span[0]), min(last_ms, span[1])
    return span


def between_boots(boot: int, uptime_ms: int, received_ms: int, statements: Iterable[Statement]) -> Span | None:
    """When it was ``uptime_ms`` in start ``boot``, which never knew the time.

    ``received_ms``: when a record of it was in this gateway. None without a statement of an earlier start, if the
    statements contradict each other, or if the span is wider than ``WIDEST_MS``.
    """
    first_ms, last_ms = None, received_ms
    for statement in statements:
        if statement.boot < boot:
            # this start began after it, and the press came so much later
            earliest = statement.wall_ms - statement.error_ms + uptime_ms - _drift(uptime_ms)
            first_ms = earliest if first_ms is None else max(first_ms, earliest)
        elif statement.boot > boot:
            last_ms = min(last_ms, statement.start[1])
    if first_ms is None or not 0 <= last_ms - first_ms <= WIDEST_MS:
        return None
    return first_ms, last_ms


def _drift(ms: int) -> int:
    return (ms * DRIFT_PPM + 999_999) // 1_000_000
