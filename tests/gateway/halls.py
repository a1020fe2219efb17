"""Days in a hall, and what truly happened in them: the oracle of test_binding_halls.

Somebody stands in the hall and writes down, tick by tick, who is being served where (``Hall.seen``). The counters are
people who call, serve, leave and come back; the queue system tells of it, now and then wrongly, mends that later, and
what it tells arrives late and in any order. Nothing of gateway.core.timeline or gateway.core.binding is used to write
down the truth. One tick is a millisecond, so that every edge is met often.
"""

import random
from dataclasses import dataclass, field, replace

from gateway.core import arming
from gateway.core.binding import Press, Token
from gateway.core.business import ApplicantKind, Event, Type, standing
from gateway.core.timeline import Rules, fold

LINGER, LIMIT = 6, 25
RULES = Rules(LINGER, LIMIT)
START = 1000
#: After the last action everything runs out by itself.
SILENCE = LIMIT + 2

Key = tuple[str, int]


@dataclass(frozen=True)
class Seen:
    """A service at a counter at one tick. ``alone``: the staff has left; the citizen may still answer the screen."""

    key: Key
    staff: str | None
    alone: bool


@dataclass
class Counter:
    """A window: who sits there, and which service stands in front."""

    clerk: str | None = None
    since: int = 0
    citizen: Key | None = None
    staff: str | None = None
    entered: int = 0
    leaves: int = 0
    invited: int | None = None
    alone: bool = False
    parked: tuple[Key, str | None, int] | None = None

    def duty(self, tick: int) -> str | None:
        return self.clerk if tick - self.since < LIMIT else None

    def clear(self) -> None:
        self.citizen, self.invited, self.alone = None, None, False

    def take(self, key: Key, staff: str | None, tick: int, leaves: int) -> None:
        self.citizen, self.staff, self.entered, self.leaves = key, staff, tick, leaves
        self.invited, self.alone, self.parked = None, False, None


@dataclass(frozen=True)
class Pressed:
    """A press at ``window`` at the true tick; ``press`` is what its device says. ``token``: as the gateway knows it."""

    window: str | None
    press: Press
    token: Token | None


@dataclass(frozen=True)
class Moment:
    """A press at ``window`` at the true ``tick`` of the gateway, on a device that got its last scene at ``looked``."""

    window: str
    tick: int
    looked: int
    press: Press


