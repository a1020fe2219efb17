"""Measurements of the link: how fast a backlog drains on a slow line, how soon a device is back after an outage."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from simulator import outages
from simulator.bench import Row, percentile
from simulator.device import SimDevice
from simulator.hall import Plan, opened

BACKLOG = 200
ONE_WAY_MS = 50
OUTAGES = 1080  # a multiple of the kinds


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Run everything; about a minute."""
    with opened(root, Plan("bench-link", {"A01": "a01"}, undo_ms=0, reasons=False), say) as hall:
        (device,) = hall.devices.values()
        device.wait_screen("idle")
        device.wait_stats(lambda stats: stats.waiting == 0)
        rate = drain(device, BACKLOG, ONE_WAY_MS)
    note = (
        f"{BACKLOG} ratings made offline, the real VM over a relay with {ONE_WAY_MS} ms each way: from the first"
        " receipt to the last, window 8, TLS, FULL commit, signed receipts"
    )
    yield Row("drain at 100 ms round trip", round(rate, 1), "1/s", target=50, met=rate >= 50, note=note)
    yield from _back_online()


def drain(device: SimDevice, count: int, one_way_ms: float) -> float:
    """Records per second that leave a device with a backlog. Its network is cut before, and slow after."""
    device.cut_network()
    for number in range(count):
        next_seq = device.stats().next_seq
        device.press(number % 5 + 1)
        device.press(number % 5 + 1)  # the same key again commits at once
        _wait_signed(device, next_seq)
    device.network.delay_ms = one_way_ms
    before = device.stats().receipted
    device.restore_network()
    first = device.wait_stats(lambda stats: stats.receipted > before)
    began = time.perf_counter()
    device.wait_stats(lambda stats: stats.waiting == 0, 60)
    took_s = time.perf_counter() - began
    device.network.delay_ms = 0
    return first.waiting / took_s


def _wait_signed(device: SimDevice, seq: int) -> None:
    device.wait_stats(lambda stats: stats.next_seq > seq)


def _back_online() -> Iterator[Row]:
    made = list(outages.many(OUTAGES, waiting=True))
    took_s = [outage.back_ms / 1000 for outage in made]
    p95 = percentile(took_s, 95)
    note = (
        f"{OUTAGES} outages of 9 kinds in virtual time ({', '.join(outages.KINDS)}), 2 s to 15 min long, a record"
        " waiting; from network and broker whole again to subscribed; times of radio, DHCP, TLS assumed: outages.py"
    )
    yield Row("back online, p95", round(p95, 1), "s", target=10, met=p95 <= 10, note=note)
    worst = max(percentile([o.back_ms / 1000 for o in made if o.kind == kind], 95) for kind in outages.KINDS)
    yield Row("back online, p95 of the worst kind", round(worst, 1), "s", target=10, met=worst <= 10, note="as above")
    idle = [outage.back_ms / 1000 for outage in outages.many(OUTAGES, waiting=False)]
    yield Row(
        "back online with nothing to deliver, p95", round(percentile(idle, 95), 1), "s",
        note="a broker that answers and fails is left alone for up to 60 s by a device with nothing to deliver",
    )  # fmt: skip
