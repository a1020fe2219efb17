"""Settings and counters of the embedded broker."""

from dataclasses import dataclass, field
from pathlib import Path

from protocol import topics
from protocol.mqtt import MAX_PACKET


@dataclass(frozen=True)
class QueueLimits:
    """How much one session may hold that its client has not acknowledged: waiting and in flight together."""

    messages: int
    bytes: int
    per_publisher: int  # messages of one publisher, so that one device cannot take the room of all others
    window: int  # QoS 1 messages in flight
    write_buffer: int  # bytes written and not yet taken by the socket; above it the client is too slow and is cut off


@dataclass(frozen=True)
class BrokerSettings:
    """Where the broker listens, whom it trusts and what it holds at most.

    ``certificate`` and ``key`` are the broker's, ``authority`` is the hall's CA: paths of PEM files, or their bytes.
    Port 0 takes a free one. Raises ProtocolError ``bad_device`` if ``hall`` is not an id, ValueError for a limit that
    is not above 0.
    """

    hall: str
    certificate: Path | bytes
    key: Path | bytes = field(repr=False)
    authority: Path | bytes
    host: str = "0.0.0.0"  # noqa: S104 - devices of the hall connect from outside
    port: int = 8883
    connections: int = 1024
    handshakes: int = 128  # TLS handshakes at the same time; further ones wait in the kernel's backlog
    sessions: int = 2048  # connected or persistent
    connect_timeout_s: float = 10.0  # for the handshake, and again for the CONNECT packet
    keepalive_max_s: int = 300  # a client that asks for more, or for none, gets this
    packet_bytes: int = MAX_PACKET
    gateway_queue: QueueLimits = QueueLimits(20_000, 16 << 20, per_publisher=256, window=256, write_buffer=8 << 20)
    device_queue: QueueLimits = QueueLimits(64, 256 << 10, per_publisher=64, window=8, write_buffer=512 << 10)

    def __post_init__(self) -> None:
        topics.check_id(self.hall)
        for name in ("connections", "handshakes", "sessions", "connect_timeout_s", "keepalive_max_s", "packet_bytes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"broker setting {name}: expected more than 0, got {getattr(self, name)}")
        for queue in (self.gateway_queue, self.device_queue):
            if min(queue.messages, queue.bytes, queue.per_publisher, queue.window, queue.write_buffer) <= 0:
                raise ValueError(f"broker queue limits: expected all more than 0, got {queue}")
            if queue.window > 0xFFFF:
                raise ValueError(f"broker queue window: at most 65535 packet ids exist, got {queue.window}")


@dataclass
class BrokerStats:
    """Counters since the start; the last four are levels."""

    handshakes_failed: int = 0
    connects_accepted: int = 0
    connects_refused: int = 0
    connect_timeouts: int = 0
    takeovers: int = 0
    protocol_errors: int = 0
    violations: int = 0
    keepalive_timeouts: int = 0
    slow_consumers: int = 0
    cut_off: int = 0  # by the gateway: revoked
    internal_errors: int = 0
    wills_published: int = 0
    messages_in: int = 0
    messages_out: int = 0
    redelivered: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    not_acknowledged: int = 0  # QoS 1 messages dropped for want of room; their publisher got no PUBACK
    dropped_qos0: int = 0
    connections: int = 0
    sessions: int = 0
    retained: int = 0
    queued: int = 0
