"""What any broker of a hall must do, with real clients over real mutual TLS. Written for any kind of broker."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from protocol import mqtt
from tests.gateway.broker_clients import GATEWAY, HALL, Hall, Raw, topic
from tests.gateway.pki import Authority

KINDS = ["embedded", "mosquitto"]


@pytest.fixture(scope="module", params=KINDS)
def module_hall(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    hall = Hall(tmp_path_factory.mktemp("hall"), request.param)
    yield hall
    hall.stop()


@pytest.fixture
def hall(module_hall: Hall) -> Iterator[Hall]:
    """The broker, without sessions and retained messages of the test before."""
    yield module_hall
    with module_hall.raw(GATEWAY) as cleaner:
        for device in sorted(module_hall.devices):
            for leaf in ("state", "receipt", "scene"):
                cleaner.send(mqtt.publish(topic(device, leaf), b"", 1, 1, retain=True))
                assert cleaner.read() == mqtt.Puback(1)


def accepted(port: int, context: ssl.SSLContext, client_id: str) -> bool:
    """Whether a client gets as far as an accepted CONNECT."""
    try:
        client = Raw(port, context)
    except (ssl.SSLError, ConnectionError):
        return False
    with client:
        answer = client.connect(client_id)
        return isinstance(answer, mqtt.Connack) and answer.code == 0


# --- identity --------------------------------------------------------------------------------------------------------


def test_a_known_device_is_accepted(hall: Hall) -> None:
    assert accepted(hall.port, hall.context("win-01"), "win-01")


def test_no_certificate_is_refused(hall: Hall) -> None:
    assert not accepted(hall.port, hall.authority.context(None), "win-01")


def test_a_certificate_of_another_authority_is_refused(hall: Hall, tmp_path: Path) -> None:
    forged = Authority(tmp_path).client("win-01")
    assert not accepted(hall.port, hall.authority.context(forged), "win-01")


def test_an_expired_certificate_is_refused(hall: Hall) -> None:
    expired = hall.authority.client("win-01", end=dt.datetime(2024, 6, 1, tzinfo=dt.UTC))
    assert not accepted(hall.port, hall.authority.context(expired), "win-01")


def test_the_brokers_own_certificate_is_no_clients(hall: Hall) -> None:
    assert not accepted(hall.port, hall.authority.context(hall.authority.server()), "win-01")


def test_an_unknown_device_of_our_authority_is_refused(hall: Hall) -> None:
    with Raw(hall.port, hall.context("stranger")) as stranger:
        answer = stranger.connect("stranger")
        # Mosquitto has no register: it lets the stranger in, and its warden ends that
        assert answer == mqtt.Connack(False, 5) or (hall.kind == "mosquitto" and answer == mqtt.Connack(False, 0))
        assert stranger.read() is None


def test_a_revoked_device_is_cut_off_and_refused(hall: Hall) -> None:
    hall.devices.add("win-04")
    with hall.raw("win-04") as device, hall.raw("win-01") as bystander:
        hall.revoke("win-04")
        assert device.read() is None
        assert not accepted(hall.port, hall.context("win-04"), "win-04")
        assert bystander.all_until_pong() == []


def test_anothers_client_id_ends_nobody_elses_connection(hall: Hall) -> None:
    with hall.raw("win-02") as victim, Raw(hall.port, hall.context("win-01")) as thief:
        answer = thief.connect("win-02")
        assert answer == mqtt.Connack(False, 2) or (hall.kind == "mosquitto" and answer == mqtt.Connack(False, 0))
        assert victim.all_until_pong() == []


def test_plain_tcp_gets_nothing(hall: Hall) -> None:
    with socket.create_connection(("127.0.0.1", hall.port), timeout=10) as plain:
        plain.sendall(mqtt.connect("win-01", 60))
        try:
            answer = plain.recv(100)
        except ConnectionError:
            answer = b""
        assert answer[:1] != b"\x20"  # a TLS alert at most, no CONNACK


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_record_reaches_the_gateway_and_is_acknowledged(hall: Hall) -> None:
    with hall.paho(GATEWAY, subscribe=f"hcp/v1/{HALL}/+/record") as gateway, hall.paho("win-01") as device:
        for n in range(50):
            device.publish(topic("win-01", "record"), b"%d" % n)
        gateway.wait(lambda: len(gateway.messages) >= 50)
        device.wait(lambda: len(device.published) >= 50)
        assert gateway.payloads == [b"%d" % n for n in range(50)]
        assert {(m.topic, m.qos, m.retain, m.dup) for m in gateway.messages} == {
            (topic("win-01", "record"), 1, False, False)
        }


def test_the_largest_packet_passes(hall: Hall) -> None:
    """Even what is too large for a record (spec 11): its verdict is the gateway's."""
    size = mqtt.MAX_PACKET - 3 - 2 - len(topic("win-01", "record")) - 2
    with hall.paho(GATEWAY, subscribe=f"hcp/v1/{HALL}/+/record") as gateway, hall.paho("win-01") as device:
        device.publish_and_wait(topic("win-01", "record"), bytes(size))
        gateway.wait(lambda: gateway.messages)
        assert gateway.payloads == [bytes(size)]


