"""The device's own verification of a release signature, against RFC 6979, OpenSSL and the edges of the curve."""

import json
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.crypto.p256 import N, P
from firmware.crypto.slices import run
from firmware.crypto.verify import verify_steps
from tests.firmware.crypto_vm import ROOT, in_vm

VECTORS = json.loads((ROOT / "tests/vectors/rfc6979.json").read_text())
KEY = b"\x04" + bytes.fromhex(VECTORS["public_key"]["x"] + VECTORS["public_key"]["y"])
CASES = [
    (KEY, vector["message"].encode(), bytes.fromhex(vector["r"] + vector["s"])) for vector in VECTORS["signatures"]
]
_, SAMPLE, SIGNATURE = CASES[0]


def number(value: int) -> bytes:
    return value.to_bytes(32, "big")


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    return run(verify_steps(key, message, signature))


def public(private: int) -> bytes:
    numbers = ec.derive_private_key(private, ec.SECP256R1()).public_key().public_numbers()
    return b"\x04" + number(numbers.x) + number(numbers.y)


def signed(private: int, message: bytes, nonce: int) -> bytes:
    """A signature with a nonce of our choice, from the textbook."""
    r = int.from_bytes(public(nonce)[1:33], "big") % N
    s = pow(nonce, -1, N) * (int.from_bytes(sha256(message).digest(), "big") + r * private) % N
    return number(r) + number(s)


def edges() -> list[tuple[str, bytes, bytes, bytes, bool]]:
    r, s = SIGNATURE[:32], SIGNATURE[32:]
    rows = [
        ("the other half of s", KEY, SAMPLE, r + number(N - int.from_bytes(s, "big")), True),
        ("another message", KEY, SAMPLE + b"!", SIGNATURE, False),
        ("no message", KEY, b"", SIGNATURE, False),
        ("r and s exchanged", KEY, SAMPLE, s + r, False),
        ("r is 0", KEY, SAMPLE, number(0) + s, False),
        ("s is 0", KEY, SAMPLE, r + number(0), False),
        ("both are 0", KEY, SAMPLE, bytes(64), False),
        ("r is n", KEY, SAMPLE, number(N) + s, False),
        ("s is n", KEY, SAMPLE, r + number(N), False),
        ("both are 1", KEY, SAMPLE, number(1) + number(1), False),
        ("r is n-1", KEY, SAMPLE, number(N - 1) + s, False),
        ("s + n does not fit", KEY, SAMPLE, r + b"\xff" * 32, False),
        ("r + p", KEY, SAMPLE, number(P) + s, False),
        ("63 bytes", KEY, SAMPLE, SIGNATURE[:-1], False),
        ("65 bytes", KEY, SAMPLE, SIGNATURE + b"\0", False),
        ("empty", KEY, SAMPLE, b"", False),
        ("y negated", KEY[:33] + number(P - int.from_bytes(KEY[33:], "big")), SAMPLE, SIGNATURE, False),
        ("not on the curve", KEY[:-1] + bytes([KEY[-1] ^ 1]), SAMPLE, SIGNATURE, False),
        ("x is p", b"\x04" + number(P) + KEY[33:], SAMPLE, SIGNATURE, False),
        ("x above p, the same point", b"\x04" + number(5 + P) + KEY[33:], SAMPLE, SIGNATURE, False),
        ("the origin", b"\x04" + bytes(64), SAMPLE, SIGNATURE, False),
        ("a compressed key", b"\x02" + KEY[1:33], SAMPLE, SIGNATURE, False),
        ("no key", b"", SAMPLE, SIGNATURE, False),
        ("a hybrid key", b"\x06" + KEY[1:], SAMPLE, SIGNATURE, False),
    ]
    # Q = G and Q = -G: the sum of Shamir's table is a doubling, or the point at infinity
    for private in (1, 2, N - 1, N - 2, (N + 1) // 2):
        for nonce in (1, 2, 3, N - 1, 2**255):
            good = signed(private, b"edge", nonce)
            rows.append((f"private key {private}, nonce {nonce}", public(private), b"edge", good, True))
            rows.append((f"the same, one bit off {private} {nonce}", public(private), b"edgf", good, False))
    # u1·G + u2·Q is infinity: e = -r·d
    e = int.from_bytes(sha256(b"infinity").digest(), "big")
    r_inf = 4242
    d = -e * pow(r_inf, -1, N) % N
    rows.append(("the sum is infinity", public(d), b"infinity", number(r_inf) + number(99), False))
    # r is compared with the x of the point modulo n, so r + n must be tried; the smallest such x
    rows += [(f"r above n - p, x = {x}", *found) for x, found in wrapped()]
    return rows


def wrapped():
    """Signatures whose point has n <= x < p: made backwards, from a point to the key that signed."""
    found = 0
    x = N
    while found < 2:
        x += 1
        right = (x**3 - 3 * x + int("5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B", 16)) % P
        y = pow(right, (P + 1) // 4, P)
        if y * y % P != right:
            continue
        # Q = (s·R - e·G)/r, computed by the textbook below
        r, s, message = x - N, 12345, b"wrapped"
        e = int.from_bytes(sha256(message).digest(), "big") % N
        point = add(times(s, (x, y)), times(N - e, GENERATOR))
        q = times(pow(r, -1, N), point)
        yield x, (b"\x04" + number(q[0]) + number(q[1]), message, number(r) + number(s), True)
        found += 1


GENERATOR = tuple(int.from_bytes(part, "big") for part in (public(1)[1:33], public(1)[33:]))


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(k, point):
    total = None
    while k:
        if k & 1:
            total = add(total, point)
        point = add(point, point)
        k >>= 1
    return total


EDGES = edges()


def test_rfc6979():
    assert all(verify(*case) for case in CASES)


@pytest.mark.parametrize("name,key,message,signature,good", EDGES, ids=[row[0] for row in EDGES])
def test_edges(name, key, message, signature, good):
    assert verify(key, message, signature) is good


def test_openssl_takes_the_wrapped_ones_too():
    """Else the rows above would only agree with the formulas they were made from."""
    for _, (key, message, signature, _) in wrapped():
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        other.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


def test_the_same_answers_in_micropython():
    rows = [(key, message, signature) for _, key, message, signature, _ in EDGES] + CASES
    (answers,) = in_vm(
        "from firmware.crypto.slices import run\nfrom firmware.crypto.verify import verify_steps",
        f"[run(verify_steps(*row)) for row in {rows!r}]",
        heap="2M",  # the rows are compiled too
    )
    assert answers == [good for *_, good in EDGES] + [True] * len(CASES)


@settings(max_examples=40)
@given(st.integers(1, N - 1), st.binary(max_size=200), st.integers(0, 511), st.data())
def test_what_openssl_signs_verifies_and_no_bit_of_it_may_change(private, message, bit, data):
    key = ec.derive_private_key(private, ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    signature = number(r) + number(s)
    assert verify(public(private), message, signature)
    changed = bytearray(signature)
    changed[bit >> 3] ^= 1 << (bit & 7)
    assert not verify(public(private), message, bytes(changed))
    other = data.draw(st.binary(max_size=200).filter(lambda value: value != message))
    assert not verify(public(private), other, signature)


def test_verification_runs_in_slices():
    slices = sum(1 for _ in verify_steps(KEY, SAMPLE, SIGNATURE))
    assert 100 <= slices <= 200
