"""What the firmware takes: bytes of bytecode, heap at rest and over a day, memory of a simulated device."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from simulator import build_firmware, resident
from simulator.bench import Row
from simulator.device import HEAP, SimDevice
from simulator.hall import Plan, opened

FLAT_TARGET = 4096
#: Of the heap that is left in the worst hour: an update holds 17 KB of it beside a connection (test_device_budget.py),
#: a packet and its copies take another 7 for a moment.
LEFT_TARGET = 24576
HOURS = 24
RATINGS_EACH = 8
HOUR_MS = 3_600_000


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Takes about a minute."""
    image = build_firmware.build(root / "firmware")
    with opened(root, Plan("memory", {"A01": "a01"}, undo_ms=0, reasons=False), say) as hall:
        device = next(iter(hall.devices.values()))
        yield from sizes(image, resident.work(hall, device))
        yield from _day(device)


def sizes(image: build_firmware.Image, modules: Collection[str]) -> Iterator[Row]:
    """Bytes of the ``.mpy`` files that ship: what a device with these modules holds, and the rest."""
    held = image.resident(modules)
    at_work = sum(held.values())
    board = sum(size for path, size in held.items() if path.startswith(("firmware/drivers/", "firmware/boards/")))
    largest = ", ".join(f"{path} {held[path]}" for path in sorted(held, key=held.__getitem__, reverse=True)[:6])
    note = f"as `make firmware` counts: loader and drivers of the board included; largest: {largest}"
    yield Row("bytecode of a device at work", at_work, "B", resident.MOST, at_work <= resident.MOST, note=note)
    yield Row("bytecode of the board's drivers, in that", board, "B")
    rare = sorted(set(image.sizes) - set(held))
    note = ", ".join(rare)
    yield Row("bytecode loaded now and then only", sum(image.sizes[path] for path in rare), "B", note=note)


def _day(device: SimDevice) -> Iterator[Row]:
    used = []
    ratings = device.stats().counts["ratings"]
    before = ratings
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
    total = ratings - before
    note = f"live after collections, {HOURS} simulated hours, {total} ratings, reconnects; -X heapsize={HEAP}"
    yield Row("heap in use, most", max(used), "B", note=note)
    left = device.stats().heap_free + used[-1] - max(used)
    yield Row("heap left at least", left, "B", LEFT_TARGET, left >= LEFT_TARGET, note=note)
    note = "most of the second 12 hours less most of the first 12"
    yield Row("heap growth over a day", flat, "B", FLAT_TARGET, flat <= FLAT_TARGET, note=note)
    yield Row("restarts over that day", device.starts - 1, "", 0, device.starts == 1)
    yield Row("memory of one simulated device", round(device.resident_bytes() / 1e6, 1), "MB", note="RSS of the VM")


def _wait_ratings(device: SimDevice, count: int) -> None:
    device.wait_stats(lambda stats: stats.counts.get("ratings", 0) >= count)
