import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.crypto import make_table, p256
from firmware.crypto.slices import run
from tests.firmware.crypto_vm import ROOT, in_vm

N, P = p256.N, p256.P
G = make_table.G
TABLE = (ROOT / "firmware/crypto/p256.bin").read_bytes()

# The one scalar whose last addition meets the same point twice, found by trying all 128 combinations of column 0.
MEETS_ITSELF = 0xFFFFFFFE8000000104000000001FFFFFBCE5FAADA7179684F3B9CB02FC632553
EDGES = [1, 2, 3, 4, 5, 2**37, 2**222, 2**255, (N - 1) // 2, (N + 1) // 2, N - 3, N - 2, N - 1, MEETS_ITSELF]

scalars = st.integers(1, N - 1)


def oracle(k):
    numbers = ec.derive_private_key(k, ec.SECP256R1()).public_key().public_numbers()
    return numbers.x, numbers.y


def affine(x, y, z):
    inverse = pow(z, -1, P)
    return x * inverse**2 % P, y * inverse**3 % P


def test_the_table_is_what_the_generator_makes():
    assert TABLE == make_table.table()


def test_the_table_holds_the_multiples_it_claims():
    assert len(TABLE) == 4096
    for index in range(64):
        signs = [1 if index >> tooth & 1 else -1 for tooth in range(6)] + [1]
        k = sum(sign << 37 * tooth for tooth, sign in enumerate(signs))
        entry = TABLE[64 * index : 64 * index + 64]
        assert (int.from_bytes(entry[:32], "big"), int.from_bytes(entry[32:], "big")) == oracle(k % N)


@pytest.mark.parametrize("k", EDGES)
def test_edges(k):
    assert run(p256.multiply_steps(k)) == oracle(k)


def test_edges_in_micropython():
    (points,) = in_vm(
        "from firmware.crypto.p256 import multiply_steps\nfrom firmware.crypto.slices import run",
        f"[run(multiply_steps(k)) for k in {EDGES!r}]",
    )
    assert points == [oracle(k) for k in EDGES]


@settings(max_examples=60)
@given(scalars)
def test_multiples_of_the_base_point(k):
    assert run(p256.multiply_steps(k)) == oracle(k)


def test_many_multiples_in_micropython():
    ks = [pow(3, 1000 + i, N) for i in range(40)]
    (points,) = in_vm(
        "from firmware.crypto.p256 import multiply_steps\nfrom firmware.crypto.slices import run",
        f"[run(multiply_steps(k)) for k in {ks!r}]",
    )
    assert points == [oracle(k) for k in ks]


@pytest.mark.parametrize("k", [0, -1, N, N + 1, 2**256])
def test_scalars_out_of_range(k):
    with pytest.raises(ValueError, match="1 to n-1"):
        run(p256.multiply_steps(k))


@settings(max_examples=60)
@given(st.sampled_from([P, N]), st.integers(-(2**300), 2**520))
def test_inverse(modulus, a):
    if a % modulus:
        inverse = run(p256.inverse_steps(a, modulus))
        assert 0 < inverse < modulus
        assert a * inverse % modulus == 1


@pytest.mark.parametrize("modulus", [P, N])
def test_zero_has_no_inverse(modulus):
    for a in (0, modulus, -modulus):
        with pytest.raises(ValueError, match="no inverse"):
            run(p256.inverse_steps(a, modulus))


def test_inverse_in_micropython():
    cases = [(a, m) for m in (P, N) for a in (1, 2, 3, m - 1, m - 2, 2**255, m + 7, m * m - 5, -9)]
    (inverses,) = in_vm(
        "from firmware.crypto.p256 import inverse_steps\nfrom firmware.crypto.slices import run",
        f"[run(inverse_steps(a, m)) for a, m in {cases!r}]",
    )
    assert inverses == [pow(a, -1, m) for a, m in cases]


@settings(max_examples=40)
@given(scalars, scalars, st.integers(1, P - 1))
def test_addition_and_doubling(j, k, z):
    (x, y), other = oracle(j), oracle(k)
    point = x * z * z % P, y * z**3 % P, z
    assert affine(*p256.double(*point)) == oracle(2 * j % N)
    if j != k and j + k != N:
        assert affine(*p256.add(*point, *other)) == oracle((j + k) % N)
    assert affine(*p256.add(*point, x, y)) == oracle(2 * j % N)
    assert p256.add(*point, x, P - y)[2] == 0
    assert affine(*p256.add(1, 1, 0, *other)) == other


def test_the_numbers_on_the_way_differ_between_two_runs():
    seen = set()
    for _ in range(4):
        steps = p256.multiply_steps(12345)
        next(steps)
        next(steps)
        seen.add(steps.gi_frame.f_locals["x"])
    assert len(seen) == 4


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_an_extreme_random_source_does_no_harm_to_the_result(monkeypatch, byte):
    monkeypatch.setattr(p256, "urandom", lambda count: bytes([byte]) * count)
    assert run(p256.multiply_steps(777)) == oracle(777)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (b"", "expected 32 bytes, got 0"),
        (b"\x11" * 31, "expected 32 bytes, got 31"),
        (b"\x11" * 33, "expected 32 bytes, got 33"),
        ("1" * 32, "expected 32 bytes, got str"),
        (None, "expected 32 bytes, got NoneType"),
        (bytes(32), "1 to n-1"),
        (N.to_bytes(32, "big"), "1 to n-1"),
        (b"\xff" * 32, "1 to n-1"),
    ],
)
def test_bad_private_keys(key, message):
    with pytest.raises(ValueError, match=message) as caught:
        p256.scalar(key)
    if key:
        assert "1111" not in str(caught.value)
        assert str(N) not in str(caught.value)


def test_good_private_keys():
    assert p256.scalar(bytes(31) + b"\x01") == 1
    assert p256.scalar(bytearray((N - 1).to_bytes(32, "big"))) == N - 1
