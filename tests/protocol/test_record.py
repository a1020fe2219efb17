import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import cbor, cose, record
from protocol.errors import ProtocolError
from tests.builders import Authority, DeviceTwin
from tests.protocol import frames, strategies

SIGNATURE = bytes(range(64))


def pack(payload: bytes, device: str = "w01") -> bytes:
    return cose.sign1_pack(device, payload, SIGNATURE)


def code(call, *arguments) -> str:
    with pytest.raises(ProtocolError) as caught:
        call(*arguments)
    return caught.value.code


@given(strategies.heads, strategies.ratings(), strategies.kinds, strategies.ids())
def test_a_rating_is_read_as_it_was_built(head, rating, kind, device):
    payload = record.rating_payload(head, rating, kind)
    read = record.parse(pack(payload, device))
    assert (read.device, read.kind, read.head, read.body, read.signature) == (device, kind, head, rating, SIGNATURE)
    assert type(read.kind) is int and type(read.body.level) is int
    assert read.to_be_signed == cbor.encode(["Signature1", cbor.encode({1: -7, 4: device.encode()}), b"", payload])


@given(strategies.heads, strategies.events, strategies.ids())
def test_an_event_is_read_as_it_was_built(head, event, device):
    read = record.parse(pack(record.event_payload(head, event), device))
    assert (read.device, read.kind, read.head, read.body) == (device, record.EVENT, head, event)


@given(strategies.heads, strategies.ratings(), strategies.kinds)
def test_every_payload_has_152_bytes_whichever_level(head, rating, kind):
    sizes = {len(record.rating_payload(head, rating._replace(level=level), kind)) for level in range(1, 6)}
    assert sizes == {152}


@given(strategies.heads, strategies.events)
def test_an_event_is_as_long_as_a_rating(head, event):
    assert len(record.event_payload(head, event)) == 152


@given(strategies.heads, strategies.ratings(), strategies.levels, strategies.levels)
def test_two_levels_differ_in_the_level_and_in_nothing_else(head, rating, one, other):
    first = record.rating_payload(head, rating._replace(level=one))
    second = record.rating_payload(head, rating._replace(level=other))
    differing = [at for at in range(152) if first[at] != second[at]]
    assert len(differing) == (one != other)
    for at in differing:
        assert (first[at - 1], first[at], second[at]) == (9, one, other)
    assert len(pack(first)) == len(pack(second))


def test_signed_records_of_all_levels_differ_in_level_and_signature_only():
    twin = DeviceTwin("w01")
    body = record.Rating(1, (101,), bytes(8), 1, ((300, 5),), 0)
    sealed = [twin.seal(record.rating_payload(twin.head(), body._replace(level=level))) for level in range(1, 6)]
    assert len({len(data) for data in sealed}) == 1
    without = {data[:-64].replace(bytes((9, level, 10)), b"?") for level, data in enumerate(sealed, 1)}
    assert len(without) == 1


def test_the_pad_at_its_limits():
    # spec 3.6: the longest rating leaves 31, the emptiest event 112; what would leave less than 24 does not fit
    most = record.Head(2**64 - 1, bytes(16), 2**32 - 1, 2**64 - 1, 2**64 - 1, 2**32 - 1)
    longest = record.Rating(5, (256, 257, 258, 259), bytes(8), 2**32 - 1, ((65535, 5),) * 4, 254)
    least = record.Head(1, bytes(16), 1, 0, None, None)
    pads = [
        len(cbor.decode(payload)[15])
        for payload in (record.rating_payload(most, longest), record.event_payload(least, record.Event(1, {})))
    ]
    assert pads == [31, 112]
    full = {"a": "x" * 24, "b": "x" * 24, "c": "x" * 24}
    fits = record.event_payload(least, record.Event(1, full | {"d": "x"}))
    assert len(cbor.decode(fits)[15]) == 24
    assert code(record.event_payload, least, record.Event(1, full | {"d": "xx"})) == "bad_field"


@given(
    strategies.heads,
    st.dictionaries(strategies.texts(12), strategies.uints() | strategies.texts(24), max_size=5),
)
def test_a_detail_fits_or_is_refused(head, detail):
    try:
        payload = record.event_payload(head, record.Event(3, detail))
    except ProtocolError as error:
        assert error.code == "bad_field"
    else:
        assert record.parse(pack(payload)).body.detail == detail


HEAD = record.Head(2, bytes(16), 1, 0, None, None)
RATING = record.Rating(5, (), bytes(8), 0, (), 0)


@pytest.mark.parametrize(
    "change",
    [
        {"level": 0},
        {"level": 6},
        {"level": True},
        {"level": "5"},
        {"reasons": (2, 1)},
        {"reasons": (1, 1)},
        {"reasons": (1, 2, 3, 4, 5)},
        {"reasons": (65536,)},
        {"token": b"short"},
        {"token": None},
        {"flags": 1},
        {"flags": 256},
        {"flags": -1},
        {"indicators": 2**32},
        {"changes": ((0, 6),)},
        {"changes": ((65536, 1),)},
        {"changes": ((1, 1),) * 5},
    ],
    ids=repr,
)
def test_a_wrong_rating_is_never_built(change):
    assert code(record.rating_payload, HEAD, RATING._replace(**change)) == "bad_field"


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 0},
        {"seq": 2**64},
        {"prev": bytes(32)},
        {"boot": 0},
        {"boot": 2**32},
        {"uptime_ms": -1},
        {"wall_ms": 1},
        {"error_ms": 1},
        {"wall_ms": 1, "error_ms": 2**32},
    ],
    ids=repr,
)
def test_a_wrong_head_is_never_built(change):
    assert code(record.rating_payload, HEAD._replace(**change), RATING) == "bad_field"
    assert code(record.event_payload, HEAD._replace(**change), record.Event(1, {})) == "bad_field"


@pytest.mark.parametrize("kind", [0, 2, 4, True, None])
def test_a_rating_is_a_rating_or_a_selftest(kind):
    assert code(record.rating_payload, HEAD, RATING, kind) == "bad_kind"


@given(strategies.heads, strategies.ratings(), st.sampled_from(range(1, 16)), strategies.leaves)
def test_any_other_value_of_a_field_is_refused_or_read_back(head, rating, key, value):
    fields = cbor.decode(record.rating_payload(head, rating))
    fields[key] = value
    frames.outcome("record", pack(cbor.encode(fields)))  # its own assertions: ok means the same bytes again


@pytest.mark.requirement("SP-4.1")
def test_no_byte_of_a_record_can_be_changed_unseen():
    from protocol import signature

    twin = DeviceTwin("w01", Authority())
    data = twin.rating(1, token=bytes(8))
    key = signature.certificate_key(twin.certificate)

    def accepted(frame: bytes) -> bool:
        try:
            read = record.parse(frame)
            signature.verify(key, read.to_be_signed, read.signature)
        except ProtocolError:
            return False
        return read.device == "w01"

    assert accepted(data)
    for at in range(len(data)):
        for bit in (1, 0x80):
            forged = bytearray(data)
            forged[at] ^= bit
            assert not accepted(bytes(forged)), at


def test_a_record_has_one_size_and_it_is_within_the_limit():
    sizes = {len(pack(record.rating_payload(HEAD, RATING), "w" * n)) for n in range(1, 21)}
    assert max(sizes) <= 512
    assert len(pack(record.rating_payload(HEAD, RATING))) == 232
