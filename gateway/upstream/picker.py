"""Which events go next (``core.lanes`` decides), and which are under way: several senders share one picker."""

import threading
from collections.abc import Iterable

from gateway.core import lanes
from gateway.core.lanes import Bucket, Waiting
from gateway.store import outbox
from gateway.store.writer import Store

_IDLE_MS = 5000


class Picker:
    """``pick`` gives ids and takes them out of sight until ``release``."""

    def __init__(self, store: Store, most: int, per_second: int, burst: int, now_ms: int):
        self._store = store
        self._most = most
        self._room = min(most, lanes.FIRST)
        self._bucket = Bucket(per_second, burst, now_ms)
        # a slow bucket is emptied five times in a second, not a post for each drop
        self._least = max(1, min(burst, per_second // 5))
        self._lock = threading.Lock()
        self._under_way: set[int] = set()
        # what is queued from now on is live; what was there before, or gathers while central is away, is backlog
        self._live_above = outbox.newest(store.reader())

    def pick(self, now_ms: int) -> tuple[list[int], int]:
        """The ids of the next batch; if there is nothing to send, an empty list and how long that stays so at most."""
        with self._lock:
            reader = self._store.reader()
            slack = self._most + len(self._under_way)
            live = outbox.fresh(reader, self._live_above, 2**63 - 1, now_ms, self._room + slack)
            chosen = self._choose(live, now_ms, self._room)
            level = self._bucket.level(now_ms)
            backlog: list[int] = []
            allowed = min(level, self._room - len(chosen))
            if allowed > 0 and level >= min(self._least, self._room):
                old = outbox.again(reader, now_ms, allowed)
                if len(old) < allowed:
                    old += outbox.fresh(reader, 0, self._live_above, now_ms, allowed + slack)
                taken = set(chosen)
                backlog = self._choose((event for event in old if event.id not in taken), now_ms, allowed, taken)
                self._bucket.take(len(backlog))
            chosen = sorted({*chosen, *backlog})
            self._under_way.update(chosen)
            return chosen, 0 if chosen else self._wait_ms(now_ms)

    def release(self, ids: Iterable[int]) -> None:
        """These are settled, or were not sent after all."""
        with self._lock:
            self._under_way.difference_update(ids)

    def went(self, sent: int, took_ms: int) -> None:
        """A batch was answered after this time."""
        with self._lock:
            self._room = lanes.room(sent, took_ms, self._room, self._most)

    def away(self) -> None:
        """Central does not answer: whatever is queued by now is backlog."""
        with self._lock:
            self._live_above = outbox.newest(self._store.reader())

    def _choose(self, wanted: Iterable[Waiting], now_ms: int, most: int, taken: Iterable[int] = ()) -> list[int]:
        free = [event for event in wanted if event.id not in self._under_way][: 2 * self._most]
        kin = outbox.kin(self._store.reader(), (event.key for event in free))
        return [row for row in lanes.choose(free, kin, self._under_way, now_ms, most) if row not in taken]

    def _wait_ms(self, now_ms: int) -> int:
        reader = self._store.reader()
        next_ms = outbox.next_due_ms(reader)
        found = [_IDLE_MS] if next_ms is None else [_IDLE_MS, max(next_ms - now_ms, 10)]
        if outbox.fresh(reader, 0, self._live_above, now_ms, 1) and not self._under_way:
            found.append(self._bucket.wait_ms(min(self._least, self._room)))
        return min(found)
