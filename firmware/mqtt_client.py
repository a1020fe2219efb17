"""An MQTT 3.1.1 client over TLS for asyncio (SPEC 6.1, 6.4, 7.3): packets out, packets in. Meaning is the link's.

TLS is ``tls.SSLContext``, which verifies chain, name and dates unless told otherwise; MicroPython's ``ssl`` module does
not, and must not be imported here. A refused certificate raises ValueError, everything else of the network OSError.
"""

import asyncio
import select

import tls

from firmware.patience import CONNECT_MS, DIAL_MS, WRITE_MS
from protocol import mqtt_device as mqtt


class Refused(OSError):
    """The broker answered, and did not let us in: mostly it knows our certificate no more, or no longer trusts it."""


def blame(error) -> str:
    """The counter for what ended a connection."""
    if isinstance(error, ValueError):
        return "link_server"  # we refused the broker's certificate: chain, name or dates
    return "link_refused" if isinstance(error, Refused) else "link_lost"


def make_context(certificate: bytes, key: bytes, authority: bytes):
    """A TLS context that shows our certificate and trusts one authority only. All three are DER.

    Raises ValueError if one of them cannot be read.
    """
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    return context


def _readable(raw):
    yield asyncio.core._io_queue.queue_read(raw)


class Client:
    """One connection. After an error it is closed and another is made. ``answered``: somebody took the connection."""

    def __init__(self):
        self.answered = False
        self._stream = None
        self._socket = None
        self._decoder = mqtt.Decoder()
        self._lock = asyncio.Lock()  # two tasks write, and a stream has one buffer
        self._id = 0

    async def open(self, address, context, server_name: str, client_id: str, keepalive_s: int, will) -> None:
        """Connect with a clean session. Raises OSError or ValueError (a certificate was refused)."""
        stream, _ = await asyncio.wait_for_ms(asyncio.open_connection(*address), DIAL_MS)
        # kept at once, so that ``close`` finds it whatever happens below
        self._stream = stream
        self._socket = stream.s
        poll = select.poll()
        poll.register(stream.s, select.POLLOUT)
        for _, state in poll.poll(0):
            if state & (select.POLLERR | select.POLLHUP):  # ``open_connection`` does not look
                raise OSError("nobody takes the connection")
        self.answered = True
        hello = mqtt.connect(client_id, keepalive_s, True, will)
        try:
            await asyncio.wait_for_ms(self._greet(stream, context, server_name, hello), CONNECT_MS)
        except OSError as error:  # its TLS alert, if it still came through
            raise Refused("not let in: %s" % error)

    async def _greet(self, stream, context, server_name, hello):
        try:
            stream.s.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY: our packets are small and somebody waits for them
        except OSError:
            pass  # only slower
        secure = context.wrap_socket(stream.s, server_hostname=server_name, do_handshake_on_connect=False)
        secure.setblocking(False)
        self._stream = asyncio.StreamReader(secure)
        await self._send(hello)
        answer = await self.packet()
        if not isinstance(answer, mqtt.Connack) or answer.code:
            raise Refused("CONNACK expected, got %r" % (answer,))

    async def subscribe(self, topics) -> None:
        """Ask for topics at QoS 1; the SUBACK comes as a packet like any other."""
        await self._send(mqtt.subscribe(self._next_id(), [(topic, 1) for topic in topics]))

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        """Hand a message to the network. That it arrived is another matter: only a receipt says so (SPEC 5.2)."""
        await self._send(mqtt.publish(topic, payload, qos, self._next_id() if qos else 0, retain))

    async def ping(self) -> None:
        await self._send(mqtt.PINGREQ)

    async def packet(self):
        """The next packet; a PUBLISH with QoS 1 is acknowledged first. Raises OSError, ValueError or ProtocolError."""
        while True:
            packet = self._decoder.packet()
            if packet is None:
                await self._fill()
                continue
            if isinstance(packet, mqtt.Suback) and any(code > 1 for code in packet.codes):
                raise Refused("a subscription was refused")
            if isinstance(packet, mqtt.Publish) and packet.qos:
                await self._send(mqtt.puback(packet.packet_id))
            return packet

    async def _fill(self):
        # Wait on the socket and not on its TLS wrapper: the poller asks a wrapper every millisecond. What the wrapper
        # has in store is read first, so nothing waits in it.
        while True:
            if self._stream is None:
                raise OSError("closed")
            chunk = self._stream.s.read(512)
            if chunk:
                self._decoder.feed(chunk)
                return
            if chunk is not None:
                raise OSError("the broker closed the connection")
            await _readable(self._socket)

    def close(self) -> None:
        """Let go of the socket; the broker sends the will."""
        if self._stream is not None:
            try:
                self._stream.s.close()
            except OSError:
                pass  # it is gone either way
            self._stream = None

    def _next_id(self):
        self._id = self._id % 65535 + 1
        return self._id

    async def _send(self, data):
        async with self._lock:
            if self._stream is None:
                raise OSError("closed")
            self._stream.write(data)
            if self._stream.out_buf:
                # a dead line fills the socket's memory: nobody may wait there for ever
                await asyncio.wait_for_ms(self._stream.drain(), WRITE_MS)
            else:
                await asyncio.sleep_ms(0)
