"""Histories of a window: what people and the gateway do to a flow, and the application's part of the bargain.

Plain Python that both runtimes read: the tests play random histories on CPython, and some of the same ones in the VM.
"""

from firmware.flow import FULL, HOLD, LINK, LONG, NO_ROOM, PRESS, ROOM, SCENE, SECOND, TIME, Flow
from protocol.downlink import IDLE, Scene

UNDO_MS = 8000
#: What a hall offers for the two bad levels: eight codes, two pages (the national set of 2020 has eight for each).
BAD = {1: [108, 109, 110, 111, 112, 113, 114, 115], 2: [207, 208, 209, 210, 211, 212, 213, 214]}


def scene(token, mode=0, undo_ms=UNDO_MS, reasons=None):
    """A scene with this token (8 bytes or None)."""
    until_ms = None if token is None else 1
    return Scene(token, until_ms, undo_ms, 1, 7, reasons or {}, ("item 7",), None, None, mode, None)


class Player:
    """Feeds a flow as ``firmware.app`` does, and keeps what it asked for.

    ``full_at`` are the numbers of tentative writes (from 0) that the journal refuses; every scene offers ``reasons``.
    """

    def __init__(self, full_at=(), reasons=None):
        self.flow = Flow()
        self.flow.feed(SCENE, (IDLE, None), 0)
        self.now_ms = 0
        self.effects = []
        self.commits = []
        self.tentative = None
        self.lit = 0
        self._full_at = full_at
        self._writes = 0
        self._reasons = reasons
        self.asked_ms = 0  # spent on pages of reasons
        self.timed = []  # (now_ms without that time, effect), but for what belongs to such a page
        self._perform(self.flow.start())

    def press(self, level, flags=0, late_ms=0):
        """Press a key now; True if it was answered by a click."""
        before = self.clicks
        self._feed(PRESS, (level, flags, late_ms))
        return self.clicks > before

    @property
    def clicks(self):
        return len([effect for effect in self.effects if effect[0] == "click"])

    @property
    def screen(self):
        return [effect for effect in self.effects if effect[0] == "screen"][-1][1:]

    def second(self, level, flags=0):
        """A key goes down beside the one that is down."""
        self._feed(SECOND, (level, flags, 0))

    def hold(self, long=False):
        self._feed(LONG if long else HOLD, 2 if long else 1)

    def link(self, up):
        self._feed(LINK, up)

    def arm(self, token, until_ms=None, mode=0, undo_ms=UNDO_MS):
        self._feed(SCENE, (scene(token, mode, undo_ms, self._reasons), until_ms))

    def room(self, there):
        self._feed(ROOM if there else FULL, None)

    def wait(self, ms):
        """Let time pass; deadlines happen at their time."""
        end_ms = self.now_ms + ms
        while self.flow.deadline_ms is not None and self.flow.deadline_ms <= end_ms:
            self._pass(max(self.now_ms, self.flow.deadline_ms))
            self._feed(TIME, None)
        self._pass(end_ms)

    def _pass(self, now_ms):
        if self.flow.state == "reasons":
            self.asked_ms += now_ms - self.now_ms
        self.now_ms = now_ms

    def _feed(self, kind, value):
        asked = self.flow.state == "reasons"
        before = len(self.effects)
        self._perform(self.flow.feed(kind, value, self.now_ms))
        for effect in self.effects[before:]:
            if effect[:2] != ("screen", "reasons") and not (asked and effect[0] == "click"):
                self.timed.append((self.now_ms - self.asked_ms, effect))

    def _perform(self, effects):
        for effect in effects:
            if effect[0] == "tentative":
                self._writes += 1
                if self._writes - 1 in self._full_at:
                    self._perform(self.flow.feed(NO_ROOM, None, self.now_ms))
                    return
                self.tentative = effect[1]
            elif effect[0] == "light":
                # what is lit is on flash, but for the lamp test
                assert not effect[1] or self.flow.state == "selftest" or self.tentative.level == effect[1]
                self.lit = effect[1]
            elif effect[0] == "commit":
                assert effect[1].reasons == () or self.tentative.reasons == ()
                self.commits.append(effect[1])
                self.tentative = None
            self.effects.append(effect)


def play(history, full_at=(), reasons=None):
    """A player after a history; and for each rating the levels of its presses that were lit, in order.

    Steps: ``("press", level)``, ``("second", level)``, ``("arm", token or None)``, ``("pause",)``, ``("close",)``,
    ``("hold",)``, ``("long",)``, ``("link", up)``, ``("wait", ms)``, ``("full",)``, ``("room",)``; ``("why", key, ..)``
    presses keys while reasons are asked for, then leaves the page: what a citizen does only then.
    """
    player = Player(full_at, reasons)
    lit = []
    for step in history:
        if step[0] == "press":
            state, choice = player.flow.state, player.flow.choice
            if player.press(step[1]):
                if state != "reasons" and choice is None:
                    lit.append([step[1]])
                elif state == "chosen" and choice.level != step[1]:
                    lit[-1].append(step[1])
        elif step[0] == "why":
            if player.flow.state == "reasons":
                player.wait(1000)
                for key in step[1:]:
                    if player.flow.state == "reasons":
                        player.press(key)
                while player.flow.state == "reasons":
                    player.press(5)
        elif step[0] == "second":
            player.second(step[1])
        elif step[0] in ("hold", "long"):
            player.hold(step[0] == "long")
        elif step[0] == "link":
            player.link(step[1])
        elif step[0] == "arm":
            player.arm(step[1])
        elif step[0] in ("pause", "close"):
            player.arm(None, None, 1 if step[0] == "pause" else 2)
        elif step[0] == "wait":
            player.wait(step[1])
        else:
            player.room(step[0] == "room")
    player.wait(100000)
    return player, lit


def all_effects(history, full_at=(), reasons=None):
    """The effects of a history in a form that prints the same on both runtimes."""
    return repr([list(map(_plain, effect)) for effect in play(history, full_at, reasons)[0].effects])


def _plain(part):
    return list(part) if isinstance(part, tuple) else part


def swap_history(history, order):
    """The same history with level n pressed as ``order[n - 1]``."""
    return [(step[0], order[step[1] - 1]) if step[0] in ("press", "second") else step for step in history]


def swap_effect(effect, order):
    """An effect of a history as its swapped one should have it."""
    swap = [0] + list(order)  # noqa: RUF005 - the VM has no star here
    if effect[0] == "light":
        return ("light", swap[effect[1]], effect[2])
    if effect[0] in ("tentative", "commit"):
        choice = effect[1]
        changes = tuple((at_ms, swap[level]) for at_ms, level in choice.changes)
        return (effect[0], choice._replace(level=swap[choice.level], changes=changes))
    return effect
