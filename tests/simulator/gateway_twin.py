"""The other side for a device under test: the real broker, and a gateway on paho written from SPEC.md.

It verifies every record with the device's certificate, keeps the chain, answers with receipts, and says what a test
asks.
"""

import datetime
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.broker import BrokerSettings, EmbeddedBroker, Role
from gateway.core import intake
from gateway.enrolment import Enrolment, create_authority, enroll
from protocol import chain, downlink, levels, record, signature, topics
from protocol.downlink import ASSET, COMMAND, RECEIPT, SCENE, Command, Downlink, Receipt, Scene
from protocol.record import Record

HALL = "test-hall"
WAIT_S = 20.0


class Chain:
    """What the twin holds of one device."""

    def __init__(self, enrolment: Enrolment):
        self.key = signature.certificate_key(enrolment.certificate)
        self.next_keys: dict = {}
        self.downlink_key = enrolment.downlink_key
        self.head = chain.START
        self.records: list[Record] = []
        self.hashes: dict[int, bytes] = {}
        self.arrivals = 0
        self.gaps = False  # whether records may come before their turn
        self.losses: list[tuple[int, int]] = []
        self.waiting: dict[int, tuple[Record, bytes]] = {}
        self.states: list[downlink.State] = []
        self.telemetry: list[downlink.Telemetry] = []
        self.logs: list[downlink.Log] = []
        self.results: list[downlink.Result] = []

    def ratings(self) -> list[Record]:
        return [found for found in self.records if found.kind == record.RATING]

    def events(self, name: str) -> list[Record]:
        code = record.EVENT_CODES[name]
        return [found for found in self.records if found.kind == record.EVENT and found.body.code == code]


