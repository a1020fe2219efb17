"""A certificate request (RFC 2986) for a device's key. Runs on MicroPython and CPython."""

from firmware.crypto.der import BIT_STRING, CONTEXT_0, INTEGER, PRIME256V1, SEQUENCE, SET, UTF8_STRING, der
from firmware.crypto.es256 import public_key_steps, sign_steps
from firmware.crypto.slices import run, run_async

_COMMON_NAME = b"\x06\x03\x55\x04\x03"  # 2.5.4.3
_EC_PUBLIC_KEY = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"  # 1.2.840.10045.2.1
_ECDSA_WITH_SHA256 = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"  # 1.2.840.10045.4.3.2


def _unsigned(number: bytes) -> bytes:
    """A big-endian number as INTEGER: shortest form, a zero in front where it would read as negative."""
    start = 0
    while start < len(number) - 1 and not number[start]:
        start += 1
    number = number[start:]
    return der(INTEGER, b"\x00" + number if number[0] & 0x80 else number)


def signature_der(signature: bytes) -> bytes:
    """r then s, 32 bytes each, as the Ecdsa-Sig-Value of RFC 3279 §2.2.3. ValueError unless 64 bytes."""
    if len(signature) != 64:
        raise ValueError(f"signature: expected 64 bytes, got {len(signature)}")
    return der(SEQUENCE, _unsigned(signature[:32]), _unsigned(signature[32:]))


def request_steps(private_key: bytes, common_name: str):
    """Returns a certificate request in DER for the subject CN=common_name, signed with the key it asks for.

    ValueError for a bad key, or a name that is not 1 to 64 bytes of UTF-8 (RFC 5280 ub-common-name, counted strictly).
    """
    subject = common_name.encode()
    if not 0 < len(subject) <= 64:
        raise ValueError(f"common name: expected 1 to 64 bytes of UTF-8, got {len(subject)}")
    point = yield from public_key_steps(private_key)
    name = der(SEQUENCE, _COMMON_NAME, der(UTF8_STRING, subject))
    body = der(
        SEQUENCE,
        der(INTEGER, b"\x00"),
        der(SEQUENCE, der(SET, name)),
        der(SEQUENCE, der(SEQUENCE, _EC_PUBLIC_KEY, PRIME256V1), der(BIT_STRING, b"\x00", point)),
        der(CONTEXT_0),
    )
    signature = yield from sign_steps(private_key, body)
    return der(
        SEQUENCE,
        body,
        der(SEQUENCE, _ECDSA_WITH_SHA256),
        der(BIT_STRING, b"\x00", signature_der(signature)),
    )


def request(private_key: bytes, common_name: str) -> bytes:
    """request_steps in one go; stalls an ESP32 for about a quarter of a second."""
    return run(request_steps(private_key, common_name))


async def request_async(private_key: bytes, common_name: str) -> bytes:
    """request_steps for the event loop."""
    return await run_async(request_steps(private_key, common_name))
