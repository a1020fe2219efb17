"""What the citizen meets: the states of a window's rating, as a table.

Pure: a kind of input, its value and a time go in, a list of effects comes out. Times are uptimes in ms. Nobody here
waits, writes or lights anything; `firmware.app` performs the effects in their order and feeds the next input only then.

The states
    idle     no service is armed. A press is taken all the same and flagged as unarmed.
    armed    a service is being rated: the scene carries its case token.
    chosen   a star was pressed and may be changed until the undo window ends. The window opens with the first press and
             does not move; the last press in it counts (SPEC 3.3).
    reasons  the scene offers reasons for the level that was chosen: keys 1 to 4 choose and take back, key 5 turns the
             page and leaves the last one. Nobody has to choose: `REASONS_MS` without a key leaves as well, with what is
             chosen by then. Until the commit the press stays as durable as it was, without reasons.
    thanks   the rating was committed; the screen says so for `THANKS_MS` and goes by itself.
    paused   the scene says paused or out of service: presses are not taken and nothing pretends they were.
    full     the journal has no room until a receipt comes: the same.
    identify both outer keys were held for 5 s: the device says who it is. For 20 s, and it tests itself.
    selftest each star lights for a moment, then the application writes a self-test of each level (SPEC 3.5). The
             gateway has to consent: only while its scene says out of service.

The inputs
    PRESS    a key.                             AGAIN    the key of the open choice once more: commit at once.
    SECOND   a key that went down while the one that counts was down. It is kept beside it.
    HOLD     both outer keys are held.          LONG     for long.
    SCENE    a scene for the service of the open choice, or any scene while none is open.
    NEXT     a scene with another token, or none, while a choice is open: commit first, then show it (SPEC 5.3).
    TIME     the deadline of this state is due. FULL     the journal has no room for another rating.
    ROOM     it has room again.                 NO_ROOM  the first press could not be stored, so it was never shown.
    KEPT     a change could not be stored: the press before it is on flash and stands.
    UNTIL    the clock was set: the arming ends at another uptime than was thought.
    LINK     the connection came or went.
    ASK      the undo window ended and the scene has reasons for the level.
    DONE     it ended and there are none; or the reasons, or the stars of a self-test, are through.

Effects, in the order in which they are to happen
    ("tentative", choice)      make the press durable. Always before the light: what is lit is on flash.
    ("light", level, ms)       light one star, with a countdown of ms; level 0 is dark. Every press taken has one.
    ("click",)                 the one sound there is.
    ("screen", name, lines)    one of `firmware.screen`. No screen shows a level.
    ("commit", choice)         sign and append the record. What it holds does not change any more.
    ("identify", ms)           blink, so that a technician sees which one it is.
    ("selftest",)              write a self-test of each level.

Whatever star is pressed, the effects are the same but for the level in `light`, `tentative` and `commit`, and for the
page of reasons if the scene has some for one level and not for another. The star is dark when its window ends.
A row's next state REST means: paused, full, armed or idle, as scene and journal say at that moment.
"""

from collections import namedtuple

from protocol.downlink import IDLE as IDLE_SCENE
from protocol.downlink import OPEN, OUT_OF_SERVICE, PAUSED
from protocol.record import CHANGES_LEFT_OUT, CLOSED_EARLY, MAX_CHANGES, MAX_REASONS, TWO_KEYS, UNARMED

THANKS_MS = 3000
SEEN_MS = 1000  # a shorter undo window ends before the eye has seen its star: then the star stays for the thanks
REASONS_MS = 20000  # without a key
GUARD_MS = 500  # a key so soon was meant for the screen before
IDENTIFY_MS = 20000
STAR_MS = 500  # of a self-test
OPTIONS = 4  # reasons on a page

# inputs
PRESS = "press"
AGAIN = "again"
SECOND = "second"
HOLD = "hold"
LONG = "long"
SCENE = "scene"
NEXT = "next"
TIME = "time"
FULL = "full"
ROOM = "room"
NO_ROOM = "no room"
KEPT = "kept"
UNTIL = "until"
LINK = "link"
ASK = "ask"
DONE = "done"

REST = "rest"

