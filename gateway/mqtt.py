"""The door to the broker: a paho client that acknowledges only what is committed.

Each connection has a client object of its own, so nothing of an old connection can leak into the next: a late
acknowledgement meets an object that is closed (packet ids are used again, so it would otherwise destroy another
message), and no old scene is sent again behind a newer one. The session at the broker persists; what was not
acknowledged comes again.
"""

import logging
import random
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from protocol import topics

log = logging.getLogger(__name__)

CLIENT_ID = "gateway"
KEEPALIVE_S = 30
CONNECT_S = 10.0
_RETRY_S = (0.2, 2.0)  # intake is to be back within 5 s after a full disk has room again, whatever came before


@dataclass(frozen=True, slots=True)
class Frame:
    """A message from a device. ``ack`` after the commit; ``drop`` ends the connection, so that it is delivered
    again."""

    topic: str
    payload: bytes = field(repr=False)
    ack: Callable[[], None] = field(repr=False)
    drop: Callable[[], None] = field(repr=False)


@dataclass(frozen=True)
class DoorSettings:
    """``certificate``, ``key`` and ``authority`` are paths of PEM files."""

    hall: str
    host: str
    port: int
    certificate: Path
    key: Path
    authority: Path


class Door:
    """Keeps one connection to the broker.

    ``offer(frame)`` runs in the network thread and must not block; False means there is no room, and the connection is
    ended on purpose. ``on_up`` is called after each successful subscription: retained messages may be gone.
    """

    def __init__(self, settings: DoorSettings, offer: Callable[[Frame], bool], on_up: Callable[[], None]):
        self._settings = settings
        self._offer = offer
        self._on_up = on_up
        self._stopping = threading.Event()
        self._connection: _Connection | None = None
        self._thread = threading.Thread(target=self._run, name="hcp-mqtt", daemon=True)
        self.sessions_lost = 0
        """How often the broker had forgotten us: what it had not delivered must come again from the devices."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        connection = self._connection
        if connection:
            connection.drop()
        if self._thread.is_alive():
            self._thread.join(5)

    @property
    def up(self) -> bool:
        """Connected and subscribed."""
        connection = self._connection
        return connection is not None and connection.up

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send to a device, retained where spec 6.1 says so. False if there is no connection: ``on_up`` comes later."""
        connection = self._connection
        return connection is not None and connection.publish(topic, payload)

    def _connected(self, session_present: bool) -> None:
        self.sessions_lost += not session_present
        self._on_up()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            connection = _Connection(self._settings, self._offer, self._connected)
            self._connection = connection
            try:
                connection.run(self._stopping)
                # a connection that we had to end ourselves is a failure too: do not hurry into the next one
                failures = failures + 1 if connection.dropped else 0
            except (OSError, ValueError) as error:
                failures += 1
                log.warning("broker %s:%d: %s", self._settings.host, self._settings.port, error)
            finally:
                self._connection = None
            least_s, most_s = _RETRY_S
            self._stopping.wait(random.uniform(least_s / 2, min(most_s, least_s * 2 ** min(failures, 8))))


class _Connection:
    """One connection, from CONNECT to its end."""

    def __init__(self, settings: DoorSettings, offer: Callable[[Frame], bool], on_up: Callable[[bool], None]):
        self._settings = settings
        self._offer = offer
        self._on_up = on_up
        self._lock = threading.Lock()
        self._alive = False
        self._session_present: bool | None = None
        self._ended = threading.Event()
        self._connected = threading.Event()
        self.up = False
        self.dropped = False
        client = Client(
            CallbackAPIVersion.VERSION2,
            CLIENT_ID,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_S
        # an error in a callback is logged; it must not end paho's thread behind our back
        client.suppress_exceptions = True
        client.enable_logger(log)
        client.max_inflight_messages_set(1000)
        client.tls_set_context(_context(settings))
        client.on_socket_open = _at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        self._client = client

    def run(self, stopping: threading.Event) -> None:
        """Connect, and stay until the end. Raises OSError, ValueError."""
        self._client.connect(self._settings.host, self._settings.port, KEEPALIVE_S)
        self._client.loop_start()
        try:
            if not self._connected.wait(CONNECT_S) and not stopping.is_set():
                raise TimeoutError("no CONNACK; is this the hall's broker?")
            self._ended.wait()
        finally:
            self._close()
            self._client.disconnect()
            self._client.loop_stop()
        if self._session_present is None and not stopping.is_set():
            raise ConnectionError("the broker refused the gateway")

    def drop(self) -> None:
        self.dropped = True
        self._close()
        self._client.disconnect()

    def publish(self, topic: str, payload: bytes) -> bool:
        with self._lock:
            if not self._alive:
                return False
            retain = topic.rpartition("/")[2] in topics.RETAINED
            return self._client.publish(topic, payload, 1, retain).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _ack(self, mid: int) -> None:
        # the epoch guard: this object acknowledges only what this connection delivered, and only while it lives
        with self._lock:
            if self._alive:
                self._client.ack(mid, 1)

    def _close(self) -> None:
        with self._lock:
            self._alive = False
            self.up = False
        self._ended.set()

    # callbacks, in paho's network thread

    def _on_connect(self, client, userdata, flags, reason_code, properties) -> None:
        if reason_code.is_failure:
            log.error("the broker refused the gateway: %s", reason_code)
            self._connected.set()
            self._close()
            return
        self._session_present = flags.session_present
        with self._lock:
            self._alive = True
        self._connected.set()
        client.subscribe([(filter_, 1) for filter_ in subscriptions(self._settings.hall)])

    def _on_subscribe(self, client, userdata, mid, reason_codes, properties) -> None:
        if any(code.is_failure for code in reason_codes):
            log.error("the broker refused the gateway's subscriptions; check its access rules")
            self.drop()
            return
        self.up = True
        self._on_up(bool(self._session_present))

    def _on_message(self, client, userdata, message: MQTTMessage) -> None:
        mid, qos = message.mid, message.qos
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        frame = Frame(topic, bytes(message.payload), (lambda: self._ack(mid)) if qos else _nothing, self.drop)
        if not self._offer(frame) and qos:
            log.warning("intake is full: the connection is ended, the broker keeps the rest")
            self.drop()

    def _on_disconnect(self, client, userdata, flags, reason_code, properties) -> None:
        log.info("broker connection ended: %s", reason_code)
        self._connected.set()
        self._close()


def subscriptions(hall: str) -> tuple[str, ...]:
    """The topic filters of a hall's gateway: whatever its devices say (spec 6.1)."""
    return tuple(f"{topics.ROOT}{hall}/+/{leaf}" for leaf in topics.FROM_DEVICE)


def _at_once(client: Client, userdata: object, connection: Any) -> None:
    # an acknowledgement and a receipt are two small writes: Nagle would hold the second for a delayed ACK, 40 ms
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _nothing() -> None:
    """What there is to acknowledge at QoS 0."""


def _context(settings: DoorSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(settings.authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.certificate, settings.key)
    return context
