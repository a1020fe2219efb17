import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from protocol import cbor, cose, signature
from protocol.errors import ProtocolError
from tests.protocol import vectors

EXAMPLES = vectors.load("cose")
PAYLOAD = bytes.fromhex(EXAMPLES["payload"])
(MAC0,) = EXAMPLES["mac0"]


@pytest.mark.parametrize("example", EXAMPLES["sign1"], ids=lambda example: example["name"])
def test_published_signatures_verify_over_the_published_bytes(example):
    to_be_signed = bytes.fromhex(example["to_be_signed"])
    if not example["external"]:  # our profile has no external data
        assert cose.sign1_to_be_signed(bytes.fromhex(example["protected"]), PAYLOAD) == to_be_signed
    key, proof = vectors.public_key(EXAMPLES["key"]), bytes.fromhex(example["signature"])
    signature.verify(key, to_be_signed, proof)
    with pytest.raises(ProtocolError, match="bad_signature"):
        signature.verify(key, to_be_signed + b"\0", proof)


@pytest.mark.parametrize("example", EXAMPLES["sign1"], ids=lambda example: example["name"])
def test_published_envelopes_are_outside_our_profile(example):
    data = bytes.fromhex(example["message"])
    # the CBOR is ours, the unprotected kid is not
    assert cbor.encode(cbor.decode(data)) == data
    with pytest.raises(ProtocolError) as caught:
        cose.sign1_unpack(data)
    assert caught.value.code == example["code"]


def test_the_published_mac0_is_ours_byte_for_byte():
    key, data = bytes.fromhex(MAC0["key"]), bytes.fromhex(MAC0["message"])
    assert cose.mac0_open(key, data) == PAYLOAD
    assert cose.mac0_pack(key, PAYLOAD) == data
    assert cbor.encode(["MAC0", cbor.encode({1: 5}), b"", PAYLOAD]).hex() == MAC0["to_be_maced"]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_mac0_agrees_with_cryptography_and_opens(key, payload):
    data = cose.mac0_pack(key, payload)
    mac = HMAC(key, hashes.SHA256())
    mac.update(cbor.encode(["MAC0", b"\xa1\x01\x05", b"", payload]))
    assert data[-32:] == mac.finalize()
    assert cose.mac0_open(key, data) == payload


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=60), st.integers(0, 10_000))
def test_any_flipped_bit_closes_a_mac0(key, payload, bit):
    data = bytearray(cose.mac0_pack(key, payload))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    with pytest.raises(ProtocolError):
        cose.mac0_open(key, bytes(data))


@given(st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True), st.binary(max_size=200), st.binary(min_size=64, max_size=64))
def test_sign1_is_opened_as_it_was_packed(kid, payload, proof):
    opened = cose.sign1_unpack(cose.sign1_pack(kid, payload, proof))
    assert (opened.kid, opened.payload, opened.signature) == (kid, payload, proof)
    assert opened.to_be_signed == cose.sign1_to_be_signed(cose.sign1_protected(kid), payload)


@pytest.mark.parametrize("size", [0, 63, 65, 71])
def test_a_signature_of_another_length_is_never_packed(size):
    with pytest.raises(ValueError, match="64 bytes"):
        cose.sign1_pack("w01", b"", bytes(size))
