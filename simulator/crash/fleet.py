"""Devices that press on through every fault: real TLS, real signatures, the sending of spec 6.4, in one thread each.

They are not VMs, so that a small machine can drive many of them at a high rate. What counts is the same: a
record is kept until a receipt whose MAC is right covers it, and is sent again from the first one without.
"""

import random
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateway.enrolment import enroll
from gateway.registry import write_file
from protocol import cose, downlink, mqtt, record, topics
from protocol.errors import ProtocolError
from simulator.crash.oracle import Oracle, Promise

WINDOW = 8  # spec 6.4
ERROR_MS = 50
_STEP_S = 0.05


@dataclass(frozen=True)
class Manner:
    """How a device behaves. ``rate`` records per second, ``patience_s``: without a receipt for so long it sends again
    (spec 6.4: 10 s; less here, so that many faults fit into a run)."""

    rate: float
    patience_s: float = 1.0
    pause_s: float = 0.05
    most: int | None = None
    """How many records each makes at most; None: as many as there is time for."""
    first_ms: int | None = None
    """The wall time of its first press; each further one is ``step_ms`` later. None: it presses now."""
    step_ms: int = 1000

    def wall_ms(self, seq: int) -> int:
        if self.first_ms is None:
            return time.time_ns() // 1_000_000
        return self.first_ms + (seq - 1) * self.step_ms


