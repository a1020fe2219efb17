"""Verifying ES256 on a host, with ``cryptography``. Devices only sign (``firmware.crypto.es256``) and lack it."""

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from protocol.errors import ProtocolError

_ES256 = ec.ECDSA(SHA256())


def verify(public_key: ec.EllipticCurvePublicKey, to_be_signed: bytes, signature: bytes) -> None:
    """Check a signature of 64 bytes, r then s (RFC 9053 §2.1). Raises ProtocolError ``bad_signature``."""
    if len(signature) != 64:
        raise ProtocolError("bad_signature", "an ES256 signature has 64 bytes, got %d" % len(signature))
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        public_key.verify(der, to_be_signed, _ES256)
    except InvalidSignature:
        raise ProtocolError("bad_signature", "the device's key did not sign these bytes") from None


def key_id(public_key: ec.EllipticCurvePublicKey) -> str:
    """The name of a key (spec 7.6): the first 24 hex digits of SHA-256 over its uncompressed point of 65 bytes."""
    point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return hashlib.sha256(point).hexdigest()[:24]


def certificate_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """The P-256 key of a device certificate. Raises ProtocolError ``bad_algorithm`` for any other key."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProtocolError("bad_algorithm", "the certificate's key cannot be read: %s" % error) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ProtocolError("bad_algorithm", "a device certificate holds a P-256 key")
    return key


def certificate_name(certificate: x509.Certificate, oid=NameOID.COMMON_NAME) -> str:
    """The one common name of a certificate. Raises ProtocolError ``bad_device`` if there is none or more than one."""
    names = certificate.subject.get_attributes_for_oid(oid)
    if len(names) != 1:
        raise ProtocolError("bad_device", "expected one common name, got %d" % len(names))
    return str(names[0].value)
