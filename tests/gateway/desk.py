"""A gateway's service on a real database and a real register, with a clock turned by hand and a wire made of lists."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from gateway import enrolment
from gateway.applicants import Applicants
from gateway.business import Source
from gateway.clock import HandClock
from gateway.core import times
from gateway.feed import Feed
from gateway.keeper import Keeper
from gateway.mqtt import Frame
from gateway.registry import Registry
from gateway.service import Service, ServiceSettings
from gateway.store.settings import StoreSettings
from gateway.store.writer import Store
from gateway.vault import default_path
from gateway.vault import load as load_vault
from protocol import downlink, topics
from tests.builders import DeviceTwin

HALL = "hall-1"
QUEUE = Source("queue")
NOW_MS = 1_772_600_000_000
DEADLINE_S = 30.0


def poll(ready, what=lambda: "", timeout_s: float = DEADLINE_S) -> None:
    """Wait for something that no condition announces, such as a row that another process commits."""
    until = time.monotonic() + timeout_s
    while not ready():
        assert time.monotonic() < until, f"never came true: {what()}"
        threading.Event().wait(0.005)


def enrol(data: Path, device: str, window: str = "A1") -> "Twin":
    """A twin with a key of its own, enrolled by a real request."""
    enrolment.create_authority(data, HALL)
    twin = Twin(device)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(twin.key, hashes.SHA256())
    given = enrolment.enroll(data, request.public_bytes(serialization.Encoding.DER), device, window)
    twin.certificate, twin.downlink_key = given.certificate, given.downlink_key
    return twin


class Twin(DeviceTwin):
    """A twin that can read its downlink."""

    downlink_key = b""

    def read(self, message: bytes) -> downlink.Downlink:
        return downlink.unpack(self.downlink_key, message, self.device)


@dataclass
class Sent:
    """One frame on its way: whether it was acknowledged or dropped."""

    acked: threading.Event = field(default_factory=threading.Event)
    dropped: threading.Event = field(default_factory=threading.Event)


class Desk:
    """The service with everything real but the network."""

    def __init__(self, data: Path, **settings):
        self.data = data
        enrolment.create_authority(data, HALL)
        self.clock = HandClock(NOW_MS)
        self.store_settings = settings.pop("store", StoreSettings())
        self.identity_key = settings.pop("identity_key", None)
        self.settings = ServiceSettings(HALL, **settings)
        self.registry = Registry(data)
        self.wire: list[tuple[str, bytes]] = []
        self.changed = threading.Condition()
        self._number = 0
        self._open()

    def _open(self) -> None:
        self.store = Store(self.data / "gateway.db", self.store_settings, self.clock.now_ms)
        vault = load_vault(default_path(self.data))
        self.applicants = Applicants(HALL, self.store, vault, self.clock, self.identity_key)
        self.feed = Feed(self.store, self.clock)
        self.service = Service(
            self.settings,
            self.store,
            self.registry,
            self.clock,
            self.applicants,
            self._publish,
            certify=lambda device, request: enrolment.certify_next(self.data, device, request),
        )
        self.service.start()
        self.keeper = Keeper(self.store, HALL, self.clock.now_ms, on_salvaged=lambda: self.service.salvaged())
        self.keeper.start()

    def close(self) -> None:
        self.keeper.stop()
        self.service.stop()
        self.store.close()

    def restart(self) -> None:
        self.close()
        self._open()

    def _publish(self, topic: str, payload: bytes) -> bool:
        with self.changed:
            self.wire.append((topic, payload))
            self.changed.notify_all()
        return True

    def enrol(self, device: str, window: str = "A1") -> Twin:
        return enrol(self.data, device, window)

    # the device's side

    def offer(self, device: str, payload: bytes, leaf: str = "record", topic: str | None = None) -> Sent:
        sent = Sent()
        frame = Frame(topic or topics.topic(HALL, device, leaf), payload, sent.acked.set, sent.dropped.set)
        assert self.service.offer(frame)
        return sent

    def send(self, device: str, payload: bytes, leaf: str = "record", topic: str | None = None) -> None:
        """Deliver a frame and wait for its acknowledgement."""
        assert self.offer(device, payload, leaf, topic).acked.wait(DEADLINE_S), "never acknowledged"

    def messages(self, twin: Twin, leaf: str) -> list[downlink.Downlink]:
        wanted = topics.topic(HALL, twin.device, leaf)
        with self.changed:
            return [twin.read(payload) for topic, payload in self.wire if topic == wanted]

    def wait(self, twin: Twin, leaf: str, ready) -> downlink.Downlink:
        """The first message of a leaf that satisfies ``ready(body)``, now or to come."""
        with self.changed:
            assert self.changed.wait_for(lambda: any(ready(m.body) for m in self.messages(twin, leaf)), DEADLINE_S), (
                f"no such {leaf}; have {[m.body for m in self.messages(twin, leaf)]}"
            )
        return next(m for m in self.messages(twin, leaf) if ready(m.body))

    def receipt(self, twin: Twin, seq: int) -> downlink.Receipt:
        return self.wait(twin, "receipt", lambda body: body.seq == seq).body

    def token(self, twin: Twin) -> bytes:
        """The token of the first armed scene."""
        return self.wait(twin, "scene", lambda body: body.token is not None).body.token

    def last_scene(self, twin: Twin) -> downlink.Scene:
        return self.messages(twin, "scene")[-1].body

    # the business system's side

    def tell(self, kind: str, at_ms: int | None = None, **fields) -> None:
        """One business event that is accepted, by default of now."""
        (result,) = self.service.take_events(QUEUE, [self.event(kind, at_ms, **fields)])
        assert result.status == "accepted", result

    def event(self, kind: str, at_ms: int | None = None, **fields) -> dict:
        self._number += 1
        at = times.text(self.clock.now_ms() if at_ms is None else at_ms)
        return {"id": f"e{self._number}", "type": kind, "at": at, **fields}

    def tell_all(self, events: list[dict]) -> list[str]:
        return [result.status for result in self.service.take_events(QUEUE, events)]

    # the database's side

    def rows(self, sql: str, *values) -> list[tuple]:
        return self.store.reader().execute(sql, values).fetchall()

    def bindings(self, device: str, seq: int) -> list[tuple]:
        return self.rows(
            "SELECT status, rule, case_no, service_no, staff FROM bindings"
            " WHERE device = ? AND seq = ? ORDER BY number",
            device,
            seq,
        )
