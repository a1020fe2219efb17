"""``hcp broker check``: proofs that a broker keeps the rules of spec 6.1, 6.5 and 7.3, by trying to break each.

They need a hall of their own: two enrolled devices, a foreign authority, an expired certificate. So they run against a
broker that was started for them, from the very configuration text or code that the hall's broker has; ``live`` is what
can be tried on the hall's own broker without disturbing anybody.
"""

import datetime
import secrets
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway import enrolment
from gateway.broker.probe import Probe
from protocol import mqtt, topics

DEVICES = ("check-a", "check-b")
_ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Proof:
    """One rule that was tried. ``words`` say, for a person, what held or what did not."""

    rule: str
    held: bool
    words: str = ""


@dataclass
class Scratch:
    """A hall that exists for the proofs: its data folder, and a running broker with what ends a device's right."""

    data: Path
    hall: str
    port: int
    revoke: Callable[[str], None]
    host: str = "127.0.0.1"

    def context(self, name: str | None) -> ssl.SSLContext:
        """What a client of the hall uses that shows the certificate ``name``; None: none."""
        context = ssl.create_default_context(cafile=str(self.data / "pki" / "ca.pem"))
        if name == enrolment.GATEWAY_NAME:
            context.load_cert_chain(self.data / "pki" / "gateway.pem", self.data / "pki" / "gateway.key")
        elif name is not None:
            context.load_cert_chain(self.data / f"{name}.pem", self.data / f"{name}.key")
        return context

    def probe(self, name: str) -> Probe:
        client = Probe(self.port, self.context(name), host=self.host)
        answer = client.connect(name)
        if not isinstance(answer, mqtt.Connack) or answer.code:
            raise ConnectionError(f"{name}: CONNACK expected, got {answer!r}")
        return client

    def topic(self, device: str, leaf: str) -> str:
        return topics.topic(self.hall, device, leaf)


def furnish(data: Path, hall: str, host: str = "127.0.0.1") -> None:
    """An authority and the devices of the proofs in ``data``, with their keys beside them."""
    enrolment.create_authority(data, hall, (host,))
    for name in DEVICES:
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder().subject_name(_subject(name)).sign(key, hashes.SHA256())
        granted = enrolment.enroll(data, request.public_bytes(serialization.Encoding.DER), name, "A1")
        enrolment.write_file(data / f"{name}.key", _pem(key), secret=True)
        enrolment.write_file(data / f"{name}.pem", granted.certificate.public_bytes(serialization.Encoding.PEM))


def prove(scratch: Scratch) -> Iterator[Proof]:
    """Try every rule; each gives one proof, whatever the others gave."""
    for rule, attempt in _RULES:
        yield _tried(rule, attempt, scratch)


def live(data: Path, hall: str, host: str, port: int) -> Iterator[Proof]:
    """What can be tried on the hall's own broker: nobody is disturbed and nothing stays."""
    with tempfile.TemporaryDirectory(prefix="hcp-check-") as folder:
        pki = data / "pki"
        scratch = Scratch(Path(folder), hall, port, lambda name: None, host)
        (Path(folder) / "pki").symlink_to(pki.resolve())
        for rule, attempt in _RULES[:_HARMLESS]:
            yield _tried(f"正在运行的代理：{rule}", attempt, scratch)


def _tried(rule: str, attempt: Callable[[Scratch], str], hall: Scratch) -> Proof:
    try:
        wrong = attempt(hall)
    except TimeoutError:
        return Proof(rule, False, "代理没有在限定时间内应答")
    except (OSError, ValueError) as error:
        return Proof(rule, False, f"{type(error).__name__}: {error}")
    return Proof(rule, not wrong, wrong)


# Each gives what is wrong, or nothing.


def _plain(hall: Scratch) -> str:
    with socket.create_connection((hall.host, hall.port), timeout=10) as plain:
        plain.sendall(mqtt.connect("check-a", 60))
        try:
            said = plain.recv(100)
        except ConnectionError:
            return ""
    return "代理接受了未加密的连接" if said[:1] == b"\x20" else ""


def _refused(hall: Scratch, context: ssl.SSLContext, name: str) -> str:
    try:
        with Probe(hall.port, context, host=hall.host) as client:
            answer = client.connect(name)
    except ConnectionRefusedError:
        raise  # nobody is there: that proves nothing
    except (ssl.SSLError, ConnectionError):
        return ""
    return "代理接受了连接" if isinstance(answer, mqtt.Connack) and answer.code == 0 else ""


def _nobody(hall: Scratch) -> str:
    return _refused(hall, hall.context(None), DEVICES[0])


def _foreign(hall: Scratch) -> str:
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder)
        furnish(other, hall.hall)
        context = hall.context(None)
        context.load_cert_chain(other / f"{DEVICES[0]}.pem", other / f"{DEVICES[0]}.key")
        return _refused(hall, context, DEVICES[0])


def _expired(hall: Scratch) -> str:
    now = datetime.datetime.now(datetime.UTC)
    return _refused(hall, _issued(hall, DEVICES[0], now - 3 * _ONE_DAY, now - _ONE_DAY), DEVICES[0])


