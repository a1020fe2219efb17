import hmac as reference
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.hmac import hmac_sha256, same
from tests.firmware.crypto_vm import ROOT, in_vm

VECTORS = json.loads((ROOT / "tests/vectors/rfc4231.json").read_text())["cases"]
CASES = [(bytes.fromhex(case["key"]), bytes.fromhex(case["data"])) for case in VECTORS]


def check(macs):
    assert len(macs) == len(VECTORS) == 7
    for mac, case in zip(macs, VECTORS, strict=True):
        assert len(mac) == 32
        assert mac.hex().startswith(case["mac"])


def test_rfc4231():
    check([hmac_sha256(key, data) for key, data in CASES])


def test_rfc4231_in_micropython():
    (macs,) = in_vm("from protocol.hmac import hmac_sha256", f"[hmac_sha256(k, d) for k, d in {CASES!r}]")
    check(macs)


@given(st.binary(max_size=200), st.lists(st.binary(max_size=100), max_size=4))
def test_agrees_with_the_standard_library(key, parts):
    assert hmac_sha256(key, *parts) == reference.digest(key, b"".join(parts), "sha256")


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128])
def test_keys_around_the_block_size_in_micropython(length):
    key = bytes(range(length))
    (macs,) = in_vm(
        "from protocol.hmac import hmac_sha256",
        f"[hmac_sha256({key!r}, b'ab', b'', b'c'), hmac_sha256(bytearray({key!r}), memoryview(b'abc'))]",
    )
    assert macs == [reference.digest(key, b"abc", "sha256")] * 2


SAME = [
    (b"", b"", True),
    (b"abc", b"abc", True),
    (b"abc", bytearray(b"abc"), True),
    (b"abc", b"ab", False),
    (b"", b"a", False),
    (bytes(32), b"\x80" + bytes(31), False),
    (bytes(32), bytes(31) + b"\x01", False),
]


@pytest.mark.parametrize(("a", "b", "equal"), SAME)
def test_same(a, b, equal):
    assert same(a, b) is equal


def test_same_in_micropython():
    pairs = [(a, b) for a, b, _ in SAME]
    (answers,) = in_vm("from protocol.hmac import same", f"[same(a, b) for a, b in {pairs!r}]")
    assert answers == [equal for _, _, equal in SAME]


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=40), st.data())
def test_same_finds_a_single_bit(a, data):
    bit = data.draw(st.integers(0, 8 * len(a) - 1))
    b = bytearray(a)
    b[bit >> 3] ^= 1 << (bit & 7)
    assert not same(a, b)


class Watched(bytes):
    """Bytes that count how often one of them is read."""

    reads = 0

    def __getitem__(self, index):
        self.reads += 1
        return super().__getitem__(index)


def test_same_reads_everything_wherever_the_difference_is():
    for other in (bytes(32), b"\x01" + bytes(31), bytes(31) + b"\x01"):
        watched = Watched(32)
        same(watched, other)
        assert watched.reads == 32