def test_a_larger_packet_ends_the_connection(hall: Hall) -> None:
    with hall.raw("win-01") as device:
        assert device.send(b"\x32\xfe\x3f" + bytes(8190)).read() is None


def test_a_device_gets_its_own_downlink_only(hall: Hall) -> None:
    with hall.paho(GATEWAY) as gateway, hall.paho("win-01", subscribe=topic("win-01", "command")) as device:
        gateway.publish_and_wait(topic("win-02", "command"), b"for another")
        gateway.publish_and_wait(topic("win-01", "command"), b"for me")
        device.wait(lambda: device.messages)
        assert device.payloads == [b"for me"]


@pytest.mark.parametrize(
    ("to", "retain"),
    [
        (topic("win-02", "record"), False),
        (topic("win-02", "state"), True),
        (topic("win-01", "scene"), True),
        ("hcp/v1/h2/win-01/record", False),
        ("hcp/v1/h1/win-01/anything", False),
    ],
)
def test_what_a_device_publishes_outside_its_leaves_reaches_nobody(hall: Hall, to: str, retain: bool) -> None:
    with hall.raw(GATEWAY) as gateway, hall.raw("win-01") as attacker:
        assert gateway.subscribe(f"hcp/v1/{HALL}/#") == mqtt.Suback(1, b"\1")
        attacker.send(mqtt.publish(to, b"forged", 1, 1, retain=retain))
        with hall.raw("win-03") as honest:  # an order for the two: this one is heard after the forged one
            attacker.send(mqtt.PINGREQ).read()
            honest.send(mqtt.publish(topic("win-03", "record"), b"good", 1, 1))
            assert honest.read() == mqtt.Puback(1)
        assert [packet.payload for packet in gateway.all_until_pong()] == [b"good"]
    assert hall.wait_violation("win-01", to)  # Mosquitto's warden must not end the next connection of this name instead
    with hall.raw(GATEWAY) as late:
        late.subscribe(f"hcp/v1/{HALL}/#")
        assert late.all_until_pong() == []


@pytest.mark.parametrize("filter_", [topic("win-02", "scene"), f"hcp/v1/{HALL}/+/scene", f"hcp/v1/{HALL}/#", "#"])
def test_a_device_cannot_read_anothers_scene(hall: Hall, filter_: str) -> None:
    with hall.raw(GATEWAY) as gateway, hall.raw("win-01") as curious:
        gateway.send(mqtt.publish(topic("win-02", "scene"), b"secret", 1, 1, retain=True))
        assert gateway.read() == mqtt.Puback(1)
        answer = curious.subscribe(filter_)
        # Mosquitto grants anything and then delivers nothing; here as there the connection ends
        assert answer is None or (hall.kind == "mosquitto" and answer == mqtt.Suback(1, b"\1"))
        assert curious.read() is None
    assert hall.wait_violation("win-01", filter_)


