"""One client's TLS connection: bytes to packets, packets to the hub, and its timers."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.broker.acl import Access, Role
from gateway.broker.hub import Hub
from gateway.broker.session import Message, Session
from gateway.broker.settings import BrokerSettings, BrokerStats
from gateway.broker.tls import IdentityError, identity
from protocol import mqtt
from protocol.errors import ProtocolError

log = logging.getLogger(__name__)

Authorize = Callable[[str, bytes], Role | None]
OnViolation = Callable[[str, str], None]


@dataclass
class Shared:
    """What all connections of one broker have in common."""

    settings: BrokerSettings
    stats: BrokerStats
    hub: Hub
    authorize: Authorize
    on_violation: OnViolation
    connections: "set[Connection]" = field(default_factory=set)


class Connection(asyncio.Protocol):
    """Lives in the broker's loop from the end of the TLS handshake on. Whatever the peer sends ends at most this."""

    def __init__(self, shared: Shared):
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._decoder = mqtt.Decoder(shared.settings.packet_bytes)
        self._transport: asyncio.Transport
        self._session: Session | None = None
        self._access: Access
        self._will: Message | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard_s = self._loop.time()
        self._silence_s = shared.settings.connect_timeout_s
        self._out: list[bytes] = []
        self._closed = False
        self._fingerprint = b""
        self.name = "?"
        self.writable = True

    # --- asyncio -----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._shared.connections.add(self)
        self._shared.stats.connections = len(self._shared.connections)
        try:
            self.name, self._fingerprint = identity(transport.get_extra_info("ssl_object"))
        except IdentityError as error:
            self._shared.stats.connects_refused += 1
            self.close(str(error))
            return
        self._timer = self._loop.call_later(self._silence_s, self._check_silence)

    def data_received(self, data: bytes) -> None:
        if self._closed:
            return
        stats = self._shared.stats
        stats.bytes_in += len(data)
        self._heard_s = self._loop.time()
        try:
            self._decoder.feed(data)
            while not self._closed:
                packet = self._decoder.packet()
                if packet is None:
                    break
                self._handle(packet)
        except ProtocolError as error:
            stats.protocol_errors += 1
            log.warning("mqtt client %s: %s", self.name, error)
            self.close("it broke the protocol")
        except Exception:  # the top of everything a client can cause: one connection ends, the broker does not
            stats.internal_errors += 1
            log.exception("mqtt client %s: internal error", self.name)
            self.close("internal error")

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self._session is not None:
            self._shared.hub.pump(self._session)

    def connection_lost(self, error: Exception | None) -> None:
        self.close("connection lost")

    # --- the hub's side (Link) ---------------------------------------------------------------------------------------

    def send(self, packet: bytes) -> None:
        """Queue bytes; all of one turn of the loop leave in one write. Never closes the connection by itself."""
        if self._closed:
            return
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(packet)

    def close(self, reason: str, flush: bool = False) -> None:
        """End the connection now; with ``flush`` what was sent still goes out. May be called more than once."""
        if self._closed:
            return
        if flush:
            self._flush()
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if flush:
            self._transport.close()
        else:
            self._transport.abort()
        self._shared.connections.discard(self)
        self._shared.stats.connections = len(self._shared.connections)
        log.info("mqtt client %s disconnected: %s", self.name, reason)
        if self._session is not None:
            session, self._session = self._session, None
            self._shared.hub.detach(self.name, session, self, self._will)

    def _flush(self) -> None:
        if self._closed or not self._out:
            return
        data = b"".join(self._out)
        self._out.clear()
        self._shared.stats.bytes_out += len(data)
        self._transport.write(data)
        if self._session is not None:
            if self._transport.get_write_buffer_size() > self._session.limits.write_buffer:
                self._shared.stats.slow_consumers += 1
                self.close("it does not read what it asked for")

    def _check_silence(self) -> None:
        """MQTT-3.1.2-24: one and a half times the keep alive; before CONNECT, the connect timeout."""
        left_s = self._heard_s + self._silence_s - self._loop.time()
        if self._session is None:
            self._shared.stats.connect_timeouts += 1
            self.close("no CONNECT in time")
        elif left_s > 0:
            self._timer = self._loop.call_later(left_s, self._check_silence)
        else:
            self._shared.stats.keepalive_timeouts += 1
            self.close("keep alive expired")

    # --- packets -----------------------------------------------------------------------------------------------------

    def _handle(self, packet: Any) -> None:
        if self._session is None:
            if not isinstance(packet, mqtt.Connect):
                raise ProtocolError("bad_packet", "the first packet must be CONNECT")  # MQTT-3.1.0-1
            self._connect(packet)
        elif isinstance(packet, mqtt.Publish):
            self._publish(packet)
        elif isinstance(packet, mqtt.Puback):
            self._shared.hub.acknowledge(self._session, packet.packet_id)
        elif isinstance(packet, mqtt.Pingreq):
            self.send(mqtt.PINGRESP)
        elif isinstance(packet, mqtt.Subscribe):
            self._subscribe(self._session, packet)
        elif isinstance(packet, mqtt.Unsubscribe):
            self._shared.hub.unsubscribe(self._session, packet.filters)
            self.send(mqtt.unsuback(packet.packet_id))
        elif isinstance(packet, mqtt.Disconnect):
            self._will = None
            self.close("it said goodbye", flush=True)
        else:
            raise ProtocolError("bad_packet", f"unexpected {type(packet).__name__}")

    def _connect(self, packet: mqtt.Connect) -> None:
        settings, stats = self._shared.settings, self._shared.stats
        if packet.level != 4:
            return self._refuse(1, f"protocol level {packet.level}, expected 4 (MQTT 3.1.1)")
        role = self._shared.authorize(self.name, self._fingerprint)
        if role is None:
            return self._refuse(5, "its certificate is unknown or revoked")
        if not packet.client_id or (role is Role.DEVICE and packet.client_id != self.name):
            return self._refuse(2, "a device's client id is its certificate's CN (spec 6.4)")
        try:
            self._access = Access(settings.hall, self.name, role)
        except ProtocolError as error:
            return self._refuse(5, str(error))
        if packet.will is not None:
            topic, payload, qos, retain = packet.will
            if not self._access.may_publish(topic, qos, retain, empty=not payload):
                self._refuse(5, "its will is not its own")
                return self._violate(topic)
            self._will = Message(topic, payload, qos, retain, self.name)
        attached = self._shared.hub.attach(self.name, role, packet, self)
        if attached is None:
            return self._refuse(3, f"{settings.sessions} sessions are open already")
        self._session, present = attached
        stats.connects_accepted += 1
        self._silence_s = 1.5 * min(packet.keepalive_s or settings.keepalive_max_s, settings.keepalive_max_s)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._silence_s, self._check_silence)
        self._transport.set_write_buffer_limits(high=self._session.limits.write_buffer // 4)
        log.info("mqtt client %s connected as %s, session %s", self.name, role.value, "resumed" if present else "new")
        self.send(mqtt.connack(0, present))
        self._shared.hub.resume(self._session)

    def _refuse(self, code: int, reason: str) -> None:
        self._shared.stats.connects_refused += 1
        self.send(mqtt.connack(code))
        self.close(f"refused: {reason}", flush=True)

    def _violate(self, topic: str) -> None:
        self._shared.stats.violations += 1
        log.warning("mqtt client %s: not allowed: %.80r", self.name, topic)
        self.close("it went outside its topics")
        self._shared.on_violation(self.name, topic)

    def _publish(self, packet: mqtt.Publish) -> None:
        topic, payload, qos, retain, _dup, packet_id = packet
        if not self._access.may_publish(topic, qos, retain, empty=not payload):
            return self._violate(topic)
        self._shared.stats.messages_in += 1
        taken = self._shared.hub.publish(Message(topic, payload, qos, retain, self.name))
        if taken and qos:
            self.send(mqtt.puback(packet_id))

    def _subscribe(self, session: Session, packet: mqtt.Subscribe) -> None:
        for filter_, _qos in packet.filters:
            if not self._access.may_subscribe(filter_):
                return self._violate(filter_)
        self._shared.hub.subscribe(session, packet.filters)
        self.send(mqtt.suback(packet.packet_id, bytes(qos for _filter, qos in packet.filters)))
        self._shared.hub.send_retained(session, packet.filters)
