import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from protocol import signature
from protocol.errors import ProtocolError
from tests.builders import Authority, DeviceTwin, make_key, name
from tests.protocol import vectors

KEY = make_key()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_OID = bytes.fromhex("06082a8648ce3d030107")


def sign(data: bytes) -> bytes:
    r, s = decode_dss_signature(KEY.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def code(call, *arguments) -> str:
    with pytest.raises(ProtocolError) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize("row", vectors.load("rfc6979")["signatures"], ids=lambda row: row["message"])
def test_rfc_6979(row):
    key = vectors.public_key(vectors.load("rfc6979")["public_key"])
    signature.verify(key, row["message"].encode(), bytes.fromhex(row["r"] + row["s"]))
    assert code(signature.verify, key, b"another", bytes.fromhex(row["r"] + row["s"])) == "bad_signature"


@given(st.binary(max_size=100), st.integers(0, 511))
def test_one_bit_off_is_another_signature(data, bit):
    good = sign(data)
    signature.verify(KEY.public_key(), data, good)
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << bit % 8
    assert code(signature.verify, KEY.public_key(), data, bytes(bad)) == "bad_signature"


def test_s_may_be_in_either_half():
    good = sign(b"data")
    other = good[:32] + (ORDER - int.from_bytes(good[32:], "big")).to_bytes(32, "big")
    signature.verify(KEY.public_key(), b"data", good)
    signature.verify(KEY.public_key(), b"data", other)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        bytes(64),
        b"\xff" * 64,
        bytes(32) + b"\1" * 32,
        ORDER.to_bytes(32, "big") * 2,
        sign(b"data")[:63],
        sign(b"data") + b"\0",
        (lambda good: good[:32] + b"\0" + good[32:])(sign(b"data")),
    ],
    ids=["nothing", "zeros", "ones", "r is zero", "the order", "63 bytes", "65 bytes", "s with a leading zero"],
)
def test_no_other_form(wrong):
    assert code(signature.verify, KEY.public_key(), b"data", wrong) == "bad_signature"


def test_another_key_did_not_sign():
    assert code(signature.verify, make_key().public_key(), b"data", sign(b"data")) == "bad_signature"


def test_a_device_certificate_gives_its_key_and_name():
    twin = DeviceTwin("w01", Authority())
    assert signature.certificate_key(twin.certificate).public_numbers() == twin.key.public_key().public_numbers()
    assert signature.certificate_name(twin.certificate) == "w01"


def self_signed(key, subject: x509.Name) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(name("x")).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(1))
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-384", "secp256k1", "RSA", "Ed25519"],
)
def test_only_a_p256_key(key):
    assert code(signature.certificate_key, self_signed(key, name("w01"))) == "bad_algorithm"


@pytest.mark.parametrize("other", ["06082a8648ce3d030177", "0608ffffffffffffff7f"])
def test_a_curve_that_nobody_knows(other):
    der = self_signed(KEY, name("w01")).public_bytes(serialization.Encoding.DER)
    assert der.count(P256_OID) == 1
    changed = x509.load_der_x509_certificate(der.replace(P256_OID, bytes.fromhex(other)))
    assert code(signature.certificate_key, changed) == "bad_algorithm"


def test_a_point_that_is_not_on_the_curve():
    der = self_signed(KEY, name("w01")).public_bytes(serialization.Encoding.DER)
    point = KEY.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    changed = x509.load_der_x509_certificate(der.replace(point, point[:-1] + bytes([point[-1] ^ 1])))
    assert code(signature.certificate_key, changed) == "bad_algorithm"


@pytest.mark.parametrize("names", [[], ["w01", "w02"]])
def test_one_common_name(names):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each) for each in names])
    assert code(signature.certificate_name, self_signed(KEY, subject)) == "bad_device"
