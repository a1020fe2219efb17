"""Is this the certificate of that device (spec 7.2, 7.4)? Bytes in, a key out, or one ProtocolError."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import NameOID

from protocol import signature
from protocol.errors import ProtocolError


@dataclass(frozen=True)
class Identity:
    """A certificate that passed. ``key`` is its SubjectPublicKeyInfo in DER, ``fingerprint`` its own SHA-256 in hex."""

    device: str
    key: bytes
    fingerprint: str


def read_authority(pem: str) -> x509.Certificate:
    """The certificate of a hall's authority. Raises ProtocolError ``bad_field`` if it may not sign others."""
    try:
        authority = x509.load_pem_x509_certificate(pem.encode())
        may_sign = authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound, UnsupportedAlgorithm):
        raise ProtocolError("bad_field", "expected the PEM certificate of an authority (CA:TRUE)") from None
    if not may_sign:
        raise ProtocolError("bad_field", "this certificate may not sign others (CA:FALSE)")
    return authority


def identify(pem: str, device: str, hall: str, authority: x509.Certificate) -> Identity:
    """The identity in a device's certificate, if the hall's authority signed it for this device of this hall.

    Its dates are not judged: it can arrive weeks after the records it proves, and an expired one proves them still.
    Raises ProtocolError: ``bad_field`` (unreadable, another hall), ``bad_signature`` (another signer), ``bad_device``
    (another name), ``bad_algorithm`` (not P-256).
    """
    try:
        leaf = x509.load_pem_x509_certificate(pem.encode())
        key = signature.certificate_key(leaf)
        name = signature.certificate_name(leaf)
        unit = signature.certificate_name(leaf, NameOID.ORGANIZATIONAL_UNIT_NAME)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ProtocolError("bad_field", "certificate: expected one X.509 certificate in PEM") from None
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise ProtocolError(
            "bad_signature", f"the certificate was not signed by the authority of hall {hall}"
        ) from None
    if name != device:
        raise ProtocolError("bad_device", f"the certificate is for {name[:40]!r}, expected {device!r}")
    if unit != hall:
        raise ProtocolError("bad_field", f"the certificate is for hall {unit[:40]!r}, expected {hall!r}")
    return Identity(
        device,
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest(),
    )


@lru_cache(maxsize=4096)
def key_of(pem: str) -> bytes:
    """The key of a certificate that :func:`identify` passed before, as its SubjectPublicKeyInfo in DER."""
    key = signature.certificate_key(x509.load_pem_x509_certificate(pem.encode()))
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@lru_cache(maxsize=4096)
def key_id(key: bytes) -> str:
    """The name of a key (spec 7.6) that came as DER."""
    return signature.key_id(load_key(key))


@lru_cache(maxsize=4096)
def load_key(key: bytes) -> ec.EllipticCurvePublicKey:
    """The public key that :func:`identify` gave as DER. Raises ValueError for other bytes: our own mistake."""
    loaded = load_der_public_key(key)
    if not isinstance(loaded, ec.EllipticCurvePublicKey):
        raise ValueError("not an elliptic curve key")
    return loaded
