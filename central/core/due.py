"""Which timers fire now: rows with a due time and the clock in, firings out.

Nothing is remembered here but the rows: a process that was killed, ran twice, or slept for a week finds the same rows
and comes to the same firings. Three things make each happen once:

- a row fires while ``fired_ms`` is None, and the edge sets it in the transaction that performs the firing, only where
  it is still None; a clock that goes back afterwards finds it set;
- of one handling only the first due row is given at a time. What it does may stop the others, so the edge performs it
  and asks again (`due` on the rows as they are then) until nothing comes;
- `central.core.loop.act` takes a firing whose timer no longer runs, or is not due, as nothing at all.

Whether an appeal was in time is never decided by when a timer fired, but by its due time. So a scheduler may be late
without harm, and waits while the clock is in doubt (`Watch`): a wrong year would otherwise confirm every bad rating.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from central.core.handling import Action

#: Wall and monotonic clock may differ by this much between two looks, or one of them was set.
TOLERANCE_MS = 5_000
#: So long must the wall clock have run steadily before anything fires. Deadlines are hours and days; this is nothing.
SETTLE_MS = 120_000

#: Of two that are due at one moment, what only warns comes before what moves the rating on: else the warning is lost.
_ORDER = {action: place for place, action in enumerate((Action.OVERDUE, Action.ESCALATE, Action.EXPIRE, Action.LAPSE))}


@dataclass(frozen=True)
class Row:
    """A timer that was started. Its identity is (handling, timer, start): the same timer started anew is another row.
    A stopped one has no row any more. ``fired_ms``: when it fired, None while it has not."""

    handling: str
    timer: str
    start_ms: int
    due_ms: int
    fires: Action
    fired_ms: int | None = None


@dataclass(frozen=True)
class Firing:
    """Perform ``row.fires`` on the handling, as the system. ``late_ms``: how long it has been due."""

    row: Row
    late_ms: int


def due(rows: Iterable[Row], now_ms: int, most: int | None = None) -> list[Firing]:
    """The firings of this moment, longest due first, one for each handling, at most ``most``."""
    first: dict[str, Row] = {}
    for row in sorted(rows, key=_place):
        if row.fired_ms is None and row.due_ms <= now_ms:
            first.setdefault(row.handling, row)
    return [Firing(row, now_ms - row.due_ms) for row in first.values()][:most]


def wake_in(rows: Iterable[Row], now_ms: int, longest_ms: int) -> int:
    """How long to sleep, in ms: until the next due time, at most ``longest_ms``, because clocks are set meanwhile."""
    waiting = [row.due_ms - now_ms for row in rows if row.fired_ms is None]
    return max(0, min([*waiting, longest_ms]))


def _place(row: Row) -> tuple[int, int, str, str, int]:
    return row.due_ms, _ORDER[row.fires], row.handling, row.timer, row.start_ms


@dataclass(frozen=True)
class Watch:
    """What this process knows of its clocks: the last look at both, and since when they have agreed. Not stored."""

    wall_ms: int | None = None
    monotonic_ms: int = 0
    steady_since_ms: int = 0

    def look(self, wall_ms: int, monotonic_ms: int) -> "Watch":
        """Both clocks now. A start, a step in either direction, and a machine that slept all begin anew."""
        steady = self.wall_ms is not None and monotonic_ms >= self.monotonic_ms
        if steady and self.wall_ms is not None:
            apart_ms = (wall_ms - self.wall_ms) - (monotonic_ms - self.monotonic_ms)
            steady = abs(apart_ms) <= TOLERANCE_MS
        return Watch(wall_ms, monotonic_ms, self.steady_since_ms if steady else monotonic_ms)

    @property
    def trusted(self) -> bool:
        """Whether timers may fire on this clock."""
        return self.wall_ms is not None and self.monotonic_ms - self.steady_since_ms >= SETTLE_MS