#: (state, input) -> (handler, next state). An input that has no row here changes nothing.
TABLE = {
    ("idle", PRESS): ("choose", "chosen"),
    ("idle", HOLD): ("identify", "identify"),
    ("idle", SCENE): ("note", REST),
    ("idle", FULL): ("note", REST),
    ("idle", UNTIL): ("note", REST),
    ("idle", LINK): ("note", REST),
    ("armed", PRESS): ("choose", "chosen"),
    ("armed", HOLD): ("identify", "identify"),
    ("armed", SCENE): ("note", REST),
    ("armed", TIME): ("note", REST),
    ("armed", FULL): ("note", REST),
    ("armed", UNTIL): ("note", REST),
    ("chosen", PRESS): ("change", "chosen"),
    ("chosen", SECOND): ("beside", "chosen"),
    ("chosen", AGAIN): ("close", "chosen"),
    ("chosen", HOLD): ("identify_next", "identify"),
    ("chosen", SCENE): ("note", "chosen"),
    ("chosen", NEXT): ("close_for_next", REST),
    ("chosen", TIME): ("end", "chosen"),
    ("chosen", ASK): ("ask", "reasons"),
    ("chosen", DONE): ("finish", "thanks"),
    ("chosen", NO_ROOM): ("drop", REST),
    ("chosen", KEPT): ("revert", "chosen"),
    ("reasons", PRESS): ("reason", "reasons"),
    ("reasons", SCENE): ("note", "reasons"),
    ("reasons", NEXT): ("close_for_next", REST),
    ("reasons", TIME): ("finish", "thanks"),
    ("reasons", DONE): ("finish", "thanks"),
    ("thanks", PRESS): ("choose", "chosen"),
    ("thanks", HOLD): ("identify", "identify"),
    ("thanks", SCENE): ("note", "thanks"),
    ("thanks", TIME): ("note", REST),
    ("paused", HOLD): ("identify", "identify"),
    ("paused", SCENE): ("note", REST),
    ("paused", FULL): ("note", REST),
    ("paused", ROOM): ("note", REST),
    ("full", HOLD): ("identify", "identify"),
    ("full", SCENE): ("note", REST),
    ("full", ROOM): ("note", REST),
    ("identify", PRESS): ("wake", REST),
    ("identify", LONG): ("service", "identify"),
    ("identify", ASK): ("star", "selftest"),
    ("identify", SCENE): ("note", "identify"),
    ("identify", TIME): ("note", REST),
    ("selftest", TIME): ("star", "selftest"),
    ("selftest", SCENE): ("note", "selftest"),
    ("selftest", DONE): ("tested", REST),
}

#: A rating in the making. ``at_ms`` is the uptime of the press that counts; ``token`` None if no service was armed;
#: ``changes`` are the presses before it as (uptime ms, level), oldest first; ``flags`` as in SPEC 3.3; ``late_ms`` by
#: how much the press may have been before ``at_ms``; ``reasons`` are codes, rising.
Choice = namedtuple("Choice", ("level", "at_ms", "token", "indicators", "changes", "flags", "late_ms", "reasons"))


