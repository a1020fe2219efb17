"""Who the device talks to, and who talks to it: every refusal of spec 7.3, from the real VM, at both kinds of broker.

Whatever is refused, the device keeps its records, tries again without a restart, says why, and delivers once it is
let in.
"""

import datetime
import itertools
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.broker import BrokerSettings, EmbeddedBroker, Role
from gateway.enrolment import create_authority, revocation_list
from protocol import cbor
from simulator.device import SimDevice
from simulator.provisioning import install, request
from tests.gateway.mosquitto_process import Mosquitto
from tests.simulator.gateway_twin import HALL

KINDS = ("embedded", "mosquitto")
DAY = datetime.timedelta(days=1)
PEM = serialization.Encoding.PEM
_numbers = itertools.count(1)


class Pki:
    """The keys of a hall in ``folder``, and certificates that its authority should not have signed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.ca = folder / "ca.pem"
        self.authority = x509.load_pem_x509_certificate(self.ca.read_bytes())
        self.key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)

    def issue(self, common_name: str, public_key, days: int, names: tuple[str, ...] = ()) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        parts = [(NameOID.ORGANIZATIONAL_UNIT_NAME, HALL), (NameOID.COMMON_NAME, common_name)]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(*part) for part in parts]))
            .issuer_name(self.authority.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(now + days * DAY)
        )
        if names:
            names_ = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(names_, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def server(self, folder: Path, names: tuple[str, ...] = ("localhost",), days: int = 365) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / "server.pem").write_bytes(self.issue(names[0], key.public_key(), days, names).public_bytes(PEM))
        (folder / "server.key").write_bytes(
            key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return folder / "server.pem", folder / "server.key"

    def revoked(self, *certificates: x509.Certificate) -> bytes:
        serials = [certificate.serial_number for certificate in certificates]
        return revocation_list(self.authority, self.key, serials, datetime.datetime.now(datetime.UTC))


@pytest.fixture
def pki(hall):
    return Pki(hall.pki)


@pytest.fixture(params=KINDS)
def start(request, tmp_path):
    """Starts brokers of one kind; ``admitted`` says who is known, ``revoked`` who is revoked."""
    running = []

    def start(authority: Pki, server: tuple[Path, Path], admitted: bool = True, revoked=()):
        if request.param == "mosquitto":
            folder = tmp_path / f"mq{len(running)}"
            broker = Mosquitto(folder, HALL, *server, authority.ca, authority.revoked(*revoked), lambda cn: admitted)
        else:
            settings = BrokerSettings(HALL, *server, authority.ca, "127.0.0.1", 0)
            role = None if revoked or not admitted else Role.DEVICE
            broker = EmbeddedBroker(settings, lambda cn, fingerprint: role)
            broker.start()
        broker.kind = request.param
        running.append(broker)
        return broker

    yield start
    for broker in running:
        broker.stop()


def wait_delivered(device):
    """Until the event of its start is made, which may be after it connected, and the hall has it."""
    return device.wait_stats(lambda stats: stats.next_seq > 1 and stats.waiting == 0)


def expect_refusal(hall, device, port: int, reason: str, connects: int = 0) -> None:
    """A press while only this broker is there is kept through several tries, and delivered by the hall's own."""
    ratings = len(hall.of(device.id).ratings())
    before = wait_delivered(device).counts
    device.cut_network()
    device.network.upstream = ("127.0.0.1", port)
    device.press(1)
    device.wait_light(1)
    device.advance(8000)
    device.wait_stats(lambda stats: stats.waiting == 1 and not stats.unsigned)
    device.restore_network()
    after = device.wait_stats(lambda stats: stats.counts.get(reason, 0) >= before.get(reason, 0) + 3)
    assert after.waiting >= 1, "a rating was given up"
    if not connects:
        assert after.counts["connects"] == before["connects"]
    assert device.starts == 1, "no reason to restart"
    assert len(hall.of(device.id).ratings()) == ratings
    device.network.upstream = ("127.0.0.1", hall.port)
    hall.wait_ratings(device.id, ratings + 1)
    device.wait_stats(lambda stats: stats.waiting == 0)
    assert [found.body.level for found in hall.of(device.id).ratings()[ratings:]] == [1]
    assert hall.errors == []


