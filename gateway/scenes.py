"""What each device shows: its scene from the store, the pictures drawn for it, sent when it changed (spec 5.3)."""

import secrets
from dataclasses import replace

from gateway.assets import Assets
from gateway.clock import Clock
from gateway.core.indicators import IndicatorSet
from gateway.core.scene import Look
from gateway.receipts import Receipts
from gateway.roster import Roster
from gateway.screens import strips
from gateway.screens.shelf import Shelf
from gateway.sender import Sender
from gateway.store import indicators
from gateway.store import scenes as store_scenes
from gateway.store.writer import Store
from protocol.downlink import Scene

_WAIT_S = 60.0


class Scenes:
    """``gateway.painter`` says when; this paints. ``look`` is how all scenes of the hall look."""

    def __init__(
        self,
        hall: str,
        undo_ms: int,
        look: Look,
        store: Store,
        clock: Clock,
        assets: Assets,
        roster: Roster,
        sender: Sender,
        receipts: Receipts,
    ):
        self.look = look
        self._hall = hall
        self._undo_ms = undo_ms
        self._store = store
        self._clock = clock
        self.shelf = Shelf(assets.put, assets.has)
        self._roster = roster
        self._sender = sender
        self._receipts = receipts
        self._sent: dict[str, Scene] = {}

    def sent(self, device_id: str) -> Scene | None:
        """The last scene that was sent to a device since the start."""
        return self._sent.get(device_id)

    def paint(self, device_id: str, afresh: bool) -> int | None:
        """Send a device its scene if it changed, or scene and receipt ``afresh``; gives when to look at it again.

        The same scene is not sent twice: a device may end its undo window when one arrives (spec 5.3).
        """
        device = self._roster.speaking(device_id)
        if device is None:
            return None
        token = secrets.token_bytes(8)
        hall, undo_ms, look, now_ms = self._hall, self._undo_ms, self.look, self._clock.now_ms()
        shown = self._store.run(
            lambda c: store_scenes.showing(c, hall, device.id, device.window, now_ms, undo_ms, look, token), _WAIT_S
        )
        if afresh:  # before anything is drawn: it lets go of records
            self._receipts.send(device_id)
        prompt, own = self.shelf.prompt(shown.prompt), self.shelf.strips(look.indicators)
        scene = shown.scene._replace(prompt=prompt, strips=own)
        with self._sender.order:
            if afresh or self._sent.get(device_id) != scene:
                self._sent[device_id] = scene
                self._sender.send(device, "scene", scene)
        return shown.look_again_ms

    def put_labels(self, labels: int) -> bool:
        """Name the levels so from now on; False if that is so already."""
        changed = self.look.labels != labels
        self.look = replace(self.look, labels=labels)
        return changed

    def put_indicators(self, new: IndicatorSet) -> bool:
        """Offer these from now on; False if that is so already. Raises IndicatorError, StoreError."""
        strips.pack(new)  # what no device can keep is refused here
        now_ms = self._clock.now_ms()
        changed = self._store.run(lambda c: indicators.put_in_force(c, new, now_ms), _WAIT_S)
        self.look = replace(self.look, indicators=new)
        return changed
