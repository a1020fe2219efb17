import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import cbor, cose, downlink, record, topics
from protocol.errors import ProtocolError
from tests.protocol import frames, strategies

KEY = bytes(range(32))


def message(kind=downlink.RECEIPT, body=downlink.Receipt(1, bytes(16), 1, 0), device="w01") -> downlink.Downlink:  # noqa: B008
    return downlink.Downlink(device, 1, 2, kind, body)


def code(call, *arguments) -> str:
    with pytest.raises(ProtocolError) as caught:
        call(*arguments)
    return caught.value.code


@given(strategies.messages, st.binary(min_size=32, max_size=32))
def test_a_message_is_read_as_it_was_packed(sent, key):
    data = downlink.pack(key, sent)
    read = downlink.unpack(key, data, sent.device)
    assert read == sent
    assert type(read.kind) is int
    assert len(data) <= 4096


@given(strategies.messages, st.binary(min_size=32, max_size=32))
def test_another_key_opens_nothing(sent, key):
    assert code(downlink.unpack, bytes([key[0] ^ 1]) + key[1:], downlink.pack(key, sent), sent.device) == "bad_mac"


def test_a_message_for_another_device_is_refused_although_the_key_is_right():
    assert code(downlink.unpack, KEY, downlink.pack(KEY, message()), "w02") == "bad_device"


def test_the_mac_is_looked_at_before_the_payload():
    data = cose.mac0_pack(bytes(32), b"\xff not CBOR")
    assert code(downlink.unpack, KEY, data, "w01") == "bad_mac"


def test_the_size_is_looked_at_before_everything():
    assert code(downlink.unpack, KEY, bytes(4097), "w01") == "too_large"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (downlink.RECEIPT, downlink.Receipt(-1, bytes(16), 1, 0)),
        (downlink.RECEIPT, downlink.Receipt(1, bytes(32), 1, 0)),
        (downlink.SCENE, downlink.IDLE._replace(token=bytes(8))),
        (downlink.SCENE, downlink.IDLE._replace(until_ms=1)),
        (downlink.SCENE, downlink.IDLE._replace(undo_ms=60_001)),
        (downlink.SCENE, downlink.IDLE._replace(labels=3)),
        (downlink.SCENE, downlink.IDLE._replace(reasons={6: [1]})),
        (downlink.SCENE, downlink.IDLE._replace(lines=("非" * 21,))),
        (downlink.SCENE, downlink.IDLE._replace(lines=("",) * 5)),
        (downlink.ASSET, downlink.Asset(bytes(32), 1, 0, bytes(2049))),
        (downlink.COMMAND, downlink.Command(1, "a name of 17 byte", {})),
        (downlink.COMMAND, downlink.Command(1, "reboot", {"a": None})),
    ],
)
def test_a_wrong_message_is_never_sent(kind, body):
    assert code(downlink.pack, KEY, message(kind, body)) == "bad_field"


@pytest.mark.parametrize("device", ["", "W01", None, 5])
def test_a_message_to_nobody_is_never_sent(device):
    assert code(downlink.pack, KEY, message(device=device)) == "bad_device"


@given(strategies.messages, st.sampled_from(range(1, 27)), strategies.leaves | st.just([]) | st.just({}))
def test_any_other_value_of_a_field_is_refused_or_read_back(sent, key, value):
    fields = cbor.decode(cose.mac0_open(KEY, downlink.pack(KEY, sent)))
    fields[key] = value
    frames.outcome("downlink", cose.mac0_pack(KEY, cbor.encode(fields)))  # ok there means the same bytes again


@given(st.sampled_from(downlink.STATES), strategies.uints(2**32 - 1))
def test_state(word, boot):
    state = downlink.State(word, boot)
    assert downlink.unpack_state(downlink.pack_state(state)) == state


U32 = strategies.uints(2**32 - 1)


@given(
    st.builds(
        downlink.Telemetry,
        *[strategies.uints()] * 6,
        *[st.none() | U32] * 2,
        *[U32] * 2,
        st.none() | st.integers(-127, 0),
        U32,
    )
)
def test_telemetry(telemetry):
    assert downlink.unpack_telemetry(downlink.pack_telemetry(telemetry)) == telemetry


@given(st.integers(10, 40), strategies.texts(200))
def test_log(level, text):
    assert downlink.unpack_log(downlink.pack_log(downlink.Log(level, text))) == downlink.Log(level, text)


@given(strategies.uints(), st.integers(0, 3), strategies.texts(200))
def test_result(number, status, text):
    result = downlink.Result(number, status, text)
    assert downlink.unpack_result(downlink.pack_result(result)) == result


@given(strategies.uints(), st.binary(min_size=1, max_size=400))
def test_a_certificate_request(number, request):
    result = downlink.Result(number, downlink.REQUESTS, request)
    assert downlink.unpack_result(downlink.pack_result(result)) == result
    assert len(downlink.pack_result(result)) <= topics.MAX_SIZE["result"]


def test_the_hash_of_a_receipt_is_the_chain_s():
    assert len(record.GENESIS) == record.HASH_IN_CHAIN == 16
    first = downlink.Receipt(0, record.GENESIS, 0, 0)
    assert downlink.unpack(KEY, downlink.pack(KEY, message(body=first)), "w01").body == first