@pytest.mark.parametrize(
    ("to", "qos", "retain"),
    [
        (topic("win-02", "record"), 1, False),
        (topic("win-02", "telemetry"), 0, False),
        (topic("win-02", "state"), 1, True),
        (topic("win-01", "command"), 1, False),
        (topic("win-01", "record"), 1, True),
        (topic("win-01", "telemetry"), 1, False),
        ("hcp/v1/h2/win-01/record", 1, False),
        ("$SYS/broker/uptime", 1, False),
    ],
)
def test_a_device_that_leaves_its_topics_is_cut_off(hall: Hall, to: str, qos: int, retain: bool) -> None:
    """By the same rule on every broker, and its own next connection is as good as any."""
    with hall.raw("win-03") as bystander, hall.raw("win-01") as attacker:
        attacker.send(mqtt.publish(to, b"forged", qos, qos, retain=retain))
        while (packet := attacker.read()) is not None:
            assert packet == mqtt.Puback(1)
        assert bystander.all_until_pong() == []
    assert hall.wait_violation("win-01", to)
    with hall.raw("win-01") as again, hall.raw(GATEWAY) as gateway:
        assert again.all_until_pong() == []
        if retain:
            gateway.send(mqtt.publish(to, b"", 1, 1, retain=True))  # a retained record: nobody else clears it


def test_a_will_for_another_device_is_cut_off_and_never_comes(hall: Hall) -> None:
    foreign = mqtt.Will(topic("win-02", "state"), b"lost", 1, True)
    with hall.raw(GATEWAY) as gateway:
        assert gateway.subscribe(f"hcp/v1/{HALL}/#") == mqtt.Suback(1, b"\1")
        with Raw(hall.port, hall.context("win-01")) as attacker:
            answer = attacker.connect("win-01", will=foreign)
            assert answer == mqtt.Connack(False, 5) or (hall.kind == "mosquitto" and answer == mqtt.Connack(False, 0))
            assert attacker.read() is None
        assert hall.wait_violation("win-01", foreign.topic)
        assert gateway.all_until_pong() == []


# --- retained messages and wills -------------------------------------------------------------------------------------


def test_retained_messages_come_with_a_matching_new_subscription_only(hall: Hall) -> None:
    with hall.raw(GATEWAY) as gateway:
        for n, (name, leaf) in enumerate([("win-01", "scene"), ("win-01", "receipt"), ("win-02", "scene")], 1):
            gateway.send(mqtt.publish(topic(name, leaf), f"{name} {leaf}".encode(), 1, n, retain=True))
            assert gateway.read() == mqtt.Puback(n)
    with hall.raw("win-01") as device:
        assert device.all_until_pong() == []
        device.subscribe(topic("win-01", "scene"))
        assert [(p.payload, p.retain) for p in device.all_until_pong()] == [(b"win-01 scene", True)]
        device.subscribe(topic("win-01", "receipt"))
        assert [p.payload for p in device.all_until_pong()] == [b"win-01 receipt"]


def test_a_reconnect_does_not_leak_the_retained_messages_of_others(hall: Hall) -> None:
    with hall.raw(GATEWAY) as gateway, hall.raw("win-02") as other:
        gateway.send(mqtt.publish(topic("win-02", "scene"), b"secret", 1, 1, retain=True))
        assert gateway.read() == mqtt.Puback(1)
        assert other.subscribe(topic("win-02", "scene")) == mqtt.Suback(1, b"\1")
        for clean in (False, False, True):
            with hall.raw("win-01", clean=clean) as device:
                assert device.all_until_pong() == []


def test_an_empty_retained_message_clears(hall: Hall) -> None:
    with hall.raw(GATEWAY) as gateway:
        gateway.send(mqtt.publish(topic("win-01", "scene"), b"old", 1, 1, retain=True)).read()
        gateway.send(mqtt.publish(topic("win-01", "scene"), b"", 1, 2, retain=True)).read()
    with hall.raw("win-01") as device:
        device.subscribe(topic("win-01", "scene"))
        assert device.all_until_pong() == []


WILL = mqtt.Will(topic("win-01", "state"), b"lost", 1, True)


def test_the_will_comes_when_the_device_goes_without_goodbye(hall: Hall) -> None:
    with hall.paho(GATEWAY, subscribe=f"hcp/v1/{HALL}/+/state") as gateway:
        hall.raw("win-01", will=WILL).close()
        gateway.wait(lambda: gateway.messages)
        assert gateway.payloads == [b"lost"]
    with hall.paho(GATEWAY, subscribe=f"hcp/v1/{HALL}/+/state") as late:
        late.wait(lambda: late.messages)
        assert late.messages[0].retain and late.payloads == [b"lost"]


def test_the_will_does_not_come_after_a_goodbye(hall: Hall) -> None:
    with hall.raw(GATEWAY) as gateway, hall.raw("win-01", will=WILL) as device:
        gateway.subscribe(f"hcp/v1/{HALL}/+/state")
        assert device.send(mqtt.DISCONNECT).read() is None
        assert gateway.all_until_pong() == []


