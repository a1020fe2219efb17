"""The DER that a device's key travels in: a certificate request (RFC 2986) and the private key for TLS (RFC 5915).

Only what these two need of DER (X.690). Runs on MicroPython and CPython.
"""

from firmware.crypto.es256 import public_key_steps, sign_steps
from firmware.crypto.p256 import scalar
from firmware.crypto.slices import run, run_async

_INTEGER = 0x02
_BIT_STRING = 0x03
_OCTET_STRING = 0x04
_UTF8_STRING = 0x0C
_SEQUENCE = 0x30
_SET = 0x31
_CONTEXT_0 = 0xA0
_CONTEXT_1 = 0xA1

_COMMON_NAME = b"\x06\x03\x55\x04\x03"  # 2.5.4.3
_EC_PUBLIC_KEY = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"  # 1.2.840.10045.2.1
_PRIME256V1 = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"  # 1.2.840.10045.3.1.7
_ECDSA_WITH_SHA256 = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"  # 1.2.840.10045.4.3.2


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        head = bytes([tag, size])
    elif size < 0x100:
        head = bytes([tag, 0x81, size])
    else:
        head = bytes([tag, 0x82, size >> 8, size & 0xFF])
    return head + body


def _unsigned(number: bytes) -> bytes:
    """A big-endian number as INTEGER: shortest form, a zero in front where it would read as negative."""
    start = 0
    while start < len(number) - 1 and not number[start]:
        start += 1
    number = number[start:]
    return _der(_INTEGER, b"\x00" + number if number[0] & 0x80 else number)


def signature_der(signature: bytes) -> bytes:
    """r then s, 32 bytes each, as the Ecdsa-Sig-Value of RFC 3279 §2.2.3. ValueError unless 64 bytes."""
    if len(signature) != 64:
        raise ValueError(f"signature: expected 64 bytes, got {len(signature)}")
    return _der(_SEQUENCE, _unsigned(signature[:32]), _unsigned(signature[32:]))


def private_key_der(private_key: bytes, public_key: bytes) -> bytes:
    """The key as the ECPrivateKey of RFC 5915, for tls.SSLContext.load_cert_chain. Secret.

    The public key goes with it (65 bytes, of es256.public_key) so that TLS need not work it out at each connection.
    ValueError if either is malformed; whether they belong together is not checked.
    """
    scalar(private_key)
    if len(public_key) != 65 or public_key[0] != 4:
        raise ValueError(f"public key: expected 65 bytes that start with 4, got {len(public_key)} bytes")
    return _der(
        _SEQUENCE,
        _der(_INTEGER, b"\x01"),
        _der(_OCTET_STRING, private_key),
        _der(_CONTEXT_0, _PRIME256V1),
        _der(_CONTEXT_1, _der(_BIT_STRING, b"\x00", public_key)),
    )


def request_steps(private_key: bytes, common_name: str):
    """Returns a certificate request in DER for the subject CN=common_name, signed with the key it asks for.

    ValueError for a bad key, or a name that is not 1 to 64 bytes of UTF-8 (RFC 5280 ub-common-name, counted strictly).
    """
    subject = common_name.encode()
    if not 0 < len(subject) <= 64:
        raise ValueError(f"common name: expected 1 to 64 bytes of UTF-8, got {len(subject)}")
    point = yield from public_key_steps(private_key)
    name = _der(_SEQUENCE, _COMMON_NAME, _der(_UTF8_STRING, subject))
    body = _der(
        _SEQUENCE,
        _der(_INTEGER, b"\x00"),
        _der(_SEQUENCE, _der(_SET, name)),
        _der(_SEQUENCE, _der(_SEQUENCE, _EC_PUBLIC_KEY, _PRIME256V1), _der(_BIT_STRING, b"\x00", point)),
        _der(_CONTEXT_0),
    )
    signature = yield from sign_steps(private_key, body)
    return _der(
        _SEQUENCE,
        body,
        _der(_SEQUENCE, _ECDSA_WITH_SHA256),
        _der(_BIT_STRING, b"\x00", signature_der(signature)),
    )


def request(private_key: bytes, common_name: str) -> bytes:
    """request_steps in one go; stalls an ESP32 for about a quarter of a second."""
    return run(request_steps(private_key, common_name))


async def request_async(private_key: bytes, common_name: str) -> bytes:
    """request_steps for the event loop."""
    return await run_async(request_steps(private_key, common_name))