@dataclass
class Hall:
    """One day. ``told``: what the queue system told, with the tick of its arrival; ``clock``: how far it is ahead."""

    dice: random.Random
    prefix: str = ""
    counters: dict[str, Counter] = field(default_factory=dict)
    seen: dict[str, dict[int, Seen]] = field(default_factory=dict)
    told: list[tuple[int, Event]] = field(default_factory=list)
    cases: list[Key] = field(default_factory=list)
    answered: set[Key] = field(default_factory=set)
    last: dict[Key, str] = field(default_factory=dict)
    clock: int = 0
    business_error: int = 0
    end: int = 0

    # the day

    def play(self, actions: int) -> None:
        dice = self.dice
        self.counters = {f"{self.prefix}{name}": Counter() for name in ("A", "B")[: dice.randint(1, 2)]}
        self.seen = {window: {} for window in self.counters}
        self.business_error = dice.choice((0, 0, 0, 1, 3))
        self.clock = dice.randint(-self.business_error, self.business_error)
        tick = START
        for _ in range(actions):
            tick += dice.choice((1, 1, 2, 3, 5))
            self._wait(tick)
            window = dice.choice(list(self.counters))
            dice.choices((self._shift, self._call, self._serve, self._close, self._break), (3, 5, 5, 2, 3))[0](
                window, self.counters[window], tick
            )
            self._write(tick)
        self.end = tick + 1
        self._wait(self.end + SILENCE)
        self._mend()

    def _wait(self, until: int) -> None:
        """Let time pass up to ``until`` (out), writing down what is seen."""
        for tick in range(self._next, until):
            self._expire(tick)
            self._write(tick)
        self._expire(until)

    _next = START

    def _expire(self, tick: int) -> None:
        for counter in self.counters.values():
            waited = counter.invited is not None and tick >= counter.invited + LINGER
            if counter.citizen and (waited or tick >= counter.leaves):
                counter.clear()

    def _write(self, tick: int) -> None:
        self._next = tick + 1
        for window, counter in self.counters.items():
            if counter.citizen:
                self.seen[window][tick] = Seen(counter.citizen, counter.staff, counter.alone)

    # what people do

    def _shift(self, window: str, counter: Counter, tick: int) -> None:
        dice = self.dice
        if counter.clerk is None or dice.random() < 0.5:
            newcomer = dice.choice(("1", "2", "3"))
            counter.clerk, counter.since = newcomer, tick
            if counter.citizen and counter.staff != newcomer:
                if counter.invited is None:
                    counter.staff = newcomer
                else:
                    counter.alone = True
            return self._tell(Type.SIGN_IN, tick, window, newcomer)
        named = dice.choice((None, counter.clerk, "1"))
        mine = {None, named}
        if named in (None, counter.duty(tick)):
            counter.clerk = None
        if counter.citizen and (named is None or counter.staff in mine):
            self._stand_up(counter)
        if counter.parked and (named is None or counter.parked[1] in mine):
            counter.parked = None
        return self._tell(Type.SIGN_OUT, tick, window, named)

    def _stand_up(self, counter: Counter) -> None:
        """The staff leaves: who was not served goes too, who was may still answer."""
        if counter.invited is None:
            counter.clear()
        else:
            counter.alone = True

    def _call(self, window: str, counter: Counter, tick: int) -> None:
        dice = self.dice
        old = self.cases and dice.random() < 0.45
        shared = dice.random() < 0.3
        if old:
            key = self._somebody(elsewhere=shared)
        else:
            again = self.cases and dice.random() < 0.3  # the next service of a known case
            case, number = dice.choice(self.cases) if again else (f"{self.prefix}C{len(self.cases)}", 0)
            key = case, 1 + max((n for c, n in self.cases if c == case), default=number)
            self.cases.append(key)
        kind = dice.choice((Type.CALLED, Type.RECALLED, Type.RESUMED)) if old else Type.CALLED
        named = dice.choice((None, None, "1", "2"))
        self._tell(kind, tick, window, named, key, shared=shared)
        waiting = counter.citizen == key and counter.invited is None
        if kind is not Type.CALLED and waiting and named in (None, counter.staff):
            return
        if not shared:
            self._leave_everywhere(key)
        counter.take(key, named or counter.duty(tick), tick, tick + LIMIT)
        self.answered.discard(key)

    def _serve(self, window: str, counter: Counter, tick: int) -> None:
        dice = self.dice
        kind = dice.choice((Type.SERVED, Type.FINISHED))
        named = dice.choice((None, None, None, "1", "2"))
        if counter.citizen is None or dice.random() < 0.2:
            self._finish_elsewhere(window, counter, tick, kind, named)
            return
        key = counter.citizen
        alone_there = [w for w, other in self.counters.items() if other.citizen == key] == [window]
        self._tell(kind, tick, None if alone_there and dice.random() < 0.5 else window, named, key)
        if counter.invited is None:
            known, counter.staff = counter.staff, named or counter.staff or counter.duty(tick)
            counter.invited = tick
            if known is None:  # only now do we hear who it was all along
                for earlier in range(counter.entered, tick):
                    self.seen[window][earlier] = Seen(key, counter.staff, False)
        self.answered.add(key)

    def _finish_elsewhere(self, window: str, counter: Counter, tick: int, kind: Type, named: str | None) -> None:
        """The system says that a service is done which is not in front of this counter."""
        others = [key for key in self.cases if all(c.citizen != key for c in self.counters.values())]
        if not others:
            return
        key = self.dice.choice(others)
        self._tell(kind, tick, window, named, key)
        if key not in self.answered and counter.citizen is None:
            self._leave_everywhere(key)
            counter.take(key, named or counter.duty(tick), tick, tick + LIMIT)
            counter.invited = tick
        self.answered.add(key)

    def _close(self, window: str, counter: Counter, tick: int) -> None:
        if not self.cases:
            return
        key = self._somebody() if counter.citizen is None or self.dice.random() < 0.3 else counter.citizen
        kind = self.dice.choice((Type.CANCELLED, Type.TRANSFERRED, Type.PAUSED))
        named = window if self.dice.random() < 0.5 else None
        self._tell(kind, tick, named, None, key)
        at = [w for w, other in self.counters.items() if other.citizen == key]
        for place in at:
            if named not in at or place == named:
                self.counters[place].clear()
        for other in self.counters.values():
            if other.parked and other.parked[0] == key:
                other.parked = None

    def _break(self, window: str, counter: Counter, tick: int) -> None:
        if self.dice.random() < (0.7 if counter.parked else 0.4):
            if counter.parked and counter.citizen is None and tick < counter.parked[2]:
                key, staff, leaves = counter.parked
                counter.take(key, counter.duty(tick) or staff, tick, leaves)
            return self._tell(Type.RESUMED, tick, window)
        counter.parked = None
        if counter.citizen:
            if counter.invited is None:
                counter.parked = counter.citizen, counter.staff, counter.leaves
            self._stand_up(counter)
        return self._tell(Type.PAUSED, tick, window)

    def _somebody(self, elsewhere: bool = False) -> Key:
        """A service that is known; most of all one that was interrupted, or that stands at some counter."""
        counters = self.counters.values()
        parked = [counter.parked[0] for counter in counters if counter.parked]
        there = [counter.citizen for counter in counters if counter.citizen]
        return self.dice.choice((there if elsewhere else parked) or self.cases)

    def _leave_everywhere(self, key: Key) -> None:
        for counter in self.counters.values():
            if counter.citizen == key:
                counter.clear()
            if counter.parked and counter.parked[0] == key:
                counter.parked = None

    # what is told of it

    def _tell(
        self, kind: Type, tick: int, window: str | None, staff: str | None = None, key: Key | None = None, **more: bool
    ) -> None:
        case, number = key or (None, None)
        if key and window is None and key not in self.last:
            window = next(iter(self.counters))  # nobody has said where: an event that changes nothing may say anything
        if key and window:
            self.last[key] = window
        who = self.dice.choice((None, ApplicantKind.SELF, ApplicantKind.AGENT)) if key else None
        name = f"{self.prefix}e{len(self.told)}"
        event = Event(name, kind, tick, window, staff, case, number, applicant_kind=who, **more)
        self.told.append((self._arrival(tick), event))

    def _arrival(self, tick: int) -> int:
        """On the gateway's clock: mostly soon, sometimes much later."""
        return tick - self.clock + self.dice.choice((0, 0, 1, 2, 30, 80))

    def _mend(self) -> None:
        """Some of what was told was wrong at first, or nothing of the kind had happened; it was mended later."""
        dice = self.dice
        for place, (arrival, event) in enumerate(self.told[:]):
            chance = dice.random()
            if chance < 0.12:
                for wrong in range(dice.randint(1, 2)):
                    first = self._wrong(replace(event, id=f"{event.id}w{wrong}", corrects=event.corrects))
                    self.told.append((self._arrival(event.at_ms), first))
                    event = replace(event, corrects=first.id)
                self.told[place] = (arrival, event)
            elif chance < 0.2:
                phantom = self._wrong(replace(event, id=event.id + "p", corrects=None))
                taken_back = Event(event.id + "t", Type.WITHDRAWN, event.at_ms, corrects=phantom.id)
                self.told += [(self._arrival(event.at_ms), e) for e in (phantom, taken_back)]

    def _wrong(self, event: Event) -> Event:
        dice = self.dice
        what = dice.randrange(3)
        if what == 0:
            return replace(event, at_ms=max(START, event.at_ms + dice.randint(-9, 9)))
        if what == 1 or event.case_no is None:
            return replace(event, window=dice.choice(list(self.counters)))
        case, number = dice.choice(self.cases)
        return replace(event, case_no=case, service_no=number)

    # presses

    def moment(self) -> Moment:
        """Some moment of the day, on an honest clock."""
        dice = self.dice
        tick = dice.randint(START - 2, self.end + LINGER) - self.clock
        looked = tick - dice.choice((0, 0, 0, 1, 4, 9))
        error = dice.choice((0, 0, 1, 3, 8))
        wall = tick + dice.randint(-error, error)
        press = Press(None, None) if dice.random() < 0.1 else Press(wall, error)
        return Moment(dice.choice(list(self.counters)), tick, looked, press)

    def press(self) -> Pressed:
        """A press with what its device got from the gateway's own arming."""
        dice, moment = self.dice, self.moment()
        token = None if dice.random() < 0.25 else self.token(moment.window, moment.looked, moment.tick)
        if dice.random() < 0.03:
            token = token and replace(token, window="elsewhere")
        return Pressed(None if dice.random() < 0.02 else moment.window, moment.press, token)

    def token(self, window: str, looked: int, tick: int) -> Token | None:
        """What the gateway's own arming gave the device that got its last scene at ``looked``."""
        known = standing(event for arrival, event in self.told if arrival <= looked)
        shown = arming.show([s for s in fold(known, RULES) if s.window == window], looked)
        serving = shown.serving
        if not shown.armed or serving is None or tick >= serving.end_ms:
            return None
        return Token(window, *serving.key, looked, serving.staff)