def test_silence_ends_a_connection_after_one_and_a_half_keep_alives(hall: Hall) -> None:
    with hall.paho(GATEWAY, subscribe=f"hcp/v1/{HALL}/+/state") as gateway:
        with hall.raw("win-01", will=WILL, keepalive_s=1) as device:
            assert device.read() is None  # its deadline is 10 s
        gateway.wait(lambda: gateway.messages)
        assert gateway.payloads == [b"lost"]


def test_pings_keep_a_connection_alive(hall: Hall) -> None:
    with hall.raw("win-01", keepalive_s=1) as device:
        device.socket.settimeout(0.5)
        for _ in range(4):  # 2 s of silence but for the pings
            with pytest.raises(TimeoutError):
                device.read()
            assert device.all_until_pong() == []


# --- sessions --------------------------------------------------------------------------------------------------------


def fresh_gateway(hall: Hall) -> None:
    """Forget the gateway's persistent session."""
    hall.raw(GATEWAY, clean=True).send(mqtt.DISCONNECT).read()


def test_unacknowledged_messages_come_again_in_order_with_dup(hall: Hall) -> None:
    fresh_gateway(hall)
    filter_ = f"hcp/v1/{HALL}/+/record"
    gateway = hall.paho(GATEWAY, clean=False, manual_ack=True, subscribe=filter_)
    assert gateway.connects == [False]
    with hall.paho("win-01") as device:
        for n in range(10):
            device.publish(topic("win-01", "record"), b"%d" % n)
        gateway.wait(lambda: len(gateway.messages) >= 10)
        device.wait(lambda: len(device.published) >= 10)  # the device has its PUBACKs: the broker holds them
        gateway.kill()
        for n in range(10, 15):
            device.publish(topic("win-01", "record"), b"%d" % n)
        device.wait(lambda: len(device.published) >= 15)
    with hall.paho(GATEWAY, clean=False, manual_ack=True) as again:
        again.wait(lambda: len(again.messages) >= 15)
        assert again.connects == [True]
        assert again.payloads == [b"%d" % n for n in range(15)]
        assert [message.dup for message in again.messages[:10]] == [True] * 10
        for message in again.messages[:12]:
            again.client.ack(message.mid, 1)
    with hall.raw(GATEWAY, clean=False) as third:
        assert third.session_present
        assert [(p.payload, p.dup) for p in third.all_until_pong()] == [(b"12", True), (b"13", True), (b"14", True)]


def test_a_clean_session_starts_empty_and_leaves_nothing(hall: Hall) -> None:
    fresh_gateway(hall)
    with hall.raw(GATEWAY, clean=False) as gateway:
        gateway.subscribe(f"hcp/v1/{HALL}/+/record")
    with hall.raw("win-01") as device:
        assert device.send(mqtt.publish(topic("win-01", "record"), b"1", 1, 1)).read() == mqtt.Puback(1)
    with hall.raw(GATEWAY, clean=True) as gateway:
        assert not gateway.session_present and gateway.all_until_pong() == []
    with hall.raw(GATEWAY, clean=False) as gateway:
        assert not gateway.session_present


def test_a_newer_connection_takes_over(hall: Hall) -> None:
    with hall.raw("win-01") as old, hall.raw("win-01") as new:
        assert old.read() is None
        new.subscribe(topic("win-01", "command"))
        with hall.raw(GATEWAY) as gateway:
            gateway.send(mqtt.publish(topic("win-01", "command"), b"x", 1, 1)).read()
        assert new.read().payload == b"x"


def test_a_take_over_of_the_gateway_keeps_its_session(hall: Hall) -> None:
    fresh_gateway(hall)
    with hall.raw(GATEWAY, clean=False) as old, hall.raw("win-01") as device:
        old.subscribe(f"hcp/v1/{HALL}/+/record")
        device.send(mqtt.publish(topic("win-01", "record"), b"1", 1, 1)).read()
        assert old.read().payload == b"1"
        with hall.raw(GATEWAY, clean=False) as new:
            assert new.session_present
            again = new.read()
            assert again.payload == b"1" and again.dup
            assert old.read() is None


