"""The timeline of a window: business events folded, in the order of their own time, into shifts, services and servings.

A *serving* is a stretch of time in which one service stands at one window, so that a press there can only mean it. It
begins when the service is called and ends with the first of: the next call at that window, the sign-out of who
serves, the service's cancellation or transfer (or its call at another window), ``linger_ms`` after it was served or
finished, and ``limit_ms`` after the call. A ``served`` or ``finished`` that finds no serving of its service begins
one, unless the service was served before or another one stands at the window. Stretches are half open: the end
belongs to what comes next.

    state of a window   event                         next
    ------------------  ----------------------------  ------------------------------------------
    free | serving X    called Y                      serving Y
    serving X           served X, finished X          serving X, until at most linger later
    serving X           cancelled X, transferred X    free
    serving X           called X at another window    free
    serving X           sign-out of X's staff         free
    serving X           sign-in of somebody else      free (whoever served X has left)
    free                served X, finished X          serving X, if X was not served before

The result depends on the set of events only, never on the order in which they came.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.core.business import RANK, SHIFT, Event, Type


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things last, in milliseconds."""

    linger_ms: int = 15 * 60_000
    limit_ms: int = 12 * 3_600_000


@dataclass(frozen=True, slots=True)
class Serving:
    """A service at a window from ``start_ms`` (in) to ``end_ms`` (out); ``served_ms``: when rating was invited."""

    window: str
    case_no: str
    service_no: int
    staff: str | None
    start_ms: int
    end_ms: int
    served_ms: int | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.case_no, self.service_no

    def meets(self, first_ms: int, last_ms: int) -> bool:
        """Whether any moment of ``first_ms … last_ms`` (both in) lies in this serving."""
        return first_ms < self.end_ms and last_ms >= self.start_ms


@dataclass(frozen=True, slots=True)
class Service:
    """One 服务 of a case as far as it is known; ``window`` and ``staff`` are the last ones."""

    case_no: str
    service_no: int
    window: str
    staff: str | None
    called_ms: int
    served_ms: int | None
    finished_ms: int | None
    closed_ms: int | None
    status: str


@dataclass(frozen=True, slots=True)
class Case:
    """A 办件: what its events say of it together."""

    case_no: str
    item_code: str | None
    item_name: str | None
    status: str
    accepted_ms: int | None
    finished_ms: int | None


def ordered(events: Iterable[Event]) -> list[Event]:
    """The events in the order in which they happened; ties are broken by type, then id, never by arrival."""
    return sorted(events, key=lambda e: (e.at_ms, RANK[e.type], e.case_no or "", e.service_no or 0, e.id))


def fold(events: Iterable[Event], rules: Rules) -> tuple[Serving, ...]:
    """Replay ``events`` (any order) by the table above: all servings, by their start."""
    state = _Fold(rules)
    for event in ordered(events):
        state.take(event)
    return state.result()


def service_of(key: tuple[str, int], events: Iterable[Event], rules: Rules) -> Service | None:
    """The service that ``events`` tell of: its own, and the sign-ins and sign-outs of its windows.

    None while nobody has said at which window it is. Until its call is known, its first event stands for it.
    """
    shifts = _Shifts(rules)
    window = staff = status = None
    first_ms = called_ms = served_ms = finished_ms = closed_ms = None
    for event in ordered(events):
        if event.type in SHIFT:
            shifts.take(event)
            continue
        if (event.case_no, event.service_no) != key:
            continue
        at_ms = event.at_ms
        first_ms = at_ms if first_ms is None else first_ms
        window = event.window or window
        on_duty = shifts.on_duty(event.window, at_ms) if event.window else None
        if event.type is Type.CALLED:
            called_ms = at_ms if called_ms is None else called_ms
            staff, closed_ms = event.staff or on_duty, None
        elif event.type in (Type.SERVED, Type.FINISHED):
            staff = event.staff or staff or on_duty
            if event.type is Type.SERVED:
                served_ms = at_ms if served_ms is None else served_ms
            else:
                finished_ms = at_ms if finished_ms is None else finished_ms
        else:
            closed_ms = at_ms
        if not (event.type is Type.SERVED and status == Type.FINISHED):
            status = str(event.type)
    if window is None or first_ms is None or status is None:
        return None
    called_ms = first_ms if called_ms is None else called_ms
    return Service(*key, window, staff, called_ms, served_ms, finished_ms, closed_ms, status)


def case_of(case_no: str, events: Iterable[Event]) -> Case:
    """The case that ``events`` (all those of ``case_no``) tell of."""
    item_code = item_name = None
    accepted_ms = finished_ms = None
    for event in ordered(events):
        item_code = event.item_code or item_code
        item_name = event.item_name or item_name
        if accepted_ms is None:
            accepted_ms = event.at_ms
        if event.type is Type.FINISHED and finished_ms is None:
            finished_ms = event.at_ms
    return Case(case_no, item_code, item_name, "finished" if finished_ms else "accepted", accepted_ms, finished_ms)


