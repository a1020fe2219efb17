"""MQTT packets: vectors, properties, rubbish, and the same under MicroPython."""

import json
import random
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import mqtt
from protocol.errors import ProtocolError
from tests.firmware import crypto_vm

# Byte by byte from the figures of MQTT 3.1.1, not from our encoder.
GOOD = [
    (
        "connect",
        "10 1f 0004 4d515454 04 2e 001e 0006 77696e2d3031 0005 612f622f63 0004 6c6f7374",
        mqtt.Connect("win-01", True, 30, mqtt.Will("a/b/c", b"lost", 1, True), 4),
    ),
    ("connect, persistent", "10 0e 0004 4d515454 04 00 0000 0002 6777", mqtt.Connect("gw", False, 0, None, 4)),
    (
        "connect with user name and password",
        "10 13 0004 4d515454 04 c2 003c 0001 61 0001 75 0001 70",
        mqtt.Connect("a", True, 60, None, 4),
    ),
    ("connect of MQTT 5", "10 0d 0004 4d515454 05 02 003c 00 0000", mqtt.Connect("", True, 0, None, 5)),
    ("connack", "20 02 00 00", mqtt.Connack(False, 0)),
    ("connack, session present", "20 02 01 00", mqtt.Connack(True, 0)),
    ("connack, not authorised", "20 02 00 05", mqtt.Connack(False, 5)),
    ("publish", "30 07 0003 612f62 6869", mqtt.Publish("a/b", b"hi", 0, False, False, 0)),
    ("publish, empty", "31 05 0003 612f62", mqtt.Publish("a/b", b"", 0, True, False, 0)),
    ("publish, QoS 1", "32 09 0003 612f62 000a 6869", mqtt.Publish("a/b", b"hi", 1, False, False, 10)),
    ("publish, DUP and retained", "3b 07 0003 612f62 ffff", mqtt.Publish("a/b", b"", 1, True, True, 65535)),
    ("publish to 大厅", "30 08 0006 e5a4a7e58e85", mqtt.Publish("大厅", b"", 0, False, False, 0)),
    ("puback", "40 02 1234", mqtt.Puback(0x1234)),
    ("subscribe", "82 0e 000a 0003 612f62 01 0003 632f2b 00", mqtt.Subscribe(10, (("a/b", 1), ("c/+", 0)))),
    ("suback", "90 05 000a 01 00 80", mqtt.Suback(10, b"\1\0\x80")),
    ("unsubscribe", "a2 07 000a 0003 612f62", mqtt.Unsubscribe(10, ("a/b",))),
    ("unsuback", "b0 02 000a", mqtt.Unsuback(10)),
    ("pingreq", "c0 00", mqtt.Pingreq()),
    ("pingresp", "d0 00", mqtt.Pingresp()),
    ("disconnect", "e0 00", mqtt.Disconnect()),
]

# hcp reads over user names and answers MQTT 5, but sends neither.
SENT = [vector for vector in GOOD if "user name" not in vector[0] and "MQTT 5" not in vector[0]]

