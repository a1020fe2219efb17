"""What goes to central next: live events before the backlog, and no event of a case before an earlier one of it.

An event's ``key`` names its case; events without one hold up nobody. ``choose`` decides on ids alone, so that whole
events are read only for what is really sent.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the outbox: ``next_ms`` is 0, or when it may be tried again."""

    id: int
    key: int | None
    next_ms: int = 0


def choose(
    wanted: Iterable[Waiting],
    kin: Mapping[int, Sequence[Waiting]],
    under_way: Collection[int],
    now_ms: int,
    most: int,
) -> list[int]:
    """The ids to send together, at most ``most``, lowest first.

    ``kin`` are all pending events of each wanted key. An event is taken together with the earlier ones of its case; it
    stays behind while one of these is under way, or waits to be tried again.
    """
    chosen: set[int] = set()
    for event in wanted:
        if len(chosen) >= most:
            break
        earlier = [k for k in kin.get(event.key, ()) if k.id < event.id] if event.key is not None else []
        if event.id in under_way or any(k.next_ms > now_ms or k.id in under_way for k in earlier):
            continue
        new = {event.id, *(k.id for k in earlier)} - chosen
        if not chosen:  # a case with more events than fit into one batch goes piece by piece
            chosen.update(sorted(new)[:most])
        elif len(chosen) + len(new) <= most:
            chosen |= new
    return sorted(chosen)


#: What one batch may cost of a live event's second: it waits for at most two before its own.
TARGET_MS = 200
LEAST = 20
#: What the first batch holds, before anything is known of central's speed.
FIRST = 100


def room(sent: int, took_ms: int, now: int, most: int) -> int:
    """How many events the next batch may hold, after one of ``sent`` took ``took_ms`` while ``now`` was allowed.

    A slow central gets smaller batches, so that a live event never waits long behind the backlog.
    """
    if took_ms > TARGET_MS:
        return max(LEAST, min(now, sent * TARGET_MS // took_ms))
    return min(most, now * 2) if sent * 2 >= now else now


class Bucket:
    """A token bucket: ``per_second`` on average, ``burst`` at once. Times in ms; it reads no clock."""

    def __init__(self, per_second: int, burst: int, now_ms: int):
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._at_ms = now_ms

    def level(self, now_ms: int) -> int:
        """How many may go now. A clock that goes back gives nothing and takes nothing."""
        if now_ms > self._at_ms:
            self._tokens = min(self._burst, self._tokens + (now_ms - self._at_ms) * self._per_second / 1000)
        self._at_ms = now_ms
        return int(self._tokens)

    def take(self, count: int) -> None:
        """Use tokens; more than there are makes the next ones wait longer."""
        self._tokens -= count

    def wait_ms(self, wanted: int) -> int:
        """How long until ``wanted`` tokens are there, at least 1 ms."""
        missing = min(wanted, self._burst) - self._tokens
        return max(1, int(missing * 1000 / self._per_second) + 1)
