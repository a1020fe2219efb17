"""The door to the broker: what is acknowledged, what comes again, and what a stale acknowledgement may not do."""

import threading
import time

import pytest

from gateway import enrolment
from gateway.broker import BrokerSettings, EmbeddedBroker, Role
from gateway.mqtt import Door, DoorSettings
from protocol import topics
from tests.gateway.desk import HALL, enrol, poll
from tests.gateway.wire import Wire


class Harness:
    """A broker, a door, and what the door offered."""

    def __init__(self, tmp_path):
        self.data, self.tmp = tmp_path / "data", tmp_path
        self.twin = enrol(self.data, "w1")
        self.frames = []
        self.ups = 0
        self.room = True
        self.changed = threading.Condition()
        self.broker = self.new_broker(0)
        self.port = self.broker.port
        self.door = self.new_door("ca.pem")
        self.wires = []

    def new_broker(self, port):
        pki = self.data / "pki"
        broker = EmbeddedBroker(
            BrokerSettings(HALL, pki / "server.pem", pki / "server.key", pki / "ca.pem", "127.0.0.1", port),
            lambda name, _: Role.GATEWAY if name == "gateway" else Role.DEVICE,
        )
        broker.start()
        return broker

    def new_door(self, authority):
        pki = self.data / "pki"
        settings = DoorSettings(
            HALL, "127.0.0.1", self.port, pki / "gateway.pem", pki / "gateway.key", self.data / "pki" / authority
        )
        door = Door(settings, self.offer, self.up)
        door.start()
        return door

    def offer(self, frame):
        if frame.topic.endswith("/state"):
            frame.ack()
            return True
        with self.changed:
            self.frames.append(frame)
            self.changed.notify_all()
            return self.room

    def up(self):
        with self.changed:
            self.ups += 1
            self.changed.notify_all()

    def wait(self, ready):
        with self.changed:
            assert self.changed.wait_for(ready, 10), (len(self.frames), self.ups)

    def press(self, *bodies):
        wire = Wire(self.twin, self.port, self.data, self.tmp)
        self.wires.append(wire)
        wire.wait(lambda: wire.connects)
        for body in bodies:
            wire.send(body)
        return wire


@pytest.fixture
def harness(tmp_path):
    harness = Harness(tmp_path)
    harness.wait(lambda: harness.ups == 1)
    yield harness
    for wire in harness.wires:
        wire.close()
    harness.door.stop()
    harness.broker.stop()


def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(harness):
    harness.press(b"one", b"two")
    harness.wait(lambda: len(harness.frames) == 2)
    harness.frames[0].ack()
    poll(lambda: harness.broker.stats().queued == 1)
    harness.frames[1].drop()
    harness.wait(lambda: len(harness.frames) == 3)
    assert harness.frames[2].payload == b"two"
    assert harness.door.sessions_lost == 1  # the first connection; not the second


def test_a_stale_acknowledgement_reaches_nothing(harness):
    harness.press(b"one")
    harness.wait(lambda: len(harness.frames) == 1)
    old = harness.frames[0]
    old.drop()
    harness.wait(lambda: len(harness.frames) == 2)
    old.ack()
    harness.frames[1].drop()
    harness.wait(lambda: len(harness.frames) == 3)
    assert [frame.payload for frame in harness.frames] == [b"one"] * 3
    harness.frames[2].ack()
    poll(lambda: harness.broker.stats().queued == 0)


def test_no_room_ends_the_connection_and_loses_nothing(harness):
    harness.room = False
    harness.press(b"one")
    harness.wait(lambda: len(harness.frames) >= 1)
    harness.room = True
    harness.wait(lambda: len(harness.frames) >= 2 and harness.ups >= 2)
    assert harness.frames[-1].payload == b"one"


def test_a_broker_that_forgot_everything_is_noticed(harness):
    harness.press(b"one")
    harness.wait(lambda: len(harness.frames) == 1)
    stale = harness.frames[0]
    harness.broker.stop()
    poll(lambda: not harness.door.up)
    assert not harness.door.publish(topics.topic(HALL, "w1", "receipt"), b"x")
    harness.broker = harness.new_broker(harness.port)
    harness.wait(lambda: harness.ups == 2)
    assert harness.door.sessions_lost == 2
    harness.press(b"two")
    harness.wait(lambda: len(harness.frames) >= 2 and harness.frames[-1].payload == b"two")
    stale.ack()
    assert harness.broker.stats().queued >= 1


def test_a_broker_of_another_hall_is_not_trusted(harness, tmp_path):
    enrolment.create_authority(tmp_path / "elsewhere", "elsewhere")
    (harness.data / "pki" / "foreign.pem").write_bytes((tmp_path / "elsewhere" / "pki" / "ca.pem").read_bytes())
    refused = harness.broker.stats().handshakes_failed
    door = harness.new_door("foreign.pem")
    poll(lambda: harness.broker.stats().handshakes_failed > refused)
    assert not door.up
    door.stop()


def test_stop_is_quick_even_if_nobody_is_there(tmp_path):
    enrol(tmp_path / "data", "w1")
    pki = tmp_path / "data" / "pki"
    door = Door(
        DoorSettings(HALL, "127.0.0.1", 9, pki / "gateway.pem", pki / "gateway.key", pki / "ca.pem"),
        lambda _: True,
        lambda: None,
    )
    door.start()
    began = time.monotonic()
    door.stop()
    assert time.monotonic() - began < 5 and not door.up
