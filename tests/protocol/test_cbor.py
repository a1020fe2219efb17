import cbor2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol import cbor
from protocol.errors import ProtocolError
from tests.protocol import strategies, vectors

RFC_8949 = vectors.load("rfc8949")["cases"]
INSIDE = [case for case in RFC_8949 if "code" not in case]
OUTSIDE = [case for case in RFC_8949 if "code" in case]


def of_json(value):
    """The value that a vector writes in JSON: ``{"bytes": hex}``, ``{"tag": n, "value": v}``, ``{"map": pairs}``."""
    if isinstance(value, list):
        return [of_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return bytes.fromhex(value["bytes"])
    if "tag" in value:
        return cbor.Tag(value["tag"], of_json(value["value"]))
    return {key: of_json(item) for key, item in value["map"]}


def for_cbor2(value):
    if isinstance(value, cbor.Tag):
        return cbor2.CBORTag(value.number, for_cbor2(value.value))
    if isinstance(value, list):
        return [for_cbor2(item) for item in value]
    if isinstance(value, dict):
        return {key: for_cbor2(item) for key, item in value.items()}
    return value


def typed(value):
    """``value`` with each type beside it: for Python True is 1, for the wire it is not."""
    if isinstance(value, cbor.Tag):
        return "tag", value.number, typed(value.value)
    if isinstance(value, list):
        return ["array", *map(typed, value)]
    if isinstance(value, dict):
        return {typed(key): typed(item) for key, item in value.items()}
    return type(value).__name__, value


def same(a, b) -> bool:
    return typed(a) == typed(b)


def refusal(data: bytes) -> str:
    with pytest.raises(ProtocolError) as caught:
        cbor.decode(data)
    return caught.value.code


@pytest.mark.parametrize("case", INSIDE, ids=lambda case: case["hex"][:24])
def test_rfc_8949_examples(case):
    data, value = bytes.fromhex(case["hex"]), of_json(case["value"])
    assert same(cbor.decode(data), value)
    assert cbor.encode(value) == data


@pytest.mark.parametrize("case", OUTSIDE, ids=lambda case: case["diagnostic"])
def test_rfc_8949_examples_outside_the_profile(case):
    assert refusal(bytes.fromhex(case["hex"])) == case["code"]


def test_every_example_of_the_appendix_is_there():
    assert (len(INSIDE), len(OUTSIDE)) == (44, 37)


@given(strategies.values)
def test_what_is_encoded_is_decoded(value):
    assume(strategies.depth(value) <= cbor.MAX_DEPTH)
    assert same(cbor.decode(cbor.encode(value)), value)


@given(strategies.values)
def test_cbor2_reads_what_we_write(value):
    assume("Tag(" not in repr(value))  # cbor2 turns some tags into dates, numbers and sets: test_fuzz looks at tags
    theirs = cbor2.loads(cbor.encode(value), allow_indefinite=False, allow_duplicate_keys=False)
    assert theirs == value
    assert cbor.encode(theirs) == cbor.encode(value)


@given(
    st.recursive(
        strategies.leaves,
        lambda inner: st.lists(inner, max_size=5) | st.builds(cbor.Tag, st.integers(1000, 2**64 - 1), inner),
    )
)
def test_we_write_what_cbor2_writes(value):
    # without maps: cbor2 orders keys as RFC 7049 did, by length first
    assert cbor.encode(value) == cbor2.dumps(for_cbor2(value))


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_code(data):
    try:
        value = cbor.decode(data)
    except ProtocolError:
        return
    assert cbor.encode(value) == data


@given(strategies.values, st.integers(0, 200))
def test_every_prefix_is_truncated(value, cut):
    assume(strategies.depth(value) <= cbor.MAX_DEPTH)
    data = cbor.encode(value)
    assert refusal(data[: cut % len(data)]) == "truncated"


@given(strategies.values, st.binary(min_size=1, max_size=3))
def test_a_tail_is_trailing_for_decode_and_left_by_decode_prefix(value, tail):
    assume(strategies.depth(value) <= cbor.MAX_DEPTH)
    data = cbor.encode(value)
    assert refusal(data + tail) == "trailing"
    read, end = cbor.decode_prefix(tail + data + tail, len(tail))
    assert end == len(tail) + len(data)
    assert cbor.encode(read) == data


def test_a_sequence_is_read_item_by_item():
    items = [1, "a", {1: b"x"}, [None]]
    data = b"".join(map(cbor.encode, items))
    at, read = 0, []
    while at < len(data):
        value, at = cbor.decode_prefix(data, at)
        read.append(value)
    assert read == items


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_any_buffer_is_read_and_strings_are_copied(make):
    value = cbor.decode(make(bytes.fromhex("8243010203616b")))
    assert value == [b"\1\2\3", "k"]
    assert type(value[0]) is bytes


def nested(levels: int) -> bytes:
    return b"\x81" * levels + b"\x00"


def test_eight_deep_is_read_and_nine_is_not():
    assert strategies.depth(cbor.decode(nested(8))) == 8
    assert refusal(nested(9)) == "too_deep"
    assert refusal(b"\xc1" * 4095 + b"\x00") == "too_deep"


def test_512_items_are_read_and_513_are_not():
    assert len(cbor.decode(b"\x99\x01\xff" + bytes(511))) == 511
    assert refusal(b"\x99\x02\x00" + bytes(512)) == "too_large"
    assert refusal(cbor.encode({key: 0 for key in range(256)})) == "too_large"  # keys and values count


@pytest.mark.parametrize("pair", [(1, True), (0, False), ([1], [True]), ({1: 1}, {1: True}), ("a", b"a"), (0, None)])
def test_what_python_confuses_the_wire_does_not(pair):
    one, other = map(cbor.encode, pair)
    assert one != other
    assert same(cbor.decode(one), pair[0]) and same(cbor.decode(other), pair[1])


@given(st.binary(max_size=12))
def test_utf8_is_read_as_the_strictest_decoder_does(raw):
    try:
        expected = raw.decode("utf-8", "strict")
    except UnicodeDecodeError:
        assert refusal(cbor.head(3, len(raw)) + raw) == "bad_utf8"
    else:
        assert cbor.decode(cbor.head(3, len(raw)) + raw) == expected


def test_every_two_byte_and_every_interesting_three_byte_text():
    tails = [bytes((a, b)) for a in range(256) for b in range(256)]
    tails += [
        bytes((a, b, c)) for a in (0xE0, 0xE1, 0xED, 0xEE, 0xEF) for b in range(256) for c in (0x7F, 0x80, 0xBF, 0xC0)
    ]
    tails += [bytes((a, b, 0x80, 0x80)) for a in range(0xEF, 0x100) for b in range(256)]
    for raw in tails:
        try:
            expected = raw.decode()
        except UnicodeDecodeError:
            expected = None
        try:
            got = cbor.text(raw)
        except ProtocolError as error:
            assert error.code == "bad_utf8"
            got = None
        assert got == expected, raw


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(1.5, TypeError), ({1, 2}, TypeError), (object(), TypeError), (2**64, ValueError), (-(2**64) - 1, ValueError)],
)
def test_what_cannot_be_encoded_is_our_own_mistake(wrong, error):
    with pytest.raises(error):
        cbor.encode([wrong])