class _Shifts:
    """Who is on duty at each window. A sign-in is forgotten after ``limit_ms``: yesterday's does not count today."""

    def __init__(self, rules: Rules):
        self._limit_ms = rules.limit_ms
        self._since: dict[str, tuple[str, int]] = {}

    def take(self, event: Event) -> None:
        assert event.window
        if event.type is Type.SIGN_IN:
            assert event.staff
            self._since[event.window] = event.staff, event.at_ms
        elif event.staff in (None, self.on_duty(event.window, event.at_ms)):
            self._since.pop(event.window, None)

    def on_duty(self, window: str, at_ms: int) -> str | None:
        staff, since_ms = self._since.get(window, (None, 0))
        return staff if at_ms - since_ms < self._limit_ms else None


@dataclass(slots=True)
class _Known:
    """What a replay remembers of one service."""

    window: str | None = None
    served: bool = False


class _Fold:
    def __init__(self, rules: Rules):
        self.rules = rules
        self.done: list[Serving] = []
        self.at_window: dict[str, Serving] = {}
        self.shifts = _Shifts(rules)
        self.known: dict[tuple[str, int], _Known] = {}

    def take(self, event: Event) -> None:
        if event.type is Type.SIGN_IN:
            self._sign_in(event)
        elif event.type is Type.SIGN_OUT:
            self._sign_out(event)
        else:
            self._service_event(event)

    def result(self) -> tuple[Serving, ...]:
        servings = [s for s in self.done + list(self.at_window.values()) if s.end_ms > s.start_ms]
        return tuple(sorted(servings, key=lambda s: (s.start_ms, s.window, s.case_no, s.service_no)))

    # shifts

    def _sign_in(self, event: Event) -> None:
        window, staff = event.window, event.staff
        assert window
        before, serving = self.shifts.on_duty(window, event.at_ms), self._standing(window, event.at_ms)
        if before not in (None, staff) or (serving and serving.staff not in (None, staff)):
            self._end(window, event.at_ms)
        self.shifts.take(event)

    def _sign_out(self, event: Event) -> None:
        window = event.window
        assert window
        self.shifts.take(event)
        serving = self._standing(window, event.at_ms)
        if serving and (event.staff is None or serving.staff in (None, event.staff)):
            self._end(window, event.at_ms)

    # services

    def _service_event(self, event: Event) -> None:
        assert event.case_no and event.service_no
        key = event.case_no, event.service_no
        known = self.known.setdefault(key, _Known())
        known.window = event.window or known.window
        if event.type is Type.CALLED:
            self._called(event, key)
        elif event.type in (Type.CANCELLED, Type.TRANSFERRED):
            for window in self._places(key):
                self._end(window, event.at_ms)
        else:
            before, known.served = known.served, True
            if known.window and not before:
                self._served(event, key, known.window)

    def _called(self, event: Event, key: tuple[str, int]) -> None:
        window = event.window
        assert window
        for place in [*self._places(key), window]:
            self._end(place, event.at_ms)
        staff = event.staff or self.shifts.on_duty(window, event.at_ms)
        self.at_window[window] = Serving(window, *key, staff, event.at_ms, event.at_ms + self.rules.limit_ms)

    def _served(self, event: Event, key: tuple[str, int], window: str) -> None:
        serving = self._standing(window, event.at_ms)
        if serving and serving.key != key:
            return
        staff = event.staff or (serving.staff if serving else None) or self.shifts.on_duty(window, event.at_ms)
        end_ms = event.at_ms + self.rules.linger_ms
        if serving is None:
            for place in [*self._places(key), window]:
                self._end(place, event.at_ms)
            serving = Serving(window, *key, staff, event.at_ms, end_ms)
        elif serving.staff is not None and staff != serving.staff:
            # somebody else finished it: before and after belong to different people
            self._end(window, event.at_ms)
            serving = replace(serving, start_ms=event.at_ms)
        end_ms = min(serving.end_ms, end_ms)
        self.at_window[window] = replace(serving, staff=staff, served_ms=event.at_ms, end_ms=end_ms)

    def _standing(self, window: str, at_ms: int) -> Serving | None:
        serving = self.at_window.get(window)
        return serving if serving and at_ms < serving.end_ms else None

    def _places(self, key: tuple[str, int]) -> list[str]:
        return [window for window, serving in self.at_window.items() if serving.key == key]

    def _end(self, window: str, at_ms: int) -> None:
        serving = self.at_window.pop(window, None)
        if serving:
            self.done.append(replace(serving, end_ms=min(serving.end_ms, at_ms)))