def _stranger(hall: Scratch) -> str:
    now = datetime.datetime.now(datetime.UTC)
    name = f"check-{secrets.token_hex(4)}"
    try:
        with Probe(hall.port, _issued(hall, name, now - _ONE_DAY, now + _ONE_DAY), host=hall.host) as client:
            answer = client.connect(name)
            if answer is None or answer.code:
                return ""
            return "" if _hung_up(client) else "未登记者仍在连接中"
    except ConnectionRefusedError:
        raise
    except (ssl.SSLError, ConnectionError):
        return ""


def _record(hall: Scratch) -> str:
    with hall.probe(enrolment.GATEWAY_NAME) as gateway, hall.probe(DEVICES[0]) as device:
        gateway.subscribe(f"{topics.ROOT}{hall.hall}/+/record")
        device.send(mqtt.publish(hall.topic(DEVICES[0], "record"), b"a record", 1, 1))
        if device.read() != mqtt.Puback(1):
            return "没有 PUBACK"
        heard = gateway.read()
        return "" if isinstance(heard, mqtt.Publish) and heard.payload == b"a record" else f"网关收到的是 {heard!r}"


def _write_other(hall: Scratch) -> str:
    with hall.probe(enrolment.GATEWAY_NAME) as gateway, hall.probe(DEVICES[0]) as attacker:
        gateway.subscribe(f"{topics.ROOT}{hall.hall}/#")
        attacker.send(mqtt.publish(hall.topic(DEVICES[1], "record"), b"forged", 1, 1))
        if not _hung_up(attacker):
            return "没有断开越界的连接"
        return "他人主题上的内容被送达" if _heard(gateway) else ""


def _read_other(hall: Scratch) -> str:
    scene = hall.topic(DEVICES[1], "scene")
    with hall.probe(enrolment.GATEWAY_NAME) as gateway, hall.probe(DEVICES[0]) as curious:
        gateway.send(mqtt.publish(scene, b"secret", 1, 1, retain=True)).read()
        curious.send(mqtt.subscribe(1, [(scene, 1)]))
        read = [packet for packet in iter(curious.read, None) if isinstance(packet, mqtt.Publish)]
        gateway.send(mqtt.publish(scene, b"", 1, 2, retain=True)).read()
    return "读到了他人的场景" if read else ""


def _will_other(hall: Scratch) -> str:
    will = mqtt.Will(hall.topic(DEVICES[1], "state"), b"lost", 1, False)
    with hall.probe(enrolment.GATEWAY_NAME) as gateway:
        gateway.subscribe(f"{topics.ROOT}{hall.hall}/#")
        with Probe(hall.port, hall.context(DEVICES[0]), host=hall.host) as attacker:
            attacker.connect(DEVICES[0], will=will)
            if not _hung_up(attacker):
                return "没有断开越界的连接"
        return "冒名的遗嘱被送达" if _heard(gateway) else ""


def _too_large(hall: Scratch) -> str:
    with hall.probe(DEVICES[0]) as device:
        name = hall.topic(DEVICES[0], "record").encode()
        body = len(name).to_bytes(2, "big") + name + b"\0\1"
        body += bytes(mqtt.MAX_PACKET - 2 - len(body))  # with its head, one byte more than the limit
        device.send(bytes((0x32, len(body) & 127 | 128, len(body) >> 7)) + body)
        return "" if _hung_up(device) else f"接受了超过 {mqtt.MAX_PACKET} 字节的数据包"


def _revoked(hall: Scratch) -> str:
    with hall.probe(DEVICES[1]) as device:
        hall.revoke(DEVICES[1])
        if not _hung_up(device):
            return "吊销后仍在连接中"
    return _refused(hall, hall.context(DEVICES[1]), DEVICES[1])


def _hung_up(client: Probe) -> bool:
    try:
        while client.read() is not None:
            pass
    except TimeoutError:
        return False
    return True


def _heard(gateway: Probe) -> bool:
    return any(isinstance(packet, mqtt.Publish) for packet in gateway.all_until_pong())


def _issued(hall: Scratch, name: str, start: datetime.datetime, end: datetime.datetime) -> ssl.SSLContext:
    pki = hall.data / "pki"
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.load_pem_x509_certificate((pki / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .sign(signer, hashes.SHA256())
    )
    context = hall.context(None)
    with tempfile.NamedTemporaryFile("wb") as file:
        file.write(_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


_RULES: tuple[tuple[str, Callable[[Scratch], str]], ...] = (
    ("不用 TLS 得不到应答", _plain),
    ("没有证书不能连接", _nobody),
    ("其他机构签发的证书不能连接", _foreign),
    ("过期的证书不能连接", _expired),
    ("本机构签发但未登记的证书被断开", _stranger),
    ("记录送达网关并得到应答", _record),
    ("写入他人的主题：无人收到，且被断开", _write_other),
    ("订阅他人的主题：什么也读不到，且被断开", _read_other),
    ("以他人名义留下遗嘱：无人收到，且被断开", _will_other),
    ("超过上限的数据包：连接被断开", _too_large),
    ("被吊销的评价器：立即断开，不能再连接", _revoked),
)
RULES = len(_RULES)
_HARMLESS = 5  # the first ones: nobody who is known connects
