"""Histories of a window: what people and the gateway do to a flow, and the application's part of the bargain.

Plain Python that both runtimes read: the tests play random histories on CPython, and some of the same ones in the VM.
"""

from firmware.flow import FULL, NO_ROOM, PRESS, ROOM, SCENE, TIME, Flow
from protocol.downlink import IDLE, Scene

UNDO_MS = 8000


def scene(token, mode=0, undo_ms=UNDO_MS):
    """A scene with this token (8 bytes or None)."""
    return Scene(token, None if token is None else 1, undo_ms, 1, 7, {}, ("item 7",), None, None, mode)


class Player:
    """Feeds a flow as ``firmware.app`` does, and keeps what it asked for.

    ``full_at`` are the numbers of tentative writes (from 0) that the journal refuses.
    """

    def __init__(self, full_at=()):
        self.flow = Flow()
        self.flow.feed(SCENE, (IDLE, None), 0)
        self.now_ms = 0
        self.effects = []
        self.commits = []
        self.tentative = None
        self.lit = 0
        self._full_at = full_at
        self._writes = 0
        self._perform(self.flow.start())

    def press(self, level):
        """Press a star now; True if it was answered by light."""
        before = len([effect for effect in self.effects if effect[0] == "light" and effect[1]])
        self._feed(PRESS, level)
        return len([effect for effect in self.effects if effect[0] == "light" and effect[1]]) > before

    def arm(self, token, until_ms=None, mode=0):
        self._feed(SCENE, (scene(token, mode), until_ms))

    def room(self, there):
        self._feed(ROOM if there else FULL, None)

    def wait(self, ms):
        """Let time pass; deadlines happen at their time."""
        end_ms = self.now_ms + ms
        while self.flow.deadline_ms is not None and self.flow.deadline_ms <= end_ms:
            self.now_ms = max(self.now_ms, self.flow.deadline_ms)
            self._feed(TIME, None)
        self.now_ms = end_ms

    def _feed(self, kind, value):
        self._perform(self.flow.feed(kind, value, self.now_ms))

    def _perform(self, effects):
        for effect in effects:
            if effect[0] == "tentative":
                self._writes += 1
                if self._writes - 1 in self._full_at:
                    self._perform(self.flow.feed(NO_ROOM, None, self.now_ms))
                    return
                self.tentative = effect[1]
            elif effect[0] == "light":
                # what is lit is on flash
                assert not effect[1] or self.tentative.level == effect[1]
                self.lit = effect[1]
            elif effect[0] == "commit":
                self.commits.append(effect[1])
                self.tentative = None
            self.effects.append(effect)


def play(history, full_at=()):
    """A player after a history of ``("press", level)``, ``("arm", token or None)``, ``("pause",)``, ``("wait", ms)``,
    ``("full",)`` and ``("room",)``; and the levels of its presses that were lit, in order.
    """
    player = Player(full_at)
    lit = []
    for step in history:
        if step[0] == "press":
            if player.press(step[1]):
                lit.append(step[1])
        elif step[0] == "arm":
            player.arm(step[1])
        elif step[0] == "pause":
            player.arm(None, None, 1)
        elif step[0] == "wait":
            player.wait(step[1])
        else:
            player.room(step[0] == "room")
    player.wait(100000)
    return player, lit


def all_effects(history, full_at=()):
    """The effects of a history in a form that prints the same on both runtimes."""
    return repr([list(map(_plain, effect)) for effect in play(history, full_at)[0].effects])


def _plain(part):
    return list(part) if isinstance(part, tuple) else part
