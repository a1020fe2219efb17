"""A device that nobody here wrote joins a hall.

``ForeignDevice`` is written from SPEC.md with cbor2, cryptography, hmac and paho, and uses nothing of ours. It is
enrolled by the command line and then does what a device does.
"""

import datetime
import hashlib
import hmac
import json
import ssl
import threading
import time

import cbor2
import paho.mqtt.client as paho
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from simulator import evidence
from simulator.hall import Plan, opened

WAIT_S = 30


class ForeignDevice:
    """Key, request, records and downlink as the specification has them, with other people's libraries."""

    def __init__(self, device: str, hall: str):
        self.device, self.hall = device, hall
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.seq, self.prev = 0, bytes(16)
        self.heard = threading.Condition()
        self.receipt: dict = {6: 0}
        self.scene: dict = {10: None}

    def csr(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a box from elsewhere")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM)

    def connect(self, folder, port: int) -> None:
        facts = json.loads((folder / "enrolment.json").read_text())
        self.downlink_key = (folder / "downlink.key").read_bytes()
        key_file = folder / "key.pem"
        key_file.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        context.load_cert_chain(folder / "device.pem", key_file)
        self.mqtt = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=self.device, protocol=paho.MQTTv311, clean_session=True
        )
        self.mqtt.tls_set_context(context)
        self.mqtt.will_set(self.topic("state"), cbor2.dumps({1: 1, 2: "lost", 3: 1}), qos=1, retain=True)
        self.mqtt.on_message = self._on_message
        self.mqtt.on_connect = lambda *_: self.mqtt.subscribe(
            [(self.topic(leaf), 1) for leaf in ("receipt", "scene", "asset", "command")]
        )
        self.mqtt.connect(facts["broker_host"], port)
        self.mqtt.loop_start()
        self.mqtt.publish(self.topic("state"), cbor2.dumps({1: 1, 2: "ready", 3: 1}), qos=1, retain=True)

    def topic(self, leaf: str) -> str:
        return f"hcp/v1/{self.hall}/{self.device}/{leaf}"

    def send(self, fields: dict) -> bytes:
        self.seq += 1
        now_ms = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
        fields |= {1: 1, 3: self.seq, 4: self.prev, 5: 1, 6: self.seq * 100, 7: now_ms, 8: 50, 15: bytes(24)}
        fields[15] = bytes(24 + 152 - len(cbor2.dumps(fields, canonical=True)))
        payload = cbor2.dumps(fields, canonical=True)
        protected = cbor2.dumps({1: -7, 4: self.device.encode()}, canonical=True)
        r, s = decode_dss_signature(
            self.key.sign(cbor2.dumps(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA256()))
        )
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        record = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))
        self.prev = hashlib.sha256(record).digest()[:16]
        self.mqtt.publish(self.topic("record"), record, qos=1).wait_for_publish(WAIT_S)
        return record

    def _on_message(self, _client, _userdata, message) -> None:
        protected, unprotected, payload, tag = cbor2.loads(message.payload).value
        expected = hmac.digest(self.downlink_key, cbor2.dumps(["MAC0", protected, b"", payload]), "sha256")
        assert cbor2.loads(protected) == {1: 5} and unprotected == {} and hmac.compare_digest(tag, expected)
        fields = cbor2.loads(payload)
        assert fields[3] == self.device
        with self.heard:
            if fields[2] == 1:
                self.receipt = fields
            elif fields[2] == 2:
                self.scene = fields
            self.heard.notify_all()

    def wait(self, condition) -> None:
        with self.heard:
            assert self.heard.wait_for(condition, WAIT_S), (self.receipt, self.scene)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("hall"), Plan("old-town", {}), print) as hall:
        hall.business.register(["B01"])
        yield hall


@pytest.fixture(scope="module")
def box(hall, hcp, tmp_path_factory):
    folder = tmp_path_factory.mktemp("box")
    box = ForeignDevice("box-1", "old-town")
    (folder / "box.csr").write_bytes(box.csr())
    done = hcp(
        "device", "enroll", "--csr", folder / "box.csr", "--device", "box-1", "--window", "B01", "--out", folder,
        "--data", hall.gateway_data, "--port", hall.broker_port, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["window"] == "B01"
    box.connect(folder, hall.broker_port)
    yield box
    box.close()


def eventually(condition):
    deadline = time.monotonic() + WAIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
    return value


def test_a_device_built_from_the_specification_alone_rates_a_service(hall, box):
    # its first record is an event: it has started
    first = box.send({2: 2, 16: 1, 17: {"cause": "power"}})
    box.wait(lambda: box.receipt[6] == 1)
    assert box.receipt[7] == hashlib.sha256(first).digest()[:16]

    service = ("OT-1", 1)
    hall.business.sign_in("B01", "7001")
    hall.business.called("B01", "7001", *service, "结婚登记")
    hall.business.served("B01", "7001", *service, "结婚登记")
    box.wait(lambda: box.scene[10] is not None)

    rating = box.send({2: 1, 9: 2, 10: [], 11: box.scene[10], 12: 0, 13: [1200, 4], 14: 0})
    box.wait(lambda: box.receipt[6] == 2)
    assert box.receipt[7] == hashlib.sha256(rating).digest()[:16]

    eventually(lambda: any(held.status == "bound" for held in evidence.held_by_central(hall.central_data)))
    (held,) = evidence.held_by_central(hall.central_data)
    assert (held.device, held.level, held.service, held.staff, held.counted) == ("box-1", 2, service, "7001", True)
    assert hall.holds(rating)


def test_a_revoked_device_is_cut_off_and_stays_out(hall, box, hcp):
    gone = threading.Event()
    box.mqtt.on_disconnect = lambda *_: gone.set()
    done = hcp("device", "revoke", "box-1", "--data", hall.gateway_data)
    assert done.returncode == 0, done.stderr
    # the gateway sees it at the latest when the device next speaks
    box.mqtt.publish(box.topic("telemetry"), b"\xa0")
    assert gone.wait(WAIT_S)
    listed = json.loads(hcp("device", "list", "--data", hall.gateway_data, "--json").stdout)
    assert listed[0]["revoked_ms"]
