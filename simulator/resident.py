"""Which bytecode a device holds in RAM: that of the modules which devices say they have, after they did their work.

One definition for ``make firmware``, ``hcp bench`` and the tests, and no list: the board's half is said by the image,
which starts in the VM on the models of its chips; the other half by a simulated device that connected over mutual TLS,
was armed, took a rating of each star, sat through an outage and got its receipts. What either of them has imported by
then counts, also if it was wanted only once. What it has let go of by then does not: without the module its heap is
free again (``test_memory.py``).
"""

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from simulator.device import SimDevice
from simulator.hall import Hall, Plan, opened

MOST = 61440  # bytes of .mpy (DESIGN §4)
_WINDOW = "A01"
_LOOKS = 10
_PAUSE_S = 0.1


def at_work(root: Path, say: Callable[[str], None]) -> frozenset[str]:
    """Open a hall under ``root``, let its one device work, and ask it. Takes some seconds."""
    with opened(root, Plan("resident", {_WINDOW: "a01"}, undo_ms=100, reasons=False), say) as hall:
        return work(hall, hall.devices[_WINDOW])


def work(hall: Hall, device: SimDevice) -> frozenset[str]:
    """A small day at the window; gives the modules that the device has afterwards."""
    device.wait_screen("idle")
    hall.business.sign_in(_WINDOW, "s1")
    for level in (1, 2, 3, 4, 5):
        hall.business.called(_WINDOW, "s1", f"case-{level}", level, "户口登记")
        hall.business.served(_WINDOW, "s1", f"case-{level}", level, "户口登记")
        hall.business.finished(_WINDOW, "s1", f"case-{level}", level, "户口登记")
        device.wait_screen("rate")
        if level == 3:
            device.cut_network()
        done = device.stats().counts.get("ratings", 0)
        device.press(level)
        _wait_ratings(device, done + 1)
        if level == 3:
            device.restore_network()
        device.wait_stats(lambda stats: not stats.waiting and not stats.unsigned)
    hall.business.sign_out(_WINDOW, "s1")
    return held(device)


def held(device: SimDevice) -> frozenset[str]:
    """The modules that a device at rest has and keeps: some are let go of a moment after their work."""
    modules = device.modules()
    for _ in range(_LOOKS):
        time.sleep(_PAUSE_S)
        modules &= device.modules()
    return modules


def _wait_ratings(device: SimDevice, count: int) -> None:
    device.wait_stats(lambda stats: stats.counts.get("ratings", 0) >= count)


def files(modules: Collection[str], sizes: Mapping[str, int]) -> dict[str, int]:
    """Of the files of an image (path → bytes) those of these modules."""
    wanted = {f"{module.replace('.', '/')}{end}" for module in modules for end in (".mpy", "/__init__.mpy")}
    return {path: size for path, size in sizes.items() if path in wanted}