BAD = [
    ("type 0", "00 00", "bad_packet"),
    ("type 15", "f0 00", "bad_packet"),
    ("PUBREC belongs to QoS 2", "50 02 0001", "bad_packet"),
    ("PUBREL belongs to QoS 2", "62 02 0001", "bad_packet"),
    ("QoS 2", "34 09 0003 612f62 000a 6869", "bad_packet"),
    ("QoS 3", "36 09 0003 612f62 000a 6869", "bad_packet"),
    ("DUP with QoS 0", "38 07 0003 612f62 6869", "bad_packet"),
    ("reserved flags of PINGREQ", "c1 00", "bad_packet"),
    ("reserved flags of SUBSCRIBE", "80 08 000a 0003 612f62 01", "bad_packet"),
    ("PINGREQ with a body", "c0 01 00", "bad_packet"),
    ("packet id 0", "32 09 0003 612f62 0000 6869", "bad_packet"),
    ("PUBACK id 0", "40 02 0000", "bad_packet"),
    ("PUBACK too short", "40 01 00", "bad_packet"),
    ("PUBACK too long", "40 03 000100", "bad_packet"),
    ("topic empty", "30 02 0000", "bad_packet"),
    ("topic with +", "30 05 0003 612f2b", "bad_packet"),
    ("topic with #", "30 05 0003 612f23", "bad_packet"),
    ("topic with NUL", "30 05 0003 610062", "bad_packet"),
    ("topic longer than the packet", "30 05 0004 612f62", "bad_packet"),
    ("topic not UTF-8", "30 04 0002 fffe", "bad_packet"),
    ("topic with an overlong form", "30 04 0002 c0af", "bad_packet"),
    ("topic with a surrogate", "30 05 0003 eda080", "bad_packet"),
    ("topic above U+10FFFF", "30 06 0004 f4908080", "bad_packet"),
    ("topic too long", "30 53 0051" + "61" * 81, "too_large"),
    ("remaining length of 5 bytes", "30 80 80 80 80 01", "bad_packet"),
    ("remaining length over the limit", "30 ff ff ff 7f", "too_large"),
    ("one byte over the limit", "30 fe 3f", "too_large"),
    ("protocol name", "10 10 0006 4d5149736470 03 02 003c 0002 6777", "bad_packet"),
    ("reserved connect flag", "10 0e 0004 4d515454 04 01 0000 0002 6777", "bad_packet"),
    ("will QoS without a will", "10 0e 0004 4d515454 04 08 0000 0002 6777", "bad_packet"),
    ("will QoS 2", "10 14 0004 4d515454 04 16 0000 0002 6777 0001 61 0001 62", "bad_packet"),
    ("will missing", "10 0e 0004 4d515454 04 04 0000 0002 6777", "bad_packet"),
    ("password without user name", "10 11 0004 4d515454 04 40 0000 0002 6777 0001 61", "bad_packet"),
    ("connect with bytes after it", "10 0f 0004 4d515454 04 00 0000 0002 6777 00", "bad_packet"),
    ("connack with unknown flags", "20 02 02 00", "bad_packet"),
    ("connack refused with a session", "20 02 01 05", "bad_packet"),
    ("subscribe to nothing", "82 02 000a", "bad_packet"),
    ("subscribe with QoS 2", "82 08 000a 0003 612f62 02", "bad_packet"),
    ("subscribe without QoS", "82 07 000a 0003 612f62", "bad_packet"),
    ("subscribe to a#", "82 07 000a 0002 6123 00", "bad_packet"),
    ("subscribe to #/a", "82 08 000a 0003 232f61 00", "bad_packet"),
    ("subscribe to a+", "82 07 000a 0002 612b 00", "bad_packet"),
    ("subscribe to an empty filter", "82 05 000a 0000 00", "bad_packet"),
    ("suback with another code", "90 03 000a 02", "bad_packet"),
    ("suback with no code", "90 02 000a", "bad_packet"),
]

# What both runtimes run: chunks of bytes in, a value that JSON can carry out.
PORTABLE = """
def flat(value):
    if isinstance(value, tuple):
        return [type(value).__name__] + [flat(item) for item in value]
    if isinstance(value, str):
        return "text " + value.encode().hex()
    return "bytes " + bytes(value).hex() if isinstance(value, (bytes, bytearray)) else value

def outcome(mqtt, ProtocolError, chunks):
    found = []
    decoder = mqtt.Decoder()
    try:
        for chunk in chunks:
            decoder.feed(bytes.fromhex(chunk))
            while True:
                packet = decoder.packet()
                if packet is None:
                    break
                found.append(flat(packet))
    except ProtocolError as error:
        found.append("error " + error.code)
    return found
"""
exec(PORTABLE)

IN_MICROPYTHON = (
    PORTABLE
    + """
import json, sys
from protocol import mqtt
from protocol.errors import ProtocolError
for line in sys.stdin:
    print(json.dumps(outcome(mqtt, ProtocolError, json.loads(line))))
"""
)


def run(*chunks: bytes) -> list[Any]:
    return outcome(mqtt, ProtocolError, [chunk.hex() for chunk in chunks])  # type: ignore[name-defined] # noqa: F821


