"""When scenes are sent: after a change, when their time has come, and when the broker came back."""

import logging
import threading
from collections.abc import Callable, Iterable

from gateway.registry import Device

log = logging.getLogger(__name__)

_POLL_S = 1.0
_AGAIN_MS = 1000


class Painter:
    """A thread. ``paint(device, afresh)`` sends a scene and gives when to look again; ``poll()`` gives the devices."""

    def __init__(
        self, paint: Callable[[str, bool], int | None], poll: Callable[[], list[Device]], now_ms: Callable[[], int]
    ):
        self._paint = paint
        self._poll = poll
        self._now_ms = now_ms
        self._condition = threading.Condition()
        self._windows: set[str] = set()
        self._devices: set[str] = set()
        self._everything = False
        self._stopping = False
        self._look_again: dict[str, int] = {}
        self._owed: set[str] = set()  # devices that were to hear it all afresh, and it failed
        self._thread = threading.Thread(target=self._run, name="hcp-painter", daemon=True)

    def wake(self, windows: Iterable[str] = (), devices_: Iterable[str] = (), everything: bool = False) -> None:
        with self._condition:
            self._windows.update(windows)
            self._devices.update(devices_)
            self._everything |= everything
            self._condition.notify()

    def start(self) -> None:
        self._thread.start()

    @property
    def healthy(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        while True:
            with self._condition:
                if not (self._windows or self._devices or self._everything or self._stopping):
                    self._condition.wait(self._pause_s())
                if self._stopping:
                    return
                windows, afresh, everything = self._windows, self._devices, self._everything
                self._windows, self._devices, self._everything = set(), set(), False
            present = self._poll()
            now_ms = self._now_ms()
            due = {device for device, at_ms in self._look_again.items() if at_ms <= now_ms}
            for device in present:
                fresh = everything or device.id in afresh or (device.id in due and device.id in self._owed)
                if fresh or device.window in windows or device.id in due:
                    self._one(device.id, fresh)

    def _one(self, device_id: str, afresh: bool) -> None:
        self._look_again.pop(device_id, None)
        try:
            look_again_ms = self._paint(device_id, afresh)
        except Exception:  # the top of this thread: one device's scene must not cost the others theirs
            log.exception("scene for %s", device_id)
            look_again_ms = self._now_ms() + _AGAIN_MS
            if afresh:
                self._owed.add(device_id)
        else:
            if afresh:
                self._owed.discard(device_id)
        if look_again_ms is not None:
            self._look_again[device_id] = look_again_ms

    def _pause_s(self) -> float:
        first_ms = min(self._look_again.values(), default=None)
        if first_ms is None:
            return _POLL_S
        return min(max((first_ms - self._now_ms()) / 1000, 0.0), _POLL_S)
