"""Who is enrolled here: what the register says, and that the store hears of it before a device's first record."""

import logging
import sqlite3
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.clock import Clock
from gateway.core.intake import DeviceFacts
from gateway.registry import Device, Registry, RegistryError
from gateway.store import devices, records
from gateway.store.writer import Store

log = logging.getLogger(__name__)


class Roster:
    """``on_enrolled(device)`` and ``on_revoked(device)`` are called when that is first seen, and after ``forget``.

    Safe to call from any thread.
    """

    def __init__(
        self,
        hall: str,
        store: Store,
        registry: Registry,
        clock: Clock,
        on_enrolled: Callable[[str], object],
        on_revoked: Callable[[str], object],
    ):
        self._hall = hall
        self._store = store
        self._registry = registry
        self._clock = clock
        self._on_enrolled = on_enrolled
        self._on_revoked = on_revoked
        self._known: dict[str, tuple[bytes, bool]] = {}
        self._damaged: set[str] = set()

    def look(self) -> list[Device]:
        """Look at the register: whoever was enrolled or revoked since the last look is taken up. Gives those that may
        speak."""
        try:
            found = self._registry.devices()
        except RegistryError:  # one damaged entry must not cost the other devices their scenes
            found = [device for device_id in list(self._known) if (device := self._device(device_id))]
        for device in found:
            self._enrol(device)
        return [device for device in found if not device.revoked]

    def speaking(self, device_id: str) -> Device | None:
        """The device, if it may speak and be spoken to; a damaged entry is logged once."""
        device = self._device(device_id)
        return None if device is None or device.revoked else device

    def facts(self, device_id: str) -> DeviceFacts | None:
        """What intake must know of a device; None if nobody enrolled it. Raises RegistryError, StoreError."""
        device = self._registry.device(device_id)
        if device is None:
            return None
        self._enrol(device)
        return DeviceFacts(device.keys, device.key, device.revoked, device.window or None)

    def put_in_force(self, device_id: str, key: str) -> None:
        """A record said that ``key`` (its id) signs from now on (spec 7.6). Raises RegistryError."""
        self._registry.put_in_force(device_id, key)

    def forget(self) -> None:
        """The store is another one, or knows more again: tell it of everybody once more."""
        self._known.clear()

    def _device(self, device_id: str) -> Device | None:
        try:
            return self._registry.device(device_id)
        except RegistryError as error:
            if device_id not in self._damaged:
                log.error("%s", error)
                self._damaged.add(device_id)
            return None

    def _enrol(self, device: Device) -> None:
        """See that the store knows a device before its first record comes to it."""
        known = (device.fingerprint, device.revoked)
        if self._known.get(device.id) == known:
            return
        now_ms = self._clock.now_ms()
        self._known[device.id] = known
        told = self._store.submit(lambda c: self._tell_enrolled(c, device, now_ms))
        told.add_done_callback(lambda done: self._known.pop(device.id, None) if done.exception() else None)
        if device.revoked:
            self._on_revoked(device.id)
        else:
            self._on_enrolled(device.id)

    def _tell_enrolled(self, connection: sqlite3.Connection, device: Device, now_ms: int) -> None:
        for certificate in device.certificates:
            pem = certificate.public_bytes(Encoding.PEM).decode()
            fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
            devices.enrolled(connection, self._hall, device.id, device.window, pem, fingerprint, now_ms)
        key = records.key_in_force(connection, device.id)
        if key is not None:  # what a crash may have kept from being noted
            self._registry.put_in_force(device.id, key)
