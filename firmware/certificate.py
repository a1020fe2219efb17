"""What a device checks of a certificate that it is given (SPEC 7.2, 7.6). The hall's broker verifies the rest."""

import binascii
import hashlib

MAX_SIZE = 2048
_COMMON_NAME = b"\x06\x03\x55\x04\x03"  # 2.5.4.3
_STRINGS = (b"\x0c", b"\x13")  # UTF8String, PrintableString
_BIT_STRING_OF_POINT = b"\x03\x42\x00"


def has_key(data: bytes, public_key: bytes) -> bool:
    """Whether a certificate, or something that holds one, is for this key of 65 bytes."""
    return _BIT_STRING_OF_POINT + public_key in data


def names(certificate: bytes, device: str) -> bool:
    """Whether its CN is this device id."""
    return any(_COMMON_NAME + string + bytes((len(device),)) + device.encode() in certificate for string in _STRINGS)


def fingerprint(data: bytes) -> str:
    """SHA-256 in hex."""
    return binascii.hexlify(hashlib.sha256(data).digest()).decode()
