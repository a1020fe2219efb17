import asyncio
import hmac as reference
import json
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.crypto import es256, p256
from firmware.crypto.slices import run
from tests.firmware.crypto_vm import ROOT, in_vm, run_vm

N = p256.N
VECTORS = json.loads((ROOT / "tests/vectors/rfc6979.json").read_text())
KEY = bytes.fromhex(VECTORS["private_key"])
PUBLIC = b"\x04" + bytes.fromhex(VECTORS["public_key"]["x"] + VECTORS["public_key"]["y"])
MESSAGES = [vector["message"].encode() for vector in VECTORS["signatures"]]
SIGNATURES = [bytes.fromhex(vector["r"] + vector["s"]) for vector in VECTORS["signatures"]]
BAD_KEYS = [b"", b"\x11" * 31, b"\x11" * 33, bytes(32), N.to_bytes(32, "big"), b"\xff" * 32]

private_keys = st.integers(1, N - 1).map(lambda d: d.to_bytes(32, "big"))


def openssl_key(private_key):
    return ec.derive_private_key(int.from_bytes(private_key, "big"), ec.SECP256R1())


def test_rfc6979():
    assert es256.public_key(KEY) == PUBLIC
    assert [es256.sign(KEY, message) for message in MESSAGES] == SIGNATURES


def test_rfc6979_nonces():
    for vector in VECTORS["signatures"]:
        nonces = es256.nonces(KEY, sha256(vector["message"].encode()).digest())
        assert next(nonces) == int(vector["k"], 16)


def test_rfc6979_in_micropython():
    public, signatures, nonces = in_vm(
        "from firmware.crypto import es256\nfrom hashlib import sha256",
        f"es256.public_key({KEY!r})",
        f"[es256.sign({KEY!r}, m) for m in {MESSAGES!r}]",
        f"[next(es256.nonces({KEY!r}, sha256(m).digest())) for m in {MESSAGES!r}]",
    )
    assert public == PUBLIC
    assert signatures == SIGNATURES
    assert nonces == [int(vector["k"], 16) for vector in VECTORS["signatures"]]


@given(private_keys, st.binary(min_size=32, max_size=32))
@example(KEY, b"\xff" * 32)  # a hash above n is reduced
def test_later_nonces_follow_rfc6979_3_2_h(private_key, digest):
    hmac = lambda key, data: reference.digest(key, data, "sha256")  # noqa: E731
    seed = private_key + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    v, k = b"\x01" * 32, bytes(32)
    for mark in (b"\x00", b"\x01"):
        k = hmac(k, v + mark + seed)
        v = hmac(k, v)
    nonces = es256.nonces(private_key, digest)
    for _ in range(3):
        v = hmac(k, v)
        assert next(nonces) == int.from_bytes(v, "big")
        k = hmac(k, v + b"\x00")
        v = hmac(k, v)


@settings(max_examples=50, deadline=None)
@given(private_keys, st.binary(max_size=300))
def test_openssl_verifies_and_signs_the_same(private_key, message):
    other = openssl_key(private_key)
    signature = es256.sign(private_key, message)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), es256.public_key(private_key))
    public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    assert public.public_numbers() == other.public_key().public_numbers()
    assert (r, s) == decode_dss_signature(other.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))


def test_openssl_agrees_with_micropython():
    cases = [
        (sha256(b"key" + bytes([i])).digest(), sha256(b"message" + bytes([i])).digest() * (i % 5)) for i in range(30)
    ]
    (answers,) = in_vm(
        "from firmware.crypto.es256 import public_key, sign",
        f"[(public_key(d), sign(d, m)) for d, m in {cases!r}]",
        heap="1M",  # the list of cases is compiled too
    )
    for (private_key, message), (public, signature) in zip(cases, answers, strict=True):
        other = openssl_key(private_key)
        expected = decode_dss_signature(other.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        assert (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")) == expected
        numbers = other.public_key().public_numbers()
        assert public == b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def test_a_nonce_that_gives_s_0_gives_no_signature():
    e, k = 1234567, 89
    r = run(p256.multiply_steps(k))[0] % N
    d = -e * pow(r, -1, N) % N
    assert run(es256.signature_steps(d, e, k)) is None
    assert run(es256.signature_steps(d, e, k + 1)) is not None


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_an_extreme_random_source_does_no_harm_to_the_signature(monkeypatch, byte):
    monkeypatch.setattr(p256, "urandom", lambda count: bytes([byte]) * count)
    assert es256.sign(KEY, MESSAGES[0]) == SIGNATURES[0]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_bad_keys(key):
    for call in (lambda: es256.sign(key, b"message"), lambda: es256.public_key(key)):
        with pytest.raises(ValueError, match="private key: expected"):
            call()


def test_bad_keys_in_micropython():
    program = f"""
from firmware.crypto.es256 import public_key, sign
for key in {[*BAD_KEYS, "1" * 32]!r}:
    for call in (lambda: sign(key, b"message"), lambda: public_key(key)):
        try:
            call()
            print("taken")
        except ValueError as error:
            print(error)
"""
    lines = run_vm(program).splitlines()
    assert len(lines) == 2 * (len(BAD_KEYS) + 1)
    assert all(line.startswith("private key: expected") for line in lines)


OTHER_TASK = """
async def main(key, message):
    turns = [0]

    async def other():
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    signature = await es256.sign_async(key, message)
    during = turns[0]
    public = await es256.public_key_async(key)
    task.cancel()
    return signature, public, during
"""


def test_other_tasks_run_between_slices():
    names = {"asyncio": asyncio, "es256": es256}
    exec(OTHER_TASK, names)
    signature, public, turns = asyncio.run(names["main"](KEY, MESSAGES[0]))
    assert (signature, public) == (SIGNATURES[0], PUBLIC)
    assert turns >= 20


def test_other_tasks_run_between_slices_in_micropython():
    imports = "import asyncio\nfrom firmware.crypto import es256\n" + OTHER_TASK
    ((signature, public, turns),) = in_vm(imports, f"asyncio.run(main({KEY!r}, {MESSAGES[0]!r}))")
    assert (signature, public) == (SIGNATURES[0], PUBLIC)
    assert turns >= 20


SLICES = """
import gc
from firmware.crypto import es256

es256.sign(KEY, b"first")
slices = []
live = []
steps = es256.sign_steps(KEY, b"sample")
gc.collect()
before = gc.mem_alloc()
ended = False
while not ended:
    gc.collect()
    gc.disable()
    start = gc.mem_alloc()
    try:
        next(steps)
    except StopIteration:
        ended = True
    slices.append(gc.mem_alloc() - start)
    gc.enable()
    gc.collect()
    live.append(gc.mem_alloc() - before)
"""


def test_slices_are_small_and_leave_little_on_the_heap():
    # What a slice allocates follows the big numbers it computes, so it measures work on any machine.
    slices, live = in_vm(SLICES.replace("KEY", repr(KEY)), "slices", "live")
    assert 20 <= len(slices) <= 40
    assert max(slices) <= sum(slices) / 15
    assert max(slices) <= 24 * 1024
    assert max(live) <= 4 * 1024


def test_a_signature_fits_beside_little_else():
    # Source is compiled here, which the device does not do: the table's text alone takes some 16 KB.
    program = f"from firmware.crypto import es256\nprint(es256.sign({KEY!r}, b'sample').hex())"
    assert run_vm(program, heap="64K").strip() == SIGNATURES[0].hex()
