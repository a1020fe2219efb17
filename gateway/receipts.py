"""Receipts: to where a device's records are kept, and, while no more are kept, when it may ask again (spec 5.2)."""

from gateway.clock import Clock
from gateway.roster import Roster
from gateway.sender import Sender
from gateway.store import meta, records
from gateway.store.writer import Store
from protocol import chain, downlink

_TELL_AGAIN_MS = 1000


class Receipts:
    """``hold_ms`` goes with every receipt: 0, or how long a device is to wait because no more records are kept.

    ``epoch`` is that of the database. Safe to call from any thread.
    """

    def __init__(self, store: Store, clock: Clock, roster: Roster, sender: Sender):
        self._store = store
        self._clock = clock
        self._roster = roster
        self._sender = sender
        self.epoch = 0
        self.hold_ms = 0
        self._heads: dict[str, chain.Head] = {}
        self._held: dict[str, int] = {}  # device that was told to keep its records -> when

    def begin_anew(self) -> None:
        """An empty database took the place of a damaged one: no head that was read holds any more."""
        self.epoch = meta.get(self._store.reader(), "epoch") or 0
        self._heads.clear()

    def send(self, device_id: str, head: chain.Head | None = None) -> bool:
        """Give a receipt up to ``head``, by default the stored one; never for less than before. False if it did not
        go out."""
        device = self._roster.speaking(device_id)
        if device is None:
            return True
        with self._sender.order:
            if head is None:
                head = records.head(self._store.reader(), device_id)
            known = self._heads.get(device_id)
            if known is not None and known.seq > head.seq:
                head = known
            self._heads[device_id] = head
            hold_ms = self.hold_ms
            sent = self._sender.send(
                device, "receipt", downlink.Receipt(head.seq, head.hash or bytes(16), self.epoch, hold_ms)
            )
            if hold_ms and sent:  # whoever hears it, with a scene too, is told when it is over
                self._held[device_id] = self._clock.now_ms()
            return sent

    def tell_hold(self, device_id: str) -> bool:
        """A record of this device was not kept: say so, once a second. False if it does not know it."""
        lately = abs(self._clock.now_ms() - self._held.get(device_id, 0)) < _TELL_AGAIN_MS
        return lately or self.send(device_id)

    def tell_over(self) -> None:
        """More can be kept: whoever was told otherwise hears it."""
        with self._sender.order:
            told, self._held = self._held, {}
        for device_id in told:
            self.send(device_id)

    def say_again(self) -> None:
        """What was said on a connection that ended may not have arrived."""
        told = self._held
        for device_id in list(told):
            told[device_id] = 0