def test_unsubscribing_ends_the_flow(hall: Hall) -> None:
    with hall.raw(GATEWAY) as gateway, hall.raw("win-01") as device:
        gateway.subscribe(f"hcp/v1/{HALL}/+/record")
        assert gateway.send(mqtt.unsubscribe(2, [f"hcp/v1/{HALL}/+/record"])).read() == mqtt.Unsuback(2)
        assert device.send(mqtt.publish(topic("win-01", "record"), b"1", 1, 1)).read() == mqtt.Puback(1)
        assert gateway.all_until_pong() == []


# --- garbage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 100,
        b"\xff" * 100,
        mqtt.publish(topic("win-01", "record"), b"x", 1, 1),
        mqtt.PINGREQ,
        mqtt.connack(0),
        bytes.fromhex("100d00044d515454 05 02 003c 00 0000"),
    ],
    ids=["http", "zeros", "ones", "publish first", "ping first", "a server's packet", "MQTT 5"],
)
def test_garbage_ends_its_own_connection_only(hall: Hall, garbage: bytes) -> None:
    with hall.raw("win-02") as bystander, Raw(hall.port, hall.context("win-01")) as client:
        said = client.send(garbage).until_hung_up()
        # Mosquitto also speaks MQTT 5, and its warden ends that
        assert said in (b"", b"\x20\x02\0\1") or (hall.kind == "mosquitto" and garbage[8:9] == b"\5")
        assert bystander.all_until_pong() == []


def test_a_second_connect_ends_the_connection(hall: Hall) -> None:
    with hall.raw("win-01") as client:
        assert client.send(mqtt.connect("win-01", 60)).read() is None


# --- too much at once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_overflowing_queue_keeps_what_came_first_and_works_on(kind: str, tmp_path: Path) -> None:
    """What does not fit is for the device to send again: a PUBACK means nothing to it (spec 5.2)."""
    hall = Hall(tmp_path, kind, queue=20)
    try:
        filter_ = f"hcp/v1/{HALL}/+/record"
        with hall.raw(GATEWAY, clean=False) as gateway:
            gateway.subscribe(filter_)
        with hall.raw("win-01") as device:
            for n in range(1, 61):
                device.send(mqtt.publish(topic("win-01", "record"), b"%d" % n, 1, n))
            acknowledged = len([p for p in device.all_until_pong() if isinstance(p, mqtt.Puback)])
            assert acknowledged == (60 if kind == "mosquitto" else 20)
            with hall.raw(GATEWAY, clean=False) as gateway:
                heard: list[bytes] = []
                while batch := [p for p in gateway.all_until_pong() if isinstance(p, mqtt.Publish)]:
                    heard += [p.payload for p in batch]
                    for packet in batch:
                        gateway.send(mqtt.puback(packet.packet_id))
                # in order from the first, without a hole; what was let go are the newest
                assert heard == [b"%d" % n for n in range(1, len(heard) + 1)] and 20 <= len(heard) < 60
                again = b"%d" % (len(heard) + 1)
                device.send(mqtt.publish(topic("win-01", "record"), again, 1, 61))
                assert gateway.read().payload == again
    finally:
        hall.stop()


STORM = 200


def test_two_hundred_devices_that_come_back_at_once_are_all_served(hall: Hall) -> None:
    names = [f"storm-{n:03}" for n in range(STORM)]
    hall.devices.update(names)
    contexts = {name: hall.context(name) for name in names}
    at_once = threading.Barrier(STORM)

    def come_back(name: str) -> bool:
        at_once.wait(60)
        with Raw(hall.port, contexts[name], patience_s=60) as device:
            assert device.connect(name) == mqtt.Connack(False, 0)
            assert device.subscribe(topic(name, "receipt")) == mqtt.Suback(1, b"\1")
            return device.send(mqtt.publish(topic(name, "record"), name.encode(), 1, 7)).read() == mqtt.Puback(7)

    fresh_gateway(hall)
    with (
        hall.paho(GATEWAY, subscribe=f"hcp/v1/{HALL}/+/record") as gateway,
        ThreadPoolExecutor(STORM) as crowd,
    ):
        assert all(crowd.map(come_back, names))
        gateway.wait(lambda: len(gateway.messages) >= STORM)
        assert sorted(gateway.payloads) == [name.encode() for name in names]
    hall.devices.difference_update(names)
