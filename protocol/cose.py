"""COSE envelopes (RFC 9052): COSE_Sign1 around records, COSE_Mac0 around downlink messages (spec 3.1, 5.1).

Signing and verifying ES256 is not done here: the device and the hosts each bring their own (``firmware.crypto.es256``,
``protocol.signature``).
"""

from collections import namedtuple

from protocol import cbor
from protocol.errors import ProtocolError
from protocol.hmac import hmac_sha256, same

ES256 = -7
HMAC_256 = 5
TAG_SIGN1 = 18
TAG_MAC0 = 17
_MAC0_PROTECTED = cbor.encode({1: HMAC_256})

#: An opened COSE_Sign1: ``kid`` (text), ``payload``, ``signature`` (64 bytes) and the bytes that were signed.
Sign1 = namedtuple("Sign1", ("kid", "payload", "signature", "to_be_signed"))


def sign1_protected(kid: str) -> bytes:
    """The protected header of every record of the device ``kid``."""
    return cbor.encode({1: ES256, 4: kid.encode()})


def sign1_to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure (RFC 9052 §4.4) with empty external data."""
    return cbor.encode(["Signature1", protected, b"", payload])


def sign1_pack(kid: str, payload: bytes, signature: bytes) -> bytes:
    """The tagged COSE_Sign1. Raises ValueError unless the signature has 64 bytes."""
    if len(signature) != 64:
        raise ValueError("an ES256 signature has 64 bytes, got %d" % len(signature))
    return cbor.encode(cbor.Tag(TAG_SIGN1, [sign1_protected(kid), {}, payload, signature]))


def sign1_unpack(data: bytes) -> Sign1:
    """Open an envelope without judging its signature.

    Raises ProtocolError: ``bad_envelope``, ``bad_algorithm``, or any of ``cbor.decode``.
    """
    protected, payload, signature = _envelope(data, TAG_SIGN1, "COSE_Sign1")
    header = _header(protected)
    if header.get(1) != ES256:
        raise ProtocolError("bad_algorithm", "expected ES256 (-7), got %r" % (header.get(1),))
    kid = header.get(4)
    if len(header) != 2 or not isinstance(kid, bytes):
        raise ProtocolError("bad_envelope", "the protected header is {1: -7, 4: kid}")
    if len(signature) != 64:
        raise ProtocolError("bad_envelope", "expected a signature of 64 bytes, got %d" % len(signature))
    try:
        name = cbor.text(kid)
    except ProtocolError:
        raise ProtocolError("bad_envelope", "the kid is not UTF-8")
    return Sign1(name, payload, signature, sign1_to_be_signed(protected, payload))


def mac0_pack(key: bytes, payload: bytes) -> bytes:
    """The tagged COSE_Mac0 of ``payload`` under a 32-byte key."""
    tag = _mac0_tag(key, payload)
    return cbor.encode(cbor.Tag(TAG_MAC0, [_MAC0_PROTECTED, {}, payload, tag]))


def mac0_open(key: bytes, data: bytes) -> bytes:
    """The payload, once its MAC was compared in constant time.

    Raises ProtocolError: ``bad_mac``, ``bad_envelope``, ``bad_algorithm``, or any of ``cbor.decode``.
    """
    protected, payload, tag = _envelope(data, TAG_MAC0, "COSE_Mac0")
    if protected != _MAC0_PROTECTED:
        if _header(protected).get(1) != HMAC_256:
            raise ProtocolError("bad_algorithm", "expected HMAC 256/256 (5)")
        raise ProtocolError("bad_envelope", "the protected header is {1: 5}")
    if not same(tag, _mac0_tag(key, payload)):
        raise ProtocolError("bad_mac")
    return payload


def _envelope(data, tag, name):
    value = cbor.decode(data)
    if not isinstance(value, cbor.Tag) or value.number != tag:
        raise ProtocolError("bad_envelope", "expected tag %d (%s)" % (tag, name))
    parts = value.value
    if not isinstance(parts, list) or len(parts) != 4 or parts[1] != {} or not isinstance(parts[1], dict):
        raise ProtocolError("bad_envelope", name + " is an array of four, the second an empty map")
    protected, _, payload, proof = parts
    for part in (protected, payload, proof):
        if not isinstance(part, bytes):
            raise ProtocolError("bad_envelope", name + " holds byte strings")
    return protected, payload, proof


def _header(protected):
    header = cbor.decode(protected)
    if not isinstance(header, dict):
        raise ProtocolError("bad_envelope", "the protected header is a map")
    return header


def _mac0_tag(key, payload):
    return hmac_sha256(key, cbor.encode(["MAC0", _MAC0_PROTECTED, b"", payload]))
