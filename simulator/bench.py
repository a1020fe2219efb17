"""Measurements of the whole path, with the real parts (``make bench``). Figures and how they were made, no verdicts.

Every row names its value and unit; ``target`` and ``met`` stay empty until somebody sets one, ``rival`` until one is
measured in the same run.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho

from gateway.registry import Registry
from protocol import downlink, topics
from simulator.hall import Hall, Plan, opened

PRESSES = 200
RATE_PER_S = 20
RATED_S = 15
DEVICES = 4
_PATIENCE_S = 120


@dataclass(frozen=True)
class Row:
    """One figure, as it goes into ``bench.json``."""

    name: str
    value: float
    unit: str
    target: float | None = None
    met: bool | None = None
    rival: dict | None = None
    note: str = ""


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Run everything, one figure after the other. Takes about two minutes."""
    windows = {f"A{index:02d}": f"a{index:02d}" for index in range(1, DEVICES + 1)}
    with opened(root, Plan("bench", windows, undo_ms=0, reasons=False), say) as hall:
        for device in hall.devices.values():
            device.wait_screen("idle")
        yield from _press_to_light(hall)
        yield from _press_to_receipt(hall)


def percentile(values: list[float], percent: float) -> float:
    """The nearest-rank percentile. Raises ValueError without values."""
    if not values:
        raise ValueError("no values were measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * len(ordered)))]


def _press_to_light(hall: Hall) -> Iterator[Row]:
    device = next(iter(hall.devices.values()))
    before = len(device.stats().press_to_light_us)
    for index in range(PRESSES):
        level = index % 5 + 1
        device.press(level)
        device.wait_light(level)
        device.wait_stats(lambda stats: not stats.waiting and not stats.unsigned)
    measured = [us / 1000 for us in device.stats().press_to_light_us[before:]]
    note = f"{len(measured)} presses on a device at rest, stamped in the VM: key read → in the journal → light command"
    for percent in (50, 99):
        yield Row(f"press → light in the VM, p{percent}", round(percentile(measured, percent), 3), "ms", note=note)


class _Listener:
    """Listens on the wire as the hall's own broker client would, and notes when each receipt passed."""

    def __init__(self, hall: Hall):
        self._registry = Registry(hall.gateway_data)
        self._heads: dict[str, int] = {}
        self._changed = threading.Condition()
        pki = hall.gateway_data / "pki"
        self.client = _client("bench", pki / "gateway.pem", pki / "gateway.key", pki / "ca.pem")
        self.client.on_message = self._heard
        self.client.connect("127.0.0.1", hall.broker_port)
        self.client.subscribe(f"{topics.ROOT}{hall.plan.hall}/+/receipt", qos=1)
        self.client.loop_start()

    def _heard(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        _, device, _ = topics.split(message.topic)
        enrolled = self._registry.device(device)
        assert enrolled
        receipt = downlink.unpack(enrolled.downlink_key, bytes(message.payload), device).body
        with self._changed:
            self._heads[device] = max(self._heads.get(device, 0), receipt.seq)
            self._changed.notify_all()

    def head(self, device: str) -> int:
        with self._changed:
            return self._heads.get(device, 0)

    def wait(self, device: str, seq: int, timeout_s: float = _PATIENCE_S) -> float:
        """The time at which a receipt for ``seq`` had passed. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._heads.get(device, 0) >= seq, timeout_s):
                raise TimeoutError(f"no receipt for {device}/{seq}; the last is {self._heads.get(device, 0)}")
            return time.perf_counter()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def _press_to_receipt(hall: Hall) -> Iterator[Row]:
    listener = _Listener(hall)
    took_ms: list[float] = []
    lock = threading.Lock()

    def citizen(index: int) -> None:
        device = list(hall.devices.values())[index]
        seq = device.wait_stats(lambda stats: stats.waiting == 0).next_seq
        next_at = time.perf_counter() + index / RATE_PER_S
        for press in range(RATED_S * RATE_PER_S // DEVICES):
            time.sleep(max(0.0, next_at - time.perf_counter()))
            next_at += DEVICES / RATE_PER_S
            started = time.perf_counter()
            device.press(press % 5 + 1)
            ended = listener.wait(device.id, seq)
            seq += 1
            with lock:
                took_ms.append((ended - started) * 1000)

    crowd = [threading.Thread(target=citizen, args=(index,)) for index in range(DEVICES)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    listener.close()
    note = (
        f"{len(took_ms)} ratings from {DEVICES} VMs at {RATE_PER_S}/s: press → light → ES256 in MicroPython → mTLS → "
        "verified → bound → FULL commit → receipt seen on the wire; undo window 0"
    )
    for percent in (50, 99):
        yield Row(
            f"press → receipt at {RATE_PER_S} ratings/s, p{percent}",
            round(percentile(took_ms, percent), 1),
            "ms",
            note=note,
        )


def _client(name: str, certificate: Path, key: Path, authority: Path) -> paho.Client:
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311)
    client.tls_set_context(context)
    return client
