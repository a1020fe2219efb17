"""The hall's certificate authority and the enrolment of devices (spec 7).

``create_authority`` makes the keys of a new hall once; ``enroll`` turns a certificate request into the files a device
needs. Nothing here talks to a network, and nothing secret is logged or returned in a repr.
"""

import datetime
import ipaddress
import json
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.registry import Device, Registry, write_file
from protocol import cbor, signature, topics
from protocol.errors import ProtocolError

#: The client id and certificate name of the gateway itself; no device may have it.
GATEWAY_NAME = "gateway"
MAX_CSR_BYTES = 8192
AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 1825
_WINDOW = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
_DAY = datetime.timedelta(days=1)
_DER = serialization.Encoding.DER
_PEM = serialization.Encoding.PEM


class EnrolmentError(Exception):
    """The request cannot be granted; the text says why and what to try."""


@dataclass(frozen=True)
class Enrolment:
    """What a device was given. ``created`` is False when it was enrolled before with the same key and window."""

    device: str
    hall: str
    window: str
    host: str
    port: int
    certificate: x509.Certificate = field(repr=False)
    authority: x509.Certificate = field(repr=False)
    downlink_key: bytes = field(repr=False)
    created: bool

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def bundle(self) -> bytes:
        """``bundle.cbor`` of spec 7.2. Secret: it holds the downlink key."""
        return cbor.encode(
            {
                1: 1,
                2: self.device,
                3: self.hall,
                4: self.host,
                5: self.port,
                6: self.certificate.public_bytes(_DER),
                7: self.authority.public_bytes(_DER),
                8: self.downlink_key,
            }
        )

    def write(self, out: Path) -> None:
        """Write the files of spec 7.2 into ``out``; the secret ones readable by the owner alone."""
        out.mkdir(parents=True, exist_ok=True)
        write_file(out / "device.der", self.certificate.public_bytes(_DER))
        write_file(out / "device.pem", self.certificate.public_bytes(_PEM))
        write_file(out / "ca.der", self.authority.public_bytes(_DER))
        write_file(out / "ca.pem", self.authority.public_bytes(_PEM))
        write_file(out / "downlink.key", self.downlink_key, secret=True)
        write_file(out / "bundle.cbor", self.bundle, secret=True)
        write_file(out / "enrolment.json", (json.dumps(self.facts(), ensure_ascii=False, indent=2) + "\n").encode())

    def facts(self) -> dict:
        """What may be shown: nothing secret."""
        return {
            "device": self.device,
            "hall": self.hall,
            "window": self.window,
            "broker_host": self.host,
            "broker_port": self.port,
            "certificate_sha256": self.fingerprint,
            "created": self.created,
        }


