"""What the citizen meets: the states of a window's rating, as a table.

Pure: a kind of input, its value and a time go in, a list of effects comes out. Times are uptimes in ms. Nobody here
waits, writes or lights anything; `firmware.app` performs the effects in their order and feeds the next input only then.

The states
    idle     no service is armed. A press is taken all the same and flagged as unarmed.
    armed    a service is being rated: the scene carries its case token.
    chosen   a star was pressed and may be changed until the undo window ends. The window opens with the first press and
             does not move; the last press in it counts (SPEC 3.3).
    thanks   the rating was committed; the screen says so for `THANKS_MS` and goes by itself, and so does the light.
    paused   the scene says paused or out of service: presses are not taken and nothing pretends they were.
    full     the journal has no room until a receipt comes: the same.

The inputs
    PRESS    a key.                             AGAIN    the key of the open choice once more: commit at once.
    SCENE    a scene for the service of the open choice, or any scene while none is open.
    NEXT     a scene with another token, or none, while a choice is open: commit first, then show it (SPEC 5.3).
    TIME     the deadline of this state is due. FULL     the journal has no room for another rating.
    ROOM     it has room again.                 NO_ROOM  the first press could not be stored, so it was never shown.
    KEPT     a change could not be stored: the press before it is on flash and stands.
    UNTIL    the clock was set: the arming ends at another uptime than was thought.

Effects, in the order in which they are to happen
    ("tentative", choice)      make the press durable. Always before the light: what is lit is on flash.
    ("light", level, ms)       light one star, with a countdown of ms; level 0 is dark. Every press taken has one.
    ("click",)                 the one sound there is.
    ("screen", name, lines)    one of `firmware.screen`. No screen shows a level.
    ("commit", choice)         sign and append the record. What it holds does not change any more.

Whatever star is pressed, the effects are the same but for the level in `light`, `tentative` and `commit`.
A row's next state REST means: paused, full, armed or idle, as scene and journal say at that moment.
"""

from collections import namedtuple

from protocol.downlink import IDLE as IDLE_SCENE
from protocol.downlink import OPEN, PAUSED
from protocol.record import CHANGES_LEFT_OUT, CLOSED_EARLY, MAX_CHANGES, UNARMED

THANKS_MS = 3000

# inputs
PRESS = "press"
AGAIN = "again"
SCENE = "scene"
NEXT = "next"
TIME = "time"
FULL = "full"
ROOM = "room"
NO_ROOM = "no room"
KEPT = "kept"
UNTIL = "until"

REST = "rest"

#: (state, input) -> (handler, next state). An input that has no row here changes nothing.
TABLE = {
    ("idle", PRESS): ("choose", "chosen"),
    ("idle", SCENE): ("note", REST),
    ("idle", FULL): ("note", REST),
    ("idle", UNTIL): ("note", REST),
    ("armed", PRESS): ("choose", "chosen"),
    ("armed", SCENE): ("note", REST),
    ("armed", TIME): ("note", REST),
    ("armed", FULL): ("note", REST),
    ("armed", UNTIL): ("note", REST),
    ("chosen", PRESS): ("change", "chosen"),
    ("chosen", AGAIN): ("close", "thanks"),
    ("chosen", SCENE): ("note", "chosen"),
    ("chosen", NEXT): ("close_for_next", REST),
    ("chosen", TIME): ("finish", "thanks"),
    ("chosen", FULL): ("note", "chosen"),
    ("chosen", ROOM): ("note", "chosen"),
    ("chosen", NO_ROOM): ("drop", REST),
    ("chosen", KEPT): ("revert", "chosen"),
    ("thanks", PRESS): ("choose", "chosen"),
    ("thanks", SCENE): ("note", "thanks"),
    ("thanks", TIME): ("note", REST),
    ("thanks", FULL): ("note", "thanks"),
    ("thanks", ROOM): ("note", "thanks"),
    ("paused", SCENE): ("note", REST),
    ("paused", FULL): ("note", REST),
    ("paused", ROOM): ("note", REST),
    ("full", SCENE): ("note", REST),
    ("full", ROOM): ("note", REST),
}

#: A rating in the making. ``at_ms`` is the uptime of the press that counts; ``token`` None if no service was armed;
#: ``changes`` are the presses before it as (uptime ms, level), oldest first; ``flags`` as in SPEC 3.3.
Choice = namedtuple("Choice", ("level", "at_ms", "token", "indicators", "changes", "flags"))