class Flow:
    """One window's state. ``spent`` is the token that took its rating before this start, so that it takes no second."""

    def __init__(self, spent: bytes | None = None):
        self.state = "idle"
        self.deadline_ms: int | None = None
        self.choice = None
        self.link = True  # nothing is said of a link that is still being made
        self.full = False  # the journal has no room
        self.taken = 0  # presses that had an effect
        self._before = None  # the choice that stands if the last change cannot be stored
        self._offers: dict = {}  # level -> codes, of the scene at the first press
        self._offer: list = []  # those for the level of the choice
        self._brief = False  # the undo window is too short for the eye
        self._page = 0
        self._asked_ms = 0
        self._lit = False
        self._tried = 0  # the star of a self-test
        self._then: str | None = None  # an input that follows at once
        self._spent = spent
        self._scene = IDLE_SCENE
        self._until_ms: int | None = None
        self._now_ms = 0
        self._shown: tuple | None = None
        self._effects: list = []

    def start(self) -> list:
        """The effects that show the first screen."""
        self._enter(REST)
        return self._effects

    def feed(self, kind: str, value, now_ms: int) -> list:
        """The effects of one input.

        ``value`` is ``(level, flags, late_ms)`` of a PRESS or SECOND, from `firmware.input`; ``(scene, until_ms)`` of a
        SCENE, with the uptime at which its arming ends (None: not known, it lasts until the next scene); that uptime
        alone of UNTIL; whether it is there of LINK. Other inputs have none. What was due before ``now_ms`` happens
        first, so an input that waited in a queue is still judged by its own time.
        """
        self._effects = []
        # facts that hold whatever is due: known before it happens
        if kind == FULL or kind == ROOM:
            self.full = kind == FULL
        elif kind == UNTIL:
            self._until_ms = value
        elif kind == LINK:
            self.link = value
        if kind == SCENE:
            # a scene belongs to the moment it is taken, a press to the moment it was made
            now_ms = max(now_ms, self._now_ms)
        while self.deadline_ms is not None and self.deadline_ms <= now_ms:
            self._now_ms = max(self._now_ms, self.deadline_ms)
            self._step(TIME, None)
        self._now_ms = max(self._now_ms, now_ms)
        if kind != TIME:
            self._step(self._name(kind, value), (value, now_ms))
        return self._effects

    def _name(self, kind, value):
        if self.choice is not None:
            if kind == SCENE and (value[0].token is None or value[0].token != self.choice.token):
                return NEXT
            if kind == PRESS and value[0] == self.choice.level and self.state == "chosen":
                return AGAIN
            if kind == NO_ROOM and self._before is not None:
                return KEPT
        return kind

    def _step(self, kind, value):
        while True:
            row = TABLE.get((self.state, kind))
            if row is None:
                return
            self._then = None
            getattr(self, "_" + row[0])(kind, value)
            self._enter(row[1])
            if self._then is None:
                return
            kind = self._then

    # --- handlers, named in the table ---

    def _note(self, kind, value):
        if kind == SCENE:
            self._scene, self._until_ms = value[0]

    def _choose(self, kind, value):
        (level, flags, late_ms), at_ms = value
        self.taken += 1
        token = self._token()
        scene = self._scene
        self._before = None
        self._offers = scene.reasons
        self.choice = Choice(level, at_ms, token, scene.indicators, (), flags | (0 if token else UNARMED), late_ms, ())
        self.deadline_ms = at_ms + scene.undo_ms
        self._brief = scene.undo_ms < SEEN_MS
        self._show_choice()
        self._show("chosen", ())

    def _change(self, kind, value):
        (level, flags, late_ms), at_ms = value
        old = self.choice
        self._replace(level, max(at_ms, old.at_ms), old.changes + ((old.at_ms, old.level),), flags, late_ms)
        self._show_choice()

    def _beside(self, kind, value):
        old = self.choice
        level, flags, _ = value[0]
        self._replace(old.level, old.at_ms, old.changes + ((old.at_ms, level),), flags | TWO_KEYS, old.late_ms)
        self._effects.append(("tentative", self.choice))

    def _replace(self, level, at_ms, changes, flags, late_ms):
        old = self._before = self.choice
        self.taken += 1
        flags |= old.flags
        if len(changes) > MAX_CHANGES:
            changes = changes[-MAX_CHANGES:]
            flags |= CHANGES_LEFT_OUT
        self.choice = Choice(level, at_ms, old.token, old.indicators, changes, flags, late_ms, ())

    def _show_choice(self):
        choice = self.choice
        self._lit = True
        self._effects.append(("tentative", choice))
        self._effects.append(("light", choice.level, max(0, self.deadline_ms - choice.at_ms)))
        self._effects.append(("click",))

    def _close(self, kind, value):
        (_, flags, _), _ = value
        self.taken += 1
        self._effects.append(("click",))
        self._flag(CLOSED_EARLY | flags)
        self._end(kind, value)

    def _end(self, kind, value):
        if not self._brief:
            self._dark()
        self._before = None
        self._offer = self._offers.get(self.choice.level, [])
        self._then = ASK if self._offer else DONE

    def _ask(self, kind, value):
        self._dark()
        self._page = 0
        self._asked_ms = self._now_ms
        self._show_page()

    def _reason(self, kind, value):
        (key, _, _), at_ms = value
        if at_ms < self._asked_ms + GUARD_MS:
            return
        self.taken += 1
        self._effects.append(("click",))
        page = self._offer[self._page * OPTIONS :][:OPTIONS]
        if key > OPTIONS:
            self._page += 1
        elif key <= len(page):
            chosen = set(self.choice.reasons) ^ {page[key - 1]}
            if len(chosen) <= MAX_REASONS:
                self.choice = Choice(*self.choice[:-1], tuple(sorted(chosen)))
        if self._page * OPTIONS >= len(self._offer):
            self._then = DONE
        else:
            self._show_page()

    def _show_page(self):
        """One line for each key: its number, ``*`` if chosen, the code; then key 5, the page and how many there are."""
        offer, page, chosen = self._offer, self._page, self.choice.reasons
        lines = [
            "%d%s%d" % (key + 1, "*" if code in chosen else " ", code)
            for key, code in enumerate(offer[page * OPTIONS :][:OPTIONS])
        ]
        lines.append("5 %d/%d" % (page + 1, (len(offer) + OPTIONS - 1) // OPTIONS))
        self._show("reasons", tuple(lines))
        self.deadline_ms = self._now_ms + REASONS_MS

    def _finish(self, kind, value):
        choice = self.choice
        self.choice = self._before = None
        if choice.token is not None:
            self._spent = choice.token
        self._show("thanks" if self.link else "saved", ())
        # last, because signing takes its time; the press has been on flash since before its light
        self._effects.append(("commit", choice))

    def _close_for_next(self, kind, value):
        self._flag(CLOSED_EARLY)
        self._finish(kind, value)
        self._note(SCENE, value)

    def _drop(self, kind, value):
        self.choice = None
        self.full = True

    def _revert(self, kind, value):
        # nothing was lit yet for the change: the star of the press before it still is
        self.choice = self._before
        self._before = None

    def _flag(self, flags):
        self.choice = Choice(*self.choice[:5], self.choice.flags | flags, *self.choice[6:])

    def _identify(self, kind, value):
        self._dark()
        self._show("identify", ())
        self._effects.append(("identify", IDENTIFY_MS))
        self.deadline_ms = self._now_ms + IDENTIFY_MS

    def _identify_next(self, kind, value):
        self._flag(CLOSED_EARLY)
        self._finish(kind, value)
        self._identify(kind, value)

    def _service(self, kind, value):
        if self._scene.mode == OUT_OF_SERVICE:
            self._then = ASK
        else:
            self._show("service", ())

    def _star(self, kind, value):
        self._tried += 1
        if self._tried > 5:
            self._tried = 0
            self._then = DONE
            return
        self._show("selftest", ())
        self._lit = True
        self._effects.append(("light", self._tried, STAR_MS))
        self._effects.append(("click",))
        self.deadline_ms = self._now_ms + STAR_MS

    def _tested(self, kind, value):
        self._effects.append(("selftest",))

    def _wake(self, kind, value):
        self._then = PRESS

    # --- entering ---

    def _enter(self, state):
        if state == REST:
            state = self._rest()
        elif state == "thanks" and self.state != state:
            self.deadline_ms = self._now_ms + THANKS_MS
        self.state = state

    def _rest(self):
        scene = self._scene
        self.deadline_ms = None
        self._dark()
        if scene.mode != OPEN:
            self._show("paused" if scene.mode == PAUSED else "out_of_service", ())
            return "paused"
        if self.full:
            self._show("full", ())
            return "full"
        if self._token() is not None:
            self.deadline_ms = self._until_ms
            self._show("rate", scene.lines)
            return "armed"
        self._show("idle" if self.link else "offline", ())
        return "idle"

    def _dark(self):
        if self._lit:
            self._lit = False
            self._effects.append(("light", 0, 0))

    def _show(self, name, lines):
        # only what changes: a display is slow, and flicker asks for attention
        if self._shown != (name, lines):
            self._shown = (name, lines)
            self._effects.append(("screen", name, lines))

    def _token(self):
        """The token that a press would take now, or None."""
        scene = self._scene
        if scene.token == self._spent or (self._until_ms is not None and self._until_ms <= self._now_ms):
            return None
        return scene.token
