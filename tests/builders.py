"""Builders for tests: a hall authority, certificates, and a device twin that signs with ``cryptography``.

The twin is written from SPEC.md, not from the firmware: where both agree, two implementations do.
"""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from protocol import cose, record, signature

DAY = datetime.timedelta(days=1)


def make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str, unit: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if unit:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(parts)


class Authority:
    """A certificate authority of a hall."""

    def __init__(self, hall: str = "test-hall"):
        self.hall = hall
        self.key = make_key()
        self.certificate = self._sign(name(hall), self.key.public_key(), ca=True)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def certify(self, device: str, public_key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        return self._sign(name(device, self.hall), public_key, ca=False)

    def _sign(self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, ca: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name(self.hall))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + 3650 * DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )


class DeviceTwin:
    """A device without its box: it numbers, chains and signs records, and keeps them all in ``sent``."""

    def __init__(self, device: str, authority: Authority | None = None):
        self.device = device
        self.key = make_key()
        self.certificate = authority.certify(device, self.key.public_key()) if authority else None
        self.seq = 0
        self.prev = record.GENESIS
        self.boot = 1
        self.sent: list[bytes] = []

    @property
    def pem(self) -> bytes:
        assert self.certificate
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, to_be_signed: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(to_be_signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def seal(self, payload: bytes) -> bytes:
        """Sign a payload without moving the chain: what an attacker with the key would do."""
        protected = cose.sign1_protected(self.device)
        return cose.sign1_pack(self.device, payload, self.sign(cose.sign1_to_be_signed(protected, payload)))

    def head(self, wall_ms: int | None = 1_700_000_000_000, error_ms: int = 50, uptime_ms: int = 1000) -> record.Head:
        return record.Head(
            self.seq + 1, self.prev, self.boot, uptime_ms, wall_ms, None if wall_ms is None else error_ms
        )

    def _take(self, payload: bytes) -> bytes:
        data = self.seal(payload)
        self.seq += 1
        self.prev = record.record_hash(data)[: record.HASH_IN_CHAIN]
        self.sent.append(data)
        return data

    def rating(
        self, level: int = 5, token: bytes | None = None, kind: int = record.RATING, reasons: tuple = (), **head
    ) -> bytes:
        flags = 0 if token else record.UNARMED
        body = record.Rating(level, tuple(reasons), token, 0, (), flags)
        return self._take(record.rating_payload(self.head(**head), body, kind))

    def rotate(self, authority: Authority) -> bytes:
        """Sign the event 4 that names another key, and go on with that key and a certificate for it (spec 7.6)."""
        key = make_key()
        body = self.event("key_rotated", {"key": signature.key_id(key.public_key())})
        self.key, self.certificate = key, authority.certify(self.device, key.public_key())
        return body

    def event(self, name: str = "boot", detail: dict | None = None, **head) -> bytes:
        body = record.Event(record.EVENT_CODES[name], detail if detail is not None else {"cause": "power"})
        return self._take(record.event_payload(self.head(**head), body))
