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
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from gateway.enrolment import enroll, write_file
from gateway.registry import Registry
from protocol import cose, downlink, record, topics
from simulator.hall import Hall, Plan, opened

PRESSES = 200
RATE_PER_S = 20
RATED_S = 15
DEVICES = 4
RECORDS_EACH = 2500
SEND_WINDOW = 200
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
        yield from _intake(hall, root)


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


def _intake(hall: Hall, root: Path) -> Iterator[Row]:
    senders = [_Sender(hall, root / "senders" / f"s{index}", f"s{index}") for index in range(DEVICES)]
    listener = _Listener(hall)
    started = time.perf_counter()
    for sender in senders:
        sender.start(listener)
    ended = max(listener.wait(sender.device, RECORDS_EACH) for sender in senders)
    for sender in senders:
        sender.close()
    listener.close()
    total = DEVICES * RECORDS_EACH
    note = (
        f"{total} signed ratings from {DEVICES} paho clients (not VMs), send window {SEND_WINDOW}: embedded broker → "
        "mTLS → verified → bound → FULL commit → receipt; central taking them meanwhile; senders on the same 2 cores"
    )
    yield Row("intake, durable", round(total / (ended - started)), "1/s", note=note)


class _Sender:
    """A device in Python: signs its records beforehand, then sends them as fast as they go."""

    def __init__(self, hall: Hall, folder: Path, device: str):
        self.device = device
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
        csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        window = next(iter(hall.plan.windows))
        enroll(hall.gateway_data, csr.public_bytes(serialization.Encoding.DER), device, window).write(folder)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_file(folder / "device.key", pem, secret=True)
        self._records = list(_signed(device, key))
        self._topic = topics.topic(hall.plan.hall, device, "record")
        self._client = _client(device, folder / "device.pem", folder / "device.key", folder / "ca.pem")
        self._client.max_inflight_messages_set(200)
        self._client.connect("127.0.0.1", hall.broker_port)
        self._client.loop_start()

    def start(self, listener: _Listener) -> None:
        threading.Thread(target=self._send, args=(listener,), daemon=True).start()

    def _send(self, listener: _Listener) -> None:
        # as a device does (spec 6.4), with a wider window: the broker acknowledges nothing that it cannot keep
        for seq, data in enumerate(self._records, 1):
            if seq > SEND_WINDOW:
                listener.wait(self.device, seq - SEND_WINDOW)
            self._client.publish(self._topic, data, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _signed(device: str, key: ec.EllipticCurvePrivateKey) -> Iterator[bytes]:
    prev = record.GENESIS
    now_ms = time.time_ns() // 1_000_000
    for seq in range(1, RECORDS_EACH + 1):
        head = record.Head(seq, prev, 1, seq, now_ms + seq, 50)
        payload = record.rating_payload(head, record.Rating(seq % 5 + 1, (), None, 0, (), record.UNARMED))
        to_be_signed = cose.sign1_to_be_signed(cose.sign1_protected(device), payload)
        r, s = decode_dss_signature(key.sign(to_be_signed, ec.ECDSA(hashes.SHA256())))
        data = cose.sign1_pack(device, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        prev = record.record_hash(data)[: record.HASH_IN_CHAIN]
        yield data


def _client(name: str, certificate: Path, key: Path, authority: Path) -> paho.Client:
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311)
    client.tls_set_context(context)
    return client
