"""A client that sends a broker any bytes, to see what it lets pass."""

import socket
import ssl
from typing import Any

from protocol import mqtt

DEADLINE_S = 10.0


class Probe:
    """Sends any bytes over TLS and reads packets with the codec; blocking, with a deadline."""

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext,
        receive_buffer: int = 0,
        host: str = "127.0.0.1",
        patience_s: float | None = None,
    ):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.settimeout(patience_s or DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each CONNECT takes 40 ms
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((host, port))
        self.socket = context.wrap_socket(self.socket, server_hostname=host)
        self.session_present = False
        self._decoder = mqtt.Decoder()

    def send(self, data: bytes) -> "Probe":
        """Ignores that the broker may have hung up: ``read`` tells."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLError):
            pass
        return self

    def read(self) -> Any:
        """The next packet; None once the broker has hung up. Raises TimeoutError if it does neither."""
        while True:
            packet = self._decoder.packet()
            if packet is not None:
                return packet
            try:
                data = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return None
            if not data:
                return None
            self._decoder.feed(data)

    def until_hung_up(self) -> bytes:
        """All bytes until the broker hangs up, whatever they are."""
        said = b""
        while True:
            try:
                data = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return said
            if not data:
                return said
            said += data

    def connect(self, client_id: str, clean: bool = True, keepalive_s: int = 60, will: mqtt.Will | None = None) -> Any:
        return self.send(mqtt.connect(client_id, keepalive_s, clean, will)).read()

    def subscribe(self, *filters: str) -> Any:
        return self.send(mqtt.subscribe(1, [(filter_, 1) for filter_ in filters])).read()

    def all_until_pong(self) -> list[Any]:
        """Everything the broker had to say so far. (It answers in order, so nothing else can follow.)"""
        self.send(mqtt.PINGREQ)
        found: list[Any] = []
        while not isinstance(packet := self.read(), mqtt.Pingresp):
            assert packet is not None, f"the broker hung up after {found}"
            found.append(packet)
        return found

    def close(self) -> None:
        """Without DISCONNECT, as when the power fails."""
        self.socket.close()

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