def micropython(script: str, lines: Iterable[str]) -> list[str]:
    """The lines that the real VM prints."""
    done = subprocess.run(
        [crypto_vm.micropython(), "-X", f"heapsize={crypto_vm.HEAP}", "-c", script],
        input="".join(line + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=crypto_vm.ROOT,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.splitlines()


def in_micropython(streams: Iterable[list[bytes]]) -> list[list[Any]]:
    lines = micropython(IN_MICROPYTHON, (json.dumps([chunk.hex() for chunk in stream]) for stream in streams))
    return [json.loads(line) for line in lines]


def decode(data: bytes) -> Any:
    decoder = mqtt.Decoder()
    decoder.feed(data)
    packet = decoder.packet()
    assert decoder.packet() is None
    return packet


def encode(packet: Any) -> bytes:
    """Any packet by our encoder."""
    if isinstance(packet, mqtt.Connect):
        return mqtt.connect(packet.client_id, packet.keepalive_s, packet.clean, packet.will)
    if isinstance(packet, mqtt.Connack):
        return mqtt.connack(packet.code, packet.session_present)
    if isinstance(packet, mqtt.Publish):
        return mqtt.publish(packet.topic, packet.payload, packet.qos, packet.packet_id, packet.retain, packet.dup)
    return getattr(mqtt, type(packet).__name__.upper(), None) or getattr(mqtt, type(packet).__name__.lower())(*packet)


@pytest.mark.parametrize(("name", "wire", "packet"), GOOD, ids=[name for name, *_ in GOOD])
def test_good_packets_decode_to_their_values(name: str, wire: str, packet: Any) -> None:
    assert decode(bytes.fromhex(wire)) == packet


@pytest.mark.parametrize(("name", "wire", "packet"), SENT, ids=[name for name, *_ in SENT])
def test_good_packets_are_encoded_as_in_the_standard(name: str, wire: str, packet: Any) -> None:
    assert encode(packet) == bytes.fromhex(wire)


@pytest.mark.parametrize(("name", "wire", "code"), BAD, ids=[name for name, *_ in BAD])
def test_bad_packets_are_refused_with_their_code(name: str, wire: str, code: str) -> None:
    decoder = mqtt.Decoder()
    decoder.feed(bytes.fromhex(wire))
    for _ in range(2):  # the stream stays broken
        with pytest.raises(ProtocolError) as caught:
            decoder.packet()
        assert caught.value.code == code


def test_a_packet_of_exactly_the_limit_passes() -> None:
    payload = bytes(8192 - 3 - 5)
    data = mqtt.publish("a/b", payload)
    assert len(data) == mqtt.MAX_PACKET
    assert decode(data).payload == payload
    with pytest.raises(ProtocolError) as caught:
        mqtt.publish("a/b", payload + b"x")
    assert caught.value.code == "too_large"


def test_too_large_is_said_before_the_body_comes() -> None:
    decoder = mqtt.Decoder(limit=100)
    decoder.feed(b"\x30")
    assert decoder.packet() is None
    decoder.feed(b"\x63")  # 99 bytes follow: 101 in all
    with pytest.raises(ProtocolError, match="too_large"):
        decoder.packet()


@pytest.mark.parametrize(
    "make",
    [
        lambda: mqtt.publish("", b""),
        lambda: mqtt.publish("a/+", b""),
        lambda: mqtt.publish("a\0", b""),
        lambda: mqtt.publish("\ud800", b""),
        lambda: mqtt.publish("a" * 81, b""),
        lambda: mqtt.publish("a", b"", 1),
        lambda: mqtt.publish("a", b"", 1, 65536),
        lambda: mqtt.publish("a", b"", 2, 1),
        lambda: mqtt.publish("a", b"", dup=True),
        lambda: mqtt.puback(0),
        lambda: mqtt.subscribe(1, [("a", 2)]),
        lambda: mqtt.subscribe(1, [("a#", 0)]),
        lambda: mqtt.connect("a", 70000),
        lambda: mqtt.connect("a", 1, True, mqtt.Will("a", b"", 2, False)),
    ],
)
def test_nothing_bad_can_be_encoded(make: Any) -> None:
    with pytest.raises(ProtocolError):
        make()


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=26)
topic = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=20)
levels = st.lists(st.one_of(st.just("+"), st.text("abc-1", max_size=5)), min_size=1, max_size=5)
filter_ = st.builds(lambda parts, end: "/".join(parts) + end, levels, st.sampled_from(["", "/#"])).filter(bool)
packet_id = st.integers(1, 65535)
qos = st.integers(0, 1)
packets = st.one_of(
    st.builds(
        mqtt.Connect,
        text,
        st.booleans(),
        st.integers(0, 65535),
        st.none() | st.builds(mqtt.Will, topic, st.binary(max_size=300), qos, st.booleans()),
        st.just(4),
    ),
    st.builds(mqtt.Connack, st.booleans(), st.just(0)),
    st.builds(mqtt.Connack, st.just(False), st.integers(1, 5)),
    st.builds(mqtt.Publish, topic, st.binary(max_size=300), st.just(0), st.booleans(), st.just(False), st.just(0)),
    st.builds(mqtt.Publish, topic, st.binary(max_size=300), st.just(1), st.booleans(), st.booleans(), packet_id),
    st.builds(mqtt.Puback, packet_id),
    st.builds(mqtt.Subscribe, packet_id, st.lists(st.tuples(filter_, qos), min_size=1, max_size=4).map(tuple)),
    st.builds(mqtt.Suback, packet_id, st.lists(st.sampled_from([0, 1, 128]), min_size=1, max_size=4).map(bytes)),
    st.builds(mqtt.Unsubscribe, packet_id, st.lists(filter_, min_size=1, max_size=4).map(tuple)),
    st.builds(mqtt.Unsuback, packet_id),
    st.sampled_from([mqtt.Pingreq(), mqtt.Pingresp(), mqtt.Disconnect()]),
)


