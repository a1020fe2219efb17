"""DER (X.690), as much as a device's key needs to travel: for TLS here, for a certificate request in ``csr``."""

from firmware.crypto.p256 import scalar

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
UTF8_STRING = 0x0C
SEQUENCE = 0x30
SET = 0x31
CONTEXT_0 = 0xA0
CONTEXT_1 = 0xA1

PRIME256V1 = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"  # 1.2.840.10045.3.1.7


def der(tag: int, *parts: bytes) -> bytes:
    """One element: its tag, its length in the shortest form, its content."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        head = bytes([tag, size])
    elif size < 0x100:
        head = bytes([tag, 0x81, size])
    else:
        head = bytes([tag, 0x82, size >> 8, size & 0xFF])
    return head + body


def private_key_der(private_key: bytes, public_key: bytes) -> bytes:
    """The key as the ECPrivateKey of RFC 5915, for tls.SSLContext.load_cert_chain. Secret.

    The public key goes with it (65 bytes, of es256.public_key) so that TLS need not work it out at each connection.
    ValueError if either is malformed; whether they belong together is not checked.
    """
    scalar(private_key)
    if len(public_key) != 65 or public_key[0] != 4:
        raise ValueError(f"public key: expected 65 bytes that start with 4, got {len(public_key)} bytes")
    return der(
        SEQUENCE,
        der(INTEGER, b"\x01"),
        der(OCTET_STRING, private_key),
        der(CONTEXT_0, PRIME256V1),
        der(CONTEXT_1, der(BIT_STRING, b"\x00", public_key)),
    )
