"""Everything that goes down to devices: numbered, sealed with the device's own key, published (spec 5.1)."""

import logging
import threading
from collections.abc import Callable

from gateway.clock import Clock
from gateway.core.numbers import Numbers
from gateway.registry import Device
from gateway.roster import Roster
from gateway.store import meta
from gateway.store.writer import Store, StoreError
from protocol import downlink, topics

log = logging.getLogger(__name__)

_WAIT_S = 60.0
_KINDS = {
    "receipt": downlink.RECEIPT,
    "scene": downlink.SCENE,
    "asset": downlink.ASSET,
    "command": downlink.COMMAND,
}


class Sender:
    """``publish(topic, payload)`` gives False while the broker is away.

    Whoever decides by what was sent before holds ``order`` over both, so that numbers rise in the order of deciding.
    """

    def __init__(self, hall: str, store: Store, clock: Clock, roster: Roster, publish: Callable[[str, bytes], bool]):
        self._hall = hall
        self._store = store
        self._clock = clock
        self._roster = roster
        self.publish = publish
        self.order = threading.RLock()
        self._numbers = Numbers(store.run(lambda c: meta.get(c, "lease")) or 0)

    def send(self, device: Device, leaf: str, body: object) -> bool:
        """False if it did not go out."""
        with self.order:
            now_ms = self._clock.now_ms()
            lease = self._numbers.wanted(now_ms, 1)
            if lease is not None:
                try:
                    self._store.run(lambda c: meta.put(c, "lease", lease), _WAIT_S)
                except StoreError as error:
                    log.error("nothing is sent to %s: %s", device.id, error)
                    return False
                self._numbers.lease = lease
            message = downlink.Downlink(device.id, self._numbers.next(now_ms), now_ms, _KINDS[leaf], body)
            topic = topics.topic(self._hall, device.id, leaf)
            return self.publish(topic, downlink.pack(device.downlink_key, message))

    def command(self, device_id: str, command: downlink.Command) -> bool:
        """False if it did not go out."""
        device = self._roster.speaking(device_id)
        return device is not None and self.send(device, "command", command)

    def asset(self, device_id: str, asset: downlink.Asset) -> None:
        device = self._roster.speaking(device_id)
        if device is not None:
            self.send(device, "asset", asset)
