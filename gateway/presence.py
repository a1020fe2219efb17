"""Which devices are there, by what each says of itself and its will says for it (spec 6.2)."""

import sqlite3
from concurrent.futures import Future

from gateway.core import presence
from gateway.store import devices
from gateway.store.writer import Store
from protocol.downlink import State


class Presence:
    """Safe to call from any thread."""

    def __init__(self, store: Store):
        self._store = store
        self._heard: set[str] = set()

    def take(self, device_id: str, new: State, now_ms: int) -> Future:
        """Keep what a device said of itself. Raises StoreError."""

        def job(connection: sqlite3.Connection) -> None:
            kept = presence.follow(devices.state(connection, device_id), new)
            devices.put_state(connection, device_id, kept, now_ms)

        self._heard.add(device_id)
        return self._store.submit(job)

    def is_online(self, device_id: str) -> bool:
        """It said so since the start: what an earlier life heard may be long over."""
        state = devices.state(self._store.reader(), device_id)
        return device_id in self._heard and state is not None and state.word in presence.ONLINE

    def last_boot(self, device_id: str) -> int | None:
        """The counter of its last known start."""
        state = devices.state(self._store.reader(), device_id)
        return state.boot if state else None
