"""What our own broker does beyond MQTT: cutting off, hooks, limits, counters, its thread."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.broker import BrokerSettings, EmbeddedBroker, QueueLimits, Role
from protocol import mqtt
from protocol.errors import ProtocolError
from tests.gateway.broker_clients import DEADLINE_S, GATEWAY, HALL, Hall, Raw, topic
from tests.gateway.pki import Authority

RECORDS = f"hcp/v1/{HALL}/+/record"


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    hall = Hall(tmp_path_factory.mktemp("hall"))
    yield hall
    hall.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Hall]]:
    """Starts a broker with settings of its own."""
    halls: list[Hall] = []

    def start(**settings: Any) -> Hall:
        halls.append(Hall(tmp_path / str(len(halls)), **settings))
        return halls[-1]

    yield start
    for hall in halls:
        hall.stop()


@contextmanager
def counted(hall: Hall, **more: int) -> Iterator[None]:
    """These counters grow by so much inside the block, within a deadline."""
    before = hall.broker.stats()
    yield
    expected = {name: getattr(before, name) + n for name, n in more.items()}
    deadline_s = time.monotonic() + DEADLINE_S
    while True:
        stats = hall.broker.stats()
        if {name: getattr(stats, name) for name in more} == expected:
            return
        assert time.monotonic() < deadline_s, f"expected {expected}, got {stats}"
        hall.broker.cut_off("nobody")  # a round trip through the broker's loop: whatever it had to do, it did some


# --- identity --------------------------------------------------------------------------------------------------------


def test_the_gateway_is_asked_with_the_name_and_the_fingerprint_of_the_certificate(hall: Hall) -> None:
    hall.asked.clear()
    with hall.raw("win-01"):
        assert hall.asked == [("win-01", hall.pair("win-01").fingerprint)]


def test_unknown_and_revoked_devices_get_connack_5(hall: Hall) -> None:
    with counted(hall, connects_refused=2):
        with Raw(hall.port, hall.context("stranger")) as stranger:
            assert stranger.connect("stranger") == mqtt.Connack(False, 5)
            assert stranger.read() is None
        hall.revoked.add("win-03")
        with Raw(hall.port, hall.context("win-03")) as revoked:
            assert revoked.connect("win-03") == mqtt.Connack(False, 5)
        hall.revoked.clear()


@pytest.mark.parametrize("client_id", ["win-02", "gateway", "", "win-01x"])
def test_a_device_cannot_use_another_client_id(hall: Hall, client_id: str) -> None:
    with hall.raw("win-02") as other, Raw(hall.port, hall.context("win-01")) as device:
        assert device.connect(client_id) == mqtt.Connack(False, 2)
        assert device.read() is None
        assert other.all_until_pong() == []


@pytest.mark.parametrize("names", [(), ("win-01", "win-02")])
def test_a_certificate_with_no_name_or_two_is_nobody(hall: Hall, names: tuple[str, ...]) -> None:
    with counted(hall, connects_refused=1):
        with Raw(hall.port, hall.authority.context(hall.authority.client(*names))) as client:
            assert client.connect("win-01") is None


@pytest.mark.parametrize("name", ["+", "a/b", "WIN-01"])
def test_a_device_whose_name_is_not_an_id_is_refused_even_if_the_gateway_knows_it(hall: Hall, name: str) -> None:
    hall.devices.add(name)
    with Raw(hall.port, hall.context(name)) as client:
        assert client.connect(name) == mqtt.Connack(False, 5)
    hall.devices.discard(name)


def test_failed_handshakes_are_counted(hall: Hall, tmp_path: Path) -> None:
    stranger = Authority(tmp_path)
    with counted(hall, handshakes_failed=3):
        with Raw(hall.port, hall.authority.context(None)) as nobody:
            assert nobody.read() is None
        with Raw(hall.port, hall.authority.context(stranger.client("win-01"))) as forged:
            assert forged.read() is None
        with socket.create_connection(("127.0.0.1", hall.port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")


def test_a_gateway_whose_authorize_fails_refuses_that_client_only(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    with hall.raw("win-02") as bystander, counted(hall, internal_errors=1):
        hall.authorize_error = RuntimeError("the table of devices is gone")
        with Raw(hall.port, hall.context("win-01")) as client:
            assert client.connect("win-01") is None
        hall.authorize_error = None
        assert bystander.all_until_pong() == []
    assert "the table of devices is gone" in caplog.text


# --- leaving one's topics --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("packet", "told"),
    [
        (mqtt.publish(topic("win-02", "record"), b"x", 1, 1), topic("win-02", "record")),
        (mqtt.publish(topic("win-01", "scene"), b"x", 1, 1), topic("win-01", "scene")),
        (mqtt.publish(topic("win-01", "record"), b"x", 1, 1, retain=True), topic("win-01", "record")),
        (mqtt.publish(topic("win-01", "telemetry"), b"x", 1, 1), topic("win-01", "telemetry")),
        (mqtt.subscribe(1, [(topic("win-02", "scene"), 1)]), topic("win-02", "scene")),
        (mqtt.subscribe(1, [(topic("win-01", "scene"), 1), ("#", 0)]), "#"),
        (mqtt.subscribe(1, [(topic("win-01", "record"), 1)]), topic("win-01", "record")),
    ],
    ids=["another's record", "a downlink leaf", "retained record", "QoS 1 telemetry", "another's scene", "#", "own up"],
)
def test_a_device_that_leaves_its_topics_is_cut_off_and_reported(hall: Hall, packet: bytes, told: str) -> None:
    hall.violations.clear()
    with counted(hall, violations=1), hall.raw("win-01") as device:
        assert device.send(packet).read() is None
    assert hall.violations == [("win-01", told)]


def test_a_will_for_another_device_is_refused_and_reported(hall: Hall) -> None:
    hall.violations.clear()
    with hall.raw(GATEWAY) as gateway, Raw(hall.port, hall.context("win-01")) as device:
        gateway.subscribe(f"hcp/v1/{HALL}/+/state")
        will = mqtt.Will(topic("win-02", "state"), b"lost", 1, False)
        assert device.connect("win-01", will=will) == mqtt.Connack(False, 5)
        assert device.read() is None
        assert gateway.all_until_pong() == []
    assert hall.violations == [("win-01", topic("win-02", "state"))]


def test_the_gateway_cannot_leave_its_hall_either(hall: Hall) -> None:
    with counted(hall, violations=1), hall.raw(GATEWAY) as gateway:
        assert gateway.send(mqtt.publish("hcp/v1/h2/win-01/scene", b"x", 1, 1)).read() is None


def test_no_payload_and_no_hostile_text_reaches_the_log(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with hall.raw("win-01") as device:
        device.send(mqtt.publish(topic("win-01", "record"), b"secret-payload", 1, 1)).read()
        assert device.send(mqtt.publish("x\n2024 forged line", b"secret-payload", 1, 1)).read() is None
    assert "forged line" in caplog.text and "\n2024 forged" not in caplog.text
    assert "secret-payload" not in caplog.text


# --- cutting off -----------------------------------------------------------------------------------------------------


def test_a_revoked_device_is_cut_off_at_once_and_cannot_come_back(hall: Hall) -> None:
    with hall.raw("win-01") as revoked, hall.raw("win-02") as bystander:
        hall.revoked.add("win-01")
        assert hall.broker.cut_off("win-01") == 1
        assert revoked.read() is None
        with Raw(hall.port, hall.context("win-01")) as again:
            assert again.connect("win-01") == mqtt.Connack(False, 5)
        assert bystander.all_until_pong() == []
        hall.revoked.clear()
    assert hall.broker.cut_off("win-01") == 0


def test_cutting_off_ends_the_persistent_session_too(hall: Hall) -> None:
    with hall.raw("win-01", clean=False) as away:
        away.subscribe(topic("win-01", "command"))
        away.send(mqtt.DISCONNECT).read()
    hall.broker.cut_off("win-01")
    with hall.raw("win-01", clean=False) as again:
        assert not again.session_present
    hall.broker.cut_off("win-01")


def test_a_client_may_be_cut_off_from_inside_a_hook(start: Callable[..., Hall]) -> None:
    hall = start()
    hall.on_violation = lambda cn, at: hall.broker.cut_off("win-02")
    with hall.raw("win-02") as other, hall.raw("win-01") as device:
        assert device.send(mqtt.publish("x", b"", 1, 1)).read() is None
        assert other.read() is None


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_client_that_never_says_connect_is_dropped(start: Callable[..., Hall]) -> None:
    hall = start(connect_timeout_s=0.3)
    with counted(hall, connect_timeouts=1), Raw(hall.port, hall.context("win-01")) as client:
        assert client.send(b"\x10").read() is None


def test_a_client_that_never_shakes_hands_is_dropped(start: Callable[..., Hall]) -> None:
    hall = start(connect_timeout_s=0.3)
    with counted(hall, handshakes_failed=1), socket.create_connection(("127.0.0.1", hall.port), timeout=10) as plain:
        assert plain.recv(1) == b""


def test_a_client_without_keep_alive_gets_ours(start: Callable[..., Hall]) -> None:
    hall = start(keepalive_max_s=1)
    with counted(hall, keepalive_timeouts=2):
        for keepalive_s in (0, 3600):
            with hall.raw("win-01", keepalive_s=keepalive_s) as client:
                assert client.read() is None


def test_a_full_broker_refuses_and_recovers(start: Callable[..., Hall]) -> None:
    hall = start(connections=2)
    first, second = hall.raw("win-01"), hall.raw("win-02")
    with counted(hall, connects_refused=1):
        with pytest.raises(OSError):
            Raw(hall.port, hall.context("win-03"))
    with counted(hall, connections=-1):
        first.send(mqtt.DISCONNECT).close()
    with hall.raw("win-03"):
        assert second.all_until_pong() == []
    second.close()


def test_too_many_sessions_get_connack_3(start: Callable[..., Hall]) -> None:
    hall = start(sessions=1)
    with hall.raw("win-01"), Raw(hall.port, hall.context("win-02")) as second:
        assert second.connect("win-02") == mqtt.Connack(False, 3)


def test_what_does_not_fit_into_the_gateways_queue_gets_no_puback(start: Callable[..., Hall]) -> None:
    queue = QueueLimits(messages=5, bytes=1 << 20, per_publisher=5, window=10, write_buffer=1 << 20)
    hall = start(gateway_queue=queue)
    with hall.raw(GATEWAY, clean=False) as gateway:
        gateway.subscribe(RECORDS)
    with hall.raw("win-01") as device:
        for n in range(1, 9):
            device.send(mqtt.publish(topic("win-01", "record"), b"%d" % n, 1, n))
        assert device.all_until_pong() == [mqtt.Puback(n) for n in range(1, 6)]
        assert hall.broker.stats().not_acknowledged == 3
        with hall.raw(GATEWAY, clean=False) as gateway:
            assert gateway.session_present
            got = gateway.all_until_pong()
            assert [packet.payload for packet in got] == [b"%d" % n for n in range(1, 6)]
            for packet in got:
                gateway.send(mqtt.puback(packet.packet_id))
            assert gateway.all_until_pong() == []
            # There is room again: the device repeats what was not acknowledged, and nothing is lost.
            for n in range(6, 9):
                device.send(mqtt.publish(topic("win-01", "record"), b"%d" % n, 1, n, dup=True))
            assert device.all_until_pong() == [mqtt.Puback(n) for n in range(6, 9)]
            assert [packet.payload for packet in gateway.all_until_pong()] == [b"6", b"7", b"8"]


def test_a_device_that_acknowledges_nothing_does_not_hold_up_the_gateway(hall: Hall) -> None:
    with hall.raw("win-01") as lazy, hall.paho(GATEWAY) as gateway, counted(hall, slow_consumers=1):
        lazy.subscribe(topic("win-01", "asset"))
        mids = [gateway.publish(topic("win-01", "asset"), bytes(2000)) for _ in range(200)]
        gateway.wait(lambda: gateway.published.issuperset(mids))
        while lazy.read() is not None:
            pass


def test_a_client_that_floods_and_does_not_read_is_dropped(start: Callable[..., Hall]) -> None:
    small = QueueLimits(messages=64, bytes=1 << 18, per_publisher=64, window=8, write_buffer=16 << 10)
    hall = start(device_queue=small)
    with hall.raw("win-02") as bystander, counted(hall, slow_consumers=1):
        with Raw(hall.port, hall.context("win-01"), receive_buffer=4096) as flooder:
            assert flooder.connect("win-01") == mqtt.Connack(False, 0)
            with pytest.raises(OSError):
                for _ in range(1000):
                    flooder.socket.sendall(mqtt.PINGREQ * 8192)
        assert bystander.all_until_pong() == []


def test_many_at_once_are_all_served(hall: Hall) -> None:
    """Thirty devices come back at the same moment, each with a record."""
    names = [f"dev-{n}" for n in range(30)]
    hall.devices.update(names)
    contexts = {name: hall.context(name) for name in names}
    answers: list[Any] = []

    def come_back(name: str) -> None:
        with Raw(hall.port, contexts[name]) as client:
            client.connect(name)
            answers.append(client.send(mqtt.publish(topic(name, "record"), b"x", 1, 1)).read())

    with hall.paho(GATEWAY, subscribe=RECORDS) as gateway:
        threads = [threading.Thread(target=come_back, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_S)
        assert answers == [mqtt.Puback(1)] * 30
        gateway.wait(lambda: len(gateway.messages) >= 30)


# --- starting and stopping -------------------------------------------------------------------------------------------


def test_stopping_hangs_up_and_frees_the_port(start: Callable[..., Hall]) -> None:
    hall = start()
    port = hall.port
    with hall.raw("win-01") as device:
        hall.stop()
        assert device.read() is None
    hall.stop()
    with socket.create_server(("127.0.0.1", port)):
        pass
    assert hall.broker.cut_off("win-01") == 0
    with pytest.raises(RuntimeError):
        hall.broker.start()


def test_a_taken_port_is_said_at_the_start(hall: Hall) -> None:
    settings = BrokerSettings(
        HALL, hall.settings.certificate, hall.settings.key, hall.settings.authority, host="127.0.0.1", port=hall.port
    )
    with pytest.raises(OSError, match="in use"):
        EmbeddedBroker(settings, lambda cn, fingerprint: None).start()


def test_a_missing_key_is_named_at_the_start(hall: Hall, tmp_path: Path) -> None:
    settings = BrokerSettings(HALL, hall.settings.certificate, tmp_path / "no.key", hall.settings.authority, port=0)
    with pytest.raises(FileNotFoundError, match=r"no\.key"):
        EmbeddedBroker(settings, lambda cn, fingerprint: None).start()


def test_certificates_may_be_given_as_bytes_and_the_key_is_never_shown(hall: Hall) -> None:
    def read(pem: Path | bytes) -> bytes:
        assert isinstance(pem, Path)
        return pem.read_bytes()

    settings = BrokerSettings(
        HALL,
        read(hall.settings.certificate),
        read(hall.settings.key),
        read(hall.settings.authority),
        host="127.0.0.1",
        port=0,
    )
    assert "PRIVATE KEY" not in repr(settings)
    broker = EmbeddedBroker(settings, lambda cn, fingerprint: Role.DEVICE)
    broker.start()
    with Raw(broker.port, hall.context("win-01")) as client:
        assert client.connect("win-01") == mqtt.Connack(False, 0)
    broker.stop()


@pytest.mark.parametrize("bad", [{"connections": 0}, {"connect_timeout_s": -1}, {"keepalive_max_s": 0}])
def test_settings_that_cannot_work_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        BrokerSettings(HALL, b"", b"", b"", **bad)


def test_a_hall_that_is_not_an_id_is_refused() -> None:
    with pytest.raises(ProtocolError, match="bad_device"):
        BrokerSettings("h/1", b"", b"", b"")