class Flow:
    """One window's state. ``spent`` is the token that took its rating before this start, so that it takes no second."""

    def __init__(self, spent: bytes | None = None):
        self.state = "idle"
        self.deadline_ms: int | None = None
        self.choice = None
        self._before = None  # the choice that stands if the last change cannot be stored
        self._spent = spent
        self._scene = IDLE_SCENE
        self._until_ms: int | None = None
        self._full = False
        self._now_ms = 0
        self._shown = None
        self._effects: list = []

    @property
    def full(self) -> bool:
        """Whether the flow was told that the journal has no room."""
        return self._full

    def start(self) -> list:
        """The effects that show the first screen."""
        return self._enter(REST)

    def feed(self, kind: str, value, now_ms: int) -> list:
        """The effects of one input.

        ``value`` is the level of a PRESS; ``(scene, until_ms)`` of a SCENE, with the uptime at which its arming ends
        (None: not known, it lasts until the next scene); that uptime alone of UNTIL. Other inputs have none. What was
        due before ``now_ms`` happens first, so an input that waited in a queue is still judged by its own time.
        """
        self._effects = []
        # facts that hold whatever is due: known before it happens
        if kind == FULL or kind == ROOM:
            self._full = kind == FULL
        elif kind == UNTIL:
            self._until_ms = value
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
        if self.state == "chosen":
            if kind == PRESS and value == self.choice.level:
                return AGAIN
            if kind == SCENE and (value[0].token is None or value[0].token != self.choice.token):
                return NEXT
            if kind == NO_ROOM and self._before is not None:
                return KEPT
        return kind

    def _step(self, kind, value):
        row = TABLE.get((self.state, kind))
        if row is None:
            return
        handler, state = row
        getattr(self, "_" + handler)(kind, value)
        self._enter(state)

    # --- handlers, named in the table ---

    def _note(self, kind, value):
        if kind == SCENE:
            self._scene, self._until_ms = value[0]

    def _choose(self, kind, value):
        level, at_ms = value
        token = self._token()
        self._before = None
        self.choice = Choice(level, at_ms, token, self._scene.indicators, (), 0 if token else UNARMED)
        self.deadline_ms = at_ms + self._scene.undo_ms
        self._show_choice()
        self._show("chosen", ())

    def _change(self, kind, value):
        level, at_ms = value
        old = self._before = self.choice
        changes = old.changes + ((old.at_ms, old.level),)
        flags = old.flags
        if len(changes) > MAX_CHANGES:
            changes = changes[-MAX_CHANGES:]
            flags |= CHANGES_LEFT_OUT
        self.choice = Choice(level, max(at_ms, old.at_ms), old.token, old.indicators, changes, flags)
        self._show_choice()

    def _show_choice(self):
        choice = self.choice
        self._effects.append(("tentative", choice))
        self._effects.append(("light", choice.level, max(0, self.deadline_ms - choice.at_ms)))
        self._effects.append(("click",))

    def _finish(self, kind, value, flags=0):
        choice = self.choice
        self.choice = self._before = None
        if choice.token is not None:
            self._spent = choice.token
        self._show("thanks", ())
        # last, because signing takes its time; the press has been on flash since before its light
        self._effects.append(("commit", Choice(*choice[:-1], choice.flags | flags)))

    def _close(self, kind, value):
        self._effects.append(("light", self.choice.level, THANKS_MS))
        self._effects.append(("click",))
        self._finish(kind, value, CLOSED_EARLY)

    def _close_for_next(self, kind, value):
        self._finish(kind, value, CLOSED_EARLY)
        self._note(SCENE, value)

    def _drop(self, kind, value):
        self.choice = None
        self._full = True

    def _revert(self, kind, value):
        # nothing was lit yet for the change: the star of the press before it still is
        self.choice = self._before
        self._before = None

    # --- entering ---

    def _enter(self, state):
        if state == REST:
            state = self._rest()
        elif state == "thanks":
            self.deadline_ms = self._now_ms + THANKS_MS if self.state != "thanks" else self.deadline_ms
        self.state = state
        return self._effects

    def _rest(self):
        scene = self._scene
        self.deadline_ms = None
        if self.state in ("chosen", "thanks"):
            self._effects.append(("light", 0, 0))
        if scene.mode != OPEN:
            self._show("paused" if scene.mode == PAUSED else "out_of_service", ())
            return "paused"
        if self._full:
            self._show("full", ())
            return "full"
        if self._token() is not None:
            self.deadline_ms = self._until_ms
            self._show("rate", scene.lines)
            return "armed"
        self._show("idle", ())
        return "idle"

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


def diagram() -> str:
    """The table as a Mermaid state diagram; docs/flow.md holds it, and a test compares."""
    lines = ["stateDiagram-v2", "    state rest <<choice>>", "    [*] --> rest"]
    for state in ("paused", "full", "armed", "idle"):
        lines.append("    rest --> " + state)
    for state, kind in sorted(TABLE):
        handler, target = TABLE[(state, kind)]
        lines.append("    %s --> %s: %s / %s" % (state, target, kind, handler))
    return "\n".join(lines) + "\n"