@given(packets)
def test_what_goes_in_comes_out(packet: Any) -> None:
    back = decode(encode(packet))
    assert back == packet and type(back) is type(packet)


@given(st.lists(packets, min_size=1, max_size=4), st.data())
def test_cuts_in_the_stream_change_nothing(sent: list[Any], data: st.DataObject) -> None:
    stream = b"".join(encode(packet) for packet in sent)
    tail = b"\x30\x05\x00"  # the start of one more packet
    whole = run(stream)
    assert len(whole) == len(sent)
    assert run(*(bytes((byte,)) for byte in stream)) == whole
    assert run(stream + tail) == whole
    cut = data.draw(st.integers(0, len(stream)))
    assert run(stream[:cut], stream[cut:] + tail) == whole


def mutated(seed: int) -> bytes:
    """A stream of one to three good packets with a few bytes changed, cut out, doubled or put in."""
    rng = random.Random(seed)
    data = bytearray(b"".join(bytes.fromhex(wire) for _, wire, _ in rng.choices(GOOD, k=rng.randint(1, 3))))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            del data[at : at + rng.randint(1, 5)]
        elif kind == 3:
            data[at:at] = rng.randbytes(rng.randint(1, 5))
        else:
            data[at:at] = data[at : at + rng.randint(1, 9)]
    return bytes(data)


def test_rubbish_gives_values_or_one_named_error() -> None:
    errors = values = 0
    for seed in range(50_000):
        for item in run(mutated(seed)):  # any other exception ends the test
            errors += item in ("error bad_packet", "error too_large")
            values += isinstance(item, list)
            assert isinstance(item, list) or item.startswith("error ")
    assert errors > 10_000 and values > 10_000, "the fuzz does not reach both sides"


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_pure_noise_gives_values_or_one_named_error(chunks: list[bytes]) -> None:
    run(*chunks)


def test_micropython_decodes_every_vector_alike() -> None:
    streams = [[bytes.fromhex(wire)] for _, wire, _ in GOOD + BAD]
    assert in_micropython(streams) == [run(*stream) for stream in streams]


def test_micropython_decodes_rubbish_alike() -> None:
    streams = []
    for seed in range(3_000):
        data = mutated(seed)
        cut = seed % (len(data) + 1)
        streams.append([data[:cut], data[cut:]])
    for stream, theirs in zip(streams, in_micropython(streams), strict=True):
        assert theirs == run(*stream), stream


def test_micropython_encodes_every_vector_alike() -> None:
    """The device's own bytes: each decoded packet is encoded again there and compared with the vector."""
    script = """
import sys
from protocol import mqtt
for line in sys.stdin:
    wire = bytes.fromhex(line)
    decoder = mqtt.Decoder()
    decoder.feed(wire)
    p = decoder.packet()
    name = type(p).__name__
    if name == "Connect": out = mqtt.connect(p.client_id, p.keepalive_s, p.clean, p.will)
    elif name == "Connack": out = mqtt.connack(p.code, p.session_present)
    elif name == "Publish": out = mqtt.publish(p.topic, p.payload, p.qos, p.packet_id, p.retain, p.dup)
    elif len(p) == 0: out = getattr(mqtt, name.upper())
    else: out = getattr(mqtt, name.lower())(*p)
    print(out.hex())
"""
    wires = [bytes.fromhex(wire).hex() for _, wire, _ in SENT]
    assert micropython(script, wires) == wires
