"""The timeline of a window: business events folded, in the order of their own time, into servings.

A *serving* is a stretch of time in which one service stands at one window, so that a press there can only mean it. It
begins when the service is called and ends with the first of what the table names, ``linger_ms`` after it was served or
finished, and ``limit_ms`` after the call. Stretches are half open: the end belongs to what comes next.

    state of a window     event                                  next
    --------------------  -------------------------------------  ---------------------------------------------------
    free | serving X      called Y                               serving Y
    free | serving X      recalled Y, resumed Y                  serving Y at this window or, if none is named, its last
    serving X             recalled X, resumed X                  serving X, as before
    serving X             served X, finished X                   X is served: until at most linger later
    free                  served X, finished X                   X is served, if it was not since its last call
    serving X             cancelled X, transferred X, paused X   free
    serving X             called X at another window             free, unless the call is shared
    serving X             sign-in of somebody else               serving X, by the newcomer from now on
    serving X             sign-out of X's staff                  free
    serving X             paused (the window)                    free, X is remembered
    free, X remembered    resumed (the window)                   serving X, its limit as before
    free, X remembered    any other call or sign-out here        free, X is forgotten
    X is served           sign-out of X's staff, sign-in of      X is left: who leaves at once is rated all the same,
                          somebody else, paused (the window)     but only with X's token; for other presses: free

What somebody else finishes is, from then on, his. The result depends on the set of events only, never on the order in
which they came.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.business import RANK, Event, Type
from gateway.core.shifts import Shifts

#: With these a service begins to stand at a window.
BEGIN = (Type.CALLED, Type.RECALLED, Type.RESUMED)


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things last, in milliseconds."""

    linger_ms: int = 15 * 60_000
    limit_ms: int = 12 * 3_600_000


@dataclass(frozen=True, slots=True)
class Serving:
    """A service at a window from ``start_ms`` (in) to ``end_ms`` (out); ``served_ms``: when rating was invited.

    ``left_ms``: when its staff left it, already served; from then on a press means it only with its token.
    ``begun_by``, ``served_by`` and ``ended_by`` are ids of events; without the last one its time was up.
    """

    window: str
    case_no: str
    service_no: int
    staff: str | None
    start_ms: int
    end_ms: int
    served_ms: int | None = None
    left_ms: int | None = None
    begun_by: str | None = None
    served_by: str | None = None
    ended_by: str | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.case_no, self.service_no

    def meets(self, first_ms: int, last_ms: int, with_token: bool = False) -> bool:
        """Whether a press at any moment of ``first_ms … last_ms`` (both in) can mean this serving."""
        end_ms = self.end_ms if with_token or self.left_ms is None else self.left_ms
        return first_ms < end_ms and last_ms >= self.start_ms


def ordered(events: Iterable[Event]) -> list[Event]:
    """The events in the order in which they happened; ties are broken by type, then id, never by arrival."""
    return sorted(events, key=lambda e: (e.at_ms, RANK[e.type], e.case_no or "", e.service_no or 0, e.id))


def fold(events: Iterable[Event], rules: Rules) -> tuple[Serving, ...]:
    """Replay ``events`` (those that stand, in any order) by the table above: all servings, by their start."""
    state = _Fold(rules)
    for event in ordered(events):
        state.take(event)
    return state.result()


@dataclass(slots=True)
class _Stretch:
    """A serving while it is being made: the same fields, and it may change."""

    window: str
    case_no: str
    service_no: int
    staff: str | None
    start_ms: int
    end_ms: int
    served_ms: int | None = None
    left_ms: int | None = None
    begun_by: str | None = None
    served_by: str | None = None
    ended_by: str | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.case_no, self.service_no

    def again(self, event: Event, staff: str | None) -> "_Stretch":
        """A stretch of the same service that begins with ``event``; its limit stays."""
        after = copy.copy(self)
        after.start_ms, after.begun_by, after.staff = event.at_ms, event.id, staff
        return after

    def done(self) -> Serving:
        whole = self.window, self.case_no, self.service_no, self.staff, self.start_ms, self.end_ms
        return Serving(*whole, self.served_ms, self.left_ms, self.begun_by, self.served_by, self.ended_by)


@dataclass(slots=True)
class _Known:
    """What a replay remembers of one service: its last window, and whether it was served since its last call."""

    window: str | None = None
    served: bool = False


