import pytest

from firmware.crypto.keygen import first_in_range, make_private_key
from firmware.crypto.p256 import N, scalar
from tests.firmware.crypto_vm import in_vm


class Source:
    """A random source that gives the same bytes in every run, so that only one thing differs between two keys."""

    def __init__(self, first=0):
        self.draws = first

    def __call__(self, count):
        self.draws += 1
        return bytes([self.draws % 256]) * count


def test_keys_are_valid_and_differ():
    keys = {make_private_key(b"unique id") for _ in range(200)}
    assert len(keys) == 200
    for key in keys:
        assert len(key) == 32
        assert 1 <= scalar(key) < N


def test_keys_are_valid_and_differ_in_micropython():
    (keys,) = in_vm(
        "from firmware.crypto.keygen import make_private_key", "[make_private_key(b'id', b'') for _ in range(50)]"
    )
    assert len(set(keys)) == 50
    assert all(1 <= scalar(key) < N for key in keys)


def test_every_input_counts():
    base = make_private_key(b"id", b"ticks", random=Source())
    assert base == make_private_key(b"id", b"ticks", random=Source())
    others = {
        make_private_key(b"id", b"ticks", random=Source(7)),
        make_private_key(b"id", b"tickt", random=Source()),
        make_private_key(b"ie", b"ticks", random=Source()),
        make_private_key(b"ticks", b"id", random=Source()),
        make_private_key(b"idticks", random=Source()),
        make_private_key(b"idt", b"icks", random=Source()),
        make_private_key(b"id", b"ticks", b"", random=Source()),
        make_private_key(random=Source()),
    }
    assert len(others | {base}) == 9


def test_each_of_the_two_draws_counts():
    def source(*draws):
        given = list(draws)
        return lambda count: bytes([given.pop(0)]) * count

    keys = {make_private_key(b"id", random=source(*draws)) for draws in [(1, 2), (1, 3), (3, 2), (2, 1)]}
    assert len(keys) == 4


def test_both_runtimes_mix_alike():
    source = "draws = [b'\\x01' * 32, b'\\x02' * 32]\nfrom firmware.crypto.keygen import make_private_key"
    (key,) = in_vm(source, "make_private_key(b'id', b'ticks', random=lambda count: draws.pop(0))")
    assert key == make_private_key(b"id", b"ticks", random=Source())


@pytest.mark.parametrize("source", [lambda count: bytes(count), lambda count: b"", lambda count: b"\xff" * (count - 1)])
def test_a_broken_source_makes_no_key(source):
    with pytest.raises(RuntimeError, match="random source"):
        make_private_key(b"id", random=source)


def test_candidates_out_of_range_are_passed_over():
    numbers = [0, N, N + 1, 2**256 - 1, N - 1, 1]
    assert first_in_range(number.to_bytes(32, "big") for number in numbers) == (N - 1).to_bytes(32, "big")
    with pytest.raises(RuntimeError, match="no candidate"):
        first_in_range(number.to_bytes(32, "big") for number in numbers[:4])
