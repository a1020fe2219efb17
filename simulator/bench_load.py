"""Devices that send signed ratings as fast as a gateway gives receipts, or at a steady rate: one process, one thread.

    python -m simulator.bench_load DATA PORT DEVICES EACH [RATE]

enrolls the devices, signs everything beforehand (a device's processor is not what is measured here), says ``signed``
and waits for a line on stdin. Then it connects over mutual TLS and sends as spec 6.4 says: eight records without a
receipt for each device; a receipt counts when its MAC is right. At the end it prints one JSON object: ``seconds`` from
the first record to the last receipt, ``records``, and ``waited_ms``, how long each record waited for its receipt.
"""

import json
import select
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateway.enrolment import enroll
from gateway.registry import write_file
from protocol import cose, downlink, mqtt, record, topics

WINDOW = 8  # spec 6.4
_PATIENCE_S = 120.0


def signed(device: str, key: ec.EllipticCurvePrivateKey, count: int, first: int = 1) -> Iterator[bytes]:
    """The first records of a device's chain: unarmed ratings of every level, pressed now."""
    prev = record.GENESIS
    now_ms = time.time_ns() // 1_000_000
    protected = cose.sign1_protected(device)
    for seq in range(first, first + count):
        head = record.Head(seq, prev, 1, seq, now_ms + seq, 50)
        payload = record.rating_payload(head, record.Rating(seq % 5 + 1, (), None, 0, (), record.UNARMED))
        r, s = decode_dss_signature(key.sign(cose.sign1_to_be_signed(protected, payload), ec.ECDSA(hashes.SHA256())))
        body = cose.sign1_pack(device, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        prev = record.record_hash(body)[: record.HASH_IN_CHAIN]
        yield body


@dataclass
class Box:
    """One device: its packets, what it has sent and what it holds a receipt for."""

    name: str
    downlink_key: bytes
    context: ssl.SSLContext
    packets: list[bytes]
    topic: str
    receipt_topic: str
    link: ssl.SSLSocket = field(init=False)
    decoder: mqtt.Decoder = field(default_factory=mqtt.Decoder)
    sent: int = 0
    receipted: int = 0
    sent_at: list[float] = field(default_factory=list)

    def connect(self, port: int) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=30)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link = self.context.wrap_socket(plain, server_hostname="127.0.0.1")
        self.link.sendall(mqtt.connect(self.name, 300) + mqtt.subscribe(1, [(self.receipt_topic, 1)]))

    def send(self, most: int) -> None:
        """What the window allows, but not beyond ``most`` records in all."""
        until = min(self.receipted + WINDOW, len(self.packets), most)
        if self.sent < until:
            self.link.sendall(b"".join(self.packets[self.sent : until]))
            self.sent_at += [time.perf_counter()] * (until - self.sent)
            self.sent = until

    def take(self, waited_ms: list[float]) -> int:
        """Read what came; gives how many records have a receipt now that had none."""
        data = self.link.recv(65536)
        if not data:
            raise ConnectionError(f"{self.name}: the broker hung up")
        self.decoder.feed(data)
        before = self.receipted
        while (packet := self.decoder.packet()) is not None:
            if isinstance(packet, mqtt.Publish):
                if packet.qos:
                    self.link.sendall(mqtt.puback(packet.packet_id))
                if packet.topic == self.receipt_topic:
                    told = downlink.unpack(self.downlink_key, packet.payload, self.name).body
                    self.receipted = max(self.receipted, told.seq)
        now = time.perf_counter()
        waited_ms += [(now - at) * 1000 for at in self.sent_at[before : self.receipted]]
        return self.receipted - before


def boxes(data: Path, hall: str, count: int, each: int) -> list[Box]:
    """Enrolled devices with their signed records."""
    found = []
    for number in range(1, count + 1):
        name = f"load-{number:03}"
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        given = enroll(data, request.public_bytes(serialization.Encoding.DER), name, f"L{number:03}")
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        own = data.parent / f"{name}.pem"
        write_file(own, pem + given.certificate.public_bytes(serialization.Encoding.PEM), secret=True)
        context = ssl.create_default_context(cafile=str(data / "pki" / "ca.pem"))
        context.load_cert_chain(own)
        topic = topics.topic(hall, name, "record")
        packets = [
            mqtt.publish(topic, body, 1, number % 60_000 + 1) for number, body in enumerate(signed(name, key, each))
        ]
        found.append(Box(name, given.downlink_key, context, packets, topic, topics.topic(hall, name, "receipt")))
    return found


def run(load: list[Box], port: int, rate: float | None) -> dict:
    """Send everything; gives the figures. Raises TimeoutError if receipts stop coming."""
    for box in load:
        box.connect(port)
    poll = select.epoll()
    by_number = {box.link.fileno(): box for box in load}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    waited_ms: list[float] = []
    total, done = sum(len(box.packets) for box in load), 0
    began = heard = time.perf_counter()
    due = 0
    while done < total:
        now = time.perf_counter()
        if rate is None:
            for box in load:
                box.send(len(box.packets))
        while rate is not None and due < total and now >= began + due / rate:
            load[due % len(load)].send(due // len(load) + 1)  # in turn, one at a time
            due += 1
        pause_s = 1.0 if rate is None or due >= total else max(0.0, began + due / rate - time.perf_counter())
        for number, _ in poll.poll(pause_s):
            box = by_number[number]
            while True:
                done += box.take(waited_ms)
                heard = time.perf_counter()
                if not box.link.pending():
                    break
        if time.perf_counter() - heard > _PATIENCE_S:
            raise TimeoutError(f"{done} of {total} records have a receipt, and no more came")
    return {"seconds": heard - began, "records": total, "waited_ms": sorted(waited_ms)}


def main(data: Path, hall: str, port: int, devices: int, each: int, rate: float | None) -> None:
    load = boxes(data, hall, devices, each)
    print("signed", flush=True)
    sys.stdin.readline()
    print(json.dumps(run(load, port, rate)), flush=True)


if __name__ == "__main__":
    folder, of_hall, *numbers = sys.argv[1:]
    asked = float(numbers[3]) if len(numbers) > 3 else None
    main(Path(folder), of_hall, int(numbers[0]), int(numbers[1]), int(numbers[2]), asked)
