"""Sessions, subscriptions and queues without a socket: the client is a list of what reached it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.broker.acl import Role
from gateway.broker.hub import Hub, matches
from gateway.broker.session import Message, Session
from gateway.broker.settings import BrokerSettings, BrokerStats, QueueLimits
from protocol import mqtt

RECORD = "hcp/v1/h1/{}/record"


class Client:
    """The far end of a session: decodes what is sent to it."""

    def __init__(self, hub: Hub, name: str, role: Role, clean: bool = True, client_id: str = ""):
        self.hub, self.name, self.writable = hub, name, True
        self.got: list[mqtt.Publish] = []
        self.closed = ""
        self.will: Message | None = None
        packet = mqtt.Connect(client_id or name, clean, 60, None, 4)
        attached = hub.attach(name, role, packet, self)
        assert attached is not None
        self.session: Session = attached[0]
        self.present: bool = attached[1]
        hub.resume(self.session)

    def send(self, packet: bytes) -> None:
        decoder = mqtt.Decoder()
        decoder.feed(packet)
        self.got.append(decoder.packet())

    def close(self, reason: str) -> None:
        if not self.closed:
            self.closed = reason
            self.hub.detach(self.name, self.session, self, self.will)

    def subscribe(self, *filters: str, qos: int = 1) -> "Client":
        wanted = tuple((filter_, qos) for filter_ in filters)
        self.hub.subscribe(self.session, wanted)
        self.hub.send_retained(self.session, wanted)
        return self

    def acknowledge(self, packet: mqtt.Publish) -> None:
        self.hub.acknowledge(self.session, packet.packet_id)

    @property
    def payloads(self) -> list[bytes]:
        return [packet.payload for packet in self.got]


def make_hub(**changes: Any) -> tuple[Hub, BrokerStats]:
    stats = BrokerStats()
    return Hub(BrokerSettings(hall="h1", certificate=b"", key=b"", authority=b"", **changes), stats), stats


def limits(messages: int = 1000, size: int = 1 << 20, per_publisher: int = 1000, window: int = 4) -> QueueLimits:
    return QueueLimits(messages, size, per_publisher, window, 1 << 20)


def record(payload: bytes, device: str = "win-01", qos: int = 1) -> Message:
    return Message(RECORD.format(device), payload, qos, False, device)


def scene(payload: bytes, device: str = "win-01") -> Message:
    return Message(f"hcp/v1/h1/{device}/scene", payload, 1, True, "gateway")


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("+/b", "a/b", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "ab", False),
        ("#", "a/b", True),
        ("+", "/a", False),
        ("/+", "/a", True),
        ("+/+", "/a", True),
        ("#", "$SYS/a", False),
        ("+/a", "$SYS/a", False),
        ("$SYS/#", "$SYS/a", True),
    ],
)
def test_topic_filters_match_as_in_the_standard(pattern: str, topic: str, expected: bool) -> None:
    assert matches(pattern.split("/"), topic.split("/")) is expected


def test_a_message_reaches_each_subscriber_once_with_the_lower_qos() -> None:
    hub, _ = make_hub()
    both = Client(hub, "gateway", Role.GATEWAY, client_id="g1").subscribe("hcp/v1/h1/#", "hcp/v1/h1/+/record")
    plain = Client(hub, "gateway", Role.GATEWAY, client_id="g2").subscribe(RECORD.format("win-01"), qos=0)
    other = Client(hub, "gateway", Role.GATEWAY, client_id="g3").subscribe(RECORD.format("win-02"))
    assert hub.publish(record(b"x"))
    assert [(p.payload, p.qos) for p in both.got] == [(b"x", 1)]
    assert [(p.payload, p.qos) for p in plain.got] == [(b"x", 0)]
    assert other.got == []


def test_an_end_of_subscription_is_seen_at_once() -> None:
    hub, _ = make_hub()
    gateway = Client(hub, "gateway", Role.GATEWAY).subscribe("hcp/v1/h1/+/record", RECORD.format("win-01"))
    hub.publish(record(b"1"))
    hub.unsubscribe(gateway.session, ("hcp/v1/h1/+/record",))
    hub.publish(record(b"2"))
    hub.unsubscribe(gateway.session, (RECORD.format("win-01"), "never/subscribed"))
    hub.publish(record(b"3"))
    assert gateway.payloads == [b"1", b"2"]


def test_the_window_bounds_what_is_in_flight() -> None:
    hub, stats = make_hub(gateway_queue=limits(window=4))
    gateway = Client(hub, "gateway", Role.GATEWAY).subscribe("hcp/v1/h1/+/record")
    for n in range(10):
        assert hub.publish(record(b"%d" % n))
    assert len(gateway.got) == 4 and stats.queued == 10
    gateway.acknowledge(gateway.got[2])
    assert gateway.payloads == [b"0", b"1", b"2", b"3", b"4"] and stats.queued == 9
    hub.acknowledge(gateway.session, 999)  # unknown: nothing happens
    assert stats.queued == 9


def test_packet_ids_wrap_and_skip_those_in_flight() -> None:
    hub, _ = make_hub()
    gateway = Client(hub, "gateway", Role.GATEWAY).subscribe("hcp/v1/h1/+/record")
    hub.publish(record(b"stays"))
    for _ in range(70_000):
        hub.publish(record(b"x"))
        gateway.acknowledge(gateway.got.pop())
    assert [p.packet_id for p in gateway.got] == [1]
    hub.publish(record(b"y"))
    assert 1 < gateway.got[-1].packet_id <= 65535


def test_a_persistent_session_gets_the_old_in_order_with_dup_and_then_the_new() -> None:
    hub, stats = make_hub(gateway_queue=limits(window=3))
    first = Client(hub, "gateway", Role.GATEWAY, clean=False).subscribe("hcp/v1/h1/+/record")
    assert not first.present
    for n in range(5):
        hub.publish(record(b"%d" % n))
    first.acknowledge(first.got[1])  # 3 goes out; 0, 2, 3 are in flight, 4 waits
    first.close("killed")
    hub.publish(record(b"5"))
    second = Client(hub, "gateway", Role.GATEWAY, clean=False)
    assert second.present
    assert [(p.payload, p.dup) for p in second.got] == [(b"0", True), (b"2", True), (b"3", True)]
    assert [p.packet_id for p in second.got] == [p.packet_id for p in first.got if p.payload != b"1"]
    for packet in list(second.got):
        second.acknowledge(packet)
    assert [(p.payload, p.dup) for p in second.got[3:]] == [(b"4", False), (b"5", False)]
    assert stats.redelivered == 3


def test_a_clean_start_forgets_the_old_session() -> None:
    hub, stats = make_hub()
    first = Client(hub, "gateway", Role.GATEWAY, clean=False).subscribe("hcp/v1/h1/+/record")
    hub.publish(record(b"1"))
    first.close("killed")
    second = Client(hub, "gateway", Role.GATEWAY, clean=True)
    assert not second.present and second.got == [] and stats.queued == 0
    hub.publish(record(b"2"))
    assert second.got == []
    second.close("bye")
    assert not Client(hub, "gateway", Role.GATEWAY, clean=False).present


def test_a_certificate_cannot_take_over_the_session_of_another() -> None:
    hub, _ = make_hub()
    gateway = Client(hub, "gateway", Role.GATEWAY, clean=False, client_id="win-01").subscribe("hcp/v1/h1/#")
    device = Client(hub, "win-01", Role.DEVICE, clean=False)
    assert not device.present and not gateway.closed


def test_a_role_that_changed_starts_with_nothing() -> None:
    hub, _ = make_hub()
    Client(hub, "box", Role.GATEWAY, clean=False).subscribe("hcp/v1/h1/#").close("gone")
    device = Client(hub, "box", Role.DEVICE, clean=False)
    hub.publish(record(b"secret"))
    assert not device.present and device.got == []


def test_the_newer_connection_wins_and_the_will_of_the_older_is_published_first() -> None:
    hub, stats = make_hub()
    gateway = Client(hub, "gateway", Role.GATEWAY).subscribe("hcp/v1/h1/+/state")
    old = Client(hub, "win-01", Role.DEVICE)
    old.will = Message("hcp/v1/h1/win-01/state", b"lost", 1, True, "win-01")
    new = Client(hub, "win-01", Role.DEVICE)
    assert "taken over" in old.closed and not new.closed and stats.takeovers == 1
    assert gateway.payloads == [b"lost"]
    new.subscribe("hcp/v1/h1/win-01/scene")
    hub.publish(scene(b"s"))
    assert new.payloads == [b"s"] and old.got == []


def test_retained_messages_reach_new_subscriptions_that_match_and_no_others() -> None:
    hub, stats = make_hub()
    hub.publish(scene(b"one", "win-01"))
    hub.publish(scene(b"two", "win-02"))
    device = Client(hub, "win-01", Role.DEVICE)
    assert device.got == []
    device.subscribe("hcp/v1/h1/win-01/scene")
    assert [(p.payload, p.retain) for p in device.got] == [(b"one", True)]
    hub.publish(scene(b"three", "win-01"))
    assert [(p.payload, p.retain) for p in device.got[1:]] == [(b"three", False)]
    hub.publish(scene(b"", "win-02"))
    assert stats.retained == 1
    assert Client(hub, "win-02", Role.DEVICE).subscribe("hcp/v1/h1/win-02/scene").got == []


def test_a_reconnected_session_gets_no_retained_messages_it_did_not_ask_for() -> None:
    hub, _ = make_hub()
    for n in range(3):
        hub.publish(scene(b"%d" % n, f"win-0{n}"))
    Client(hub, "win-01", Role.DEVICE, clean=False).subscribe("hcp/v1/h1/win-01/receipt").close("gone")
    assert Client(hub, "win-01", Role.DEVICE, clean=False).got == []


def test_asking_for_retained_messages_again_and_again_does_not_fill_the_queue() -> None:
    hub, stats = make_hub(device_queue=limits(window=1))
    hub.publish(scene(b"one"))
    device = Client(hub, "win-01", Role.DEVICE)
    for _ in range(100):
        device.subscribe("hcp/v1/h1/win-01/scene")
    assert len(device.got) == 1 and stats.queued == 2 == len(device.session)


def test_a_gateway_with_many_windows_gets_every_retained_state() -> None:
    hub, _ = make_hub(gateway_queue=limits(messages=10, per_publisher=2, window=500))
    for n in range(300):
        hub.publish(Message(f"hcp/v1/h1/win-{n}/state", b"ready", 1, True, f"win-{n}"))
    assert len(Client(hub, "gateway", Role.GATEWAY).subscribe("hcp/v1/h1/+/state").got) == 300


@pytest.mark.parametrize(
    ("queue", "fits"),
    [(limits(messages=6, window=2), 6), (limits(size=600, window=2), 5), (limits(per_publisher=3), 3)],
    ids=["messages", "bytes", "one publisher's share"],
)
def test_what_does_not_fit_is_not_acknowledged(queue: QueueLimits, fits: int) -> None:
    hub, stats = make_hub(gateway_queue=queue)
    gateway = Client(hub, "gateway", Role.GATEWAY, clean=False).subscribe("hcp/v1/h1/+/record")
    gateway.close("away")
    answers = [hub.publish(record(b"%d" % n)) for n in range(10)]
    assert answers == [True] * fits + [False] * (10 - fits)
    assert stats.not_acknowledged == 10 - fits and stats.queued == fits
    again = Client(hub, "gateway", Role.GATEWAY, clean=False)
    while len(again.got) < fits:
        again.acknowledge(again.got[-1])
    assert again.payloads == [b"%d" % n for n in range(fits)]


def test_one_publisher_cannot_take_the_room_of_the_others() -> None:
    hub, _ = make_hub(gateway_queue=limits(messages=100, per_publisher=10))
    Client(hub, "gateway", Role.GATEWAY, clean=False).subscribe("hcp/v1/h1/+/record").close("away")
    assert sum(hub.publish(record(b"flood", "win-01")) for _ in range(1000)) == 10
    assert hub.publish(record(b"good", "win-02"))


def test_nobody_gets_what_one_gateway_session_has_no_room_for() -> None:
    """Otherwise the repeat of the publisher would reach the others twice for no reason."""
    hub, _ = make_hub(gateway_queue=limits(messages=1))
    full = Client(hub, "gateway", Role.GATEWAY, clean=False, client_id="g1").subscribe("hcp/v1/h1/+/record")
    assert hub.publish(record(b"1"))
    other = Client(hub, "gateway", Role.GATEWAY, client_id="g2").subscribe("hcp/v1/h1/+/record")
    assert not hub.publish(record(b"2"))
    assert other.got == [] and full.payloads == [b"1"]


def test_a_device_that_does_not_acknowledge_is_ended_and_does_not_hold_up_the_gateway() -> None:
    hub, stats = make_hub(device_queue=limits(messages=5, window=2))
    topic = "hcp/v1/h1/win-01/command"
    device = Client(hub, "win-01", Role.DEVICE, clean=False).subscribe(topic)
    assert all(hub.publish(Message(topic, b"%d" % n, 1, False, "gateway")) for n in range(6))
    assert device.closed and stats.slow_consumers == 1 and stats.queued == 0
    assert not Client(hub, "win-01", Role.DEVICE, clean=False).present


def test_an_absent_device_with_a_full_session_is_forgotten() -> None:
    hub, stats = make_hub(device_queue=limits(messages=5, window=2))
    topic = "hcp/v1/h1/win-01/command"
    Client(hub, "win-01", Role.DEVICE, clean=False).subscribe(topic).close("away")
    assert all(hub.publish(Message(topic, b"%d" % n, 1, False, "gateway")) for n in range(6))
    assert stats.sessions == 0 and stats.queued == 0


def test_qos_0_is_dropped_rather_than_queued() -> None:
    hub, stats = make_hub()
    gateway = Client(hub, "gateway", Role.GATEWAY, clean=False).subscribe("hcp/v1/h1/#")
    gateway.writable = False
    assert hub.publish(record(b"telemetry", qos=0))
    gateway.close("away")
    assert hub.publish(record(b"telemetry", qos=0))
    assert stats.dropped_qos0 == 2 and stats.queued == 0


def test_a_socket_that_takes_no_more_pauses_the_queue() -> None:
    hub, _ = make_hub()
    gateway = Client(hub, "gateway", Role.GATEWAY).subscribe("hcp/v1/h1/+/record")
    gateway.writable = False
    assert hub.publish(record(b"1"))
    assert gateway.got == []
    gateway.writable = True
    hub.pump(gateway.session)
    assert gateway.payloads == [b"1"]


def test_too_many_sessions_are_refused() -> None:
    hub, _ = make_hub(sessions=2)
    Client(hub, "a", Role.DEVICE)
    Client(hub, "b", Role.DEVICE)
    assert hub.attach("c", Role.DEVICE, mqtt.Connect("c", True, 1, None, 4), Client(hub, "b", Role.DEVICE)) is None


def test_a_revoked_certificate_leaves_no_session_behind() -> None:
    hub, stats = make_hub()
    Client(hub, "win-01", Role.DEVICE, clean=False).subscribe("hcp/v1/h1/win-01/scene").close("cut off")
    hub.forget("win-01")
    assert stats.sessions == 0 and not Client(hub, "win-01", Role.DEVICE, clean=False).present


steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(["win-01", "win-02", "win-03"])),
        st.tuples(st.just("acknowledge"), st.integers(0, 5)),
        st.tuples(st.just("reconnect"), st.booleans()),
        st.tuples(st.just("pause"), st.booleans()),
    ),
    max_size=60,
)


@given(steps, st.integers(1, 5), st.integers(3, 12), st.integers(2, 6))
def test_what_was_acknowledged_arrives_in_order_and_nothing_else_is_held(
    script: list[tuple[str, Any]], window: int, room: int, share: int
) -> None:
    """The promise of the broker: PUBACK means that the gateway will get it, however often it goes and comes."""
    hub, stats = make_hub(gateway_queue=limits(messages=room, per_publisher=share, window=window))
    gateway = Client(hub, "gateway", Role.GATEWAY, clean=False).subscribe("hcp/v1/h1/+/record")
    taken: list[bytes] = []
    first_seen: list[bytes] = []
    unacknowledged: dict[int, bytes] = {}  # the client's own view

    def read() -> None:
        for packet in gateway.got:
            assert packet.dup == (packet.packet_id in unacknowledged)
            assert unacknowledged.get(packet.packet_id, packet.payload) == packet.payload
            unacknowledged[packet.packet_id] = packet.payload
            if packet.payload not in first_seen:
                first_seen.append(packet.payload)
        gateway.got.clear()

    for n, (step, value) in enumerate(script):
        if step == "publish":
            if hub.publish(record(b"%d" % n, value)):
                taken.append(b"%d" % n)
        elif step == "acknowledge" and unacknowledged and not gateway.closed:
            packet_id = list(unacknowledged)[value % len(unacknowledged)]
            del unacknowledged[packet_id]
            hub.acknowledge(gateway.session, packet_id)
        elif step == "reconnect":
            gateway.close("killed")
            if value:
                gateway = Client(hub, "gateway", Role.GATEWAY, clean=False)
                assert gateway.present
        elif step == "pause" and not gateway.closed:
            gateway.writable = value
            hub.pump(gateway.session)
        read()
        assert stats.queued == len(gateway.session) <= room and len(unacknowledged) <= window
    gateway = Client(hub, "gateway", Role.GATEWAY, clean=False)
    read()
    while unacknowledged:
        packet_id = next(iter(unacknowledged))
        del unacknowledged[packet_id]
        hub.acknowledge(gateway.session, packet_id)
        read()
    assert first_seen == taken
    assert stats.queued == 0 and gateway.session.bytes == 0


def test_what_devices_publish_before_the_expected_gateway_comes_waits_for_it():
    hub, stats = make_hub()
    hub.expect("gateway", "gateway", ("hcp/v1/h1/+/record",))
    assert hub.publish(Message(RECORD.format("w1"), b"first", 1, False, "w1"))
    gateway = Client(hub, "gateway", Role.GATEWAY, clean=False)
    assert gateway.present and gateway.payloads == [b"first"]
    gateway.subscribe("hcp/v1/h1/+/record")
    assert hub.publish(Message(RECORD.format("w1"), b"second", 1, False, "w1"))
    assert gateway.payloads == [b"first", b"second"], "each once, though it subscribed again"
    assert stats.sessions == 1
