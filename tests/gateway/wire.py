"""A twin on the wire: a real MQTT client with the device's own certificate, speaking to a real gateway."""

import socket
import ssl
import threading
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from protocol import downlink, topics
from protocol.errors import ProtocolError
from tests.gateway.desk import HALL, Twin

DEADLINE_S = 20.0


class Wire:
    """Connects as the twin, keeps every verified message, and sends again what has no receipt."""

    def __init__(self, twin: Twin, port: int, data: Path, tmp: Path):
        self.twin = twin
        self.port = port
        self.changed = threading.Condition()
        self.got: list[downlink.Downlink] = []
        self.receipted = 0
        self.connects = 0
        self.closed = 0
        self._context = ssl.create_default_context(cafile=str(data / "pki" / "ca.pem"))
        own = tmp / f"{twin.device}.pem"
        key = twin.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        own.write_bytes(key + twin.pem)
        self._context.load_cert_chain(own)
        client = Client(
            CallbackAPIVersion.VERSION2, twin.device, clean_session=True, protocol=MQTTProtocolVersion.MQTTv311
        )
        client.tls_set_context(self._context)
        client.reconnect_delay_set(1, 1)
        client.on_socket_open = lambda _c, _u, sock: sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        will = downlink.pack_state(downlink.State("lost", twin.boot))
        client.will_set(topics.topic(HALL, twin.device, "state"), will, 1, True)
        self.client = client
        client.connect_async("127.0.0.1", port, 30)
        client.loop_start()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def send(self, body: bytes) -> None:
        self.client.publish(topics.topic(HALL, self.twin.device, "record"), body, 1)

    def resend(self) -> None:
        """What a device does after a connect: everything without a receipt, from the first one, at most 8."""
        first = self.receipted
        for body in self.twin.sent[first : first + 8]:
            self.send(body)

    def wait(self, ready, what: str = "condition", timeout_s: float = DEADLINE_S):
        with self.changed:
            assert self.changed.wait_for(ready, timeout_s), f"never: {what}"

    def until_receipt(self, seq: int, timeout_s: float = DEADLINE_S) -> None:
        self.wait(lambda: self.receipted >= seq, f"a receipt for {seq}, have {self.receipted}", timeout_s)

    def until_scene(self, ready) -> downlink.Scene:
        def found():
            return [m.body for m in self.got if m.kind == downlink.SCENE and ready(m.body)]

        self.wait(found, "such a scene")
        return found()[-1]

    def _on_connect(self, client, userdata, flags, reason_code, properties):
        if not reason_code.is_failure:
            client.subscribe([(topics.topic(HALL, self.twin.device, leaf), 1) for leaf in topics.TO_DEVICE])

    def _on_subscribe(self, client, userdata, mid, reason_codes, properties):
        ready = downlink.pack_state(downlink.State("ready", self.twin.boot))
        client.publish(topics.topic(HALL, self.twin.device, "state"), ready, 1, True)
        with self.changed:
            self.connects += 1
            self.changed.notify_all()

    def _on_disconnect(self, client, userdata, flags, reason_code, properties):
        with self.changed:
            self.closed += 1
            self.changed.notify_all()

    def _on_message(self, client, userdata, message):
        try:
            told = self.twin.read(message.payload)
        except ProtocolError as error:
            raise AssertionError(f"a downlink that does not verify: {error}") from error
        with self.changed:
            self.got.append(told)
            if told.kind == downlink.RECEIPT and told.body.seq > self.receipted:
                self.receipted = told.body.seq
            self.changed.notify_all()
