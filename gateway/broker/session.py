"""What the broker remembers about one client: subscriptions, waiting messages, messages in flight. Pure."""

from collections import deque
from collections.abc import Container, Iterator
from typing import NamedTuple, Protocol

from gateway.broker.acl import Role
from gateway.broker.settings import QueueLimits
from protocol import mqtt

_OVERHEAD_BYTES = 96  # about what a message costs besides its topic and payload


class Message(NamedTuple):
    """One application message on its way to one or more sessions; ``publisher`` is the sender's CN."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    publisher: str

    @property
    def size(self) -> int:
        return len(self.topic) + len(self.payload) + _OVERHEAD_BYTES


class Link(Protocol):
    """The connection a session has while its client is there."""

    @property
    def writable(self) -> bool: ...

    def send(self, packet: bytes) -> None: ...

    def close(self, reason: str) -> None: ...


class Session:
    """Delivers in order, at most ``limits.window`` QoS 1 messages in flight, and holds what is not acknowledged.

    Not thread-safe: all sessions live in the broker's loop.
    """

    def __init__(self, client_id: str, role: Role, clean: bool, limits: QueueLimits):
        self.client_id = client_id
        self.role = role
        self.clean = clean
        self.limits = limits
        self.link: Link | None = None
        self.subscriptions: dict[str, int] = {}
        self.bytes = 0
        self._waiting: deque[Message] = deque()
        self._in_flight: dict[int, Message] = {}  # in the order of sending
        self._held_by: dict[str, int] = {}  # publisher -> messages
        self._last_id = 0

    def __len__(self) -> int:
        """Messages held: waiting and in flight."""
        return len(self._waiting) + len(self._in_flight)

    def has_room(self, message: Message) -> bool:
        limits = self.limits
        return (
            len(self) < limits.messages
            and self.bytes + message.size <= limits.bytes
            and self._held_by.get(message.publisher, 0) < limits.per_publisher
        )

    def hold(self, message: Message) -> None:
        """Queue a message for delivery. The caller has asked ``has_room``, unless it is a replay."""
        self._waiting.append(message)
        self.bytes += message.size
        self._held_by[message.publisher] = self._held_by.get(message.publisher, 0) + 1

    def take(self) -> tuple[int, Message] | None:
        """The next message to send and its packet id (0 for QoS 0), or None: nothing waits, or the window is full."""
        if not self._waiting:
            return None
        if not self._waiting[0].qos:
            message = self._waiting.popleft()
            self._release(message)
            return 0, message
        if len(self._in_flight) >= self.limits.window:
            return None
        packet_id = self._next_id()
        message = self._in_flight[packet_id] = self._waiting.popleft()
        return packet_id, message

    def drop_replays(self, replayed: Container[str]) -> None:
        """Forget waiting replays of these topics, so that subscribing again and again cannot fill the queue."""
        stale = [message for message in self._waiting if message.retain and message.topic in replayed]
        if stale:
            self._waiting = deque(m for m in self._waiting if not (m.retain and m.topic in replayed))
            for message in stale:
                self._release(message)

    def acknowledge(self, packet_id: int) -> bool:
        """A PUBACK came. False if nothing with that id is in flight."""
        message = self._in_flight.pop(packet_id, None)
        if message is None:
            return False
        self._release(message)
        return True

    def in_flight(self) -> Iterator[tuple[int, Message]]:
        """What was sent and not acknowledged, oldest first: to be sent again after a reconnect (MQTT-4.4.0-1)."""
        return iter(self._in_flight.items())

    def pump(self) -> int:
        """Send what may be sent now; gives the number of messages."""
        sent = 0
        while self.link is not None and self.link.writable:
            item = self.take()
            if item is None:
                break
            packet_id, message = item
            self.link.send(mqtt.publish(message.topic, message.payload, message.qos, packet_id, message.retain))
            sent += 1
        return sent

    def _next_id(self) -> int:
        # The window is smaller than the number of ids, so a free one exists.
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self._in_flight:
                return self._last_id

    def _release(self, message: Message) -> None:
        self.bytes -= message.size
        left = self._held_by[message.publisher] - 1
        if left:
            self._held_by[message.publisher] = left
        else:
            del self._held_by[message.publisher]