class _Fold:
    def __init__(self, rules: Rules):
        self.rules = rules
        self.done: list[_Stretch] = []
        self.at_window: dict[str, _Stretch] = {}
        self.remembered: dict[str, _Stretch] = {}
        self.shifts = Shifts(rules.limit_ms)
        self.known: dict[tuple[str, int], _Known] = {}

    def take(self, event: Event) -> None:
        if event.case_no is None:
            _OF_WINDOW[event.type](self, event, str(event.window))
        else:
            key = event.case_no, int(event.service_no or 0)
            known = self.known.setdefault(key, _Known())
            known.window = event.window or known.window
            _OF_SERVICE[event.type](self, event, key, known)

    def result(self) -> tuple[Serving, ...]:
        servings = [s for s in self.done + list(self.at_window.values()) if s.end_ms > s.start_ms]
        servings.sort(key=lambda s: (s.start_ms, s.window, s.case_no, s.service_no))
        return tuple(serving.done() for serving in servings)

    # of a window

    def sign_in(self, event: Event, window: str) -> None:
        self.shifts.take(event)
        serving = self._standing(window, event.at_ms)
        if serving is None or serving.staff == event.staff:
            return
        if serving.served_ms is not None:
            self._leave(serving, event)
        else:
            after = serving.again(event, event.staff)
            self._end(window, event)
            self.at_window[window] = after

    def sign_out(self, event: Event, window: str) -> None:
        self.shifts.take(event)
        serving, remembered = self._standing(window, event.at_ms), self.remembered.get(window)
        if serving and _may_be(event.staff, serving.staff):
            self._leave(serving, event)
        if remembered and _may_be(event.staff, remembered.staff):
            del self.remembered[window]

    def pause_window(self, event: Event, window: str) -> None:
        self.remembered.pop(window, None)
        serving = self._standing(window, event.at_ms)
        if serving and serving.served_ms is None:
            self.remembered[window] = copy.copy(serving)
        if serving:
            self._leave(serving, event)

    def resume_window(self, event: Event, window: str) -> None:
        serving = self.remembered.get(window)
        if serving:  # then nothing has begun here since
            staff = self.shifts.on_duty(window, event.at_ms) or serving.staff
            self._begin(serving.again(event, staff), event, shared=True)

    # of a service

    def begin(self, event: Event, key: tuple[str, int], known: _Known) -> None:
        window = known.window
        if window is None:
            return
        standing = self._standing(window, event.at_ms)
        here = standing is not None and standing.key == key and standing.served_ms is None
        if here and standing and event.type is not Type.CALLED and event.staff in (None, standing.staff):
            return
        known.served = False
        staff = event.staff or self.shifts.on_duty(window, event.at_ms)
        end_ms = event.at_ms + self.rules.limit_ms
        serving = _Stretch(window, *key, staff, event.at_ms, end_ms, begun_by=event.id)
        self._begin(serving, event, event.shared)

    def serve(self, event: Event, key: tuple[str, int], known: _Known) -> None:
        first, known.served = not known.served, True
        here = [window for window in self._places(key) if self._standing(window, event.at_ms)]
        last = [known.window] if known.window else []
        for window in [event.window] if event.window else here or last:
            serving = self._standing(window, event.at_ms)
            if serving and serving.key == key:
                if serving.served_ms is None:
                    self._invite(serving, event)
            elif serving is None and first:
                staff = event.staff or self.shifts.on_duty(window, event.at_ms)
                end_ms = event.at_ms + self.rules.linger_ms
                opened = _Stretch(window, *key, staff, event.at_ms, end_ms, event.at_ms, None, event.id, event.id)
                self._begin(opened, event, shared=False)

    def close(self, event: Event, key: tuple[str, int], known: _Known) -> None:
        places = [window for window in self._places(key) if self._standing(window, event.at_ms)]
        for window in places:
            if event.window == window or event.window not in places:
                self._end(window, event)
        self._forget(key)

    def _leave(self, serving: _Stretch, event: Event) -> None:
        if serving.served_ms is None:
            self._end(serving.window, event)
        elif serving.left_ms is None:
            serving.left_ms = event.at_ms

    def _invite(self, serving: _Stretch, event: Event) -> None:
        window, at_ms = serving.window, event.at_ms
        staff = event.staff or serving.staff or self.shifts.on_duty(window, at_ms)
        if serving.staff is not None and staff != serving.staff:
            # somebody else finished it: before and after belong to different people
            before, serving = serving, serving.again(event, staff)
            self._end(before.window, event)
            self.at_window[window] = serving
        serving.staff, serving.served_ms, serving.served_by = staff, at_ms, event.id
        serving.end_ms = min(serving.end_ms, at_ms + self.rules.linger_ms)

    def _begin(self, serving: _Stretch, event: Event, shared: bool) -> None:
        window = serving.window
        for place in [window] if shared else [*self._places(serving.key), window]:
            self._end(place, event)
        self.remembered.pop(window, None)
        if not shared:
            self._forget(serving.key)
        self.at_window[window] = serving

    def _standing(self, window: str, at_ms: int) -> _Stretch | None:
        serving = self.at_window.get(window)
        return serving if serving and at_ms < serving.end_ms else None

    def _places(self, key: tuple[str, int]) -> list[str]:
        return [window for window, serving in self.at_window.items() if serving.key == key]

    def _forget(self, key: tuple[str, int]) -> None:
        for window in [window for window, serving in self.remembered.items() if serving.key == key]:
            del self.remembered[window]

    def _end(self, window: str, event: Event) -> None:
        serving = self.at_window.pop(window, None)
        if serving is None:
            return
        if event.at_ms < serving.end_ms:
            serving.end_ms, serving.ended_by = event.at_ms, event.id
        self.done.append(serving)


def _may_be(named: str | None, staff: str | None) -> bool:
    return named is None or staff in (None, named)


_OF_WINDOW = {
    Type.SIGN_IN: _Fold.sign_in,
    Type.SIGN_OUT: _Fold.sign_out,
    Type.PAUSED: _Fold.pause_window,
    Type.RESUMED: _Fold.resume_window,
}
_OF_SERVICE = {
    Type.CALLED: _Fold.begin,
    Type.RECALLED: _Fold.begin,
    Type.RESUMED: _Fold.begin,
    Type.SERVED: _Fold.serve,
    Type.FINISHED: _Fold.serve,
    Type.PAUSED: _Fold.close,
    Type.TRANSFERRED: _Fold.close,
    Type.CANCELLED: _Fold.close,
}