class Chain:
    """One device's key and its records, each signed when it is wanted. Known to the oracle from then on."""

    def __init__(self, device: str, oracle: Oracle, lock: threading.Condition, manner: Manner):
        self.device = device
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._oracle = oracle
        self._lock = lock
        self._manner = manner
        self._bodies: dict[int, bytes] = {}
        self._prev = record.GENESIS
        self.made = 0

    def csr(self) -> bytes:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self.device)])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.DER)

    def body(self, seq: int) -> bytes:
        """The record of ``seq``; makes it, and those before it, when it is new."""
        while self.made < seq:
            self._make()
        return self._bodies[seq]

    def forget(self, seq: int) -> None:
        """What a receipt covers is not needed any more."""
        for old in [number for number in self._bodies if number <= seq]:
            del self._bodies[old]

    def _make(self) -> None:
        seq = self.made + 1
        wall_ms = self._manner.wall_ms(seq)
        head = record.Head(seq, self._prev, 1, wall_ms % 2**31, wall_ms, ERROR_MS)
        payload = record.rating_payload(head, record.Rating(seq % 5 + 1, (), None, 0, (), record.UNARMED))
        to_be_signed = cose.sign1_to_be_signed(cose.sign1_protected(self.device), payload)
        r, s = decode_dss_signature(self.key.sign(to_be_signed, ec.ECDSA(hashes.SHA256())))
        body = cose.sign1_pack(self.device, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        digest = record.record_hash(body)
        self._prev = digest[: record.HASH_IN_CHAIN]
        self._bodies[seq] = body
        self.made = seq
        with self._lock:
            self._oracle.issue(self.device, digest)


class Fleet:
    """All devices of one hall. ``start`` them; ``wait`` for receipts; ``finish`` lets them make no more."""

    def __init__(self, data: Path, hall: str, port: int, count: int, manner: Manner, oracle: Oracle, prefix: str = "d"):
        self.oracle = oracle
        self.changed = threading.Condition()
        self.over = threading.Event()
        self.finishing = threading.Event()
        self.manner = manner
        self.connects = 0
        self.receipts = 0
        self.resent = 0
        self.failure: BaseException | None = None
        self.interval_s = count / manner.rate
        self.last_receipt_at = 0.0
        self._devices = [
            _Device(self, data, hall, port, f"{prefix}{number:02d}", f"A{number:02d}") for number in range(1, count + 1)
        ]

    def start(self) -> None:
        for device in self._devices:
            device.start()

    def keys(self) -> dict[str, bytes]:
        """The downlink key of each device."""
        return {device.chain.device: device.downlink_key for device in self._devices}

    def stop(self) -> None:
        self.over.set()
        for device in self._devices:
            device.join(10)

    def wait(self, promised: int, timeout_s: float) -> bool:
        """Until receipts cover so many records in all. Raises what went wrong in a device's thread."""
        with self.changed:
            done = self.changed.wait_for(lambda: self.oracle.promised >= promised or self.failure, timeout_s)
        if self.failure:
            raise self.failure
        return bool(done)

    def finish(self, timeout_s: float) -> bool:
        """Make nothing new, and wait until everything has its receipt."""
        self.finishing.set()
        with self.changed:
            self.changed.wait_for(lambda: self.oracle.settled() or self.failure, timeout_s)
            if self.failure:
                raise self.failure
            return self.oracle.settled()


class _Device(threading.Thread):
    def __init__(self, fleet: Fleet, data: Path, hall: str, port: int, name: str, window: str):
        super().__init__(name=f"device-{name}", daemon=True)
        self._fleet = fleet
        self._port = port
        self._hall = hall
        self.chain = Chain(name, fleet.oracle, fleet.changed, fleet.manner)
        given = enroll(data, self.chain.csr(), name, window)
        self.downlink_key = given.downlink_key
        pem = self.chain.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        own = data.parent / "boxes" / f"{name}.pem"
        own.parent.mkdir(exist_ok=True)
        write_file(own, pem + given.certificate.public_bytes(serialization.Encoding.PEM), secret=True)
        self._context = ssl.create_default_context(cafile=str(data / "pki" / "ca.pem"))
        self._context.load_cert_chain(own)
        self._random = random.Random(name)
        self._receipted = 0
        self._numbers: dict[int, int] = {}
        self._next_at = 0.0
        self.hold_until = 0.0
        self.probing = False

    def run(self) -> None:
        fleet = self._fleet
        self._next_at = time.monotonic()
        while not fleet.over.is_set():
            try:
                self._live()
            except (OSError, ProtocolError):
                fleet.over.wait(self._random.uniform(0, fleet.manner.pause_s))
            except BaseException as error:
                with fleet.changed:
                    fleet.failure = error
                    fleet.changed.notify_all()
                return

    def _live(self) -> None:
        """One connection, to its end."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._context.wrap_socket(plain, server_hostname="127.0.0.1") as link:
                _Talk(self, link).go()

    # what the talk needs of the device's memory

    def due(self) -> bool:
        """Whether it is time for another press."""
        now = time.monotonic()
        most = self._fleet.manner.most
        if self._fleet.finishing.is_set() or now < self._next_at or (most is not None and self.chain.made >= most):
            return False
        # a device that was cut off has a backlog of presses, but not of hours
        self._next_at = max(self._next_at + self._fleet.interval_s, now - 0.5)
        return True


class _Talk:
    """What is said over one connection."""

    def __init__(self, device: "_Device", link: ssl.SSLSocket):
        self._device = device
        self._fleet = device._fleet
        self._link = link
        self._decoder = mqtt.Decoder()
        self._sent = device._receipted
        self._packet_id = 0
        self._topic = topics.topic(device._hall, device.chain.device, "record")

    def go(self) -> None:
        device, name = self._device, self._device.chain.device
        self._link.sendall(mqtt.connect(name, 30, True, None))
        self._expect(mqtt.Connack)
        wanted = [(topics.topic(device._hall, name, leaf), 1) for leaf in topics.TO_DEVICE]
        self._link.sendall(mqtt.subscribe(1, wanted))
        self._expect(mqtt.Suback)
        state = downlink.pack_state(downlink.State("ready", 1))
        self._link.sendall(mqtt.publish(topics.topic(device._hall, name, "state"), state, 1, self._id(), True))
        with self._fleet.changed:
            self._fleet.connects += 1
        quiet, before = time.monotonic(), device._receipted
        while not self._fleet.over.is_set():
            self._send()
            if not self._link.pending() and not select.select([self._link], [], [], _STEP_S)[0]:
                data = b""
            else:
                data = self._link.recv(65536)
                if not data:
                    raise ConnectionError("the broker hung up")
            self._take(data)
            if device._receipted != before:
                quiet, before = time.monotonic(), device._receipted
            elif self._sent > before and time.monotonic() - quiet > self._fleet.manner.patience_s:
                self._fleet.resent += self._sent - before
                self._sent, quiet = before, time.monotonic()

    def _id(self) -> int:
        self._packet_id = self._packet_id % 60_000 + 1
        return self._packet_id

    def _expect(self, kind: type) -> None:
        self._link.settimeout(5)
        while True:
            packet = self._decoder.packet()
            if packet is None:
                data = self._link.recv(65536)
                if not data:
                    raise ConnectionError("the broker hung up")
                self._decoder.feed(data)
            elif isinstance(packet, kind):
                if isinstance(packet, mqtt.Connack) and packet.code:
                    raise ConnectionError(f"refused with {packet.code}")
                return

    def _send(self) -> None:
        device = self._device
        self._sent = max(self._sent, device._receipted)
        if time.monotonic() < device.hold_until:
            return
        out = b""
        window = 1 if device.probing else WINDOW
        while self._sent < device._receipted + window and (self._sent < device.chain.made or device.due()):
            self._sent += 1
            out += mqtt.publish(self._topic, device.chain.body(self._sent), 1, self._id())
        if out:
            self._link.sendall(out)

    def _take(self, data: bytes) -> None:
        self._decoder.feed(data)
        while (packet := self._decoder.packet()) is not None:
            if isinstance(packet, mqtt.Publish):
                if packet.qos:
                    self._link.sendall(mqtt.puback(packet.packet_id))
                if packet.topic.endswith("/receipt"):
                    self._receipt(packet.payload)

    def _receipt(self, payload: bytes) -> None:
        device, fleet = self._device, self._fleet
        try:
            told = downlink.unpack(device.downlink_key, payload, device.chain.device)
        except ProtocolError as error:
            with fleet.changed:
                fleet.oracle.refuse(device.chain.device, str(error.code))
            return
        # what a broker delivers again, or kept: spec 5.1 has a device ignore it
        if told.number <= device._numbers.get(told.kind, 0):
            return
        device._numbers[told.kind] = told.number
        # spec 5.2, negative receipt: silence for so long, then one record to ask with; 0 ends both at once
        if told.body.hold_ms or device.probing:
            device.hold_until = time.monotonic() + min(told.body.hold_ms, 600_000) / 1000
            self._sent = max(told.body.seq, device._receipted)
        device.probing = told.body.hold_ms > 0
        promise = Promise(told.body.seq, told.body.hash, told.body.epoch)
        with fleet.changed:
            fleet.receipts += 1
            if fleet.oracle.promise(device.chain.device, promise) and promise.seq > device._receipted:
                device._receipted = promise.seq
                device.chain.forget(promise.seq)
                fleet.last_receipt_at = time.monotonic()
                fleet.changed.notify_all()