def create_authority(data_dir: Path, hall: str, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")) -> None:
    """Make ``<data>/pki`` for ``hall``: the authority, the broker's certificate for ``hosts`` and the gateway's own.

    A second call keeps what is there. Raises EnrolmentError if it belongs to another hall or the id is not one.
    """
    _check_id(hall, "hall")
    pki = Path(data_dir) / "pki"
    if (pki / "ca.pem").exists():
        present = signature.certificate_name(_authority_certificate(pki))
        if present != hall:
            raise EnrolmentError(f"{pki} is the authority of hall {present}, not {hall}; use another data folder")
        return
    pki.mkdir(parents=True, exist_ok=True)
    pki.chmod(0o700)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate(_name(hall), ca_key.public_key(), _name(hall), ca_key, AUTHORITY_DAYS, ca=True)
    for file, common_name, usage, names in (
        ("server", hosts[0], ExtendedKeyUsageOID.SERVER_AUTH, hosts),
        ("gateway", GATEWAY_NAME, ExtendedKeyUsageOID.CLIENT_AUTH, ()),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(
            _name(common_name, hall), key.public_key(), _name(hall), ca_key, AUTHORITY_DAYS, usage=usage, hosts=names
        )
        write_file(pki / f"{file}.key", _private_pem(key), secret=True)
        write_file(pki / f"{file}.pem", certificate.public_bytes(_PEM))
    write_file(pki / "ca.key", _private_pem(ca_key), secret=True)
    # last, because its presence says that everything else is there
    write_file(pki / "ca.pem", ca.public_bytes(_PEM))


def enroll(
    data_dir: Path,
    csr: bytes,
    device: str,
    window: str,
    host: str = "127.0.0.1",
    port: int = 8883,
    *,
    renew: bool = False,
    next_key: bool = False,
) -> Enrolment:
    """Sign the request of ``device`` and enter it into the register at ``window``.

    ``csr`` is PKCS#10, DER or PEM. The same device with the same key and window gets the same answer again. ``renew``
    gives an enrolled device another certificate for its newest key (spec 7.5), ``next_key`` one for another key, which
    counts only once the device itself has said so (spec 7.6). Raises EnrolmentError: bad ids, an unreadable request, a
    device that is enrolled with another key or window, or revoked, no authority.
    """
    _check_id(device, "device")
    if device == GATEWAY_NAME:
        raise EnrolmentError(f"“{GATEWAY_NAME}” is the gateway's own name; choose another device id")
    if not _WINDOW.fullmatch(window):
        raise EnrolmentError(f"a window is 1 to 20 letters, digits or '-', got {window[:40]!r}")
    public_key = _requested_key(csr)
    pki = Path(data_dir) / "pki"
    if not (pki / "ca.pem").exists():
        raise EnrolmentError(f"no hall authority in {pki}; start the gateway once, or run `hcp gateway init`")
    authority = _authority_certificate(pki)
    hall = signature.certificate_name(authority)
    known = Registry(data_dir).device(device)
    if known:
        other = known.public_key.public_numbers() != public_key.public_numbers()
        if other and not next_key:
            raise EnrolmentError(
                f"{device} is enrolled with another key; if it is the same box that made its next key, enroll that as "
                "its next key (--next-key), else revoke it first, or give the new box a new id"
            )
        if other and signature.key_id(public_key) in known.keys:
            raise EnrolmentError(f"{device} had this key before; no key comes back. Let the box make another one")
        if known.window != window:
            raise EnrolmentError(
                f"{device} is enrolled at window {known.window}, not {window}; give the old window, or revoke"
            )
        if (other or renew) and known.revoked:
            raise EnrolmentError(f"{device} was revoked; give the box a new id")
        if other or renew:
            certificate = _for_device(pki, authority, device, hall, public_key)
            _supersede(Path(data_dir) / "devices" / device, known, certificate)
            return Enrolment(device, hall, window, host, port, certificate, authority, known.downlink_key, created=True)
        return Enrolment(
            device, hall, window, host, port, known.certificate, authority, known.downlink_key, created=False
        )
    if renew or next_key:
        raise EnrolmentError(f"{device} is not enrolled here; enroll it without --renew and --next-key")
    certificate = _for_device(pki, authority, device, hall, public_key)
    enrolment = Enrolment(
        device, hall, window, host, port, certificate, authority, secrets.token_bytes(32), created=True
    )
    _enter(Path(data_dir) / "devices", enrolment)
    return enrolment


def certify_next(data_dir: Path, device: Device, csr: bytes) -> bytes:
    """The certificate, DER, for the next key of an enrolled device (spec 7.6). Raises EnrolmentError."""
    given = enroll(data_dir, csr, device.id, device.window, next_key=True)
    return given.certificate.public_bytes(_DER)


def revoke(data_dir: Path, device: str, now_ms: int) -> None:
    """Mark a device as revoked from ``now_ms``; a running gateway cuts it off. Raises EnrolmentError if unknown."""
    known = Registry(data_dir).device(device)
    if known is None:
        raise EnrolmentError(f"{device} is not enrolled here; `hcp device list` shows who is")
    if not known.revoked:
        file = Path(data_dir) / "devices" / device / "device.toml"
        write_file(file, (file.read_text() + f"revoked_ms = {now_ms}\n").encode())


def revocations(data_dir: Path) -> bytes:
    """The list by which Mosquitto refuses revoked devices and the certificates of keys that were rotated out, PEM.

    Raises EnrolmentError without an authority, RegistryError.
    """
    pki = Path(data_dir) / "pki"
    if not (pki / "ca.pem").exists():
        raise EnrolmentError(f"no hall authority in {pki}; start the gateway once, or run `hcp gateway init`")
    serials = [
        certificate.serial_number
        for device in Registry(data_dir).devices()
        for certificate in device.certificates
        if certificate not in device.admitted
    ]
    return revocation_list(
        _authority_certificate(pki), _authority_key(pki), serials, datetime.datetime.now(datetime.UTC)
    )


def revocation_list(
    authority: x509.Certificate, key: ec.EllipticCurvePrivateKey, serials: list[int], now: datetime.datetime
) -> bytes:
    """A list of the serial numbers that may no longer connect (RFC 5280 §5), PEM."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.subject)
    builder = builder.last_update(now - _DAY).next_update(now + AUTHORITY_DAYS * _DAY)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - _DAY)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, hashes.SHA256()).public_bytes(_PEM)


def _enter(devices: Path, enrolment: Enrolment) -> None:
    # device.toml last: the register reads a device only when all three files are there
    folder = devices / enrolment.device
    folder.mkdir(parents=True, exist_ok=True)
    now_ms = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    write_file(folder / "device.pem", enrolment.certificate.public_bytes(_PEM))
    write_file(folder / "downlink.key", enrolment.downlink_key, secret=True)
    facts = {"id": enrolment.device, "window": enrolment.window, "hall": enrolment.hall}
    # ids and windows hold no quotes, so they are written as they are
    text = "".join(f'{key} = "{value}"\n' for key, value in facts.items()) + f"enrolled_ms = {now_ms}\n"
    write_file(folder / "device.toml", text.encode())


def _supersede(folder: Path, known: Device, certificate: x509.Certificate) -> None:
    # the old one first: cut off between the two, the register holds it twice, which changes nothing
    number = len(known.certificates)
    write_file(folder / f"earlier-{number}.pem", known.certificate.public_bytes(_PEM))
    write_file(folder / "device.pem", certificate.public_bytes(_PEM))


def _for_device(
    pki: Path, authority: x509.Certificate, device: str, hall: str, public_key: ec.EllipticCurvePublicKey
) -> x509.Certificate:
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    subject = _name(device, hall)
    return _certificate(subject, public_key, authority.subject, _authority_key(pki), CERTIFICATE_DAYS, usage=usage)


def _authority_key(pki: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _requested_key(csr: bytes) -> ec.EllipticCurvePublicKey:
    if len(csr) > MAX_CSR_BYTES:
        raise EnrolmentError(f"a certificate request has at most {MAX_CSR_BYTES} bytes, got {len(csr)}")
    try:
        pem = csr.lstrip().startswith(b"-----BEGIN")
        request = x509.load_pem_x509_csr(csr) if pem else x509.load_der_x509_csr(csr)
        key = request.public_key()
        valid = request.is_signature_valid
    except Exception as error:  # noqa: BLE001 - cryptography raises several kinds for damaged input
        raise EnrolmentError(f"not a PKCS#10 request in PEM or DER ({error}); take it from the device again") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise EnrolmentError("the request holds another kind of key; a device has a P-256 key")
    if not valid:
        raise EnrolmentError("the request is not signed by its own key; take it from the device again")
    return key


def _check_id(text: str, what: str) -> None:
    try:
        topics.check_id(text)
    except ProtocolError as error:
        raise EnrolmentError(f"{what}: {error.detail}") from error


def _authority_certificate(pki: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((pki / "ca.pem").read_bytes())


def _name(common_name: str, unit: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if unit:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(parts)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _certificate(subject, public_key, issuer, issuer_key, days, *, ca=False, usage=None, hosts=()) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        # a day of grace: the device's clock may be a little behind the gateway's
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