class GatewayTwin:
    """A hall in ``folder``. ``receipts`` says whether records are answered; ``wall_ms`` is its clock."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.receipts = True
        self.hold_ms = 0  # above 0: it keeps no records, and says so
        self.clock_ms = 0  # added to the wall clock of receipts
        self.errors: list[str] = []
        self._number = 0
        self._chains: dict[str, Chain] = {}
        self._changed = threading.Condition(threading.RLock())
        create_authority(folder, HALL)
        self.pki = folder / "pki"
        self.broker = self._start_broker(0)
        self._paho = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="gateway", clean_session=False)
        context = ssl.create_default_context(cafile=str(self.pki / "ca.pem"))
        context.load_cert_chain(self.pki / "gateway.pem", self.pki / "gateway.key")
        self._paho.tls_set_context(context)
        self._paho.reconnect_delay_set(1, 1)
        self._paho.on_connect = self._on_connect
        self._paho.on_message = self._on_message
        self._subscribed = threading.Event()
        self._paho.on_subscribe = lambda *_: self._subscribed.set()
        self._paho.connect("127.0.0.1", self.port)
        self._paho.loop_start()
        assert self._subscribed.wait(WAIT_S)

    @property
    def port(self) -> int:
        return self.broker.port

    def close(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()
        self.broker.stop()

    def restart_broker(self) -> None:
        """A broker with no memory comes back on the same port."""
        port = self.port
        self._subscribed.clear()
        self.broker.stop()
        self.broker = self._start_broker(port)
        assert self._subscribed.wait(WAIT_S)

    def second_broker(self, names: tuple[str, ...] = ("localhost",), days: int = 365) -> EmbeddedBroker:
        """Another broker, its certificate signed by this hall for these names, valid for so many days from now."""
        authority = x509.load_pem_x509_certificate((self.pki / "ca.pem").read_bytes())
        ca_key = serialization.load_pem_private_key((self.pki / "ca.key").read_bytes(), None)
        assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        key_pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._start_broker(0, pem, key_pem)

    def enroll_next(self, device: str, csr: bytes) -> bytes:
        """The bundle for a device's next key; it counts once the device says so (SPEC 7.6)."""
        enrolment = enroll(self.folder, csr, device, "W1", "localhost", self.port, next_key=True)
        with self._changed:
            key = signature.certificate_key(enrolment.certificate)
            self._chains[device].next_keys[signature.key_id(key)] = key
        return enrolment.bundle

    def enroll(self, device: str, csr: bytes) -> bytes:
        """The bundle for a device."""
        enrolment = enroll(self.folder, csr, device, "W1", "localhost", self.port)
        with self._changed:
            self._chains[device] = Chain(enrolment)
        return enrolment.bundle

    def of(self, device: str) -> Chain:
        return self._chains[device]

    def wait(self, condition: Callable[[], bool], what: str = "it", timeout: float = WAIT_S) -> None:
        """Until the condition holds; looked at whenever something arrives."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise AssertionError(f"no {what} in {timeout} s; errors: {self.errors}")

    def wait_ratings(self, device: str, count: int) -> list[Record]:
        self.wait(lambda: len(self.of(device).ratings()) >= count, f"{count} ratings")
        return self.of(device).ratings()

    def wait_events(self, device: str, name: str, count: int = 1) -> list[Record]:
        self.wait(lambda: len(self.of(device).events(name)) >= count, f"{count} events {name}")
        return self.of(device).events(name)

    # --- downlink ---

    def scene(self, device: str, token: bytes | None, undo_ms: int = 8000, until_ms: int | None = None, mode: int = 0):
        if token is not None and until_ms is None:
            until_ms = self.now_ms() + 3_600_000
        body = Scene(token, until_ms, undo_ms, 1, 3, {}, ("不动产登记",) if token else (), None, None, mode, None)
        self.send(device, SCENE, body, retain=True)

    def receipt(self, device: str, seq: int | None = None, body_hash: bytes | None = None, hold_ms: int = 0, **how):
        held = self.of(device)
        seq = held.head.seq if seq is None else seq
        body = Receipt(seq, body_hash or held.hashes.get(seq, bytes(32))[:16], 1, hold_ms)
        self.send(device, RECEIPT, body, retain=True, **how)

    def command(self, device: str, number: int, name: str, **args) -> downlink.Result:
        self.send(device, COMMAND, Command(number, name, args))
        self.wait(lambda: any(result.id == number for result in self.of(device).results), f"result of {name}")
        return next(result for result in self.of(device).results if result.id == number)

    def send(self, device, kind, body, retain=False, number=None, key=None, to=None) -> None:
        """Publish a downlink message; ``number``, ``key`` and ``to`` (the device inside) are wrong on purpose."""
        if number is None:
            with self._changed:
                self._number += 1
                number = self._number
        message = Downlink(to or device, number, self.now_ms(), kind, body)
        leaf = {RECEIPT: "receipt", SCENE: "scene", COMMAND: "command", ASSET: "asset"}[kind]
        self.send_raw(device, leaf, downlink.pack(key or self.of(device).downlink_key, message), retain)

    def send_raw(self, device: str, leaf: str, payload: bytes, retain: bool = False) -> None:
        self._paho.publish(topics.topic(HALL, device, leaf), payload, qos=1, retain=retain)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.clock_ms

    # --- uplink, in paho's thread ---

    def _on_connect(self, client, userdata, flags, reason, properties):
        client.subscribe(f"hcp/v1/{HALL}/+/#", qos=1)

    def _on_message(self, client, userdata, message):
        _, device, leaf = topics.split(message.topic)
        if leaf not in topics.FROM_DEVICE:
            return
        with self._changed:
            try:
                self._take(device, leaf, message.payload)
            except Exception as error:  # noqa: BLE001 - a test looks at it
                self.errors.append(f"{leaf}: {error!r}")
            self._changed.notify_all()

    def _take(self, device: str, leaf: str, payload: bytes) -> None:
        held = self._chains[device]
        if leaf == "state":
            held.states.append(downlink.unpack_state(payload))
        elif leaf == "telemetry":
            held.telemetry.append(downlink.unpack_telemetry(payload))
        elif leaf == "log":
            held.logs.append(downlink.unpack_log(payload))
        elif leaf == "result":
            held.results.append(downlink.unpack_result(payload))
        elif leaf == "record":
            self._take_record(device, held, payload)

    def _take_record(self, device: str, held: Chain, payload: bytes) -> None:
        held.arrivals += 1
        if self.hold_ms:
            self.receipt(device, hold_ms=self.hold_ms)
            return
        found = record.parse(payload)
        assert found.device == device
        full_hash = record.record_hash(payload)
        seq = found.head.seq
        if held.hashes.get(seq) != full_hash:
            signature.verify(held.key, found.to_be_signed, found.signature)
        verdict = chain.judge(held.head, seq, found.head.prev, full_hash, held.hashes.get(seq))
        if verdict == chain.LINKED:
            held.head = chain.step(held.head, seq, full_hash)
            held.hashes[seq] = full_hash
            held.records.append(found)
            held.key = held.next_keys.get(chain.next_key(found), held.key)
        elif verdict == chain.EARLY and held.gaps:
            held.waiting[seq] = (found, full_hash)
        elif verdict != chain.DUPLICATE:
            self.errors.append(f"{device}/{seq}: {verdict}")
        if held.gaps:
            self._step_over(device, held, found)
        if self.receipts:
            self.receipt(device)

    def _step_over(self, device: str, held: Chain, found: Record) -> None:
        loss = chain.declared_loss(found)
        if loss and loss not in held.losses:
            held.losses.append(loss)
        moved = intake.advance(
            held.head, held.losses, {seq: (early.head.prev, h) for seq, (early, h) in held.waiting.items()}
        )
        held.head = moved.head
        self.errors += [f"{device}/{seq}: broken" for seq in moved.broken]
        for seq in (*moved.linked, *moved.broken):
            early, held.hashes[seq] = held.waiting.pop(seq)
            held.records.append(early)

    def _start_broker(self, port: int, certificate: bytes | None = None, key: bytes | None = None) -> EmbeddedBroker:
        settings = BrokerSettings(
            HALL,
            certificate or self.pki / "server.pem",
            key or self.pki / "server.key",
            self.pki / "ca.pem",
            "127.0.0.1",
            port,
        )
        broker = EmbeddedBroker(settings, lambda cn, _: Role.GATEWAY if cn == "gateway" else Role.DEVICE)
        broker.start()
        return broker


def named(ratings: list[Record]) -> list[str]:
    return [levels.name(found.body.level) for found in ratings]