def test_a_broker_of_another_authority_is_refused(hall, device, start, tmp_path):
    create_authority(tmp_path / "other", HALL)
    other = Pki(tmp_path / "other" / "pki")
    broker = start(other, (other.folder / "server.pem", other.folder / "server.key"))
    expect_refusal(hall, device, broker.port, "link_server")
    assert "not correctly signed" in (device.folder / "vm.log").read_text()


def test_a_broker_under_another_name_is_refused(hall, device, pki, start, tmp_path):
    broker = start(pki, pki.server(tmp_path, ("elsewhere.example",)))
    expect_refusal(hall, device, broker.port, "link_server")
    assert "does not match" in (device.folder / "vm.log").read_text()


def test_a_broker_with_an_expired_certificate_is_refused(hall, device, pki, start, tmp_path):
    # before the device's own certificate begins, which is the least time that it knows (spec 8.6)
    broker = start(pki, pki.server(tmp_path, days=-2))
    expect_refusal(hall, device, broker.port, "link_server")
    assert "expired" in (device.folder / "vm.log").read_text()


def test_a_device_that_the_hall_does_not_know_keeps_its_records(hall, device, pki, start, tmp_path):
    broker = start(pki, pki.server(tmp_path), admitted=False)
    if broker.kind == "embedded":
        expect_refusal(hall, device, broker.port, "link_refused")
    else:  # Mosquitto lets it in and its warden ends that: the device only sees connections that end
        expect_refusal(hall, device, broker.port, "link_errors", connects=3)


def test_a_revoked_device_keeps_its_records(hall, device, pki, start, tmp_path):
    certificate = x509.load_pem_x509_certificate((hall.folder / "devices" / device.id / "device.pem").read_bytes())
    broker = start(pki, pki.server(tmp_path), revoked=(certificate,))
    expect_refusal(hall, device, broker.port, "link_refused")


def test_an_expired_device_is_refused_and_its_renewal_lets_it_in(hall, pki, start, tmp_path):
    """The same key, the same chain: only the dates were wrong."""
    name = f"tls-{next(_numbers)}"
    folder = tmp_path / name
    csr = request(folder)
    good = cbor.decode(hall.enroll(name, csr))
    key = x509.load_der_x509_csr(csr).public_key()
    expired = pki.issue(name, key, -1).public_bytes(serialization.Encoding.DER)
    install(folder, cbor.encode({**good, 6: expired}))
    broker = start(pki, pki.server(tmp_path))
    device = SimDevice(folder, ("127.0.0.1", broker.port))
    with device:
        device.press(2)
        device.wait_light(2)
        device.advance(8000)
        stats = device.wait_stats(lambda stats: stats.counts.get("link_refused", 0) >= 3)
        assert stats.counts.get("connects", 0) == 0 and stats.waiting >= 2 and device.starts == 1
        device.power_off()
        install(folder, cbor.encode(good))
        device.network.upstream = ("127.0.0.1", hall.port)
        device.power_on()
        hall.wait_ratings(name, 1)
        device.wait_stats(lambda stats: stats.waiting == 0)
    assert [found.body.level for found in hall.of(name).ratings()] == [2]
    assert hall.errors == []


def test_the_control_of_these_a_right_broker_of_either_kind_is_taken(hall, device, pki, start, tmp_path):
    broker = start(pki, pki.server(tmp_path))
    connects = wait_delivered(device).counts["connects"]
    device.cut_network()
    device.network.upstream = ("127.0.0.1", broker.port)
    device.restore_network()
    device.wait_stats(lambda stats: stats.counts["connects"] == connects + 1)