# what is right


@dataclass(frozen=True)
class Right:
    """What the truth allows to say of a press."""

    status: str
    rule: str
    key: Key | None = None
    staff: str | None = None
    candidates: tuple[Key, ...] = ()


def right(hall: Hall, pressed: Pressed) -> Right:
    """By looking at every tick at which the press can have happened."""
    press, token = pressed.press, pressed.token
    if pressed.window is None:
        return Right("unbound", "no_window")
    seen = hall.seen[pressed.window]
    slack = hall.business_error
    usable = token is not None and token.window == pressed.window
    if press.wall_ms is None:
        out = range(token.issued_ms - slack, max(seen, default=0) + 1) if usable and token else range(0)
        return _with_token(seen, token, out) or Right("unbound", "unknown_time")
    error = press.error_ms or 0
    ticks = range(press.wall_ms - error - slack, press.wall_ms + error + slack + 1)
    if usable and token and press.wall_ms + error >= token.issued_ms:
        found = _with_token(seen, token, [tick for tick in ticks if tick >= token.issued_ms - slack])
        if found:
            return found
    there = [seen[tick] for tick in ticks if tick in seen and not seen[tick].alone]
    keys = {one.key for one in there}
    if not keys:
        return Right("unbound", "no_service")
    if usable and token:
        keys.add(token.key)
    if len(keys) > 1:
        return Right("ambiguous", "several_services", candidates=tuple(sorted(keys)))
    return Right("bound", "interval", keys.pop(), _one({one.staff for one in there}))


def _with_token(seen: dict[int, Seen], token: Token | None, ticks) -> Right | None:
    own = [seen[tick] for tick in ticks if tick in seen and token and seen[tick].key == token.key]
    return Right("bound", "token", own[0].key, _one({one.staff for one in own})) if own else None


def _one(people: set[str | None]) -> str | None:
    return people.pop() if len(people) == 1 else None
